package api

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

// What the examples of groups share.
const (
	exampleParty   = `["tea party",["` + exampleContact + `"]]`
	exampleGroups  = `{"chats":[{"id":"{{groupID}}","name":"tea party","chatType":3,"active":true}]}`
	exampleForeign = exampleInstall + "-" + exampleContact // a group of others
	exampleAsked   = `{"id":"` + exampleHash + `","chatId":"` + exampleForeign + `","from":"` + examplePublicKey +
		`","state":1}`
)

// exampleGroup makes a group.
var exampleGroup = []Call{
	{Method: "account_importKey", Params: exampleImport}, {Method: "account_login", Params: exampleOpen},
	{Method: "wakuext_createGroupChatWithMembers", Params: exampleParty, Bind: "groupID", At: "/chats/0/id"},
}

// Arguments of methods about groups.
type (
	// CreateGroupArgs are those of wakuext_createGroupChatWithMembers.
	CreateGroupArgs struct {
		Name string   `json:"name" doc:"name of the group"`
		IDs  []string `json:"ids" doc:"contact ids"`
	}
	// GroupArgs name a group.
	GroupArgs struct {
		ChatID string `json:"chatId" doc:"id of the group"`
	}
	// GroupMembersArgs name people of a group.
	GroupMembersArgs struct {
		ChatID string   `json:"chatId" doc:"id of the group"`
		IDs    []string `json:"ids" doc:"contact ids"`
	}
	// GroupMemberArgs name a member of a group.
	GroupMemberArgs struct {
		ChatID string `json:"chatId" doc:"id of the group"`
		ID     string `json:"id" doc:"contact id of the member"`
	}
	// LeaveGroupArgs are those of wakuext_leaveGroupChat.
	LeaveGroupArgs struct {
		ChatID string `json:"chatId" doc:"id of the group"`
		Remove bool   `json:"remove,omitempty" doc:"true: close the chat, too"`
	}
	// RenameGroupArgs are those of wakuext_changeGroupChatName.
	RenameGroupArgs struct {
		ChatID string `json:"chatId" doc:"id of the group"`
		Name   string `json:"name" doc:"the new name"`
	}
	// InvitedGroupArgs are those of wakuext_createGroupChatFromInvitation.
	InvitedGroupArgs struct {
		Name    string `json:"name" doc:"name of the group"`
		ChatID  string `json:"chatId" doc:"id of the group"`
		AdminPK string `json:"adminPk" doc:"contact id of the admin"`
	}
	// InvitationRequestArgs are those of wakuext_sendGroupChatInvitationRequest.
	InvitationRequestArgs struct {
		ChatID  string `json:"chatId" doc:"id of the group"`
		AdminPK string `json:"adminPk" doc:"contact id of the admin"`
		Text    string `json:"text" doc:"who is asking"`
	}
	// InvitationArgs name an invitation.
	InvitationArgs struct {
		InvitationID string `json:"invitationId" doc:"id of the invitation"`
	}
)

