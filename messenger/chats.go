package messenger

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// Chats is the service for conversations.
type Chats struct{ *core }

// MaxListened bounds the active chats with one person or in public: each takes a
// topic, peers take a bounded number of those, and a chat beyond it would be
// silent without anybody noticing.
const MaxListened = 2500

// maxChatName bounds the name of a chat, in bytes.
const maxChatName = 1000

// publicType checks the name of a public chat, and tells whether it is a
// profile chat.
func publicType(id string) (int, error) {
	switch {
	case strings.TrimSpace(id) == "" || !utf8.ValidString(id) || len(id) > maxChatName:
		return 0, &payloads.RuleError{
			Rule: payloads.RuleChatID, Detail: "the name of a public chat is empty, too long or not valid UTF-8",
		}
	case strings.HasPrefix(id, "#"):
		return 0, &payloads.RuleError{
			Rule: payloads.RuleChatID, Detail: "the id of a public chat is its name without the #",
		}
	case strings.HasPrefix(id, "0x04") && len(id) == 132:
		return 0, &payloads.RuleError{
			Rule: payloads.RuleChatID, Detail: "this is the id of a contact, not the name of a public chat",
		}
	}
	if _, ok := payloads.ProfileOwner(id); ok {
		return store.ChatProfile, nil
	}
	return store.ChatPublic, nil
}

// newPublic makes a public or profile chat.
func (s *Chats) newPublic(id string, kind int) store.Chat {
	chat := store.Chat{
		ID: id, Type: kind, Name: id, Color: colorOf(id), Active: true, Timestamp: s.now().UnixMilli(),
	}
	if owner, ok := payloads.ProfileOwner(id); ok {
		chat.Profile = owner.ContactID()
	}
	return chat
}

// List returns all chats, the most recent first. Last messages come without
// pictures and recordings.
func (s *Chats) List(ctx context.Context) (out []api.Chat, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		out, err = s.chatViews(tx)
		return err
	})
	return out, err
}

// chatViews are all chats that are not deleted.
func (s *Chats) chatViews(tx *store.Tx) ([]api.Chat, error) {
	list, err := tx.Chats().List()
	if err != nil {
		return nil, err
	}
	out := make([]api.Chat, 0, len(list))
	for i := range list {
		v, err := s.views.chatView(tx, &list[i], true)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// ByID returns a chat. Errors: ErrUnknownChat.
func (s *Chats) ByID(ctx context.Context, id string) (v api.Chat, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		chat, err := s.chat(tx, id)
		if err != nil {
			return err
		}
		v, err = s.views.chatView(tx, &chat, true)
		return err
	})
	return v, err
}

// Save creates a chat or changes what its owner may: name, colour, activity,
// muting, the clock up to which it was deleted. What follows from messages
// (clock, counters, last message, members) stays as it is. Groups come to be
// by events, so only one that waits for an invitation can be created here.
// Errors: ErrUnknownChat, ErrChatType, ErrManyChats, *payloads.RuleError.
func (s *Chats) Save(ctx context.Context, v api.ChatSettings) error {
	return s.update(ctx, func(tx *store.Tx) error {
		chat, found, err := tx.Chats().ByID(v.ID)
		if err != nil {
			return err
		}
		if !found || chat.Deleted {
			fresh, err := s.newChat(&v)
			if err != nil {
				return err
			}
			fresh.Key, fresh.LastClock, fresh.DeletedClock = chat.Key, chat.LastClock, chat.DeletedClock
			chat = fresh
			if err := s.held.meet(tx, &chat); err != nil {
				return err
			}
		} else if v.ChatType != 0 && int(v.ChatType) != chat.Type {
			return ErrChatType
		}
		wasListening := found && !chat.Deleted && chat.Active
		if v.Active && !wasListening {
			if err := roomToListen(tx, &chat); err != nil {
				return err
			}
		}
		chat.Active, chat.Muted = v.Active, v.Muted
		if v.Name != "" && chat.Type != store.ChatPrivateGroup {
			chat.Name = v.Name[:min(len(v.Name), maxChatName)]
		}
		if v.Color != "" {
			chat.Color = v.Color[:min(len(v.Color), 64)]
		}
		chat.DeletedClock = max(chat.DeletedClock, min(v.DeletedAtClockValue, s.millis()+payloads.MaxClockAhead))
		if err := tx.Chats().Save(&chat); err != nil {
			return err
		}
		if chat.Active != wasListening {
			s.courier.ListeningChanged(tx, s.now().Add(-historyOfNew))
		}
		return nil
	})
}

// roomToListen checks that another chat may become active. Those of groups are
// listened to by their members.
func roomToListen(tx *store.Tx, chat *store.Chat) error {
	kinds := []int{store.ChatOneToOne, store.ChatPublic, store.ChatProfile}
	if !slices.Contains(kinds, chat.Type) {
		return nil
	}
	n, err := tx.Chats().Listened(kinds...)
	if err == nil && n >= MaxListened {
		err = ErrManyChats
	}
	return err
}

