package api

// GivenBy says who gave the name by which somebody or something is called.
type GivenBy string

// Who gives names.
const (
	GivenByYou  GivenBy = "you"  // a nickname, a public chat that you joined
	GivenByThem GivenBy = "them" // what somebody calls himself, or a group's admin calls the group
	GivenByKey  GivenBy = "key"  // made of the key
)

// Values implements Enum.
func (GivenBy) Values() []GivenBy { return []GivenBy{GivenByYou, GivenByThem, GivenByKey} }

// SystemTag says how one stands to a person. Other tags than those listed are
// kept as programs store them, and mean nothing to the daemon.
type SystemTag string

// System tags of contacts.
const (
	TagAdded           SystemTag = ":contact/added"
	TagRequestReceived SystemTag = ":contact/request-received"
	TagBlocked         SystemTag = ":contact/blocked"
)

// Values implements Enum.
func (SystemTag) Values() []SystemTag { return []SystemTag{TagAdded, TagRequestReceived, TagBlocked} }

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
	SystemTags             []SystemTag     `json:"systemTags"`
	DeviceInfo             []ContactDevice `json:"deviceInfo"`
	TributeToTalk          string          `json:"tributeToTalk"`
	LocalNickname          string          `json:"localNickname,omitempty"`
	// NameGivenBy says who gave the name to show: GivenByYou for LocalNickname,
	// GivenByThem for Name, GivenByKey for Alias. Only the first may stand for
	// a person without the key beside it.
	NameGivenBy GivenBy `json:"nameGivenBy,omitempty"`
}

// ContactDevice is a device of a contact.
type ContactDevice struct {
	InstallationID string `json:"id"`
	Timestamp      int64  `json:"timestamp"`
	FCMToken       string `json:"fcmToken"`
}
