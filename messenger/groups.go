package messenger

import (
	"context"
	"crypto/rand"
	"fmt"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// Groups is the service for private groups (spec 05 section 9.4). Its methods
// answer with the group and the system messages that were added.
type Groups struct{ *core }

// Create makes a group and invites people, by contact id. Errors:
// *payloads.RuleError, ErrBlocked, ErrTooLarge.
func (s *Groups) Create(ctx context.Context, name string, members []string) (out api.Changes, err error) {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return api.Changes{}, err
	}
	members, err = s.invitees(members)
	if err == nil {
		err = checkGroupName(name)
	}
	if err != nil {
		return api.Changes{}, err
	}
	err = s.update(ctx, func(tx *store.Tx) error {
		if err := s.noneBlocked(tx, members); err != nil {
			return err
		}
		chat := store.Chat{
			ID: payloads.GroupChat(random, s.self), Type: store.ChatPrivateGroup, Active: true,
			Timestamp: s.now().UnixMilli(),
		}
		chat.Name, chat.Color = name, colorOf(chat.ID)
		g, err := payloads.CreateGroup(chat.ID, name, s.identity, s.clock(&chat))
		if err != nil {
			return err
		}
		if len(members) > 0 {
			if g, err = g.AddMembers(members, s.identity, s.clock(&chat)); err != nil {
				return err
			}
		}
		out, err = s.publish(ctx, tx, &chat, &payloads.Group{}, &g, g.MemberKeys())
		return err
	})
	return out, err
}

// checkGroupName refuses a name that is too long. Empty ones break a rule of
// payloads.
func checkGroupName(name string) error {
	if len(name) > maxChatName {
		return &payloads.RuleError{
			Rule: payloads.RuleEvents, Detail: fmt.Sprintf("the name of the group has %d bytes, %d are allowed",
				len(name), maxChatName),
		}
	}
	return nil
}

// invitees checks contact ids and leaves out doubles and ourselves.
func (s *Groups) invitees(ids []string) ([]string, error) {
	out := make([]string, 0, len(ids))
	have := map[string]bool{s.id: true}
	for _, id := range ids {
		if _, err := checkContact(id); err != nil {
			return nil, &payloads.RuleError{
				Rule: payloads.RuleContactID, Detail: fmt.Sprintf("%.12q… is not a contact id", id),
			}
		}
		if !have[id] {
			have[id] = true
			out = append(out, id)
		}
	}
	return out, nil
}

func (s *Groups) noneBlocked(tx *store.Tx, ids []string) error {
	for _, id := range ids {
		k, err := s.contacts.contactOf(tx, id)
		if err != nil {
			return err
		}
		if k.Blocked {
			return fmt.Errorf("%w: %.12s…", ErrBlocked, id)
		}
	}
	return nil
}

// publish stores what we did to a group, tells of it and sends all events to
// recipients.
func (s *Groups) publish(
	ctx context.Context, tx *store.Tx, chat *store.Chat, before, after *payloads.Group, to []key.Public,
) (api.Changes, error) {
	update := after.Update()
	folded := payloads.Folded{Group: *after, New: newEvents(before, after), Changed: true}
	folded.Effective = folded.New
	isNew := chat.Key == 0
	if err := s.membership.applyGroup(tx, chat, &folded, isNew, nil); err != nil {
		return api.Changes{}, err
	}
	o := outgoing{chat: chat.ID, route: routeReliable, to: to}
	if _, _, err := s.sender.send(ctx, tx, o, update); err != nil {
		return api.Changes{}, err
	}
	cv, err := s.views.chatView(tx, chat, true)
	if err != nil {
		return api.Changes{}, err
	}
	out := api.Changes{Chats: []api.Chat{cv}}
	for i := range folded.New {
		m, found, err := tx.Messages().ByID(folded.New[i].MessageID())
		if err != nil {
			return api.Changes{}, err
		}
		if found {
			out.Messages = append(out.Messages, s.views.textView(&m))
		}
	}
	return out, nil
}

// newEvents returns the events that a group has now and had not before.
func newEvents(before, after *payloads.Group) (out []payloads.Event) {
	had := make(map[payloads.EventID]bool, len(before.Events))
	for i := range before.Events {
		had[before.Events[i].ID()] = true
	}
	for i := range after.Events {
		if !had[after.Events[i].ID()] {
			out = append(out, after.Events[i])
		}
	}
	return out
}

// change makes one event in a group and sends it. to returns the recipients,
// nil for all members after the change.
func (s *Groups) change(
	ctx context.Context, id string,
	event func(tx *store.Tx, g *payloads.Group, clock uint64) (payloads.Group, error),
	to func(before *payloads.Group) []key.Public,
) (out api.Changes, err error) {
	err = s.update(ctx, func(tx *store.Tx) error {
		out, err = s.changeIn(ctx, tx, id, event, to)
		return err
	})
	return out, err
}

