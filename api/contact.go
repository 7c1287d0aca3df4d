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

// What the examples of contacts share.
const (
	exampleBen = `[{"id":"` + exampleContact + `","systemTags":[":contact/added"],"localNickname":"ben"}]`
	// exampleBenAlone is the contact of exampleBen.
	exampleBenAlone = `{"id":"` + exampleContact + `","systemTags":[":contact/added"],"localNickname":"ben"}`
	// exampleBlocked is a person whom nobody wants to hear.
	exampleBlocked = "0x042c0b7cf95324a07d05398b240174dc0c2be444d96b159aa6c7f7b1e6686809" +
		"91ae31a9c671a36543f46cea8fce6984608aa316aa0472a7eed08847440218cb2f"
)

// exampleKnown adds a contact.
var exampleKnown = []Call{
	{Method: "account_importKey", Params: exampleImport}, {Method: "account_login", Params: exampleOpen},
	{Method: "wakuext_saveContact", Params: exampleBen},
}

// ContactSettings are what the user, or a program of status-go that verifies
// names, says about a person. Times are as in Contact, and only rise.
type ContactSettings struct {
	ID                     string      `json:"id"`
	Name                   string      `json:"name,omitempty"`
	EnsVerified            bool        `json:"ensVerified,omitempty"`
	EnsVerifiedAt          uint64      `json:"ensVerifiedAt,omitempty"`
	LastENSClockValue      uint64      `json:"lastENSClockValue,omitempty"`
	EnsVerificationRetries uint64      `json:"ensVerificationRetries,omitempty"`
	PhotoPath              string      `json:"photoPath,omitempty"` // data URL
	LastUpdated            uint64      `json:"lastUpdated,omitempty"`
	SystemTags             []SystemTag `json:"systemTags,omitempty"`
	LocalNickname          string      `json:"localNickname,omitempty"`
}

// Settings are what WakuextSaveContact takes of the contact.
func (c *Contact) Settings() ContactSettings {
	return ContactSettings{
		ID: c.ID, Name: c.Name, EnsVerified: c.EnsVerified, EnsVerifiedAt: c.EnsVerifiedAt,
		LastENSClockValue: c.LastENSClockValue, EnsVerificationRetries: c.EnsVerificationRetries, PhotoPath: c.PhotoPath,
		LastUpdated: c.LastUpdated, SystemTags: c.SystemTags, LocalNickname: c.LocalNickname,
	}
}

// BlockedContact is a person to block, and the nickname to go on showing.
type BlockedContact struct {
	ID            string `json:"id"`
	LocalNickname string `json:"localNickname,omitempty"`
}

// Arguments of methods about contacts.
type (
	// ContactIDArgs name a person.
	ContactIDArgs struct {
		ID string `json:"id" doc:"contact id"`
	}
	// SaveContactArgs are those of wakuext_saveContact.
	SaveContactArgs struct {
		Contact ContactSettings `json:"contact" doc:"id, systemTags, localNickname"`
	}
	// BlockContactArgs are those of wakuext_blockContact.
	BlockContactArgs struct {
		Contact BlockedContact `json:"contact" doc:"the contact; its id counts"`
	}
	// ContactUpdateArgs are those of wakuext_sendContactUpdate.
	ContactUpdateArgs struct {
		ID      string `json:"id" doc:"contact id"`
		EnsName string `json:"ensName,omitempty" doc:"our name, ending in .eth, or empty"`
		Image   string `json:"image,omitempty" doc:"data URL of our picture, or empty"`
	}
	// ContactUpdatesArgs are those of wakuext_sendContactUpdates.
	ContactUpdatesArgs struct {
		EnsName string `json:"ensName,omitempty" doc:"our name, ending in .eth, or empty"`
		Image   string `json:"image,omitempty" doc:"data URL of our picture, or empty"`
	}
)

// Methods about contacts.
var (
	WakuextContacts = Method[None, []Contact]{
		Name: "wakuext_contacts", Scope: ScopeRead, Returns: "list of contacts", Errors: []Code{CodeNotLoggedIn},
		Summary: "Lists the people that have a tag, a verified name or a nickname.",
		Example: Example{Setup: exampleKnown, Params: `[]`, Result: exampleBen},
	}
	WakuextGetContactByID = Method[ContactIDArgs, *Contact]{
		Name: "wakuext_getContactByID", Scope: ScopeRead, Summary: "Returns what is known of a person.",
		Returns: "the contact, null if nothing is known", Errors: []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleKnown, Params: `["` + exampleContact + `"]`, Result: exampleBenAlone},
	}
	WakuextSaveContact = Method[SaveContactArgs, None]{
		Name: "wakuext_saveContact", Scope: ScopeContacts, Returns: "null",
		Summary: "Stores tags and nickname of a person. To add somebody: the tag :contact/added, then sendContactUpdate.",
		Errors:  []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleLogin, Params: exampleBen, Result: `null`},
	}
	WakuextBlockContact = Method[BlockContactArgs, []Chat]{
		Name: "wakuext_blockContact", Scope: ScopeContacts, Returns: "the chats that are left",
		Summary: "Deletes the messages of a person and takes no more of them.",
		Errors:  []Code{CodeNotLoggedIn, CodeInvalidRecipient},
		Example: Example{Setup: exampleLogin, Params: `[{"id":"` + exampleBlocked + `"}]`, Result: `[]`},
	}
	WakuextSendContactUpdate = Method[ContactUpdateArgs, Changes]{
		Name: "wakuext_sendContactUpdate", Scope: ScopeContacts, Returns: returnsChanges,
		Summary: "Tells a person that we added them, with our name and picture.",
		Errors:  []Code{CodeNotLoggedIn, CodeInvalidRecipient},
		Example: Example{
			Setup: []Call{
				{Method: "account_importKey", Params: exampleImport}, {Method: "account_login", Params: exampleOpen},
				{
					Method: "wakuext_saveContact",
					Params: `[{"id":"` + exampleOtherContact + `","systemTags":[":contact/added"]}]`,
				},
			},
			Params: `["` + exampleOtherContact + `","",""]`, Result: `{"contacts":` + exampleBen + `}`,
		},
	}
	WakuextSendContactUpdates = Method[ContactUpdatesArgs, None]{
		Name: "wakuext_sendContactUpdates", Scope: ScopeContacts, Returns: "null", Errors: []Code{CodeNotLoggedIn},
		Summary: "Tells all added contacts and our other devices our name and picture.",
		Example: Example{Setup: exampleLogin, Params: `["",""]`, Result: `null`},
	}
)

func contactMethods() []Described {
	return []Described{
		WakuextContacts, WakuextGetContactByID, WakuextSaveContact, WakuextBlockContact,
		WakuextSendContactUpdate, WakuextSendContactUpdates,
	}
}
