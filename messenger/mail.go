package messenger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"statusd/accounts/contact"
	"statusd/api"
	"statusd/fault"
	"statusd/internal/store"
	"statusd/messenger/naming"
	"statusd/payloads"
)

// Mail sends to whom a person names.
type Mail struct{ *core }

// SendRequest is a message as a person writes it.
type SendRequest struct {
	// Recipients are contacts in any form, "#channel", ids or names of groups, or
	// "@nickname", also behind a kind: "group:tea" (naming.Find). At most
	// api.MaxRecipients; one that is named twice gets the message once.
	Recipients []string
	Message    string
	// Attachment is an image or recording; AttachmentPath names one in a file.
	Attachment     []byte
	AttachmentPath string
	ReplyTo        string // message id
	Request        Request
	Wait           Wait
}

// SendTo sends a message, and creates the chat with a person or a public chat
// if there is none. All recipients are looked up before the first gets it, and
// all get it in one transaction. An attachment without text gets one, because
// receivers refuse messages without. Errors: ErrRecipient, ErrAmbiguous,
// ErrNameLookup, ErrRequest, ErrRequestChanged, and those of Messages.Send.
func (s *Mail) SendTo(ctx context.Context, q SendRequest) (api.Sent, error) {
	if n := len(q.Recipients); n < 1 || n > api.MaxRecipients {
		return api.Sent{}, fmt.Errorf("%w: %d recipients, want 1 to %d", ErrRecipient, n, api.MaxRecipients)
	}
	news, err := q.Wait.open(ctx)
	if err != nil {
		return api.Sent{}, err
	}
	var body *payloads.ChatMessage
	var sent []api.SentMessage
	err = s.requests.once(ctx, q.Request, api.StatusSend.Name, q.arguments(), func() error {
		body, err = s.written(&q)
		return err
	}, func(tx *store.Tx) ([]api.SentMessage, error) {
		sent, err = s.sendTo(ctx, tx, q.Recipients, body)
		return sent, err
	}, func(tx *store.Tx, before []api.SentMessage) error {
		sent = before
		return s.requests.asNow(tx, sent)
	})
	if err != nil {
		return api.Sent{}, err
	}
	s.await(ctx, q.Wait, news, sent)
	out := api.Sent{SentMessage: sent[0]}
	if len(q.Recipients) > 1 {
		out.Status, out.Messages = leastFar(sent), sent
	}
	return out, nil
}

// arguments are what a repeated request has to have in common with the first.
func (q *SendRequest) arguments() map[string]any {
	attachment := any(q.AttachmentPath)
	if q.Attachment != nil {
		attachment = q.Attachment
	}
	return map[string]any{
		"recipient": api.Recipients(q.Recipients), "message": q.Message, "attachment": attachment, "replyTo": q.ReplyTo,
	}
}

// sendTo is SendTo in a transaction.
func (s *Mail) sendTo(
	ctx context.Context, tx *store.Tx, recipients []string, body *payloads.ChatMessage,
) ([]api.SentMessage, error) {
	chats := make([]*store.Chat, len(recipients))
	byID := make(map[string]*store.Chat, len(recipients))
	for i, recipient := range recipients {
		chat, err := s.resolve(ctx, tx, recipient)
		if err != nil {
			return nil, named(err, recipients, i)
		}
		if byID[chat.ID] == nil {
			byID[chat.ID] = &chat
		}
		chats[i] = byID[chat.ID]
	}
	sent := make([]api.SentMessage, len(chats))
	done := make(map[*store.Chat]api.SentMessage, len(chats))
	for i, chat := range chats {
		if _, twice := done[chat]; !twice {
			own := *body // composing writes into it
			m, err := s.composer.compose(ctx, tx, chat, &own)
			if err != nil {
				return nil, named(err, recipients, i)
			}
			done[chat] = api.SentMessage{
				MessageID: payloads.MessageID(m.ID).String(), ChatID: chat.ID, Clock: m.Clock,
				Status: SendState(statusNames()[m.Status]),
			}
		}
		sent[i] = done[chat]
	}
	return sent, nil
}

