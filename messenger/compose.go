package messenger

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// Send sends a message to the chat that it names by ChatID. What receivers
// would drop is refused. Errors: ErrUnknownChat, ErrBlocked,
// ErrNotMember, ErrNotOwner, ErrChatType, ErrTooLarge, ErrAttachment,
// *payloads.RuleError.
func (s *Messages) Send(ctx context.Context, v api.OutgoingMessage) (out api.Changes, err error) {
	return s.SendOnce(ctx, Request{}, v)
}

// SendOnce is Send under a request: repeated, it answers the same message.
// Errors: those of Send, ErrRequest, ErrRequestChanged.
func (s *Messages) SendOnce(ctx context.Context, r Request, v api.OutgoingMessage) (out api.Changes, err error) {
	var body *payloads.ChatMessage
	err = s.requests.once(ctx, r, api.WakuextSendChatMessage.Name, messageArguments(&v), func() error {
		body, err = s.composer.bodyOf(&v)
		return err
	}, func(tx *store.Tx) ([]api.SentMessage, error) {
		chat, err := s.chat(tx, v.ChatID)
		if err != nil {
			return nil, err
		}
		m, err := s.composer.compose(ctx, tx, &chat, body)
		if err != nil {
			return nil, err
		}
		out, err = s.views.news(tx, &chat, &m, true)
		return []api.SentMessage{{MessageID: payloads.MessageID(m.ID).String(), ChatID: chat.ID, Clock: m.Clock}}, err
	}, func(tx *store.Tx, sent []api.SentMessage) error {
		out, err = s.requests.changesAgain(tx, &sent[0])
		return err
	})
	return out, err
}

// messageArguments are what a repeated request has to have in common with the
// first.
func messageArguments(v *api.OutgoingMessage) map[string]any {
	return map[string]any{
		"chatId": v.ChatID, "text": v.Text, "contentType": v.ContentType, "responseTo": v.ResponseTo, "ensName": v.EnsName,
		"sticker": v.Sticker, "image": v.Image, "audio": v.Audio, "audioDurationMs": v.AudioDurationMs,
		"imagePath": v.ImagePath, "audioPath": v.AudioPath,
	}
}

// composer turns what somebody wants to say into messages and their bodies.
type composer struct{ *core }

// bodyOf makes the payload that a user describes, without what its chat adds.
func (c *composer) bodyOf(v *api.OutgoingMessage) (*payloads.ChatMessage, error) {
	body := &payloads.ChatMessage{
		Text: v.Text, ResponseTo: v.ResponseTo, ENSName: v.EnsName, ContentType: payloads.ContentType(v.ContentType),
	}
	if v.Sticker != nil {
		body.Sticker = &payloads.Sticker{Hash: v.Sticker.Hash, Pack: v.Sticker.Pack}
	}
	image, err := c.attachment(v.ImagePath, v.Image)
	if err != nil {
		return nil, err
	}
	audio, err := c.attachment(v.AudioPath, v.Audio)
	if err != nil {
		return nil, err
	}
	implied := payloads.ContentText
	switch {
	case image != nil:
		implied = payloads.ContentImage
		body.Image = &payloads.Image{Bytes: image, Format: payloads.SniffImage(image)}
		if body.Image.Format == 0 {
			return nil, fmt.Errorf("%w: %s is no PNG, JPEG, WEBP or GIF image", ErrAttachment, nameOf(v.ImagePath))
		}
	case audio != nil:
		implied = payloads.ContentAudio
		body.Audio = &payloads.Audio{
			Bytes: audio, Format: payloads.SniffAudio(audio), DurationMillis: v.AudioDurationMs,
		}
		if body.Audio.Format == 0 {
			return nil, fmt.Errorf("%w: %s is no AAC or AMR recording", ErrAttachment, nameOf(v.AudioPath))
		}
	case v.Sticker != nil:
		implied = payloads.ContentSticker
	}
	if body.ContentType == 0 {
		body.ContentType = implied
	}
	return body, nil
}

func nameOf(path string) string {
	if path == "" {
		return "the attached data"
	}
	return filepath.Base(path)
}

