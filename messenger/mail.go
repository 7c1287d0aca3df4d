package messenger

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"statusd/accounts/contact"
	"statusd/internal/store"
	"statusd/payloads"
)

// Mail sends to whom a person names.
type Mail struct {
	*core
	messages *Messages
}

// SendRequest is a message as a person writes it.
type SendRequest struct {
	// Recipient is a contact in any form, "#channel", the id of a group, or
	// "@nickname".
	Recipient string
	Message   string
	// Attachment is an image or recording; AttachmentPath names one in a file.
	Attachment     []byte
	AttachmentPath string
	ReplyTo        string // message id
}

// SendResult says what became of a SendRequest.
type SendResult struct {
	MessageID string `json:"messageId"`
	ChatID    string `json:"chatId"`
	Clock     uint64 `json:"clock"`
	Status    string `json:"status"`
}

// SendTo sends a message, and creates the chat with a person or a public chat
// if there is none. An attachment without text gets one, because receivers
// refuse messages without. Errors: ErrRecipient, ErrAmbiguous, ErrNameLookup,
// and those of Messages.Send.
func (s *Mail) SendTo(ctx context.Context, q SendRequest) (out SendResult, err error) {
	body, err := s.written(&q)
	if err != nil {
		return SendResult{}, err
	}
	err = s.update(ctx, func(tx *store.Tx) error {
		chat, err := s.resolve(ctx, tx, q.Recipient)
		if err != nil {
			return err
		}
		m, err := s.compose(ctx, tx, &chat, body)
		out = SendResult{
			MessageID: payloads.MessageID(m.ID).String(), ChatID: chat.ID, Clock: m.Clock,
			Status: statusNames()[m.Status],
		}
		return err
	})
	return out, err
}

// written makes the payload of a request.
func (s *Mail) written(q *SendRequest) (*payloads.ChatMessage, error) {
	data := q.Attachment
	if q.AttachmentPath != "" {
		var err error
		if data, err = readFile(q.AttachmentPath, s.courier.MaxWrapper(true)); err != nil {
			return nil, err
		}
	}
	body := &payloads.ChatMessage{Text: q.Message, ResponseTo: q.ReplyTo, ContentType: payloads.ContentText}
	if len(data) == 0 {
		return body, nil
	}
	image, audio, text := payloads.SniffImage(data), payloads.SniffAudio(data), ""
	switch {
	case image != 0:
		body.ContentType, text = payloads.ContentImage, "Image"
		body.Image = &payloads.Image{Bytes: data, Format: image}
	case audio != 0:
		body.ContentType, text = payloads.ContentAudio, "Audio"
		body.Audio = &payloads.Audio{Bytes: data, Format: audio}
	default:
		return nil, fmt.Errorf("%w: %s is %s; images (PNG, JPEG, WEBP, GIF) and recordings (AAC, AMR) can be sent",
			ErrAttachment, nameOf(q.AttachmentPath), http.DetectContentType(data))
	}
	if strings.TrimSpace(body.Text) == "" {
		body.Text = text
	}
	return body, nil
}

// resolve returns the chat with whom a person names. A new one is stored with
// the first message. Errors: ErrRecipient, ErrAmbiguous, ErrNameLookup.
func (s *Mail) resolve(ctx context.Context, tx *store.Tx, recipient string) (store.Chat, error) {
	name := strings.TrimSpace(recipient)
	if channel, ok := strings.CutPrefix(name, "#"); ok {
		return s.join(ctx, tx, channel)
	}
	if chat, err := s.chat(tx, name); err == nil {
		return chat, nil
	}
	if nickname, ok := strings.CutPrefix(name, "@"); ok {
		return s.nicknamed(ctx, tx, nickname)
	}
	who, err := contact.Parse(name)
	if err != nil {
		return store.Chat{}, fmt.Errorf("%w: %w", ErrRecipient, err)
	}
	if who.Name != "" {
		return store.Chat{}, ErrNameLookup
	}
	return s.oneToOne(tx, who.Key.ContactID())
}

// nicknamed returns the chat with the contact of a nickname; "@0x04…" is the
// profile chat of a person.
func (s *Mail) nicknamed(ctx context.Context, tx *store.Tx, nickname string) (store.Chat, error) {
	if owner, ok := payloads.ProfileOwner("@" + nickname); ok {
		return s.join(ctx, tx, payloads.ProfileChat(owner))
	}
	list, err := tx.Contacts().ByNickname(nickname)
	switch {
	case err != nil:
		return store.Chat{}, err
	case nickname == "" || len(list) == 0:
		return store.Chat{}, fmt.Errorf("%w: nobody has the nickname %.80q", ErrRecipient, nickname)
	case len(list) > 1:
		return store.Chat{}, ErrAmbiguous
	}
	return s.oneToOne(tx, list[0].ID)
}
