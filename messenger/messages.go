package messenger

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// Messages is the service for messages.
type Messages struct{ *core }

// clockDigits is the length of the clock in a cursor (spec 05 section 12).
const clockDigits = 64

// cursorOf returns the cursor of a page that begins with a message.
func cursorOf(m *store.Message) string {
	return fmt.Sprintf("%0*d%s", clockDigits, m.Clock, payloads.MessageID(m.ID))
}

// position returns where a page begins; the newest for an empty cursor.
func position(tx *store.Tx, cursor string) (int64, error) {
	if cursor == "" {
		return math.MaxInt64, nil
	}
	if len(cursor) <= clockDigits {
		return 0, ErrCursor
	}
	clock, err := strconv.ParseUint(cursor[:clockDigits], 10, 64)
	if err != nil {
		return 0, ErrCursor
	}
	id, err := payloads.ParseMessageID(cursor[clockDigits:])
	if err != nil {
		return 0, ErrCursor
	}
	m, found, err := tx.Messages().ByID(id)
	if err != nil || found && m.Clock == clock {
		return m.Seq, err
	}
	return store.Position(clock, id), nil
}

// page turns a page of rows into what programs see, with the next cursor.
func (s *Messages) page(tx *store.Tx, p store.Page) ([]api.Message, string, error) {
	out, err := s.views.messageViews(tx, p.Messages)
	switch {
	case err != nil:
		return nil, "", err
	case len(out) < len(p.Messages):
		return out, cursorOf(&p.Messages[len(out)]), nil
	case p.More:
		return out, cursorOf(&p.Next), nil
	}
	return out, "", nil
}

// Page returns messages of a chat, the newest first, from a cursor on: empty
// for the newest. next is empty when there are no more. limit is at most
// store.MaxPage. Errors: ErrUnknownChat, ErrCursor.
func (s *Messages) Page(ctx context.Context, chat, cursor string, limit int) (
	out []api.Message, next string, err error,
) {
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
		out, next, err = s.page(tx, p)
		return err
	})
	return out, next, err
}

// Search returns messages whose text holds a part in any case, of one chat or
// of all for "", the newest first; see Page. A page for one or two letters may
// hold fewer than there are, with a cursor to go on. Errors: ErrUnknownChat,
// ErrCursor, *payloads.RuleError for an empty text.
func (s *Messages) Search(ctx context.Context, chat, text, cursor string, limit int) (
	out []api.Message, next string, err error,
) {
	if strings.TrimSpace(text) == "" {
		return nil, "", &payloads.RuleError{Rule: payloads.RuleTextBlank, Detail: "the text to search for is empty"}
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		var in int64
		if chat != "" {
			c, err := s.chat(tx, chat)
			if err != nil {
				return err
			}
			in = c.Key
		}
		from, err := position(tx, cursor)
		if err != nil {
			return err
		}
		p, err := tx.Messages().Search(in, from, text, limit)
		if err != nil {
			return err
		}
		out, next, err = s.page(tx, p)
		return err
	})
	return out, next, err
}

// message returns a stored message by its id as text.
func (s *Messages) message(tx *store.Tx, id string) (store.Message, error) {
	parsed, err := payloads.ParseMessageID(id)
	if err != nil {
		return store.Message{}, fmt.Errorf("%w: its id is not 0x and 64 hex digits", ErrUnknownMessage)
	}
	m, found, err := tx.Messages().ByID(parsed)
	if err == nil && !found {
		err = ErrUnknownMessage
	}
	return m, err
}

// ByID returns a message. Errors: ErrUnknownMessage.
func (s *Messages) ByID(ctx context.Context, id string) (v api.Message, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		m, err := s.message(tx, id)
		if err != nil {
			return err
		}
		v, err = s.views.messageView(tx, &m)
		return err
	})
	return v, err
}

// Delete removes a message here; it does not come back. One that still waits
// to be sent is not sent any more. Errors: ErrUnknownMessage.
func (s *Messages) Delete(ctx context.Context, id string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		m, err := s.message(tx, id)
		if err != nil {
			return err
		}
		if m.Status == store.StatusSending || m.Status == store.StatusNotSent {
			if err := s.courier.Cancel(ctx, tx, m.ID); err != nil {
				return err
			}
		}
		if err := tx.Sent().Forget(m.ID); err != nil {
			return err
		}
		tx.Forget()
		return s.changes.removeMessage(tx, &m)
	})
}