// attachment returns the bytes of a file or of a data URL, nil for neither.
func (c *composer) attachment(path, dataURL string) ([]byte, error) {
	switch {
	case path != "":
		return readFile(path, c.courier.MaxWrapper(true))
	case dataURL != "":
		_, encoded, ok := strings.Cut(dataURL, ";base64,")
		if !ok || !strings.HasPrefix(dataURL, "data:") {
			return nil, fmt.Errorf("%w: it is no data URL in base64", ErrAttachment)
		}
		data, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(data) == 0 {
			return nil, fmt.Errorf("%w: its base64 is malformed or empty", ErrAttachment)
		}
		return data, nil
	}
	return nil, nil
}

// readFile reads a file of at most limit bytes. A pipe is no file, and must not
// be waited for: it is opened without blocking.
func readFile(path string, limit int) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAttachment, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAttachment, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", ErrAttachment, filepath.Base(path))
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrAttachment, err)
	case len(data) == 0:
		return nil, fmt.Errorf("%w: %s is empty", ErrAttachment, filepath.Base(path))
	case len(data) > limit:
		return nil, tooLarge(int(max(info.Size(), int64(len(data)))), limit)
	}
	return data, nil
}

// compose completes a message for its chat, files and sends it.
func (c *composer) compose(
	ctx context.Context, tx *store.Tx, chat *store.Chat, body *payloads.ChatMessage,
) (store.Message, error) {
	if err := c.mayWrite(tx, chat); err != nil {
		return store.Message{}, err
	}
	var err error
	if _, body.ResponseTo, err = c.copies.ids(tx, chat, body.ResponseTo); err != nil {
		return store.Message{}, err
	}
	body.ChatID, body.MessageType = chat.ID, messageType(chat)
	body.Timestamp, body.Clock = c.millis(), c.clock(chat)
	o, payload, err := c.addressed(tx, chat, body)
	if err != nil {
		return store.Message{}, err
	}
	msg, sent, err := c.sender.send(ctx, tx, o, payload)
	if err != nil {
		return store.Message{}, err
	}
	m := store.Message{
		ID: msg.ID, Author: c.id, Clock: body.Clock, Timestamp: body.Timestamp, Received: body.Timestamp,
		Type: int(body.MessageType), Content: int(body.ContentType), Status: store.StatusSending, Seen: true,
		Text: body.Text, WireChat: body.ChatID, ENSName: body.ENSName, ReplyTo: body.ResponseTo, Media: mediaOf(body),
	}
	if body.Sticker != nil {
		m.Extra.StickerHash, m.Extra.StickerPack = body.Sticker.Hash, body.Sticker.Pack
	}
	if !sent {
		m.Status = store.StatusSent
	}
	if err := c.held.meet(tx, chat); err != nil {
		return m, err
	}
	if err := c.file(tx, chat, &m); err != nil {
		return m, err
	}
	if chat.ID == c.id { // a note to oneself is read by whoever follows the log
		return m, c.messages.tell(tx, chat, &m)
	}
	return m, nil
}

// mayWrite refuses to write where it would reach nobody.
func (c *composer) mayWrite(tx *store.Tx, chat *store.Chat) error {
	switch chat.Type {
	case store.ChatOneToOne:
		contact, err := c.contacts.contactOf(tx, chat.ID)
		if err != nil {
			return err
		}
		if contact.Blocked {
			return ErrBlocked
		}
	case store.ChatPublic:
	case store.ChatProfile:
		if chat.ID != payloads.ProfileChat(c.self) {
			return ErrNotOwner
		}
	case store.ChatPrivateGroup:
		if !hasJoined(chat, c.id) {
			return ErrNotMember
		}
	default:
		return ErrChatType
	}
	return nil
}

func messageType(chat *store.Chat) payloads.MessageType {
	switch chat.Type {
	case store.ChatOneToOne:
		return payloads.OneToOne
	case store.ChatPrivateGroup:
		return payloads.PrivateGroup
	}
	return payloads.PublicGroup
}