// named says with which of several recipients something is wrong.
func named(err error, recipients []string, i int) error {
	if len(recipients) == 1 {
		return err
	}
	return fmt.Errorf("recipient %d, %.80q: %w", i+1, recipients[i], err)
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

// Resolve says what a name means. kind is what it has to mean, "" for anything;
// a chat that is found by its exact id counts as what it is. Errors:
// ErrRecipient, ErrAmbiguous, ErrNameLookup.
func (s *Mail) Resolve(ctx context.Context, name string, kind api.NameKind) (out api.Resolved, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		t, err := s.find(tx, name, kind)
		if err != nil {
			return err
		}
		out = api.Resolved{Kind: api.NameKind(t.Kind), ID: t.ID, Exact: t.Exact()}
		_, out.Chat, err = known{tx, s.id}.Chat(t.ID)
		return err
	})
	return out, err
}

// find returns what a name means.
func (s *Mail) find(tx *store.Tx, name string, kind api.NameKind) (naming.Target, error) {
	name = strings.TrimSpace(name)
	found, err := naming.FindKind(known{tx, s.id}, naming.Kind(kind), name)
	var ambiguous *naming.AmbiguousError
	var unknown *naming.UnknownError
	switch {
	case errors.As(err, &ambiguous):
		err = fmt.Errorf("%w: %w", ErrAmbiguous, err)
	case errors.As(err, &unknown):
		err = s.unknownRecipient(tx, name, kind)
	}
	return found, err
}

// resolve returns the chat with whom a person names. A new one is stored with
// the first message. Errors: those of Resolve.
func (s *Mail) resolve(ctx context.Context, tx *store.Tx, recipient string) (store.Chat, error) {
	found, err := s.find(tx, recipient, "")
	if err != nil {
		return store.Chat{}, err
	}
	switch found.Kind {
	case naming.Public, naming.Profile:
		return s.chats.join(ctx, tx, found.ID)
	case naming.Person:
		return s.oneToOne(tx, found.ID)
	}
	return s.chat(tx, found.ID)
}

// unknownRecipient words that a text names nobody. Only what was meant as a key is
// told what is wrong with it as one.
func (s *Mail) unknownRecipient(tx *store.Tx, name string, kind api.NameKind) error {
	if nickname, ok := strings.CutPrefix(name, "@"); ok && nickname != "" {
		return s.unknownNickname(tx, nickname)
	}
	switch who, err := contact.Parse(name); {
	case err == nil && who.Name != "":
		return ErrNameLookup
	case err != nil && (strings.HasPrefix(name, "0x") || strings.HasPrefix(name, "zQ3sh")):
		return fmt.Errorf("%w: %w", ErrRecipient, err)
	}
	switch kind {
	case api.NamePerson:
		return fmt.Errorf("%w: %.80q", ErrNoPerson, name)
	case api.NameGroup:
		return fmt.Errorf("%w: %.80q", ErrNoGroup, name)
	}
	return fmt.Errorf("%w: %.80q", ErrRecipient, name)
}

// unknownNickname words that we gave nobody this nickname. Somebody who calls
// himself so may be meant, or may be anybody.
func (s *Mail) unknownNickname(tx *store.Tx, nickname string) error {
	err := fmt.Errorf("%w: nobody has the nickname %.80q", ErrRecipient, nickname)
	contacts, failed := tx.Contacts().Listed()
	if failed != nil {
		return failed
	}
	for i := range contacts {
		if c := &contacts[i]; c.Nickname == "" && strings.EqualFold(c.Name, nickname) {
			return fault.WithHint(err, "who calls himself so may be anybody ("+naming.Key(c.ID)+"): give the key, or give "+
				"the person a nickname first")
		}
	}
	return err
}
