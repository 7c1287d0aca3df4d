package rpc

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"statusd/api"
	"statusd/internal/feed"
	"statusd/messenger"
	"statusd/messenger/naming"
)

// sendAPI sends, and lists whom to send to, in the words of signal-cli.
type sendAPI struct {
	extAPI
	events Events
}

// localFiles refuses paths of callers who cannot read the daemon's files
// anyway. The socket is for those who can.
func localFiles(ctx context.Context, paths ...string) error {
	if callFrom(ctx).caller.transport == "ipc" || strings.Join(paths, "") == "" {
		return nil
	}
	return api.NewError(api.CodeScope, "files are read for callers on the unix socket only").
		WithHint("send the content instead, as data:<type>;base64,<content>")
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

// send sends a message to whom a person names, and waits until it has reached
// a state.
func (a *sendAPI) send(ctx context.Context, in api.SendArgs) (api.Sent, error) {
	q := messenger.SendRequest{
		Recipient: string(in.Recipient), Message: in.Message, ReplyTo: in.ReplyTo, Request: requestOf(ctx, in.RequestID),
	}
	want, limit, err := waitingOf(in)
	if err != nil {
		return api.Sent{}, err
	}
	if err := enclose(ctx, string(in.Attachment), &q); err != nil {
		return api.Sent{}, err
	}
	m := a.current()
	if m == nil {
		return api.Sent{}, notLoggedIn()
	}
	var news *feed.Reader
	if want != api.WaitNone { // from before the message, so that nothing is missed
		news, err = a.events.Open(ctx, feed.Query{Types: []api.EventType{
			api.EventEnvelopeSent, api.EventEnvelopeExpired, api.EventMessageDelivered,
		}})
		if err != nil {
			return api.Sent{}, err
		}
	}
	sent, err := m.Mail().SendTo(ctx, q)
	if err != nil {
		return api.Sent{}, err
	}
	if news != nil {
		waitCtx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		a.follow(waitCtx, m, news, want, &sent)
	}
	return sent, nil
}

// requestOf is a request of the caller.
func requestOf(ctx context.Context, id string) messenger.Request {
	return messenger.Request{By: callFrom(ctx).caller.owner(), ID: id}
}

// waitingOf reads which state to wait for, and how long.
func waitingOf(in api.SendArgs) (want api.SendWait, limit time.Duration, err error) {
	want, limit = cmp.Or(in.Wait, api.WaitNone), api.DefaultSendWait
	if !slices.Contains(want.Values(), want) {
		return "", 0, api.NewError(api.CodeInvalidParams, "wait: %q, want sent, delivered or none",
			shortened(string(want)))
	}
	if s := in.TimeoutSeconds; s != nil {
		if !(*s >= 0) {
			return "", 0, api.NewError(api.CodeInvalidParams, "the time to wait cannot be negative")
		}
		limit = time.Duration(min(*s, (maxCallTime-callTimeout).Seconds()) * float64(time.Second))
	}
	return want, limit, nil
}

// enclose takes the attachment: its content, or its path.
func enclose(ctx context.Context, text string, q *messenger.SendRequest) error {
	if text == "" {
		return nil
	}
	data, isData, err := dataOf(text)
	if err != nil || isData {
		q.Attachment = data
		return err
	}
	q.AttachmentPath = text
	return localFiles(ctx, text)
}

// errReached ends the waiting of follow.
var errReached = errors.New("the state is reached")

// follow waits until a message has reached a state, can get no further, or ctx
// ends, and notes how far it has come.
func (a *sendAPI) follow(
	ctx context.Context, m *messenger.Messenger, news *feed.Reader, want api.SendWait, sent *api.Sent,
) {
	public := false
	look := func() bool {
		v, err := m.Messages().ByID(ctx, sent.MessageID)
		if err != nil {
			return true // deleted, or logged out: what is known stays
		}
		sent.Status, public = messenger.SendState(v.OutgoingStatus), v.MessageType == api.MessagePublic
		return string(sent.Status) == string(want) || sent.Status == api.SendDelivered || sent.Status == api.SendFailed ||
			public && sent.Status == api.SendSent // nobody acknowledges it
	}
	if look() {
		return
	}
	err := news.Follow(ctx, func(b feed.Batch) error {
		if len(b.Events) > 0 && look() {
			return errReached
		}
		return nil
	})
	if errors.Is(err, errReached) {
		return
	}
}

func (a *sendAPI) listGroups(ctx context.Context, in api.ListGroupsArgs) ([]api.ListedGroup, error) {
	return ask(&a.extAPI, func(m *messenger.Messenger) ([]api.ListedGroup, error) {
		list, err := m.Chats().List(ctx)
		out := []api.ListedGroup{}
		for _, c := range list {
			if c.ChatType != api.ChatPrivateGroup || in.GroupID != nil && c.ID != *in.GroupID {
				continue
			}
			g := api.ListedGroup{
				ID: c.ID, Name: c.Name, IsMember: c.Active, Members: []api.GroupMember{}, PendingMembers: []api.GroupMember{},
				Admins: []api.GroupMember{},
			}
			for _, member := range c.Members {
				n := api.GroupMember{Number: member.ID}
				if member.Joined {
					g.Members = append(g.Members, n)
				} else {
					g.PendingMembers = append(g.PendingMembers, n)
				}
				if member.Admin {
					g.Admins = append(g.Admins, n)
				}
			}
			out = append(out, g)
		}
		return out, err
	})
}

func (a *sendAPI) listContacts(ctx context.Context, in api.ListContactsArgs) ([]api.ListedContact, error) {
	return ask(&a.extAPI, func(m *messenger.Messenger) ([]api.ListedContact, error) {
		list, err := m.Contacts().List(ctx)
		names := naming.New("", list, nil)
		out := []api.ListedContact{}
		for _, c := range list {
			if in.Recipient != nil && c.ID != string(*in.Recipient) {
				continue
			}
			name := c.LocalNickname
			if name == "" && c.Name != "" {
				name = names.Person(c.ID, "")
			}
			out = append(out, api.ListedContact{
				Number: c.ID, Name: name, NameGivenBy: c.NameGivenBy, Alias: c.Alias,
				IsBlocked: slices.Contains(c.SystemTags, api.TagBlocked), IsAdded: slices.Contains(c.SystemTags, api.TagAdded),
			})
		}
		return out, err
	})
}
