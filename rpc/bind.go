package rpc

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

// bind gives a method of the contract its handler.
func bind[Args, Result any](m api.Method[Args, Result], f func(context.Context, Args) (Result, error)) method {
	return bound(m.Describe(), func(ctx context.Context, args Args) (any, error) {
		result, err := f(ctx, args)
		if err != nil {
			return nil, failureOf(ctx, err)
		}
		return listNotNull(result), nil
	})
}

// bindSubscription gives a subscription of the contract what it sends. The
// first of its arguments is the name of what is subscribed to, of which there
// is one.
func bindSubscription[Args, Event any](
	m api.Subscription[Args, string, Event], open func(context.Context, Args) (source, error),
) method {
	out := bound(m.Describe(), func(ctx context.Context, args Args) (any, error) {
		return subscribe(ctx, namespace(m.Name), func() (source, error) { return open(ctx, args) })
	})
	call := out.call
	out.call = func(ctx context.Context, raw []json.RawMessage) (any, error) {
		if err := subscribable(ctx, namespace(m.Name), raw[0], m.Topic); err != nil {
			return nil, err
		}
		return call(ctx, raw)
	}
	return out
}

// bindNumbered gives a subscription of signal-cli, whose id is a number, its
// handler.
func bindNumbered[Args, Event any](
	m api.Subscription[Args, int, Event], f func(context.Context, Args) (int, error),
) method {
	out := bind(api.Method[Args, int](m), f)
	out.Description = m.Describe()
	return out
}

// bound is a method with a handler that takes decoded arguments.
func bound[Args any](d api.Description, f func(context.Context, Args) (any, error)) method {
	params := d.Params()
	out := method{Description: d, scope: scopeOf(d.Scope), members: membersOf(params)}
	for _, p := range params {
		out.names = append(out.names, p.Name)
	}
	out.call = func(ctx context.Context, raw []json.RawMessage) (any, error) {
		args, err := decodeArgs[Args](params, raw)
		defer wipe(reflect.ValueOf(&args))
		if err != nil {
			return nil, err
		}
		if r, ok := any(args).(api.FileReader); ok {
			if err := localFiles(ctx, r.LocalFiles()); err != nil {
				return nil, err
			}
		}
		if p, ok := any(args).(api.Patient); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, min(p.CallTimeout(), maxCallTime))
			defer cancel()
		}
		return f(ctx, args)
	}
	return out
}

// localFiles refuses paths of callers who cannot read the daemon's files
// anyway. The socket is for those who can.
func localFiles(ctx context.Context, paths []string) error {
	if callFrom(ctx).caller.transport == "ipc" || strings.Join(paths, "") == "" {
		return nil
	}
	return api.NewError(api.CodeScope, "files of the daemon's machine are read for callers on the unix socket only").
		WithHint("send the content instead, as data:<type>;base64,<content>")
}

// decodeArgs decodes the arguments of a call into the fields of a struct.
func decodeArgs[Args any](params []api.Param, raw []json.RawMessage) (args Args, err error) {
	v := reflect.ValueOf(&args).Elem()
	for i, p := range params {
		switch {
		case jsonrpc.Given(raw[i]):
			err = json.Unmarshal(raw[i], v.Field(i).Addr().Interface())
			if err != nil {
				return args, jsonrpc.InvalidArgument(i, p.Name, err)
			}
		case raw[i] != nil && p.Type.Kind() == reflect.String: // null is an empty text, as in status-go
		case !p.Optional:
			return args, jsonrpc.MissingArgument(i, p.Name)
		}
	}
	return args, nil
}

// wipe overwrites the secrets in arguments.
func wipe(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			wipe(v.Elem())
		}
	case reflect.Struct:
		if s, ok := v.Interface().(api.Secret); ok {
			s.Wipe()
			return
		}
		for f := range v.Type().Fields() {
			if f.IsExported() {
				wipe(v.FieldByIndex(f.Index))
			}
		}
	}
}

// orZero returns what an optional argument points to.
func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
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
