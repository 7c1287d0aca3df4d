package api

// ChatType says what kind of conversation a chat is.
type ChatType int

// Chat types.
const (
	ChatOneToOne     ChatType = 1
	ChatPublic       ChatType = 2
	ChatPrivateGroup ChatType = 3
	ChatProfile      ChatType = 4 // what one person writes to everybody
	ChatTimeline     ChatType = 5 // the profile chats together
)

// Values implements Enum.
func (ChatType) Values() []ChatType {
	return []ChatType{ChatOneToOne, ChatPublic, ChatPrivateGroup, ChatProfile, ChatTimeline}
}

// Chat is a conversation.
type Chat struct {
	ID                     string            `json:"id"`
	Name                   string            `json:"name"`
	Color                  string            `json:"color"`
	Active                 bool              `json:"active"`
	ChatType               ChatType          `json:"chatType"`
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
	NameGivenBy GivenBy `json:"nameGivenBy,omitempty"`
}

// Member is a member of a private group.
type Member struct {
	ID     string `json:"id"`
	Admin  bool   `json:"admin"`
	Joined bool   `json:"joined"`
}

// MembershipEventType says what an event of a private group does.
type MembershipEventType int32

// Types of the events of private groups.
const (
	MembershipChatCreated   MembershipEventType = 1
	MembershipNameChanged   MembershipEventType = 2
	MembershipMembersAdded  MembershipEventType = 3
	MembershipMemberJoined  MembershipEventType = 4
	MembershipMemberRemoved MembershipEventType = 5
	MembershipAdminsAdded   MembershipEventType = 6
	MembershipAdminRemoved  MembershipEventType = 7
)

// Values implements Enum.
func (MembershipEventType) Values() []MembershipEventType {
	return []MembershipEventType{
		MembershipChatCreated, MembershipNameChanged, MembershipMembersAdded, MembershipMemberJoined,
		MembershipMemberRemoved, MembershipAdminsAdded, MembershipAdminRemoved,
	}
}

// MembershipEvent is a signed event of a private group.
type MembershipEvent struct {
	Type       MembershipEventType `json:"type"`
	ClockValue uint64              `json:"clockValue"`
	Members    []string            `json:"members,omitempty"`
	Name       string              `json:"name,omitempty"`
	From       string              `json:"from,omitempty"`
	Signature  []byte              `json:"signature,omitempty"`
	ChatID     string              `json:"chatId"`
	RawPayload []byte              `json:"rawPayload"`
}

// InvitationState says how far an invitation is.
type InvitationState int32

// States of invitations.
const (
	InvitationRequested InvitationState = 1
	InvitationRejected  InvitationState = 2
	InvitationApproved  InvitationState = 3 // the admin added who asked
)

// Values implements Enum.
func (InvitationState) Values() []InvitationState {
	return []InvitationState{InvitationRequested, InvitationRejected, InvitationApproved}
}

// Invitation asks to be let into a group.
type Invitation struct {
	ID                  string          `json:"id"`
	ChatID              string          `json:"chatId,omitempty"`
	From                string          `json:"from"`
	IntroductionMessage string          `json:"introductionMessage,omitempty"`
	State               InvitationState `json:"state,omitempty"`
}
