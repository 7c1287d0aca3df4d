package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"

	"statusd/accounts/secret"
	"statusd/rpc/jsonrpc"
)

// secretText is a parameter that must not be shown: a password, a phrase, a
// private key.
type secretText struct{ secret.Bytes }

var errNotText = errors.New("want a string")

// UnmarshalJSON implements json.Unmarshaler. Its error does not quote.
func (s *secretText) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return errNotText
	}
	s.Bytes = secret.New([]byte(text))
	return nil
}

// fnArgs makes a handler of a function whose arguments are the fields of a
// struct, in their order; one of pointer type is optional. Secrets among them
// are overwritten when it returns.
func fnArgs[A, R any](f func(context.Context, A) (R, error)) handler {
	t := reflect.TypeFor[A]()
	h := handler{result: reflect.TypeFor[R]()}
	for field := range t.Fields() {
		h.args = append(h.args, field.Type)
	}
	h.call = func(ctx context.Context, in arguments) (any, error) {
		var args A
		v := reflect.ValueOf(&args).Elem()
		defer wipeFields(v)
		for i := range v.NumField() {
			if in.raw[i] == nil {
				if v.Field(i).Kind() != reflect.Pointer {
					return nil, jsonrpc.MissingArgument(i, in.names[i])
				}
				continue
			}
			if err := json.Unmarshal(in.raw[i], v.Field(i).Addr().Interface()); err != nil {
				return nil, jsonrpc.InvalidArgument(i, in.names[i], err)
			}
		}
		return f(ctx, args)
	}
	return h
}

// wipeFields overwrites the secrets among the fields of a struct.
func wipeFields(v reflect.Value) {
	for i := range v.NumField() {
		switch s := v.Field(i).Interface().(type) {
		case secretText:
			s.Wipe()
		case *secretText:
			if s != nil {
				s.Wipe()
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
