package api

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

// Invitation asks to be let into a group.
type Invitation struct {
	ID                  string `json:"id"`
	ChatID              string `json:"chatId,omitempty"`
	From                string `json:"from"`
	IntroductionMessage string `json:"introductionMessage,omitempty"`
	State               int32  `json:"state,omitempty"`
}
