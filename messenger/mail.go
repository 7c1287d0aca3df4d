package messenger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"statusd/accounts/contact"
	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/naming"
	"statusd/payloads"
)

// Mail sends to whom a person names.
type Mail struct {
	*core
	messages *Messages
}

// SendRequest is a message as a person writes it.
type SendRequest struct {
	// Recipient is a contact in any form, "#channel", the id or the name of a
	// group, or "@nickname", also behind a kind: "group:tea" (naming.Find).
	Recipient string
	Message   string
	// Attachment is an image or recording; AttachmentPath names one in a file.
	Attachment     []byte
	AttachmentPath string
	ReplyTo        string // message id
	Request        Request
}

// SendTo sends a message, and creates the chat with a person or a public chat
// if there is none. An attachment without text gets one, because receivers
// refuse messages without. Errors: ErrRecipient, ErrAmbiguous, ErrNameLookup,
// ErrRequest, ErrRequestChanged, and those of Messages.Send.
func (s *Mail) SendTo(ctx context.Context, q SendRequest) (out api.Sent, err error) {
	var body *payloads.ChatMessage
	err = s.once(ctx, q.Request, "status_send", q.arguments(), func() error {
		body, err = s.written(&q)
		return err
	}, func(tx *store.Tx) ([]api.Sent, error) {
		out, err = s.sendTo(ctx, tx, q.Recipient, body)
		return []api.Sent{out}, err
	}, func(tx *store.Tx, sent []api.Sent) error {
		out = sent[0]
		return s.asNow(tx, sent)
	})
	return out, err
}

// arguments are what a repeated request has to have in common with the first.
func (q *SendRequest) arguments() map[string]any {
	attachment := any(q.AttachmentPath)
	if q.Attachment != nil {
		attachment = q.Attachment
	}
	return map[string]any{
		"recipient": q.Recipient, "message": q.Message, "attachment": attachment, "replyTo": q.ReplyTo,
	}
}

// sendTo is SendTo in a transaction.
func (s *Mail) sendTo(
	ctx context.Context, tx *store.Tx, recipient string, body *payloads.ChatMessage,
) (api.Sent, error) {
	chat, err := s.resolve(ctx, tx, recipient)
	if err != nil {
		return api.Sent{}, err
	}
	m, err := s.compose(ctx, tx, &chat, body)
	return api.Sent{
		MessageID: payloads.MessageID(m.ID).String(), ChatID: chat.ID, Clock: m.Clock,
		Status: SendState(statusNames()[m.Status]),
	}, err
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
	found, err := naming.Find(known{tx, s.id}, name)
	var ambiguous *naming.AmbiguousError
	var unknown *naming.UnknownError
	switch {
	case errors.As(err, &ambiguous):
		return store.Chat{}, fmt.Errorf("%w: %w", ErrAmbiguous, err)
	case errors.As(err, &unknown):
		return store.Chat{}, unknownRecipient(name)
	case err != nil:
		return store.Chat{}, err
	}
	switch found.Kind {
	case naming.Public, naming.Profile:
		return s.join(ctx, tx, found.ID)
	case naming.Person:
		return s.oneToOne(tx, found.ID)
	}
	return s.chat(tx, found.ID)
}

// unknownRecipient words that a text names nobody. Only what was meant as a key is
// told what is wrong with it as one.
func unknownRecipient(name string) error {
	if nickname, ok := strings.CutPrefix(name, "@"); ok {
		return fmt.Errorf("%w: nobody has the nickname %.80q", ErrRecipient, nickname)
	}
	switch who, err := contact.Parse(name); {
	case err == nil && who.Name != "":
		return ErrNameLookup
	case err != nil && (strings.HasPrefix(name, "0x") || strings.HasPrefix(name, "zQ3sh")):
		return fmt.Errorf("%w: %w", ErrRecipient, err)
	}
	return fmt.Errorf("%w: %.80q", ErrRecipient, name)
}

// known is what a transaction knows of people and chats.
type known struct {
	tx   *store.Tx
	self string // our own contact id
}

// Chat implements naming.Directory.
func (k known) Chat(id string) (naming.Kind, bool, error) {
	chat, found, err := k.tx.Chats().ByID(id)
	kind := naming.KindOf(api.ChatType(chat.Type))
	return kind, found && !chat.Deleted && kind != "", err
}

// Groups implements naming.Directory.
func (k known) Groups(name string) ([]naming.NamedGroup, error) {
	list, err := k.tx.Chats().GroupsNamed(name, maxNamed)
	out := make([]naming.NamedGroup, 0, len(list))
	for i := range list {
		joined := slices.ContainsFunc(list[i].Members, func(m store.Member) bool { return m.ID == k.self && m.Joined })
		out = append(out, naming.NamedGroup{ID: list[i].ID, Joined: joined})
	}
	return out, err
}

// maxNamed bounds the groups of one name that are looked at.
const maxNamed = 100

// Nicknamed implements naming.Directory.
func (k known) Nicknamed(nickname string) ([]string, error) {
	list, err := k.tx.Contacts().ByNickname(nickname)
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].ID
	}
	return out, err
}