// DeleteByChat removes all messages of a chat here. Errors: ErrUnknownChat.
func (s *Messages) DeleteByChat(ctx context.Context, chat string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		c, err := s.chat(tx, chat)
		if err != nil {
			return err
		}
		tx.Forget()
		if err := tx.Messages().DeleteChat(c.Key); err != nil {
			return err
		}
		c.Unread, c.Last = 0, 0
		return tx.Chats().Save(&c)
	})
}

// MarkSeen marks messages of a chat as seen and returns how many were not. Ids
// of other chats count for nothing. Errors: ErrUnknownChat.
func (s *Messages) MarkSeen(ctx context.Context, chat string, ids []string) (changed uint64, err error) {
	parsed := make([]store.MessageID, 0, len(ids))
	for _, id := range ids {
		p, err := payloads.ParseMessageID(id)
		if err != nil {
			return 0, fmt.Errorf("%w: %.80q is not 0x and 64 hex digits", ErrUnknownMessage, id)
		}
		parsed = append(parsed, p)
	}
	err = s.update(ctx, func(tx *store.Tx) error {
		n, err := s.markSeen(tx, chat, parsed)
		changed = uint64(n)
		return err
	})
	return changed, err
}

// MarkAllRead marks all messages of a chat as seen. Errors: ErrUnknownChat.
func (s *Messages) MarkAllRead(ctx context.Context, chat string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		_, err := s.markSeen(tx, chat, nil)
		return err
	})
}

func (s *Messages) markSeen(tx *store.Tx, id string, ids []store.MessageID) (int64, error) {
	chat, err := s.chat(tx, id)
	if err != nil {
		return 0, err
	}
	n, err := tx.Messages().MarkSeen(chat.Key, ids)
	if err != nil {
		return 0, err
	}
	if err := tx.Chats().Refresh(&chat); err != nil {
		return 0, err
	}
	return n, s.strangers.looked(tx, &chat)
}

// SetStatus sets the status of a message of ours, never backwards; what would
// be a step back changes nothing. Errors: ErrUnknownMessage, ErrStatus.
func (s *Messages) SetStatus(ctx context.Context, id string, status api.OutgoingStatus) error {
	to := slices.Index(statusNames(), status)
	if to <= int(store.StatusNone) {
		return ErrStatus
	}
	return s.update(ctx, func(tx *store.Tx) error {
		m, err := s.message(tx, id)
		if err != nil {
			return err
		}
		return s.advance(tx, m.ID, store.Status(to))
	})
}

// Resend sends a message of ours again, with the same id, to those who have
// not acknowledged it. Errors: ErrUnknownMessage, ErrNoWrapper.
func (s *Messages) Resend(ctx context.Context, id string) error {
	return s.update(ctx, func(tx *store.Tx) error {
		parsed, err := payloads.ParseMessageID(id)
		if err != nil {
			return fmt.Errorf("%w: its id is not 0x and 64 hex digits", ErrUnknownMessage)
		}
		m, stored, err := tx.Messages().ByID(parsed)
		if err != nil {
			return err
		}
		if stored {
			parsed = m.ID
		}
		p, found, err := tx.Sent().ByID(parsed)
		switch {
		case err != nil:
			return err
		case !found && !stored:
			return ErrUnknownMessage
		case !found:
			return ErrNoWrapper
		}
		if stored && m.Status == store.StatusNotSent {
			m.Status = store.StatusSending
			if err := tx.Messages().Change(&m); err != nil {
				return err
			}
		}
		return s.again(ctx, tx, &p)
	})
}

// again sends a stored wrapper.
func (s *Messages) again(ctx context.Context, tx *store.Tx, p *store.Sent) error {
	if known, err := s.courier.Retry(ctx, tx, p.ID); err != nil || known {
		return err
	}
	acked, err := tx.Sent().DeliveredTo(p.ID)
	if err != nil {
		return err
	}
	var to []key.Public
	for _, raw := range p.Recipients {
		k, err := keyOf(raw)
		if err != nil {
			return err
		}
		if !slices.Contains(acked, k.ContactID()) {
			to = append(to, k)
		}
	}
	if p.Route != routePublic && len(to) == 0 {
		return nil // everybody has it
	}
	return s.sender.post(ctx, tx, outgoing{
		chat: p.Chat, route: p.Route, to: to, msg: payloads.Message{ID: p.ID, Wrapper: p.Wrapper},
	})
}

