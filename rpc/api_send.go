package rpc

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"statusd/api"
	"statusd/messenger"
)

// sendAPI sends, and lists whom to send to, in the words of signal-cli.
type sendAPI struct {
	messengers
	events Events
}

// dataOf reads a data: URL.
func dataOf(text string) (data []byte, ok bool, err error) {
	rest, ok := strings.CutPrefix(text, "data:")
	if !ok {
		return nil, false, nil
	}
	_, encoded, found := strings.Cut(rest, ";base64,")
	if data, err = base64.StdEncoding.DecodeString(encoded); err != nil || !found || len(data) == 0 {
		return nil, true, api.NewError(api.CodeInvalidParams, "the attachment is not a data URL").
			WithHint("want data:<type>;base64,<content>, the content in standard base64")
	}
	return data, true, nil
}

// send sends a message to whom people name, and waits until it has reached a
// state.
func (a *sendAPI) send(ctx context.Context, in api.SendArgs) (api.Sent, error) {
	q := messenger.SendRequest{
		Recipients: in.Recipient, Message: in.Message, ReplyTo: in.ReplyTo, Request: requestOf(ctx, in.RequestID),
	}
	var err error
	if q.Wait, err = a.waitOf(in); err != nil {
		return api.Sent{}, err
	}
	data, isData, err := dataOf(string(in.Attachment))
	if err != nil {
		return api.Sent{}, err
	}
	if q.Attachment = data; !isData {
		q.AttachmentPath = string(in.Attachment)
	}
	return ask(a.messengers, func(m *messenger.Messenger) (api.Sent, error) { return m.Mail().SendTo(ctx, q) })
}

// requestOf is a request of the caller.
func requestOf(ctx context.Context, id string) messenger.Request {
	return messenger.Request{By: callFrom(ctx).caller.owner(), ID: id}
}

// waitOf reads which state to wait for, and how long.
func (a *sendAPI) waitOf(in api.SendArgs) (messenger.Wait, error) {
	w := messenger.Wait{State: cmp.Or(in.Wait, api.WaitNone), Limit: api.DefaultSendWait, Events: a.events}
	if !slices.Contains(w.State.Values(), w.State) {
		return w, api.NewError(api.CodeInvalidParams, "wait: %q, want sent, delivered or none", shortened(string(w.State)))
	}
	if s := in.TimeoutSeconds; s != nil {
		if !(*s >= 0) {
			return w, api.NewError(api.CodeInvalidParams, "the time to wait cannot be negative")
		}
		w.Limit = time.Duration(min(*s, (maxCallTime-callTimeout).Seconds()) * float64(time.Second))
	}
	return w, nil
}

func (a *sendAPI) resolve(ctx context.Context, in api.ResolveArgs) (api.Resolved, error) {
	if in.Kind != "" && !slices.Contains(in.Kind.Values(), in.Kind) {
		return api.Resolved{}, api.NewError(api.CodeInvalidParams, "kind: %q, want person, group, public or profile",
			shortened(string(in.Kind)))
	}
	return ask(a.messengers, func(m *messenger.Messenger) (api.Resolved, error) {
		return m.Mail().Resolve(ctx, in.Name, in.Kind)
	})
}

func (a *sendAPI) listGroups(ctx context.Context, in api.ListGroupsArgs) ([]api.ListedGroup, error) {
	return ask(a.messengers, func(m *messenger.Messenger) ([]api.ListedGroup, error) {
		return m.Mail().Groups(ctx, orZero(in.GroupID))
	})
}

func (a *sendAPI) listContacts(ctx context.Context, in api.ListContactsArgs) ([]api.ListedContact, error) {
	return ask(a.messengers, func(m *messenger.Messenger) ([]api.ListedContact, error) {
		return m.Mail().Contacts(ctx, string(orZero(in.Recipient)))
	})
}
