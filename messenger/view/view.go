// Package view has the objects that people's programs see: the JSON of
// status-go's wakuext methods and signals, name for name (spec 05 section
// 14.1). The messenger fills them, the control surface and the event log write
// them. They are plain values.
package view

// Response is what changed, empty lists omitted.
type Response struct {
	Chats          []Chat         `json:"chats,omitempty"`
	Messages       []Message      `json:"messages,omitempty"`
	Contacts       []Contact      `json:"contacts,omitempty"`
	Installations  []Installation `json:"installations,omitempty"`
	EmojiReactions []Reaction     `json:"emojiReactions,omitempty"`
	Invitations    []Invitation   `json:"invitations,omitempty"`
}

// Message is a message of a chat. Times are Unix milliseconds.
type Message struct {
	ID                string             `json:"id"`
	WhisperTimestamp  uint64             `json:"whisperTimestamp"`
	From              string             `json:"from"`
	Alias             string             `json:"alias"`
	Identicon         string             `json:"identicon"`
	Seen              bool               `json:"seen"`
	OutgoingStatus    string             `json:"outgoingStatus,omitempty"`
	QuotedMessage     *QuotedMessage     `json:"quotedMessage"`
	RTL               bool               `json:"rtl"`
	LineCount         int                `json:"lineCount"`
	Text              string             `json:"text"`
	ChatID            string             `json:"chatId"` // as on the wire
	LocalChatID       string             `json:"localChatId"`
	Clock             uint64             `json:"clock"`
	Replace           string             `json:"replace"`
	ResponseTo        string             `json:"responseTo"`
	New               bool               `json:"new,omitempty"`
	EnsName           string             `json:"ensName"`
	Image             string             `json:"image,omitempty"` // data URL
	Audio             string             `json:"audio,omitempty"` // data URL
	AudioDurationMs   uint64             `json:"audioDurationMs,omitempty"`
	Sticker           *Sticker           `json:"sticker"`
	CommandParameters *CommandParameters `json:"commandParameters"`
	Timestamp         uint64             `json:"timestamp"`
	ContentType       int32              `json:"contentType"`
	MessageType       int32              `json:"messageType"`
	Mentions          []string           `json:"mentions,omitempty"`
	Links             []string           `json:"links,omitempty"`
	// EditedAt and Pinned come from later extensions, when switched on.
	EditedAt uint64 `json:"editedAt,omitempty"`
	Pinned   bool   `json:"pinned,omitempty"`
	// DeliveredTo are the members of a private group that acknowledged it.
	DeliveredTo []string `json:"deliveredTo,omitempty"`
	// What only senders give: files to attach.
	ImagePath string `json:"imagePath,omitempty"`
	AudioPath string `json:"audioPath,omitempty"`
}

// QuotedMessage is what a reply quotes.
type QuotedMessage struct {
	From            string `json:"from"`
	Text            string `json:"text"`
	Image           string `json:"image,omitempty"`
	Audio           string `json:"audio,omitempty"`
	AudioDurationMs uint64 `json:"audioDurationMs,omitempty"`
}

// Sticker names a sticker.
type Sticker struct {
	Hash string `json:"hash"`
	Pack int32  `json:"pack"`
}

// CommandParameters describe a transaction command.
type CommandParameters struct {
	ID              string `json:"id"`
	From            string `json:"from"`
	Address         string `json:"address"`
	Contract        string `json:"contract"`
	Value           string `json:"value"`
	TransactionHash string `json:"transactionHash"`
	CommandState    int    `json:"commandState"`
	Signature       []byte `json:"signature"`
}

// Chat types.
const (
	ChatOneToOne     = 1
	ChatPublic       = 2
	ChatPrivateGroup = 3
	ChatProfile      = 4
	ChatTimeline     = 5
)

