package rpc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"statusd/api"
	"statusd/internal/feed"
	"statusd/internal/store"
	"statusd/payloads"
)

// ReceiveMode says which connections get receive notifications without asking
// (signal-cli's words).
type ReceiveMode string

// Receive modes.
const (
	ReceiveManual       ReceiveMode = "manual"        // none
	ReceiveOnStart      ReceiveMode = "on-start"      // all, what comes from then on
	ReceiveOnConnection ReceiveMode = "on-connection" // all, also what came since one last received
)

// emojis are the reactions by number (spec 05 section 10.6).
func emojis() []string { return []string{"", "❤️", "👍", "👎", "😂", "😢", "😡"} }

// receivedOf translates an event of messages that came to the account whose
// chat key is own. Other events give nothing.
func receivedOf(e api.Event, own string) []api.Received {
	var r api.Changes
	if e.Type != api.EventMessagesNew || json.Unmarshal(e.Event, &r) != nil {
		return nil
	}
	var out []api.Received
	add := func(from, name, chat string, d api.ReceivedData) {
		if len(chat) > 0 && !strings.HasPrefix(chat, "0x") {
			d.GroupInfo = &api.ReceivedGroup{GroupID: chat, Type: "DELIVER"}
		}
		env := api.ReceivedEnvelope{Source: from, SourceName: name, Timestamp: d.Timestamp, ChatID: chat}
		if from == own { // written on another device of ours, or to ourselves
			env.SyncMessage = &api.ReceivedSync{SentMessage: api.ReceivedSent{ReceivedData: d}}
			if d.GroupInfo == nil {
				env.SyncMessage.SentMessage.Destination = chat
			}
		} else {
			env.DataMessage = &d
		}
		out = append(out, api.Received{Envelope: env, Account: e.Account, Cursor: e.Cursor})
	}
	for i := range r.Messages {
		if m := &r.Messages[i]; m.New {
			add(m.From, m.Alias, m.LocalChatID, messageData(m))
		}
	}
	for i := range r.EmojiReactions {
		x := &r.EmojiReactions[i]
		d := api.ReceivedData{
			Timestamp: x.Clock, Reaction: &api.ReceivedReaction{TargetMessageID: x.MessageID, IsRemove: x.Retracted},
		}
		if all := emojis(); x.EmojiID > 0 && int(x.EmojiID) < len(all) {
			d.Reaction.Emoji = all[x.EmojiID]
		}
		add(x.From, "", x.LocalChatID, d)
	}
	return out
}

func messageData(m *api.Message) api.ReceivedData {
	d := api.ReceivedData{Timestamp: m.WhisperTimestamp, MessageID: m.ID, Message: m.Text}
	if m.ResponseTo != "" {
		d.Quote = &api.ReceivedQuote{ID: m.ResponseTo}
		if m.QuotedMessage != nil {
			d.Quote.Author, d.Quote.Text = m.QuotedMessage.From, m.QuotedMessage.Text
		}
	}
	for _, url := range []string{m.Image, m.Audio} {
		if kind, data, ok := payloads.ParseMediaURL(url); ok {
			d.Attachments = append(d.Attachments, api.ReceivedAttachment{
				ContentType: kind, Size: len(data), Data: base64.StdEncoding.EncodeToString(data),
			})
		}
	}
	return d
}

// followReceive sends each message that r delivers. done, if set, is called
// with the cursor of what has been sent.
func followReceive(subs *subscriptions, r *feed.Reader, done func(context.Context, int64) error) follow {
	return func(ctx context.Context, send func(any, *api.Error) error) error {
		return r.Follow(ctx, subs.holding(func(b feed.Batch) error {
			for _, e := range b.Events {
				for _, p := range receivedOf(e, b.Own) {
					if err := send(p, nil); err != nil {
						return err
					}
				}
			}
			if n := len(b.Events); n > 0 && done != nil {
				return done(ctx, b.Events[n-1].Cursor)
			}
			return nil
		}))
	}
}

// subscribeReceive is signal-cli's subscribeReceive.
func (a *eventsAPI) subscribeReceive(ctx context.Context, _ api.None) (int, error) {
	c := callFrom(ctx)
	subs := c.caller.subs
	if subs == nil {
		return 0, failed("notifications not supported").WithHint("subscribe over WebSocket or the unix socket; over HTTP " +
			"call receive, or read the stream at /api/v1/events")
	}
	r, err := a.events.Open(ctx, feed.Query{Types: []api.EventType{api.EventMessagesNew}, Account: c.caller.grant.only()})
	if err != nil {
		return 0, err
	}
	number, sub, err := subs.openNumbered("receive", followReceive(subs, r, nil))
	if err != nil {
		return 0, err
	}
	c.after = append(c.after, func(conn context.Context) { subs.start(conn, sub) })
	return number, nil
}

// unsubscribeReceive ends what subscribeReceive began.
func (a *eventsAPI) unsubscribeReceive(ctx context.Context, in api.NumberArgs) (api.None, error) {
	number, subs := in.Subscription, callFrom(ctx).caller.subs
	if number < 0 || subs == nil || !subs.close(strconv.Itoa(number)) {
		return api.None{}, failed("subscription not found").WithHint("a subscription belongs to the connection that made it")
	}
	return api.None{}, nil
}

// welcomeReceive gives a new connection the messages, in the modes that do so
// without being asked. What came before the connection takes a consumer, so that
// the scope for it is needed; without, it is what comes from then on. The
// consumer that all connections had in common before there were owners goes on
// as that of the first who comes.
func (a *eventsAPI) welcomeReceive(mode ReceiveMode, c *caller) func(context.Context, *subscriptions) {
	if mode != ReceiveOnStart && mode != ReceiveOnConnection {
		return nil
	}
	q := feed.Query{Types: []api.EventType{api.EventMessagesNew}, Account: c.grant.only()}
	named := mode == ReceiveOnConnection && c.scopes&scopeEvents != 0
	if named {
		q.Consumer, q.By = store.ReceiveConsumer, c.party()
		q.By.Heir, q.By.All = q.By.Heir || c.local(), false
	}
	return func(ctx context.Context, subs *subscriptions) {
		r, err := a.events.Open(ctx, q)
		if err != nil {
			return // the account is being closed
		}
		var done func(context.Context, int64) error
		if named {
			done = r.Ack
		}
		subs.startUnasked(ctx, "receive", followReceive(subs, r, done))
	}
}
