package messenger

import (
	"context"
	"errors"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// Reactions is the service for reactions.
type Reactions struct{ *core }

// Send reacts to a message of a chat with an emoji, 1 to 6. The message need
// not be stored. Reactions are not sent again and can get lost. Errors:
// ErrUnknownChat, ErrBlocked, ErrNotMember, *payloads.RuleError.
func (s *Reactions) Send(ctx context.Context, chat, message string, emoji api.Emoji) (out api.Changes, err error) {
	if emoji < api.EmojiLove || emoji > api.EmojiAngry {
		return api.Changes{}, &payloads.RuleError{
			Rule: payloads.RuleReaction, Detail: "the emoji of a reaction is a number from 1 to 6",
		}
	}
	if _, err := payloads.ParseMessageID(message); err != nil {
		return api.Changes{}, &payloads.RuleError{
			Rule: payloads.RuleMessageID, Detail: "the id of the message to react to is not 0x and 64 hex digits",
		}
	}
	err = s.update(ctx, func(tx *store.Tx) error {
		c, err := s.chat(tx, chat)
		if err != nil {
			return err
		}
		out, err = s.react(ctx, tx, &c, message, payloads.EmojiType(emoji), false)
		return err
	})
	return out, err
}

// Retract takes a reaction of ours back. Errors: ErrUnknownReaction and those
// of Send.
func (s *Reactions) Retract(ctx context.Context, id string) (out api.Changes, err error) {
	parsed, err := payloads.ParseMessageID(id)
	if err != nil {
		return api.Changes{}, ErrUnknownReaction
	}
	err = s.update(ctx, func(tx *store.Tx) error {
		e, found, err := tx.Reactions().ByID(parsed)
		if err != nil {
			return err
		}
		if !found || e.Author != s.id {
			return ErrUnknownReaction
		}
		c, err := s.chat(tx, e.ChatID)
		if err != nil {
			return err
		}
		out, err = s.react(ctx, tx, &c, e.MessageID, payloads.EmojiType(e.Emoji), true)
		return err
	})
	return out, err
}

// react sends and stores a reaction or its retraction.
func (s *Reactions) react(
	ctx context.Context, tx *store.Tx, chat *store.Chat, message string, emoji payloads.EmojiType, retracted bool,
) (api.Changes, error) {
	if err := s.composer.mayWrite(tx, chat); err != nil && !errors.Is(err, ErrNotOwner) { // anybody reacts to a profile
		return api.Changes{}, err
	}
	message, wire, err := s.copies.ids(tx, chat, message)
	if err != nil {
		return api.Changes{}, err
	}
	body := &payloads.EmojiReaction{
		Clock: s.clock(chat), ChatID: chat.ID, MessageID: wire, MessageType: messageType(chat), Emoji: emoji,
		Retracted: retracted,
	}
	o, payload := outgoing{chat: chat.ID, route: routePublic, once: true}, payloads.Body(body)
	switch chat.Type {
	case store.ChatOneToOne:
		peer, err := key.ParseContactID(chat.ID)
		if err != nil {
			return api.Changes{}, err
		}
		o.route, o.to = routeOnce, []key.Public{peer}
	case store.ChatPrivateGroup:
		g, err := s.membership.group(tx, chat)
		if err != nil {
			return api.Changes{}, err
		}
		update := g.UpdateUntil(s.ceiling())
		update.Reaction = body
		o.route, o.to, payload = routeOnce, g.MemberKeys(), update
	}
	if _, _, err := s.sender.send(ctx, tx, o, payload); err != nil {
		return api.Changes{}, err
	}
	if err := tx.Chats().Save(chat); err != nil {
		return api.Changes{}, err
	}
	e := store.Reaction{
		ID: payloads.ReactionID(s.id, message, emoji), ChatKey: chat.Key, ChatID: chat.ID, Author: s.id,
		MessageID: message, WireChat: chat.ID, Type: int(body.MessageType), Emoji: int(emoji), Clock: body.Clock,
		Retracted: retracted,
	}
	if err := tx.Reactions().Put(&e); err != nil {
		return api.Changes{}, err
	}
	cv, err := s.views.chatView(tx, chat, true)
	return api.Changes{Chats: []api.Chat{cv}, EmojiReactions: []api.Reaction{reactionView(&e)}}, err
}

// ByChat returns the reactions to the messages of one page of a chat, at most
// store.MaxReactions; see Messages.Page. Errors: ErrUnknownChat, ErrCursor.
func (s *Reactions) ByChat(ctx context.Context, chat, cursor string, limit int) (out []api.Reaction, err error) {
	out = []api.Reaction{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		c, err := s.chat(tx, chat)
		if err != nil {
			return err
		}
		from, err := position(tx, cursor)
		if err != nil {
			return err
		}
		p, err := tx.Messages().Page(c.Key, from, limit)
		if err != nil {
			return err
		}
		for i := range p.Messages {
			list, err := tx.Reactions().Of(c.Key, payloads.MessageID(p.Messages[i].ID).String(),
				store.MaxReactions-len(out))
			if err != nil {
				return err
			}
			for j := range list {
				out = append(out, reactionView(&list[j]))
			}
		}
		return nil
	})
	return out, err
}