// receiveMessage handles a chat message.
func (s *Messages) receiveMessage(_ context.Context, tx *store.Tx, r *received, body *payloads.ChatMessage) error {
	chat, err := s.places.match(tx, r, body.MessageType, body.ChatID)
	if err != nil {
		return err
	}
	if chat.Type == store.ChatProfile && chat.ID != payloads.ProfileChat(r.msg.Author) {
		return drop("not_profile_owner") // others may react only
	}
	if body.Clock <= chat.DeletedClock {
		return drop("deleted")
	}
	if known, err := tx.Messages().Exists(r.msg.ID); err != nil || known {
		return err
	}
	m := store.Message{
		ID: r.msg.ID, Author: r.author, Clock: body.Clock, Timestamp: body.Timestamp, Received: r.sentMillis(),
		Type: int(body.MessageType), Content: int(body.ContentType), Text: body.Text, WireChat: body.ChatID,
		ENSName: body.ENSName, ReplyTo: body.ResponseTo, Media: mediaOf(body),
	}
	if body.Sticker != nil && body.ContentType == payloads.ContentSticker {
		m.Extra.StickerHash, m.Extra.StickerPack = body.Sticker.Hash, body.Sticker.Pack
	}
	m.Guest = guestClass(r, &chat, &m)
	if r.own {
		m.Status, m.Seen = store.StatusSent, true
		if err := s.held.meet(tx, &chat); err != nil {
			return err
		}
	}
	if err := s.contacts.claimName(tx, r.author, body.ENSName, body.Clock); err != nil {
		return err
	}
	return s.fileReceived(tx, &chat, &m)
}

// mediaOf returns the picture or recording that a message's type promises.
func mediaOf(body *payloads.ChatMessage) *store.Media {
	switch {
	case body.ContentType == payloads.ContentImage && body.Image != nil:
		return &store.Media{Image: true, Format: int32(body.Image.Format), Bytes: body.Image.Bytes}
	case body.ContentType == payloads.ContentAudio && body.Audio != nil:
		return &store.Media{
			Format: int32(body.Audio.Format), Duration: body.Audio.DurationMillis, Bytes: body.Audio.Bytes,
		}
	}
	return nil
}

// fileReceived files a message that came and tells of it.
func (s *Messages) fileReceived(tx *store.Tx, chat *store.Chat, m *store.Message) error {
	if err := s.file(tx, chat, m); err != nil {
		return err
	}
	if m.Guest != 0 {
		if err := s.guests.trimMessages(tx, chat, m); err != nil {
			return err
		}
	}
	if m.Status == store.StatusNone { // else one of ours, from another device
		if err := s.counts.count(tx, OutcomeReceived, m.ChatID); err != nil {
			return err
		}
	}
	return s.tell(tx, chat, m)
}

// tell appends the event about a message that is new here.
func (s *Messages) tell(tx *store.Tx, chat *store.Chat, m *store.Message) error {
	news, err := s.views.news(tx, chat, m, false)
	if err != nil {
		return err
	}
	news.Messages[0].New = true
	original, found, err := s.views.original(tx, m)
	if err != nil {
		return err
	}
	if found {
		v, err := s.views.viewOf(tx, &original, detailText)
		if err != nil {
			return err
		}
		news.Messages = append(news.Messages, v)
	}
	if err := s.append(tx, api.MessagesNewEvent{Changes: news}); err != nil {
		return err
	}
	if m.Media != nil && (m.Guest != 0 || chat.Stranger) {
		return tx.EventLog().Bind(m.Seq)
	}
	return nil
}

// advance sets the status of a message of ours, never backwards: delivered is
// the end, what was sent is not unsent, and what was given up may still turn
// out to have been sent (spec 05 section 13).
func (s *Messages) advance(tx *store.Tx, id store.MessageID, to store.Status) error {
	m, found, err := tx.Messages().ByID(id)
	if err != nil || !found || m.Status == store.StatusNone || m.Status >= to {
		return err
	}
	before := m.Status
	m.Status = to
	if err := tx.Messages().Change(&m); err != nil {
		return err
	}
	switch {
	case to == store.StatusDelivered:
		s.counts.countDelivered(tx, &m)
		if before >= store.StatusSent {
			return nil // counted as sent
		}
		return s.counts.count(tx, OutcomeSent, m.ChatID)
	case to == store.StatusNotSent:
		return s.counts.count(tx, OutcomeFailed, m.ChatID)
	}
	return s.counts.count(tx, OutcomeSent, m.ChatID)
}
