package rpc

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

// scope is a set of permissions (spec 07 section 5).
type scope uint8

// Scopes. A method needs exactly one.
const (
	scopeRead scope = 1 << iota
	scopeSend
	scopeEvents // named consumers of events: subscribe by name, acknowledge, remove
	scopeContacts
	scopeAccount
	scopeAdmin
	scopeDebug

	scopeAll   = scopeRead | scopeSend | scopeEvents | scopeContacts | scopeAccount | scopeAdmin | scopeDebug
	scopeToken = scopeAll &^ scopeDebug // of the token in the data directory
)

// whole adds what a set of scopes includes: who administers the daemon works
// with the named consumers of everybody.
func (s scope) whole() scope {
	if s&scopeAdmin != 0 {
		s |= scopeEvents
	}
	return s
}

// scopeNames lists the scopes for people.
const scopeNames = "read, send, events, contacts, account, admin and debug"

// String names a single scope.
func (s scope) String() string {
	switch s {
	case scopeRead:
		return "read"
	case scopeSend:
		return "send"
	case scopeEvents:
		return "events"
	case scopeContacts:
		return "contacts"
	case scopeAccount:
		return "account"
	case scopeAdmin:
		return "admin"
	default:
		return "debug"
	}
}

// method is one row of a table of methods.
type method struct {
	name    string
	aliasOf string // name of the method this is another name of
	scope   scope
	since   string
	summary string
	params  []param
	result  string // what it answers
	example example
	// secret: parameters or result are key material or passwords. Over TCP it
	// is there on loopback or TLS only.
	secret bool
	// account: it works on the account that is logged in, so that it takes a
	// named parameter account, and is there for tokens of that account alone.
	account bool
	// slow: it may take longer than some milliseconds, so it must not hold up
	// other requests of its connection.
	slow bool
	// leadingNull: programs of status-go pass a null before the parameters, for
	// an argument that its server took by mistake.
	leadingNull bool
	// timeout is the time it may take, from its arguments; nil: callTimeout.
	timeout func(args []json.RawMessage) time.Duration
	handler handler
}

// param names and explains one parameter; its type is the handler's.
type param struct{ name, doc string }

// example is a call that works, with its result as JSON. Calls in setup come
// first; a result that setup binds to a name replaces "{{name}}" in params.
type example struct {
	setup  []api.Call
	params string // JSON array
	result string
	fails  jsonrpc.Code // not 0: the call fails with it, since what it is about comes from others
}

// namespace is the part of a method's name before the first _ or dot.
func namespace(name string) string { return api.Namespace(name) }

func (m *method) paramNames() []string {
	names := make([]string, len(m.params))
	for i, p := range m.params {
		names[i] = p.name
	}
	return names
}

// flat lists the members of the only parameter if that is an object: they may
// then be given directly as named parameters.
func (m *method) flat() []string {
	if len(m.handler.args) != 1 || deref(m.handler.args[0]).Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for f := range deref(m.handler.args[0]).Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// handler is a Go function behind a method: the types of its arguments and
// result, and a call with undecoded arguments in order.
type handler struct {
	args   []reflect.Type
	result reflect.Type
	call   func(context.Context, arguments) (any, error)
}

// arguments are the parameters of a call in the order of the method's names; a
// missing one is nil.
type arguments struct {
	names []string
	raw   []json.RawMessage
}

func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