// addressed says where a message of a chat goes, and as what: in a group with
// all events of the group.
func (c *composer) addressed(
	tx *store.Tx, chat *store.Chat, body *payloads.ChatMessage,
) (outgoing, payloads.Body, error) {
	switch chat.Type {
	case store.ChatOneToOne:
		peer, err := key.ParseContactID(chat.ID)
		return outgoing{chat: chat.ID, route: routeReliable, to: []key.Public{peer}}, body, err
	case store.ChatPrivateGroup:
		g, err := c.membership.group(tx, chat)
		if err != nil {
			return outgoing{}, nil, err
		}
		update := g.UpdateUntil(c.ceiling()) // nobody would take what we did at a wrong time
		update.Message = body
		return outgoing{chat: chat.ID, route: routeReliable, to: g.JoinedKeys()}, update, nil
	}
	return outgoing{chat: chat.ID, route: routePublic}, body, nil
}

// Edit replaces the text of a message of ours (later extension). Errors:
// ErrExtensionOff, ErrUnknownMessage, ErrNotAuthor and those of Send.
func (s *Messages) Edit(ctx context.Context, id, text string) (out api.Message, err error) {
	err = s.extend(ctx, id, true, func(tx *store.Tx, chat *store.Chat, m *store.Message, clock uint64) (
		payloads.Body, error,
	) {
		m.Text, m.Extra.EditedAt = text, clock
		if err := tx.Messages().Change(m); err != nil {
			return nil, err
		}
		if out, err = s.views.messageView(tx, m); err != nil {
			return nil, err
		}
		return &payloads.EditMessage{
			Clock: clock, Text: text, ChatID: chat.ID, MessageID: payloads.MessageID(m.ID).String(),
			MessageType: messageType(chat),
		}, s.append(tx, api.MessageEditedEvent{Message: out})
	})
	return out, err
}

// TakeBack deletes a message of ours here and for everybody (later extension).
// Errors: ErrExtensionOff, ErrUnknownMessage, ErrNotAuthor.
func (s *Messages) TakeBack(ctx context.Context, id string) error {
	return s.extend(ctx, id, true, func(tx *store.Tx, chat *store.Chat, m *store.Message, clock uint64) (
		payloads.Body, error,
	) {
		return &payloads.DeleteMessage{
			Clock: clock, ChatID: chat.ID, MessageID: payloads.MessageID(m.ID).String(), MessageType: messageType(chat),
		}, s.changes.takeBack(tx, m, s.id)
	})
}

// Pin pins a message in its chat for everybody, or takes that back (later
// extension). Errors: ErrExtensionOff, ErrUnknownMessage.
func (s *Messages) Pin(ctx context.Context, id string, on bool) error {
	return s.extend(ctx, id, false, func(tx *store.Tx, chat *store.Chat, m *store.Message, clock uint64) (
		payloads.Body, error,
	) {
		wire, err := s.copies.wireID(tx, m)
		if err != nil {
			return nil, err
		}
		body := &payloads.PinMessage{
			Clock: clock, MessageID: wire, ChatID: chat.ID, Pinned: on, MessageType: messageType(chat),
		}
		return body, s.changes.pin(tx, m, body, s.id)
	})
}

// extend sends a payload of a later version about a message.
func (s *Messages) extend(
	ctx context.Context, id string, own bool,
	change func(tx *store.Tx, chat *store.Chat, m *store.Message, clock uint64) (payloads.Body, error),
) error {
	if !s.extensions {
		return ErrExtensionOff
	}
	return s.update(ctx, func(tx *store.Tx) error {
		m, err := s.message(tx, id)
		if err != nil {
			return err
		}
		if own && m.Author != s.id {
			return ErrNotAuthor
		}
		chat, err := s.chat(tx, m.ChatID)
		if err != nil {
			return err
		}
		if err := s.composer.mayWrite(tx, &chat); err != nil {
			return err
		}
		clock := s.clock(&chat)
		if err := tx.Chats().Save(&chat); err != nil {
			return err
		}
		body, err := change(tx, &chat, &m, clock)
		if err != nil {
			return err
		}
		o := outgoing{chat: chat.ID, route: routePublic}
		switch chat.Type {
		case store.ChatOneToOne:
			peer, err := key.ParseContactID(chat.ID)
			if err != nil {
				return err
			}
			o.route, o.to = routeReliable, []key.Public{peer}
		case store.ChatPrivateGroup:
			o.route, o.to = routeReliable, memberKeys(&chat, true)
		}
		_, _, err = s.sender.send(ctx, tx, o, body)
		return err
	})
}
