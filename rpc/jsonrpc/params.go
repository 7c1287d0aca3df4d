package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"statusd/api"
)

// Member is a member of a parameter that is an object.
type Member struct {
	Name  string
	Param int // index of the parameter
}

// Bind brings parameters into the order of names. An argument that was not
// given is nil in the result, which has one entry for each name; a null stays
// one, see Given.
//
// Members of parameters that are objects may be given as named parameters
// directly; inner lists them.
func Bind(params json.RawMessage, names []string, inner []Member) ([]json.RawMessage, *api.Error) {
	args := make([]json.RawMessage, len(names))
	params = bytes.Trim(params, space)
	if len(params) == 0 {
		return args, nil
	}
	var err *api.Error
	if params[0] == '[' {
		err = bindPositional(params, args)
	} else {
		err = bindNamed(params, names, inner, args)
	}
	if err != nil {
		return nil, err
	}
	return args, nil
}

// Given tells whether an argument of Bind says anything: a null mostly does
// not.
func Given(arg json.RawMessage) bool { return arg != nil && string(arg) != "null" }

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

func bindPositional(params []byte, args []json.RawMessage) *api.Error {
	n := 0
	for elem := range elements(params) {
		if n == len(args) {
			return api.NewError(api.CodeInvalidParams, "too many arguments, want at most %d", len(args))
		}
		args[n] = elem
		n++
	}
	return nil
}

func bindNamed(params []byte, names []string, inner []Member, args []json.RawMessage) *api.Error {
	parts := make([][]byte, len(names)) // of objects whose members are given
	for name, value := range members(params) {
		i := slices.Index(names, name)
		m := slices.IndexFunc(inner, func(m Member) bool { return strings.EqualFold(m.Name, name) })
		if m >= 0 && inner[m].Param == i && value[0] != '{' {
			i = -1 // an object and its member have the same name, and this is no object
		}
		switch {
		case i >= 0 && (args[i] != nil || parts[i] != nil):
			return api.NewError(api.CodeInvalidParams, "parameter %q is given twice", name)
		case i >= 0:
			args[i] = value
		case m >= 0 && args[inner[m].Param] != nil:
			return api.NewError(api.CodeInvalidParams, "parameter %q is given twice, as %q is", names[inner[m].Param], name)
		case m >= 0:
			parts[inner[m].Param] = appendMember(parts[inner[m].Param], name, value)
		default:
			return unknownParameter(name, names, inner)
		}
	}
	for i, p := range parts {
		if p != nil {
			args[i] = append(p, '}')
		}
	}
	if len(names) == 1 && len(inner) > 0 && args[0] == nil { // an empty object is the parameter itself
		args[0] = json.RawMessage(`{}`)
	}
	return nil
}

// appendMember adds a member to an object that is not closed yet.
func appendMember(object []byte, name string, value []byte) []byte {
	if object == nil {
		object = []byte{'{'}
	} else {
		object = append(object, ',')
	}
	key, _ := json.Marshal(name) // a string: cannot fail
	return append(append(append(object, key...), ':'), value...)
}

func hasMember(object []byte, name string) bool {
	for n := range members(object) {
		if n == name {
			return true
		}
	}
	return false
}

func unknownParameter(name string, names []string, inner []Member) *api.Error {
	const shown = 64
	if len(name) > shown {
		name = strings.ToValidUTF8(name[:shown], "") + "…"
	}
	e := api.NewError(api.CodeInvalidParams, "unknown parameter %q", name)
	if len(names) == 0 {
		return e.WithHint("this method takes no parameters")
	}
	if len(names) == 1 && len(inner) > 0 {
		names = nil
		for _, m := range inner {
			names = append(names, m.Name)
		}
	}
	return e.WithHint("the parameters are: %s", strings.Join(names, ", "))
}

// MissingArgument is the error of a required argument that was not given, in
// go-ethereum's words.
func MissingArgument(index int, name string) *api.Error {
	return api.NewError(api.CodeInvalidParams, "missing value for required argument %d", index).
		WithHint("argument %d is %q", index, name)
}

// InvalidArgument is the error of an argument that cannot be decoded, in
// go-ethereum's words.
func InvalidArgument(index int, name string, err error) *api.Error {
	e := api.NewError(api.CodeInvalidParams, "invalid argument %d: %v", index, err)
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
	var out []byte
	for n, v := range members(trimmed) {
		if n == name {
			value = v
			continue
		}
		out = appendMember(out, n, v)
	}
	if out == nil {
		out = []byte{'{'}
	}
	return append(out, '}'), value
}