func (s *Groups) changeIn(
	ctx context.Context, tx *store.Tx, id string,
	event func(tx *store.Tx, g *payloads.Group, clock uint64) (payloads.Group, error),
	to func(before *payloads.Group) []key.Public,
) (api.Changes, error) {
	chat, err := s.chat(tx, id)
	if err != nil {
		return api.Changes{}, err
	}
	if chat.Type != store.ChatPrivateGroup {
		return api.Changes{}, ErrChatType
	}
	before, err := s.membership.group(tx, &chat)
	if err != nil {
		return api.Changes{}, err
	}
	if !before.IsMember(s.id) {
		return api.Changes{}, ErrNotMember
	}
	clock, err := before.EventClock(s.lastClock(&chat), s.millis())
	if err != nil {
		return api.Changes{}, err
	}
	after, err := event(tx, &before, clock)
	if err == nil {
		after, err = after.Settle(s.identity, clock+1)
	}
	if err != nil {
		return api.Changes{}, err
	}
	chat.LastClock = after.LastClock()
	recipients := after.MemberKeys()
	if to != nil {
		recipients = to(&before)
	}
	return s.publish(ctx, tx, &chat, &before, &after, recipients)
}

// beforeChange sends an update to who was a member before it.
func beforeChange(before *payloads.Group) []key.Public { return before.MemberKeys() }

// AddMembers invites people into a group. Only admins may. Errors:
// ErrUnknownChat, ErrNotMember, ErrNotAdmin, ErrBlocked, *payloads.RuleError.
func (s *Groups) AddMembers(ctx context.Context, chat string, ids []string) (api.Changes, error) {
	ids, err := s.invitees(ids)
	if err != nil {
		return api.Changes{}, err
	}
	return s.change(ctx, chat, func(tx *store.Tx, g *payloads.Group, clock uint64) (payloads.Group, error) {
		if err := s.noneBlocked(tx, ids); err != nil {
			return payloads.Group{}, err
		}
		if !g.IsAdmin(s.id) {
			return payloads.Group{}, ErrNotAdmin
		}
		return g.AddMembers(ids, s.identity, clock)
	}, nil)
}

// RemoveMember removes a member that is no admin. Only admins may. Errors as
// of AddMembers.
func (s *Groups) RemoveMember(ctx context.Context, chat, id string) (api.Changes, error) {
	return s.change(ctx, chat, func(_ *store.Tx, g *payloads.Group, clock uint64) (payloads.Group, error) {
		if !g.IsAdmin(s.id) {
			return payloads.Group{}, ErrNotAdmin
		}
		return g.RemoveMember(id, s.identity, clock)
	}, beforeChange)
}

// AddAdmins makes members admins. Only admins may. Errors as of AddMembers.
func (s *Groups) AddAdmins(ctx context.Context, chat string, ids []string) (api.Changes, error) {
	return s.change(ctx, chat, func(_ *store.Tx, g *payloads.Group, clock uint64) (payloads.Group, error) {
		if !g.IsAdmin(s.id) {
			return payloads.Group{}, ErrNotAdmin
		}
		return g.AddAdmins(ids, s.identity, clock)
	}, nil)
}

// Confirm joins a group that we were invited to. Errors: ErrUnknownChat,
// ErrNotMember, *payloads.RuleError when we have joined already.
func (s *Groups) Confirm(ctx context.Context, chat string) (api.Changes, error) {
	return s.change(ctx, chat, func(_ *store.Tx, g *payloads.Group, clock uint64) (payloads.Group, error) {
		return g.Join(s.identity, clock)
	}, nil)
}

// Rename changes the name of a group. Only admins may. Errors as of AddMembers.
func (s *Groups) Rename(ctx context.Context, chat, name string) (api.Changes, error) {
	if err := checkGroupName(name); err != nil {
		return api.Changes{}, err
	}
	return s.change(ctx, chat, func(_ *store.Tx, g *payloads.Group, clock uint64) (payloads.Group, error) {
		if !g.IsAdmin(s.id) {
			return payloads.Group{}, ErrNotAdmin
		}
		return g.Rename(name, s.identity, clock)
	}, nil)
}

// Leave leaves a group; with remove it is no longer shown as active. Errors:
// ErrUnknownChat, ErrNotMember.
func (s *Groups) Leave(ctx context.Context, id string, remove bool) (out api.Changes, err error) {
	err = s.update(ctx, func(tx *store.Tx) error {
		if out, err = s.leaveGroup(ctx, tx, id); err != nil || !remove {
			return err
		}
		chat, err := s.chat(tx, id)
		if err != nil {
			return err
		}
		chat.Active = false
		out.Chats[0].Active = false
		return tx.Chats().Save(&chat)
	})
	return out, err
}

// leaveGroup is Leave in a transaction.
func (s *Groups) leaveGroup(ctx context.Context, tx *store.Tx, id string) (api.Changes, error) {
	out, err := s.changeIn(ctx, tx, id, func(_ *store.Tx, g *payloads.Group, clock uint64) (payloads.Group, error) {
		return g.RemoveMember(s.id, s.identity, clock)
	}, beforeChange)
	if err == nil {
		s.courier.ListeningChanged(tx, s.now())
	}
	return out, err
}
