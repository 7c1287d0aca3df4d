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

// scope is a set of permissions.
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
func scopeNames() string {
	var names []string
	for _, s := range api.Scopes() {
		names = append(names, string(s))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// String names a single scope.
func (s scope) String() string {
	for i, name := range api.Scopes() {
		if s == scopeRead<<i {
			return string(name)
		}
	}
	return string(api.ScopeDebug)
}

// method is a method of the contract with what this server does for it.
type method struct {
	api.Description
	scope   scope
	names   []string         // of the parameters, in order
	members []jsonrpc.Member // of those that are objects
	// call calls the handler with undecoded arguments in order; a missing one is
	// nil.
	call func(ctx context.Context, args []json.RawMessage) (any, error)
}

// namespace is the part of a method's name before the first _ or dot.
func namespace(name string) string { return api.Namespace(name) }

// timeout is the time that a call may take. Arguments that say it themselves
// shorten it.
func (m *method) timeout() time.Duration {
	switch {
	case m.Args.Implements(reflect.TypeFor[api.Patient]()):
		return maxCallTime
	case m.Timeout != 0:
		return min(m.Timeout, maxCallTime)
	}
	return callTimeout
}

// membersOf lists the members of the parameters that are objects: they may be
// given as named parameters directly, unless it is not clear which is meant.
func membersOf(params []api.Param) (out []jsonrpc.Member) {
	count := make(map[string]int)
	for i, p := range params {
		for _, name := range memberNames(p.Type) {
			out = append(out, jsonrpc.Member{Name: name, Param: i})
			count[strings.ToLower(name)]++
		}
	}
	clear := out[:0]
	for _, m := range out {
		taken := count[strings.ToLower(m.Name)] > 1
		for i, p := range params {
			taken = taken || i != m.Param && strings.EqualFold(p.Name, m.Name)
		}
		if !taken {
			clear = append(clear, m)
		}
	}
	return clear
}

// memberNames are the members of an object in JSON.
func memberNames(t reflect.Type) (names []string) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.Implements(reflect.TypeFor[api.Shaped]()) {
		return nil
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			names = append(names, memberNames(f.Type)...)
		case f.IsExported() && name != "-":
			names = append(names, name)
		}
	}
	return names
}
