package api

// Who gave the name by which somebody or something is called.
const (
	GivenByYou  = "you"  // a nickname, a public chat that you joined
	GivenByThem = "them" // what somebody calls himself, or a group's admin calls the group
	GivenByKey  = "key"  // made of the key
)

// System tags of contacts.
const (
	TagAdded           = ":contact/added"
	TagRequestReceived = ":contact/request-received"
	TagBlocked         = ":contact/blocked"
)

// Contact is a person. Times are clocks in Unix milliseconds.
type Contact struct {
	ID                     string          `json:"id"`
	Address                string          `json:"address,omitempty"`
	Name                   string          `json:"name,omitempty"`
	EnsVerified            bool            `json:"ensVerified"`
	EnsVerifiedAt          uint64          `json:"ensVerifiedAt"`
	LastENSClockValue      uint64          `json:"lastENSClockValue"`
	EnsVerificationRetries uint64          `json:"ensVerificationRetries"`
	Alias                  string          `json:"alias,omitempty"`
	Identicon              string          `json:"identicon"`
	PhotoPath              string          `json:"photoPath,omitempty"`
	LastUpdated            uint64          `json:"lastUpdated"`
	SystemTags             []string        `json:"systemTags"`
	DeviceInfo             []ContactDevice `json:"deviceInfo"`
	TributeToTalk          string          `json:"tributeToTalk"`
	LocalNickname          string          `json:"localNickname,omitempty"`
	// NameGivenBy says who gave the name to show: GivenByYou for LocalNickname,
	// GivenByThem for Name, GivenByKey for Alias. Only the first may stand for
	// a person without the key beside it.
	NameGivenBy string `json:"nameGivenBy,omitempty"`
}

// ContactDevice is a device of a contact.
type ContactDevice struct {
	InstallationID string `json:"id"`
	Timestamp      int64  `json:"timestamp"`
	FCMToken       string `json:"fcmToken"`
}
