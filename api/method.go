package api

import (
	"context"
	"reflect"
	"strings"
	"time"
)

// FirstRelease is the release of the daemon in which the first methods
// appeared; the Since of a method that does not say another one.
const FirstRelease = "0.1.0"

// Scope is a permission of a token. A method needs exactly one.
type Scope string

// Scopes.
const (
	ScopeRead     Scope = "read"     // look, change nothing
	ScopeSend     Scope = "send"     // send messages, use chats, groups and Waku
	ScopeEvents   Scope = "events"   // named consumers of events: subscribe, acknowledge, remove
	ScopeContacts Scope = "contacts" // change contacts
	ScopeAccount  Scope = "account"  // make, open, change and delete accounts
	ScopeAdmin    Scope = "admin"    // operate the node
	ScopeDebug    Scope = "debug"    // look into the process
)

// Scopes lists all scopes, the least powerful first.
func Scopes() []Scope {
	return []Scope{ScopeRead, ScopeSend, ScopeEvents, ScopeContacts, ScopeAccount, ScopeAdmin, ScopeDebug}
}

// Values implements Enum.
func (Scope) Values() []Scope { return Scopes() }

// Spec says everything about a method but its types.
type Spec struct {
	Name    string
	AliasOf string // name of the method that this is another name of
	Scope   Scope
	Since   string // release of the daemon; empty: FirstRelease
	Summary string // what it does, a sentence or a few
	Returns string // what it answers, in words
	Example Example
	// Errors are the codes that it answers with besides those that every method
	// may answer with (AnyErrors).
	Errors []Code
	// Account: it works on the account that is logged in, so that it takes a
	// named parameter account, and is there for tokens of that account alone.
	// Describe sets it for the namespaces that are about nothing else.
	Account bool
	// Secret: parameters or result are key material or passwords. Over TCP the
	// method is there on loopback or TLS only.
	Secret bool
	// Slow: it may take longer than some milliseconds, so that it does not hold
	// up other requests of its connection.
	Slow bool
	// LeadingNull: programs of status-go pass a null before the parameters, for
	// an argument that its server took by mistake.
	LeadingNull bool
	// Topic is the name of what a subscription pushes, its first argument.
	Topic string
	// Timeout is the time that a call may take; 0 is DefaultTimeout. Arguments
	// that implement Patient say it themselves.
	Timeout time.Duration
}

// Times that calls may take.
const (
	DefaultTimeout = 30 * time.Second
	MaxTimeout     = 10 * time.Minute
)

// Patient is implemented by arguments that say how long their call may take.
type Patient interface {
	// CallTimeout is the time that the call may take, at most MaxTimeout.
	CallTimeout() time.Duration
}

// FileReader is implemented by arguments that may name files of the daemon's
// machine. They are read for callers on the unix socket only, who have the
// rights of the daemon's user or group anyway.
type FileReader interface {
	// LocalFiles are the paths that the arguments name; empty ones count as none.
	LocalFiles() []string
}

// Example is a call that works, with its answer, both JSON; the answer may have
// more members than the example shows, and other values where they are random.
type Example struct {
	Setup  []Call // to make first; what they bind replaces {{name}} in Params
	Params string // a JSON array
	Result string
	// Fails is not 0 where the call fails without what others would have to
	// send first: with that code.
	Fails Code
}

// Call is a call that an example needs.
type Call struct {
	Method string `json:"method"`
	Params JSON   `json:"params"` // an array
	// Bind names what it answers or, with At, the part of it at that JSON
	// pointer.
	Bind string `json:"bind,omitempty"`
	At   string `json:"at,omitempty"`
}

// JSON is a text that is JSON already.
type JSON string

// MarshalJSON implements json.Marshaler.
func (j JSON) MarshalJSON() ([]byte, error) { return []byte(j), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (j *JSON) UnmarshalJSON(in []byte) error {
	*j = JSON(in)
	return nil
}

// None are the arguments of methods that take none, and the result of those
// that answer null.
type None struct{}

// MarshalJSON implements json.Marshaler: null.
func (None) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// UnmarshalJSON implements json.Unmarshaler: whatever it is, it says nothing.
func (*None) UnmarshalJSON([]byte) error { return nil }

// Method is a method with the types of its arguments and of its result.
type Method[Args, Result any] Spec

// Caller makes calls; the clients of package client implement it.
type Caller interface {
	// Call calls the method with parameters by name, a struct or None, and
	// decodes what it answers into result. An error that the daemon answered
	// is an *Error.
	Call(ctx context.Context, method Spec, args, result any) error
}

// Call calls the method.
func (m Method[Args, Result]) Call(ctx context.Context, c Caller, args Args) (Result, error) {
	var out Result
	err := c.Call(ctx, Spec(m), args, &out)
	return out, err
}

// Describe returns everything about the method, for servers, documents and
// generators.
func (m Method[Args, Result]) Describe() Description {
	return describe(Spec(m), Description{Args: reflect.TypeFor[Args](), Result: reflect.TypeFor[Result]()})
}

// Subscription is a method that answers the id of a subscription, and then
// pushes events of a type over the connection, as notifications. The first of
// its arguments, if it has any, is the name of what is subscribed to.
type Subscription[Args, ID, Event any] Spec

// Describe returns everything about the method.
func (m Subscription[Args, ID, Event]) Describe() Description {
	return describe(Spec(m), Description{
		Args: reflect.TypeFor[Args](), Result: reflect.TypeFor[ID](), Event: reflect.TypeFor[Event](),
	})
}

// Described is a method or a subscription of whatever types.
type Described interface{ Describe() Description }

// Description is a method with its types as values.
type Description struct {
	Spec
	Args, Result reflect.Type
	Event        reflect.Type // of a subscription; else nil
}

// describe fills in what a method leaves to the rules.
func describe(s Spec, d Description) Description {
	if s.Since == "" {
		s.Since = FirstRelease
	}
	switch Namespace(s.Name) {
	case "wakuext", "mailservers": // what these touch is an account's
		s.Account = true
	}
	d.Spec = s
	return d
}

// Namespace is the part of a method's name before the first _ or dot. Short
// names belong to the daemon itself, the namespace status.
func Namespace(name string) string {
	if i := strings.IndexAny(name, "_."); i >= 0 {
		return name[:i]
	}
	return "status"
}

// Param is a parameter of a method.
type Param struct {
	Name     string
	Doc      string
	Type     reflect.Type
	Optional bool
}

// Params lists the parameters in their order on the wire.
func (d Description) Params() []Param {
	if d.Args == reflect.TypeFor[None]() {
		return nil
	}
	var out []Param
	for f := range d.Args.Fields() {
		name, optional := fieldName(f)
		out = append(out, Param{
			Name: name, Doc: f.Tag.Get("doc"), Type: f.Type, Optional: optional || f.Type.Kind() == reflect.Pointer,
		})
	}
	if d.Topic != "" && len(out) > 0 {
		out[0].Doc = d.Topic
	}
	return out
}
