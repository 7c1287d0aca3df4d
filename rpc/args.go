package rpc

import (
	"context"
	"encoding/json"
	"reflect"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

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

// wipeFields overwrites the secrets in arguments.
func wipeFields(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			wipeFields(v.Elem())
		}
	case reflect.Struct:
		if s, ok := v.Interface().(api.Secret); ok {
			s.Wipe()
			return
		}
		for f := range v.Type().Fields() {
			if f.IsExported() {
				wipeFields(v.FieldByIndex(f.Index))
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
