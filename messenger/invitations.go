package messenger

import (
	"context"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// invitations are what people outside a group ask to be let in with, and what
// became of it.
type invitations struct{ *core }

// receiveInvitation handles a request to be let into a group of ours, or the
// rejection of our own (spec 05 section 9.5).
func (c *invitations) receiveInvitation(
	_ context.Context, tx *store.Tx, r *received, body *payloads.GroupInvitation,
) error {
	if !r.direct() {
		return drop("not_direct")
	}
	requester := r.author
	if body.State == payloads.InvitationRejected || r.own {
		requester = c.id
	}
	i, found, err := tx.Invitations().ByID(payloads.InvitationID(requester, body.ChatID))
	switch {
	case err != nil:
		return err
	case found && body.Clock <= i.Clock:
		return drop("old_clock")
	case r.own:
		return c.ownInvitation(tx, body, &i, found)
	case body.State == payloads.InvitationRejected && (!found || i.Admin != r.author):
		return drop("not_asked")
	case body.State == payloads.InvitationRequest:
		if err := c.strangers.mayAsk(tx, r.author, body.ChatID, !found); err != nil {
			return err
		}
	}
	i.ID, i.Chat, i.Author = payloads.InvitationID(requester, body.ChatID), body.ChatID, requester
	i.State, i.Clock = int(body.State), body.Clock
	if body.State == payloads.InvitationRequest {
		i.Text, i.Admin = body.Introduction, ""
	}
	return c.putInvitation(tx, &i)
}

// ownInvitation notes what another device of ours asked for. Whom it asked is
// not in the payload, so a rejection will be taken from nobody.
func (c *invitations) ownInvitation(
	tx *store.Tx, body *payloads.GroupInvitation, i *store.Invitation, found bool,
) error {
	if body.State != payloads.InvitationRequest || found {
		return nil
	}
	i.ID, i.Chat, i.Author = payloads.InvitationID(c.id, body.ChatID), body.ChatID, c.id
	i.Text, i.State, i.Clock, i.Admin = body.Introduction, int(body.State), body.Clock, c.id
	return c.putInvitation(tx, i)
}

func (c *invitations) putInvitation(tx *store.Tx, i *store.Invitation) error {
	if err := tx.Invitations().Put(i); err != nil {
		return err
	}
	v := invitationView(i)
	news := api.MessagesNewEvent{Changes: api.Changes{Invitations: []api.Invitation{v}}}
	if err := c.append(tx, news); err != nil {
		return err
	}
	return c.append(tx, api.GroupInvitationEvent{Invitation: v})
}

// CreateFromInvitation makes the chat of a group that an admin invited us to by
// a link, to ask him with RequestInvitation. It fills with the first update
// that has us as a member. Errors: ErrExists, *payloads.RuleError.
func (s *Groups) CreateFromInvitation(ctx context.Context, name, id, admin string) (out api.Changes, err error) {
	if _, err := checkContact(admin); err != nil {
		return api.Changes{}, err
	}
	if len(id) <= len(s.id) || len(id) > maxChatName {
		return api.Changes{}, &payloads.RuleError{
			Rule: payloads.RuleChatID, Detail: "the id of a group ends with - and its creator's contact id",
		}
	}
	err = s.update(ctx, func(tx *store.Tx) error {
		chat, found, err := tx.Chats().ByID(id)
		if err != nil {
			return err
		}
		if found && !chat.Deleted {
			return ErrExists
		}
		chat.ID, chat.Type, chat.Name, chat.Color = id, store.ChatPrivateGroup, name, colorOf(id)
		chat.Active, chat.Deleted, chat.InvitationAdmin, chat.Timestamp = true, false, admin, s.now().UnixMilli()
		if err := tx.Chats().Save(&chat); err != nil {
			return err
		}
		cv, err := s.views.chatView(tx, &chat, true)
		out = api.Changes{Chats: []api.Chat{cv}}
		return err
	})
	return out, err
}

// RequestInvitation asks an admin to be let into a group. Errors: ErrSelf,
// ErrBlocked, *payloads.RuleError.
func (s *Groups) RequestInvitation(ctx context.Context, chat, admin, text string) (out api.Changes, err error) {
	peer, err := checkContact(admin)
	if err != nil {
		return api.Changes{}, err
	}
	if peer == s.self {
		return api.Changes{}, ErrSelf
	}
	err = s.update(ctx, func(tx *store.Tx) error {
		i, _, err := tx.Invitations().ByID(payloads.InvitationID(s.id, chat))
		if err != nil {
			return err
		}
		i.ID, i.Chat, i.Author = payloads.InvitationID(s.id, chat), chat, s.id
		i.Admin, i.Text, i.State = admin, text, int(payloads.InvitationRequest)
		out, err = s.sendInvitation(ctx, tx, &i, peer, text)
		return err
	})
	return out, err
}

// sendInvitation stores a request or its rejection and sends it.
func (s *Groups) sendInvitation(
	ctx context.Context, tx *store.Tx, i *store.Invitation, peer key.Public, text string,
) (api.Changes, error) {
	if err := s.noneBlocked(tx, []string{peer.ContactID()}); err != nil {
		return api.Changes{}, err
	}
	with, found, err := tx.Chats().ByID(peer.ContactID())
	if err != nil {
		return api.Changes{}, err
	}
	if !found {
		if with, err = s.oneToOne(tx, peer.ContactID()); err != nil {
			return api.Changes{}, err
		}
		with.Active = false
	}
	s.raise(&with, i.Clock)
	i.Clock = s.clock(&with)
	if err := s.held.meet(tx, &with); err != nil {
		return api.Changes{}, err
	}
	if err := tx.Chats().Save(&with); err != nil {
		return api.Changes{}, err
	}
	body := &payloads.GroupInvitation{
		Clock: i.Clock, ChatID: i.Chat, Introduction: text, State: payloads.InvitationState(i.State),
	}
	o := outgoing{chat: with.ID, route: routeReliable, to: []key.Public{peer}}
	if _, _, err := s.sender.send(ctx, tx, o, body); err != nil {
		return api.Changes{}, err
	}
	if err := tx.Invitations().Put(i); err != nil {
		return api.Changes{}, err
	}
	return api.Changes{Invitations: []api.Invitation{invitationView(i)}}, nil
}

// Invitations returns all requests to be let into groups, the newest first.
func (s *Groups) Invitations(ctx context.Context) (out []api.Invitation, err error) {
	out = []api.Invitation{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err := tx.Invitations().List()
		for i := range list {
			out = append(out, invitationView(&list[i]))
		}
		return err
	})
	return out, err
}

// RejectInvitation refuses the request of somebody. Errors:
// ErrUnknownInvitation, ErrBlocked.
func (s *Groups) RejectInvitation(ctx context.Context, id string) (out api.Changes, err error) {
	parsed, err := payloads.ParseMessageID(id)
	if err != nil {
		return api.Changes{}, ErrUnknownInvitation
	}
	err = s.update(ctx, func(tx *store.Tx) error {
		i, found, err := tx.Invitations().ByID(parsed)
		if err != nil {
			return err
		}
		if !found || i.Author == s.id {
			return ErrUnknownInvitation
		}
		peer, err := checkContact(i.Author)
		if err != nil {
			return err
		}
		i.State = int(payloads.InvitationRejected)
		out, err = s.sendInvitation(ctx, tx, &i, peer, "")
		return err
	})
	return out, err
}