// Methods about groups.
var (
	WakuextCreateGroupChatFromInvitation = Method[InvitedGroupArgs, Changes]{
		Name: "wakuext_createGroupChatFromInvitation", Scope: ScopeSend, Returns: returnsChanges,
		Summary: "Opens the chat of a group that a link names, to ask its admin for an invitation.",
		Errors:  []Code{CodeNotLoggedIn, CodeExists},
		Example: Example{
			Setup: exampleLogin, Params: `["tea party","` + exampleForeign + `","` + exampleContact + `"]`,
			Result: `{"chats":[{"id":"` + exampleForeign + `","name":"tea party","chatType":3}]}`,
		},
	}
	WakuextSendGroupChatInvitationRequest = Method[InvitationRequestArgs, Changes]{
		Name: "wakuext_sendGroupChatInvitationRequest", Scope: ScopeSend, LeadingNull: true, Returns: returnsChanges,
		Summary: "Asks the admin of a group for an invitation.",
		Errors:  []Code{CodeNotLoggedIn, CodeInvalidRecipient},
		Example: Example{
			Setup: exampleLogin, Params: `["` + exampleForeign + `","` + exampleContact + `","let me in"]`,
			Result: `{"invitations":[` + exampleAsked + `]}`,
		},
	}
	WakuextGetGroupChatInvitations = Method[None, []Invitation]{
		Name: "wakuext_getGroupChatInvitations", Scope: ScopeRead, Errors: []Code{CodeNotLoggedIn},
		Summary: "Lists who asked to be let in, and where we asked.", Returns: "list of invitations",
		Example: Example{Setup: exampleLogin, Params: `[]`, Result: `[` + exampleAsked + `]`},
	}
	WakuextSendGroupChatInvitationRejection = Method[InvitationArgs, Changes]{
		Name: "wakuext_sendGroupChatInvitationRejection", Scope: ScopeSend, LeadingNull: true, Returns: returnsChanges,
		Summary: "Refuses a request to be let into a group of ours.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{
			Setup: exampleLogin, Params: `["` + exampleHash + `"]`, Result: `{}`, Fails: CodeUnknownObject,
		},
	}
	WakuextCreateGroupChatWithMembers = Method[CreateGroupArgs, Changes]{
		Name: "wakuext_createGroupChatWithMembers", Scope: ScopeSend, LeadingNull: true, Returns: returnsChanges,
		Summary: "Makes a private group and invites people.", Errors: []Code{CodeNotLoggedIn, CodeInvalidRecipient},
		Example: Example{Setup: exampleLogin, Params: exampleParty, Result: exampleGroups},
	}
	WakuextAddMembersToGroupChat = Method[GroupMembersArgs, Changes]{
		Name: "wakuext_addMembersToGroupChat", Scope: ScopeSend, LeadingNull: true, Returns: returnsChanges,
		Summary: "Invites people to a group. Only admins may.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{
			Setup: exampleGroup, Params: `["{{groupID}}",["` + exampleOtherContact + `"]]`, Result: exampleGroups,
		},
	}
	WakuextRemoveMemberFromGroupChat = Method[GroupMemberArgs, Changes]{
		Name: "wakuext_removeMemberFromGroupChat", Scope: ScopeSend, LeadingNull: true, Returns: returnsChanges,
		Summary: "Removes a member that is no admin. Only admins may.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{
			Setup: exampleGroup, Params: `["{{groupID}}","` + exampleContact + `"]`, Result: exampleGroups,
		},
	}
	WakuextAddAdminsToGroupChat = Method[GroupMembersArgs, Changes]{
		Name: "wakuext_addAdminsToGroupChat", Scope: ScopeSend, LeadingNull: true, Returns: returnsChanges,
		Summary: "Makes members admins. Only admins may.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{
			Setup: exampleGroup, Params: `["{{groupID}}",["` + exampleContact + `"]]`, Result: exampleGroups,
		},
	}
	// To accept an invitation, somebody must have sent one.
	WakuextConfirmJoiningGroup = Method[GroupArgs, Changes]{
		Name: "wakuext_confirmJoiningGroup", Scope: ScopeSend, LeadingNull: true, Returns: returnsChanges,
		Summary: "Accepts the invitation to a group.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{Setup: exampleGroup, Params: `["{{groupID}}"]`, Result: `{}`, Fails: CodeInvalidParams},
	}
	WakuextLeaveGroupChat = Method[LeaveGroupArgs, Changes]{
		Name: "wakuext_leaveGroupChat", Scope: ScopeSend, LeadingNull: true, Returns: returnsChanges,
		Summary: "Leaves a group.", Errors: []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{Setup: exampleGroup, Params: `["{{groupID}}",true]`, Result: exampleGroups},
	}
	WakuextChangeGroupChatName = Method[RenameGroupArgs, Changes]{
		Name: "wakuext_changeGroupChatName", Scope: ScopeSend, LeadingNull: true, Returns: returnsChanges,
		Summary: "Renames a group. Only admins may.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInvalidRecipient},
		Example: Example{Setup: exampleGroup, Params: `["{{groupID}}","coffee break"]`, Result: exampleGroups},
	}
)

func groupMethods() []Described {
	return []Described{
		WakuextCreateGroupChatFromInvitation, WakuextSendGroupChatInvitationRequest,
		WakuextGetGroupChatInvitations, WakuextSendGroupChatInvitationRejection,
		WakuextCreateGroupChatWithMembers, WakuextAddMembersToGroupChat, WakuextRemoveMemberFromGroupChat,
		WakuextAddAdminsToGroupChat, WakuextConfirmJoiningGroup, WakuextLeaveGroupChat,
		WakuextChangeGroupChatName,
	}
}
