package rpc

import (
	"context"

	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger"
)

// limitOf is the size of a page.
func limitOf(limit *int) (int, error) {
	switch {
	case limit == nil:
		return api.DefaultPage, nil
	case *limit < 1:
		return 0, api.NewError(api.CodeInvalidParams, "limit %d: want 1 or more", *limit)
	}
	return min(*limit, store.MaxPage), nil
}

// messagesAPI is messages and reactions.
type messagesAPI struct{ messengers }

func (a *messagesAPI) chatMessages(ctx context.Context, in api.PageArgs) (api.MessagePage, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.MessagePage, error) {
		limit, err := limitOf(in.Limit)
		if err != nil {
			return api.MessagePage{}, err
		}
		list, next, err := m.Messages().Page(ctx, in.ChatID, in.Cursor, limit)
		return api.MessagePage{Messages: listNotNull(list), Cursor: next}, err
	})
}

func (a *messagesAPI) searchMessages(ctx context.Context, in api.SearchArgs) (api.MessagePage, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.MessagePage, error) {
		limit, err := limitOf(in.Limit)
		if err != nil {
			return api.MessagePage{}, err
		}
		list, next, err := m.Messages().Search(ctx, in.ChatID, in.Text, in.Cursor, limit)
		return api.MessagePage{Messages: listNotNull(list), Cursor: next}, err
	})
}

func (a *messagesAPI) reactions(ctx context.Context, in api.PageArgs) ([]api.Reaction, error) {
	return ask(a.messengers, func(m *messenger.Messenger) ([]api.Reaction, error) {
		limit, err := limitOf(in.Limit)
		if err != nil {
			return nil, err
		}
		return m.Reactions().ByChat(ctx, in.ChatID, in.Cursor, limit)
	})
}

func (a *messagesAPI) sendMessage(ctx context.Context, in api.SendMessageArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Messages().SendOnce(ctx, requestOf(ctx, in.RequestID), in.Message)
	})
}

func (a *messagesAPI) messageByID(ctx context.Context, in api.MessageIDArgs) (api.Message, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Message, error) { return m.Messages().ByID(ctx, in.ID) })
}

func (a *messagesAPI) resend(ctx context.Context, in api.MessageIDArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Messages().Resend(ctx, in.ID) })
}

func (a *messagesAPI) deleteMessage(ctx context.Context, in api.MessageIDArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Messages().Delete(ctx, in.ID) })
}

func (a *messagesAPI) deleteMessages(ctx context.Context, in api.ChatIDArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Messages().DeleteByChat(ctx, in.ChatID) })
}

func (a *messagesAPI) markSeen(ctx context.Context, in api.SeenArgs) (uint64, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (uint64, error) {
		return m.Messages().MarkSeen(ctx, in.ChatID, in.IDs)
	})
}

func (a *messagesAPI) markAllRead(ctx context.Context, in api.ChatIDArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Messages().MarkAllRead(ctx, in.ChatID) })
}

func (a *messagesAPI) setStatus(ctx context.Context, in api.OutgoingStatusArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Messages().SetStatus(ctx, in.ID, in.Status) })
}

func (a *messagesAPI) react(ctx context.Context, in api.ReactArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Reactions().Send(ctx, in.ChatID, in.MessageID, in.EmojiType)
	})
}

func (a *messagesAPI) retractReaction(ctx context.Context, in api.ReactionArgs) (api.Changes, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (api.Changes, error) {
		return m.Reactions().Retract(ctx, in.ReactionID)
	})
}

// confirmProcessed does nothing, for programs that confirm.
func confirmProcessed(context.Context, api.ConfirmedArgs) (api.None, error) { return api.None{}, nil }

func echo(_ context.Context, in api.TextArgs) (string, error) { return in.Text, nil }