// receiveReaction handles a reaction or its retraction.
func (s *Reactions) receiveReaction(_ context.Context, tx *store.Tx, r *received, body *payloads.EmojiReaction) error {
	chat, err := s.places.match(tx, r, body.MessageType, body.ChatID)
	if err != nil {
		return err
	}
	if body.Clock <= chat.DeletedClock {
		return drop("deleted")
	}
	message, _, err := s.copies.ids(tx, &chat, body.MessageID)
	if err != nil {
		return err
	}
	id := payloads.ReactionID(r.author, message, body.Emoji)
	old, found, err := tx.Reactions().ByID(id)
	switch {
	case err != nil:
		return err
	case found && body.Clock <= old.Clock:
		return drop("old_clock")
	case !found && chat.Key != 0:
		if err := s.fewReactions(tx, &chat, r.author); err != nil {
			return err
		}
	}
	s.raise(&chat, body.Clock)
	if chat.Deleted {
		chat.Deleted, chat.Active = false, true
	}
	if err := tx.Chats().Save(&chat); err != nil {
		return err
	}
	e := store.Reaction{
		ID: id, ChatKey: chat.Key, ChatID: chat.ID, Author: r.author, MessageID: message,
		WireChat: body.ChatID, Type: int(body.MessageType), Emoji: int(body.Emoji), Clock: body.Clock,
		Retracted: body.Retracted, Guest: !r.own && !r.added && isPublic(&chat),
	}
	if err := tx.Reactions().Put(&e); err != nil {
		return err
	}
	if e.Guest && !found {
		if _, err := s.guests.trim(tx, r.author, store.GuestReaction, s.policy.GuestReactions); err != nil {
			return err
		}
	}
	return s.tellReaction(tx, &chat, &e)
}

// maxReactionsOf bounds the reactions of one person in a chat: the messages
// need not exist.
const maxReactionsOf = 5000

func (s *Reactions) fewReactions(tx *store.Tx, chat *store.Chat, author string) error {
	limit := maxReactionsOf
	if chat.Stranger {
		limit = s.policy.MaxStrangerMessages
	}
	n, err := tx.Reactions().CountOf(author, chat.Key, limit)
	if err == nil && n >= int64(limit) {
		err = drop("too_many_reactions")
	}
	return err
}

// tellReaction appends the events about a reaction: that of the reference, and
// our own.
func (s *Reactions) tellReaction(tx *store.Tx, chat *store.Chat, e *store.Reaction) error {
	cv, err := s.views.chatView(tx, chat, false)
	if err != nil {
		return err
	}
	v := reactionView(e)
	news := api.Changes{Chats: []api.Chat{cv}, EmojiReactions: []api.Reaction{v}}
	if err := s.append(tx, api.MessagesNewEvent{Changes: news}); err != nil {
		return err
	}
	if e.Retracted {
		return s.append(tx, api.ReactionRetractedEvent{Reaction: v})
	}
	return s.append(tx, api.ReactionAddedEvent{Reaction: v})
}
