package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// Bind brings parameters into the order of names. An argument that was not
// given is nil in the result, which has one entry for each name. A JSON null
// counts as not given, as in go-ethereum.
//
// Named parameters of a method whose only parameter is an object may also be
// given without the level of that name; flat then lists the members of that
// object. It is nil for other methods.
func Bind(params json.RawMessage, names, flat []string) ([]json.RawMessage, *Error) {
	args := make([]json.RawMessage, len(names))
	params = bytes.Trim(params, space)
	if len(params) == 0 {
		return args, nil
	}
	var err *Error
	if params[0] == '[' {
		err = bindPositional(params, args)
	} else {
		err = bindNamed(params, names, flat, args)
	}
	if err != nil {
		return nil, err
	}
	for i, a := range args {
		if string(a) == "null" {
			args[i] = nil
		}
	}
	return args, nil
}

// SkipLeadingNull removes the first of n+1 positional parameters if it is null:
// methods of status-go that its server gave one parameter too many are called
// so. Other parameters come back as they are.
func SkipLeadingNull(params json.RawMessage, n int) json.RawMessage {
	trimmed := bytes.Trim(params, space)
	if len(trimmed) == 0 || trimmed[0] != '[' {
		return params
	}
	var list []json.RawMessage
	for elem := range elements(trimmed) {
		if list = append(list, elem); len(list) > n+1 {
			return params
		}
	}
	if len(list) != n+1 || string(bytes.Trim(list[0], space)) != "null" {
		return params
	}
	return slices.Concat([]byte{'['}, bytes.Join(rawBytes(list[1:]), []byte{','}), []byte{']'})
}

func rawBytes(list []json.RawMessage) [][]byte {
	out := make([][]byte, len(list))
	for i := range list {
		out[i] = list[i]
	}
	return out
}

func bindPositional(params []byte, args []json.RawMessage) *Error {
	n := 0
	for elem := range elements(params) {
		if n == len(args) {
			return NewError(CodeInvalidParams, "too many arguments, want at most %d", len(args))
		}
		args[n] = elem
		n++
	}
	return nil
}

func bindNamed(params []byte, names, flat []string, args []json.RawMessage) *Error {
	if flat != nil && !hasMember(params, names[0]) {
		args[0] = params
		for name := range members(params) {
			if !slices.ContainsFunc(flat, func(f string) bool { return strings.EqualFold(f, name) }) {
				return unknownParameter(name, flat)
			}
		}
		return nil
	}
	for name, value := range members(params) {
		i := slices.Index(names, name)
		switch {
		case i < 0:
			return unknownParameter(name, names)
		case args[i] != nil:
			return NewError(CodeInvalidParams, "parameter %q is given twice", name)
		}
		args[i] = value
	}
	return nil
}

func hasMember(object []byte, name string) bool {
	for n := range members(object) {
		if n == name {
			return true
		}
	}
	return false
}

func unknownParameter(name string, names []string) *Error {
	const shown = 64
	if len(name) > shown {
		name = strings.ToValidUTF8(name[:shown], "") + "…"
	}
	e := NewError(CodeInvalidParams, "unknown parameter %q", name)
	if len(names) == 0 {
		return e.WithHint("this method takes no parameters")
	}
	return e.WithHint("the parameters are: %s", strings.Join(names, ", "))
}

// MissingArgument is the error of a required argument that was not given, in
// go-ethereum's words.
func MissingArgument(index int, name string) *Error {
	return NewError(CodeInvalidParams, "missing value for required argument %d", index).
		WithHint("argument %d is %q", index, name)
}

// InvalidArgument is the error of an argument that cannot be decoded, in
// go-ethereum's words.
func InvalidArgument(index int, name string, err error) *Error {
	e := NewError(CodeInvalidParams, "invalid argument %d: %v", index, err)
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) && wrong.Field != "" {
		kind, _, _ := strings.Cut(wrong.Value, " ") // a number stands there with all its digits
		return e.WithHint("argument %d is %q; its member %q cannot be this %s", index, name, wrong.Field, kind)
	}
	return e.WithHint("argument %d is %q", index, name)
}

// TakeMember takes a member out of named parameters. value is nil when it is
// not among them; positional parameters have none.
func TakeMember(params json.RawMessage, name string) (rest, value json.RawMessage) {
	trimmed := bytes.Trim(params, space)
	if len(trimmed) == 0 || trimmed[0] != '{' || !hasMember(trimmed, name) {
		return params, nil
	}
	out := []byte{'{'}
	for n, v := range members(trimmed) {
		if n == name {
			value = v
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		key, _ := json.Marshal(n) // a string: cannot fail
		out = append(append(append(out, key...), ':'), v...)
	}
	return append(out, '}'), value
}
