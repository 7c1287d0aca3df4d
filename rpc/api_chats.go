package rpc

import (
	"context"

	"statusd/api"
	"statusd/messenger"
)

// chatsAPI is conversations.
type chatsAPI struct{ messengers }

// startMessenger does nothing, for programs that call it first.
func (a *chatsAPI) startMessenger(context.Context, api.None) (api.None, error) {
	return tell(a.messengers, func(*messenger.Messenger) error { return nil })
}

func (a *chatsAPI) chats(ctx context.Context, _ api.None) ([]api.Chat, error) {
	return ask(a.messengers, func(m *messenger.Messenger) ([]api.Chat, error) { return m.Chats().List(ctx) })
}

func (a *chatsAPI) saveChat(ctx context.Context, in api.SaveChatArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Chats().Save(ctx, in.Chat) })
}

func (a *chatsAPI) deleteChat(ctx context.Context, in api.ChatIDArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Chats().Delete(ctx, in.ChatID) })
}

func (a *chatsAPI) leaveAndDeleteChat(ctx context.Context, in api.ChatIDArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Chats().LeaveAndDelete(ctx, in.ChatID) })
}

func (a *chatsAPI) join(ctx context.Context, in api.ChatArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Chats().Join(ctx, in.Chat.ID) })
}

func (a *chatsAPI) leave(ctx context.Context, in api.ChatArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Chats().Leave(ctx, in.Chat.ID) })
}

func (a *chatsAPI) muteChat(ctx context.Context, in api.ChatIDArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Chats().Mute(ctx, in.ChatID, true) })
}

func (a *chatsAPI) unmuteChat(ctx context.Context, in api.ChatIDArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Chats().Mute(ctx, in.ChatID, false) })
}

// groupsAPI is private groups.
type groupsAPI struct{ messengers }

func (a *groupsAPI) openInvitedGroup(ctx context.Context, in api.InvitedGroupArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Groups().CreateFromInvitation(ctx, in.Name, in.ChatID, in.AdminPK)
	})
}

func (a *groupsAPI) requestInvitation(ctx context.Context, in api.InvitationRequestArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Groups().RequestInvitation(ctx, in.ChatID, in.AdminPK, in.Text)
	})
}

func (a *groupsAPI) invitations(ctx context.Context, _ api.None) ([]api.Invitation, error) {
	return ask(a.messengers, func(m *messenger.Messenger) ([]api.Invitation, error) {
		return m.Groups().Invitations(ctx)
	})
}

func (a *groupsAPI) rejectInvitation(ctx context.Context, in api.InvitationArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Groups().RejectInvitation(ctx, in.InvitationID)
	})
}

func (a *groupsAPI) createGroup(ctx context.Context, in api.CreateGroupArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Groups().Create(ctx, in.Name, in.IDs)
	})
}

func (a *groupsAPI) addMembers(ctx context.Context, in api.GroupMembersArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Groups().AddMembers(ctx, in.ChatID, in.IDs)
	})
}

func (a *groupsAPI) removeMember(ctx context.Context, in api.GroupMemberArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Groups().RemoveMember(ctx, in.ChatID, in.ID)
	})
}

func (a *groupsAPI) addAdmins(ctx context.Context, in api.GroupMembersArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Groups().AddAdmins(ctx, in.ChatID, in.IDs)
	})
}

func (a *groupsAPI) confirmJoining(ctx context.Context, in api.GroupArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Groups().Confirm(ctx, in.ChatID)
	})
}

func (a *groupsAPI) leaveGroup(ctx context.Context, in api.LeaveGroupArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Groups().Leave(ctx, in.ChatID, in.Remove)
	})
}

func (a *groupsAPI) renameGroup(ctx context.Context, in api.RenameGroupArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Groups().Rename(ctx, in.ChatID, in.Name)
	})
}
