package rpc

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

// bind gives a method of the contract its handler.
func bind[Args, Result any](m api.Method[Args, Result], f func(context.Context, Args) (Result, error)) method {
	out := bound(m.Describe())
	decode := decoderOf[Args](out.paramNames())
	out.handler.call = func(ctx context.Context, in arguments) (any, error) {
		args, err := decode(in)
		defer wipeFields(reflect.ValueOf(&args).Elem())
		if err != nil {
			return nil, err
		}
		ctx, cancel := withPatience(ctx, args)
		defer cancel()
		result, err := f(ctx, args)
		if err != nil {
			return nil, failureOf(ctx, err)
		}
		return listNotNull(result), nil
	}
	return out
}

// bindSubscription gives a subscription of the contract what it sends.
func bindSubscription[Args, Event any](
	m api.Subscription[Args, string, Event], open func(context.Context, Args) (source, error),
) method {
	out := bound(m.Describe())
	decode := decoderOf[Args](out.paramNames())
	out.handler.call = func(ctx context.Context, in arguments) (any, error) {
		var asked string
		if json.Unmarshal(in.raw[0], &asked) != nil {
			asked = "" // subscribe tells what is wanted
		}
		return subscribe(ctx, namespace(m.Name), asked, m.Topic, func() (source, error) {
			args, err := decode(in)
			if err != nil {
				return source{}, err
			}
			return open(ctx, args)
		})
	}
	return out
}

// bindNumbered gives a subscription of signal-cli, whose id is a number, its
// handler.
func bindNumbered[Args, Event any](
	m api.Subscription[Args, int, Event], f func(context.Context, Args) (int, error),
) method {
	out := bound(m.Describe())
	out.handler.call = bind(api.Method[Args, int](m), f).handler.call
	return out
}

// bound is the row of a method without its handler.
func bound(d api.Description) method {
	m := method{
		name: d.Name, aliasOf: d.AliasOf, scope: scopeOf(d.Scope), since: d.Since, summary: d.Summary, result: d.Returns,
		secret: d.Secret, account: d.Account, slow: d.Slow, leadingNull: d.LeadingNull,
		example: example{
			setup: d.Example.Setup, params: d.Example.Params, result: d.Example.Result, fails: d.Example.Fails,
		},
		handler: handler{result: d.Result},
	}
	for _, p := range d.Params() {
		m.params = append(m.params, param{p.Name, p.Doc})
		t := p.Type
		if p.Optional && t.Kind() != reflect.Pointer {
			t = reflect.PointerTo(t)
		}
		m.handler.args = append(m.handler.args, t)
	}
	switch {
	case d.Args.Implements(reflect.TypeFor[api.Patient]()):
		m.timeout = after(maxCallTime) // the arguments set a shorter one
	case d.Timeout != 0:
		m.timeout = after(d.Timeout)
	}
	return m
}

// decoderOf makes the function that decodes the arguments of a call into the
// fields of a struct.
func decoderOf[Args any](names []string) func(arguments) (Args, error) {
	optional := make([]bool, len(names))
	for i, p := range (api.Description{Args: reflect.TypeFor[Args]()}).Params() {
		optional[i] = p.Optional
	}
	return func(in arguments) (args Args, err error) {
		v := reflect.ValueOf(&args).Elem()
		for i, name := range names {
			switch raw := in.raw[i]; {
			case raw != nil:
				err = json.Unmarshal(raw, v.Field(i).Addr().Interface())
				if err != nil {
					return args, jsonrpc.InvalidArgument(i, name, err)
				}
			case !optional[i]:
				return args, jsonrpc.MissingArgument(i, name)
			}
		}
		return args, nil
	}
}

// withPatience limits the time of a call to what its arguments say.
func withPatience(ctx context.Context, args any) (context.Context, context.CancelFunc) {
	if p, ok := args.(api.Patient); ok {
		return context.WithTimeout(ctx, min(p.CallTimeout(), maxCallTime))
	}
	return ctx, func() {}
}

// after is the time that a call may take whatever its arguments are.
func after(d time.Duration) func([]json.RawMessage) time.Duration {
	return func([]json.RawMessage) time.Duration { return d }
}

// scopeOf is a scope of the contract as a set.
func scopeOf(s api.Scope) scope {
	for bit := scopeRead; bit <= scopeDebug; bit <<= 1 {
		if bit.String() == string(s) {
			return bit
		}
	}
	panic("rpc: the contract has a scope that the server does not know: " + string(s))
}
