package rpc

import (
	"reflect"

	"statusd/api"
)

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
