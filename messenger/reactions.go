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
	if err := s.mayWrite(tx, chat); err != nil && !errors.Is(err, ErrNotOwner) { // anybody reacts to a profile
		return api.Changes{}, err
	}
	message, wire, err := s.ids(tx, chat, message)
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
		g, err := s.group(tx, chat)
		if err != nil {
			return api.Changes{}, err
		}
		update := g.UpdateUntil(s.ceiling())
		update.Reaction = body
		o.route, o.to, payload = routeOnce, g.MemberKeys(), update
	}
	if _, _, err := s.send(ctx, tx, o, payload); err != nil {
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
	cv, err := s.chatView(tx, chat, true)
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
