package rpc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"statusd/api"
	"statusd/internal/feed"
	"statusd/messenger"
	"statusd/rpc/jsonrpc"
)

// sendWait is how long status_send waits for a state when nobody says.
const sendWait = 30 * time.Second

// sendAPI sends, and lists whom to send to, in the words of signal-cli.
type sendAPI struct {
	current func() *messenger.Messenger // nil: nobody is logged in
	events  Events
}

// localFiles refuses paths of callers who cannot read the daemon's files
// anyway. The socket is for those who can.
func localFiles(ctx context.Context, paths ...string) error {
	if callFrom(ctx).caller.transport == "ipc" || strings.Join(paths, "") == "" {
		return nil
	}
	return jsonrpc.NewError(jsonrpc.CodeScope, "files are read for callers on the unix socket only").
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
		return nil, true, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "the attachment is not a data URL").
			WithHint("want data:<type>;base64,<content>, the content in standard base64")
	}
	return data, true, nil
}

// oneText is a text, or a list with one, as signal-cli's clients send it.
type oneText string

// UnmarshalJSON implements json.Unmarshaler.
func (o *oneText) UnmarshalJSON(raw []byte) error {
	var list []string
	if json.Unmarshal(raw, (*string)(o)) == nil {
		return nil
	}
	if json.Unmarshal(raw, &list) != nil || len(list) != 1 {
		return errors.New("want one text; make a call for each")
	}
	*o = oneText(list[0])
	return nil
}

// sendArgs are the parameters of status_send.
type sendArgs struct {
	Recipient      oneText
	Message        *string
	Attachment     *oneText
	ReplyTo        *string
	Wait           *api.SendWait
	TimeoutSeconds *float64
}

// sendTimeoutOf is the time that a call of status_send may take.
func sendTimeoutOf(args []json.RawMessage) time.Duration {
	wait := sendWait
	var seconds float64
	if raw := args[len(args)-1]; raw != nil && json.Unmarshal(raw, &seconds) == nil && seconds > 0 {
		wait = time.Duration(min(seconds, maxCallTime.Seconds()) * float64(time.Second))
	}
	return min(wait+callTimeout, maxCallTime)
}

// send sends a message to whom a person names, and waits until it has reached
// a state.
func (a *sendAPI) send(ctx context.Context, in sendArgs) (api.Sent, error) {
	q := messenger.SendRequest{Recipient: string(in.Recipient), Message: orZero(in.Message), ReplyTo: orZero(in.ReplyTo)}
	want, limit, err := in.waiting()
	if err != nil {
		return api.Sent{}, err
	}
	if err := in.attach(ctx, &q); err != nil {
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
			return api.Sent{}, eventFailure(err)
		}
	}
	sent, err := m.Mail().SendTo(ctx, q)
	if err != nil {
		return api.Sent{}, extFailure(err)
	}
	if news != nil {
		waitCtx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		a.follow(waitCtx, m, news, want, &sent)
	}
	return sent, nil
}

// waiting reads which state to wait for, and how long.
func (in *sendArgs) waiting() (want api.SendWait, limit time.Duration, err error) {
	want, limit = api.WaitNone, sendWait
	if in.Wait != nil {
		want = *in.Wait
	}
	if !slices.Contains(want.Values(), want) {
		return "", 0, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "wait: %q, want sent, delivered or none",
			shortened(string(want)))
	}
	if s := in.TimeoutSeconds; s != nil {
		if !(*s >= 0) {
			return "", 0, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "the time to wait cannot be negative")
		}
		limit = time.Duration(min(*s, (maxCallTime-callTimeout).Seconds()) * float64(time.Second))
	}
	return want, limit, nil
}

// attach takes the attachment: its content, or its path.
func (in *sendArgs) attach(ctx context.Context, q *messenger.SendRequest) error {
	if in.Attachment == nil || *in.Attachment == "" {
		return nil
	}
	text := string(*in.Attachment)
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

// listed calls a service of the messenger.
func listed[R any](a *sendAPI, f func(*messenger.Messenger) (R, error)) (R, error) {
	m := a.current()
	if m == nil {
		var none R
		return none, notLoggedIn()
	}
	r, err := f(m)
	return r, extFailure(err)
}
