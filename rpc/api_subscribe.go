package rpc

import (
	"context"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

// attach connects a queue to a source and returns how to undo that.
type attach func(*queue) (func(), error)

// subscribe opens a subscription of the connection, and starts it when the
// answer has been written. The only topic of the namespace has the given name.
func subscribe(ctx context.Context, ns, asked, name string, open func() (source, error)) (any, error) {
	c := callFrom(ctx)
	switch {
	case c.caller.subs == nil:
		return nil, failed("notifications not supported").
			WithHint("subscribe over WebSocket or the unix socket; over HTTP use a filter and poll it")
	case asked == "":
		return nil, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "expected subscription name as first argument").
			WithHint("the name is %q", name)
	case asked != name:
		return nil, jsonrpc.NewError(jsonrpc.CodeMethodNotFound, "no %q subscription in %s namespace", shortened(asked), ns).
			WithHint("there is %q", name)
	}
	from, err := open()
	if err != nil {
		return nil, err
	}
	sub, err := c.caller.subs.open(ns, from)
	if err != nil {
		return nil, err
	}
	c.after = append(c.after, func(conn context.Context) { c.caller.subs.start(conn, sub) })
	return sub.id, nil
}

// unsubscribe ends a subscription of the same connection.
func unsubscribe(ctx context.Context, id string) (bool, error) {
	subs := callFrom(ctx).caller.subs
	if subs == nil || !subs.close(id) {
		return false, failed("subscription not found").
			WithHint("a subscription belongs to the connection that made it; filters are removed with waku_deleteMessageFilter")
	}
	return true, nil
}

// endSubscription ends a subscription of the same connection.
func endSubscription(ctx context.Context, in api.SubscriptionArgs) (bool, error) {
	return unsubscribe(ctx, in.ID)
}
