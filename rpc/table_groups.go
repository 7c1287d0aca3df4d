package rpc

import (
	"context"

	"statusd/api"
	"statusd/messenger"
	"statusd/rpc/jsonrpc"
)

func (a *extAPI) groupMethods() []method {
	groups := (*messenger.Messenger).Groups
	row := func(name, summary, params, result string, setup []setupCall, h handler, names ...param) method {
		return method{
			name: "wakuext_" + name, scope: scopeSend, leadingNull: true, summary: summary, params: names, result: docResponse,
			example: ex(params, result, setup...), handler: h,
		}
	}
	// To accept an invitation, somebody must have sent one.
	confirm := func(m method) method {
		m.example.fails = jsonrpc.CodeInvalidParams
		return m
	}
	const answer = `{"chats":[{"id":"{{groupID}}","name":"tea party","chatType":3,"active":true}]}`
	group, ids := param{"chatId", "id of the group"}, param{"ids", "contact ids"}
	return append(a.invitationMethods(),
		row("createGroupChatWithMembers", "Makes a private group and invites people.",
			`["tea party",["`+exampleContact+`"]]`, answer, withLogin(),
			ask(a, groups, func(s *messenger.Groups, ctx context.Context, in membersArg) (api.Changes, error) {
				return s.Create(ctx, in.Name, in.IDs)
			}), param{"name", "name of the group"}, ids),
		row("addMembersToGroupChat", "Invites people to a group. Only admins may.",
			`["{{groupID}}",["`+exampleOtherContact+`"]]`, answer, withGroup(),
			ask(a, groups, func(s *messenger.Groups, ctx context.Context, in membersArg) (api.Changes, error) {
				return s.AddMembers(ctx, in.Name, in.IDs)
			}), group, ids),
		row("removeMemberFromGroupChat", "Removes a member that is no admin. Only admins may.",
			`["{{groupID}}","`+exampleContact+`"]`, answer, withGroup(),
			ask(a, groups, func(s *messenger.Groups, ctx context.Context, in twoIDs) (api.Changes, error) {
				return s.RemoveMember(ctx, in.First, in.Second)
			}), group, param{"id", "contact id of the member"}),
		row("addAdminsToGroupChat", "Makes members admins. Only admins may.",
			`["{{groupID}}",["`+exampleContact+`"]]`, answer, withGroup(),
			ask(a, groups, func(s *messenger.Groups, ctx context.Context, in membersArg) (api.Changes, error) {
				return s.AddAdmins(ctx, in.Name, in.IDs)
			}), group, ids),
		confirm(row("confirmJoiningGroup", "Accepts the invitation to a group.", `["{{groupID}}"]`, `{}`, withGroup(),
			ask(a, groups, func(s *messenger.Groups, ctx context.Context, in oneID) (api.Changes, error) {
				return s.Confirm(ctx, in.ID)
			}), group)),
		row("leaveGroupChat", "Leaves a group.", `["{{groupID}}",true]`, answer, withGroup(),
			ask(a, groups, func(s *messenger.Groups, ctx context.Context, in leaveArg) (api.Changes, error) {
				return s.Leave(ctx, in.ChatID, orZero(in.Remove))
			}), group, param{"remove", "true: close the chat, too"}),
		row("changeGroupChatName", "Renames a group. Only admins may.", `["{{groupID}}","coffee break"]`, answer,
			withGroup(), ask(a, groups, func(s *messenger.Groups, ctx context.Context, in twoIDs) (api.Changes, error) {
				return s.Rename(ctx, in.First, in.Second)
			}), group, param{"name", "the new name"}),
	)
}

// invitationMethods ask to be let into a group.
func (a *extAPI) invitationMethods() []method {
	groups := (*messenger.Messenger).Groups
	const foreign = "c9f9b7e0-0e4f-4a3c-8f7e-1d2c3b4a5968-" + exampleContact
	const invitation = `{"id":"` + exampleHash + `","chatId":"` + foreign + `","from":"` + examplePublicKey +
		`","state":1}`
	return []method{
		{
			name: "wakuext_createGroupChatFromInvitation", scope: scopeSend, result: docResponse,
			summary: "Opens the chat of a group that a link names, to ask its admin for an invitation.",
			params: []param{
				{"name", "name of the group"}, {"chatId", "id of the group"}, {"adminPk", "contact id of the admin"},
			},
			example: ex(`["tea party","`+foreign+`","`+exampleContact+`"]`,
				`{"chats":[{"id":"`+foreign+`","name":"tea party","chatType":3}]}`, withLogin()...),
			handler: ask(a, groups, func(s *messenger.Groups, ctx context.Context, in threeTexts) (api.Changes, error) {
				return s.CreateFromInvitation(ctx, in.First, in.Second, in.Third)
			}),
		},
		{
			name: "wakuext_sendGroupChatInvitationRequest", scope: scopeSend, leadingNull: true, result: docResponse,
			summary: "Asks the admin of a group for an invitation.",
			params: []param{
				{"chatId", "id of the group"}, {"adminPk", "contact id of the admin"}, {"text", "who is asking"},
			},
			example: ex(`["`+foreign+`","`+exampleContact+`","let me in"]`, `{"invitations":[`+invitation+`]}`,
				withLogin()...),
			handler: ask(a, groups, func(s *messenger.Groups, ctx context.Context, in threeTexts) (api.Changes, error) {
				return s.RequestInvitation(ctx, in.First, in.Second, in.Third)
			}),
		},
		{
			name: "wakuext_getGroupChatInvitations", scope: scopeRead,
			summary: "Lists who asked to be let in, and where we asked.", result: "list of invitations",
			example: ex(`[]`, `[`+invitation+`]`, withLogin()...),
			handler: ask(a, groups, func(s *messenger.Groups, ctx context.Context, _ noArgs) ([]api.Invitation, error) {
				return s.Invitations(ctx)
			}),
		},
		{
			name: "wakuext_sendGroupChatInvitationRejection", scope: scopeSend, leadingNull: true, result: docResponse,
			summary: "Refuses a request to be let into a group of ours.",
			params:  []param{{"invitationId", "id of the invitation"}},
			example: exFails(`["`+exampleHash+`"]`, jsonrpc.CodeUnknownObject, withLogin()...),
			handler: ask(a, groups, func(s *messenger.Groups, ctx context.Context, in oneID) (api.Changes, error) {
				return s.RejectInvitation(ctx, in.ID)
			}),
		},
	}
}