// newChat makes a chat that a user wants to have.
func (s *Chats) newChat(v *api.ChatSettings) (store.Chat, error) {
	switch v.ChatType {
	case api.ChatOneToOne:
		if _, err := key.ParseContactID(v.ID); err != nil {
			return store.Chat{}, &payloads.RuleError{
				Rule:   payloads.RuleChatID,
				Detail: "the id of a one-to-one chat is the other person's contact id, 0x04 and 128 hex digits",
			}
		}
		chat := store.Chat{ID: v.ID, Type: int(v.ChatType), Name: v.ID[:8], Color: colorOf(v.ID)}
		chat.Timestamp = s.now().UnixMilli()
		return chat, nil
	case api.ChatPublic, api.ChatProfile:
		kind, err := publicType(v.ID)
		if err == nil && kind != int(v.ChatType) {
			err = ErrChatType
		}
		return s.newPublic(v.ID, kind), err
	case api.ChatTimeline:
		if v.ID == "" || len(v.ID) > maxChatName {
			return store.Chat{}, &payloads.RuleError{Rule: payloads.RuleChatID, Detail: "the chat has no id"}
		}
		return store.Chat{ID: v.ID, Type: int(v.ChatType), Name: v.ID, Color: colorOf(v.ID)}, nil
	case api.ChatPrivateGroup:
		return store.Chat{}, ErrUnknownChat
	}
	return store.Chat{}, ErrChatType
}

// Delete removes a chat with its messages; they do not come back. Leave a
// group before, or its next update brings it back. A public chat is no longer
// listened to. Errors: ErrUnknownChat.
func (s *Chats) Delete(ctx context.Context, id string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		chat, err := s.chat(tx, id)
		if err != nil {
			return err
		}
		return s.deleteChat(tx, &chat)
	})
}

// LeaveAndDelete leaves a group, if we are still in it, or a public chat, and
// removes the chat with its messages, in one transaction. Errors:
// ErrUnknownChat, *payloads.RuleError.
func (s *Chats) LeaveAndDelete(ctx context.Context, id string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		chat, err := s.chat(tx, id)
		if err != nil {
			return err
		}
		if chat.Type == store.ChatPrivateGroup && isMember(&chat, s.id) {
			if _, err := s.groups.leaveGroup(ctx, tx, id); err != nil {
				return err
			}
			if chat, err = s.chat(tx, id); err != nil {
				return err
			}
		}
		return s.deleteChat(tx, &chat)
	})
}

// deleteChat empties and hides a chat. The row stays: it knows the clock up to
// which nothing comes back, and whether a stranger began it, who is none the
// better known when it comes back.
func (s *Chats) deleteChat(tx *store.Tx, chat *store.Chat) error {
	tx.Forget()
	if err := tx.Messages().DeleteChat(chat.Key); err != nil {
		return err
	}
	if !chat.Stranger {
		chat.BegunBy = ""
	} else if chat.Type == store.ChatOneToOne {
		chat.BegunBy = chat.ID
	}
	chat.Active, chat.Deleted, chat.Stranger, chat.Muted = false, true, false, false
	chat.DeletedClock, chat.Unread, chat.Last = max(chat.DeletedClock, s.lastClock(chat)), 0, 0
	s.courier.ListeningChanged(tx, s.now())
	return tx.Chats().Save(chat)
}

// Join listens to a public or profile chat, which is created if need be, and
// fetches its recent history. Of other chats it changes nothing. Errors:
// ErrUnknownChat for what is no public chat and not there, ErrManyChats,
// *payloads.RuleError.
func (s *Chats) Join(ctx context.Context, id string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		_, err := s.join(ctx, tx, id)
		return err
	})
}

// join is Join in a transaction. It tells our other devices.
func (s *Chats) join(ctx context.Context, tx *store.Tx, id string) (store.Chat, error) {
	chat, found, err := tx.Chats().ByID(id)
	if err != nil {
		return chat, err
	}
	if !found || chat.Deleted {
		kind, err := publicType(id)
		if err != nil {
			return chat, err
		}
		fresh := s.newPublic(id, kind)
		fresh.Key, fresh.DeletedClock, fresh.LastClock = chat.Key, chat.DeletedClock, chat.LastClock
		chat = fresh
	} else if chat.Active || chat.Type != store.ChatPublic && chat.Type != store.ChatProfile {
		return chat, nil
	}
	if err := roomToListen(tx, &chat); err != nil {
		return chat, err
	}
	chat.Active = true
	s.courier.ListeningChanged(tx, s.now().Add(-historyOfNew))
	if err := tx.Chats().Save(&chat); err != nil || chat.Type != store.ChatPublic {
		return chat, err
	}
	return chat, s.devices.syncPublicChat(ctx, tx, id)
}

// Leave stops listening to a public or profile chat. Its messages stay. For a
// group see Groups.Leave. Errors: ErrUnknownChat.
func (s *Chats) Leave(ctx context.Context, id string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		chat, err := s.chat(tx, id)
		if err != nil || chat.Type != store.ChatPublic && chat.Type != store.ChatProfile {
			return err
		}
		chat.Active = false
		s.courier.ListeningChanged(tx, s.now())
		return tx.Chats().Save(&chat)
	})
}

// Mute sets whether a user wants to be told of the chat's messages. Errors:
// ErrUnknownChat.
func (s *Chats) Mute(ctx context.Context, id string, on bool) error {
	return s.update(ctx, func(tx *store.Tx) error {
		chat, err := s.chat(tx, id)
		if err != nil {
			return err
		}
		chat.Muted = on
		return tx.Chats().Save(&chat)
	})
}