// Chat is a conversation.
type Chat struct {
	ID                     string            `json:"id"`
	Name                   string            `json:"name"`
	Color                  string            `json:"color"`
	Active                 bool              `json:"active"`
	ChatType               int               `json:"chatType"`
	Timestamp              int64             `json:"timestamp"`
	LastClockValue         uint64            `json:"lastClockValue"`
	DeletedAtClockValue    uint64            `json:"deletedAtClockValue"`
	UnviewedMessagesCount  uint              `json:"unviewedMessagesCount"`
	LastMessage            *Message          `json:"lastMessage"`
	Members                []Member          `json:"members"`
	MembershipUpdateEvents []MembershipEvent `json:"membershipUpdateEvents"`
	Alias                  string            `json:"alias,omitempty"`
	Identicon              string            `json:"identicon"`
	Muted                  bool              `json:"muted,omitempty"`
	InvitationAdmin        string            `json:"invitationAdmin,omitempty"`
	Profile                string            `json:"profile,omitempty"`
	// NameGivenBy says who gave Name: GivenByYou for public chats, GivenByThem
	// for private groups. That of a person is in Contact.
	NameGivenBy string `json:"nameGivenBy,omitempty"`
}

// Member is a member of a private group.
type Member struct {
	ID     string `json:"id"`
	Admin  bool   `json:"admin"`
	Joined bool   `json:"joined"`
}

// MembershipEvent is a signed event of a private group.
type MembershipEvent struct {
	Type       int32    `json:"type"`
	ClockValue uint64   `json:"clockValue"`
	Members    []string `json:"members,omitempty"`
	Name       string   `json:"name,omitempty"`
	From       string   `json:"from,omitempty"`
	Signature  []byte   `json:"signature,omitempty"`
	ChatID     string   `json:"chatId"`
	RawPayload []byte   `json:"rawPayload"`
}

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
	ID                     string   `json:"id"`
	Address                string   `json:"address,omitempty"`
	Name                   string   `json:"name,omitempty"`
	EnsVerified            bool     `json:"ensVerified"`
	EnsVerifiedAt          uint64   `json:"ensVerifiedAt"`
	LastENSClockValue      uint64   `json:"lastENSClockValue"`
	EnsVerificationRetries uint64   `json:"ensVerificationRetries"`
	Alias                  string   `json:"alias,omitempty"`
	Identicon              string   `json:"identicon"`
	PhotoPath              string   `json:"photoPath,omitempty"`
	LastUpdated            uint64   `json:"lastUpdated"`
	SystemTags             []string `json:"systemTags"`
	DeviceInfo             []Device `json:"deviceInfo"`
	TributeToTalk          string   `json:"tributeToTalk"`
	LocalNickname          string   `json:"localNickname,omitempty"`
	// NameGivenBy says who gave the name to show: GivenByYou for LocalNickname,
	// GivenByThem for Name, GivenByKey for Alias. Only the first may stand for
	// a person without the key beside it.
	NameGivenBy string `json:"nameGivenBy,omitempty"`
}

// Device is a device of a contact.
type Device struct {
	InstallationID string `json:"id"`
	Timestamp      int64  `json:"timestamp"`
	FCMToken       string `json:"fcmToken"`
}

// Reaction is an emoji on a message.
type Reaction struct {
	ID          string `json:"id"`
	Clock       uint64 `json:"clock,omitempty"`
	ChatID      string `json:"chatId,omitempty"`
	LocalChatID string `json:"localChatId,omitempty"`
	From        string `json:"from"`
	MessageID   string `json:"messageId,omitempty"`
	MessageType int32  `json:"messageType,omitempty"`
	Retracted   bool   `json:"retracted,omitempty"`
	EmojiID     int32  `json:"emojiId,omitempty"`
}

// Invitation asks to be let into a group.
type Invitation struct {
	ID                  string `json:"id"`
	ChatID              string `json:"chatId,omitempty"`
	From                string `json:"from"`
	IntroductionMessage string `json:"introductionMessage,omitempty"`
	State               int32  `json:"state,omitempty"`
}

// Installation is a device of this account. Timestamp is Unix nanoseconds.
type Installation struct {
	Identity  string                `json:"identity"`
	ID        string                `json:"id"`
	Version   uint32                `json:"version"`
	Enabled   bool                  `json:"enabled"`
	Timestamp int64                 `json:"timestamp"`
	Metadata  *InstallationMetadata `json:"metadata"`
}

// InstallationMetadata is how the owner tells devices apart.
type InstallationMetadata struct {
	Name       string `json:"name"`
	DeviceType string `json:"deviceType"`
	FCMToken   string `json:"fcmToken"`
}
