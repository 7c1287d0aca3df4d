package rpc

import (
	"context"
	"encoding/json"

	"statusd/api"
)

// subscribable checks that a connection can have notifications, and that it
// asks for the only topic of a namespace.
func subscribable(ctx context.Context, ns string, raw json.RawMessage, topic string) error {
	var asked string
	if json.Unmarshal(raw, &asked) != nil {
		asked = ""
	}
	switch {
	case callFrom(ctx).caller.subs == nil:
		return failed("notifications not supported").
			WithHint("subscribe over WebSocket or the unix socket; over HTTP use a filter and poll it")
	case asked == "":
		return api.NewError(api.CodeInvalidParams, "expected subscription name as first argument").
			WithHint("the name is %q", topic)
	case asked != topic:
		return api.NewError(api.CodeMethodNotFound, "no %q subscription in %s namespace", shortened(asked), ns).
			WithHint("there is %q", topic)
	}
	return nil
}

// subscribe opens a subscription of the connection, and starts it when the
// answer has been written.
func subscribe(ctx context.Context, ns string, open func() (source, error)) (string, error) {
	c := callFrom(ctx)
	from, err := open()
	if err != nil {
		return "", err
	}
	sub, err := c.caller.subs.open(ns, from)
	if err != nil {
		return "", err
	}
	c.after = append(c.after, func(conn context.Context) { c.caller.subs.start(conn, sub) })
	return sub.id, nil
}

// endSubscription ends a subscription of the same connection.
func endSubscription(ctx context.Context, in api.SubscriptionArgs) (bool, error) {
	subs := callFrom(ctx).caller.subs
	if subs == nil || !subs.close(in.ID) {
		return false, failed("subscription not found").
			WithHint("a subscription belongs to the connection that made it; filters are removed with waku_deleteMessageFilter")
	}
	return true, nil
}
