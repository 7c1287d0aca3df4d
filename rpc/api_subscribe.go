package rpc

import (
	"context"
	"encoding/json"
	"reflect"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

// attach connects a queue to a source and returns how to undo that.
type attach func(*queue) (func(), error)

// topic is something that can be subscribed to in a namespace: it checks the
// arguments that follow the name.
type topic struct {
	arg  reflect.Type // nil: none
	open func(context.Context, arguments) (source, error)
}

func topic0(f func(context.Context) (attach, error)) topic {
	return topic{open: func(ctx context.Context, _ arguments) (source, error) { return attached(f(ctx)) }}
}

func topic1[A any](f func(context.Context, A) (attach, error)) topic {
	return topic{
		arg: reflect.TypeFor[A](),
		open: func(ctx context.Context, in arguments) (source, error) {
			a, err := argument[A](in, 1)
			if err != nil {
				return source{}, err
			}
			return attached(f(ctx, a))
		},
	}
}

func attached(a attach, err error) (source, error) { return source{attach: a}, err }

// followed makes a topic of a source that sends at the pace of who reads.
func followed[A any](f func(context.Context, A) (follow, error)) topic {
	return topic{
		arg: reflect.TypeFor[A](),
		open: func(ctx context.Context, in arguments) (source, error) {
			a, err := argument[A](in, 1)
			if err != nil {
				return source{}, err
			}
			run, err := f(ctx, a)
			return source{follow: run}, err
		},
	}
}

// subscribeFn is the handler of a namespace's subscribe method. The only topic
// of the namespace has the given name.
func subscribeFn(ns, name string, t topic) handler {
	h := handler{args: []reflect.Type{reflect.TypeFor[string]()}, result: reflect.TypeFor[string]()}
	if t.arg != nil {
		h.args = append(h.args, t.arg)
	}
	h.call = func(ctx context.Context, in arguments) (any, error) {
		var asked string
		if json.Unmarshal(in.raw[0], &asked) != nil {
			asked = "" // told apart below
		}
		return subscribe(ctx, ns, asked, name, func() (source, error) { return t.open(ctx, in) })
	}
	return h
}

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
