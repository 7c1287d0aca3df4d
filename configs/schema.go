package configs

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// leaf is one setting: a field of Config that is not a group of others.
type leaf struct {
	path  string // as WakuConfig.MinimumPoW
	value reflect.Value
}

// leaves returns the settings of a configuration in the order of its fields.
func leaves(c *Config) []leaf {
	var out []leaf
	var walk func(prefix string, v reflect.Value)
	walk = func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			path := prefix + keyName(v.Type().Field(i))
			if field := v.Field(i); isGroup(field) {
				walk(path+".", field)
			} else {
				out = append(out, leaf{path, field})
			}
		}
	}
	walk("", reflect.ValueOf(c).Elem())
	return out
}

// keyName is the JSON key of a field.
func keyName(f reflect.StructField) string {
	if tag := f.Tag.Get("json"); tag != "" {
		return tag
	}
	return f.Name
}

// isGroup reports whether a field holds settings rather than being one.
func isGroup(v reflect.Value) bool {
	_, text := v.Addr().Interface().(encoding.TextUnmarshaler)
	return v.Kind() == reflect.Struct && !text
}

// secret reports whether the value must not be shown.
func (l leaf) secret() bool {
	switch l.value.Interface().(type) {
	case Secret, SecretURL, NodeList:
		return true
	}
	return false
}

// setJSON stores a JSON value. Its error says what is wanted instead, and
// never holds the value.
func (l leaf) setJSON(raw json.RawMessage) error {
	fresh := reflect.New(l.value.Type())
	err := json.Unmarshal(raw, fresh.Interface())
	if err == nil {
		l.value.Set(fresh.Elem())
		return nil
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("want %s, got %s", describe(l.value.Type()), kind.Value)
	}
	return err
}

// setText stores a value given on the command line or in the environment.
func (l leaf) setText(s string) error {
	fresh := reflect.New(l.value.Type())
	if err := parseText(fresh.Elem(), s); err != nil {
		return err
	}
	l.value.Set(fresh.Elem())
	return nil
}

func parseText(v reflect.Value, s string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(s))
	}
	wrong := fmt.Errorf("want %s", describe(v.Type()))
	switch v.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(strings.ToLower(s))
		if err != nil {
			return wrong
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, v.Type().Bits())
		if err != nil {
			return wrong
		}
		v.SetInt(n)
	case reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(s, 10, v.Type().Bits())
		if err != nil {
			return wrong
		}
		v.SetUint(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return wrong
		}
		v.SetFloat(f)
	case reflect.String:
		v.SetString(s)
	case reflect.Slice:
		return parseList(v, s)
	default: // a map: JSON is the only sensible text form
		if err := json.Unmarshal([]byte(s), v.Addr().Interface()); err != nil {
			return wrong
		}
	}
	return nil
}

// parseList reads a comma-separated list.
func parseList(v reflect.Value, s string) error {
	parts := splitList(s)
	list := reflect.MakeSlice(v.Type(), len(parts), len(parts))
	for i, part := range parts {
		if err := parseText(list.Index(i), part); err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	v.Set(list)
	return nil
}

// describe names a kind of value for an operator.
func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Map:
		return "an object"
	default:
		return "a text"
	}
}
