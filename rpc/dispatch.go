package rpc

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"maps"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"statusd/api"
	"statusd/internal/nearest"
	"statusd/rpc/jsonrpc"
)

// Limits of calls (spec 07 section 5).
const (
	maxBatchItems  = 1000
	maxBatchAnswer = 25_000_000 // bytes
	callTimeout    = api.DefaultTimeout
	maxCallTime    = api.MaxTimeout
)

// caller is who calls, and what he may do. It belongs to one connection or
// HTTP request and does not change.
type caller struct {
	transport string // ipc, http or ws
	remote    string // address, for the log
	scopes    scope
	grant     *grant          // of the token; nil: there was none
	private   bool            // nobody can listen in: socket, loopback or TLS
	modules   map[string]bool // namespaces on offer; nil: all
	subs      *subscriptions  // nil: the transport cannot push
	unread    *atomic.Int64   // bytes that were not written to a connection on the socket yet; nil: it is not there
}

func (c *caller) offers(ns string) bool {
	return c.modules == nil || c.modules[ns] || ns == metaNamespace
}

// call is what a handler can learn of the call it serves, by callFrom.
type call struct {
	caller *caller
	id     string                  // in the log and in error data
	after  []func(context.Context) // to run when the answer has been written, with the context of the connection
}

type callKey struct{}

func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// dispatcher finds the method of a request, checks that the caller may use
// it, and makes an answer of what it returns.
type dispatcher struct {
	methods map[string]*method
	log     *zap.Logger
	metrics *metrics
	// current returns the account that is logged in as 0x key-uid, "" for none.
	current func() string
	// maxAnswer bounds the answer to a batch, in bytes. What exceeds it is
	// still sent, the rest of the batch is not run.
	maxAnswer int
	budget    *budget // answers count against it until they are written
}

// reply is what a message leads to.
type reply struct {
	body  []byte   // nil: nobody waits for an answer
	code  api.Code // of the error of a single request; 0: none
	after []func(context.Context)

	unread unread
	held   int64 // bytes that unread counts until release
}

// count takes the body for what unread counts.
func (r *reply) count() {
	now := int64(cap(r.body))
	r.unread.add(now - r.held)
	r.held = now
}

// release is called when the answer has been written, or never will be.
func (r *reply) release() {
	if r.held != 0 {
		r.unread.add(-r.held)
		r.held = 0
	}
}

// slow tells whether serving a message may take a while.
func (d *dispatcher) slow(m jsonrpc.Message) bool {
	return slices.ContainsFunc(m.Items, func(it jsonrpc.Item) bool {
		meth := d.methods[it.Method]
		return it.Err == nil && meth != nil && meth.Slow
	})
}

// fault answers a message that is not served at all. The error is sent once,
// in the form that fits the message.
func (d *dispatcher) fault(m jsonrpc.Message, e *api.Error) reply {
	e.Data.RequestID = newRequestID()
	var id json.RawMessage
	if len(m.Items) > 0 {
		id = m.Items[0].ID
	}
	d.metrics.count("", e.Code, 0)
	body := jsonrpc.AppendError(nil, id, e)
	if m.Batch {
		body = append(append([]byte{'['}, body...), ']')
	}
	return reply{body: body, code: e.Code}
}

// serve runs the requests of a message, one after the other. The reply has to be
// released.
func (d *dispatcher) serve(ctx context.Context, c *caller, m jsonrpc.Message) reply {
	if !m.Batch {
		return d.one(ctx, c, &m.Items[0])
	}
	ctx, cancel := context.WithTimeout(ctx, maxCallTime)
	defer cancel()
	all := reply{unread: d.budget.unreadOf(c)}
	for i := range m.Items {
		it := &m.Items[i]
		if len(all.body) > d.maxAnswer {
			it.Err = api.NewError(api.CodeTooLargeReply, "response too large").
				WithHint("the answers of one batch may have %d bytes; this request was not run", d.maxAnswer)
		}
		one := d.one(ctx, c, it)
		all.after = append(all.after, one.after...)
		if one.body == nil {
			continue
		}
		if all.body == nil {
			all.body = []byte{'['}
		} else {
			all.body = append(all.body, ',')
		}
		all.body = append(all.body, one.body...)
		one.release()
		all.count()
	}
	if all.body != nil {
		all.body = append(all.body, ']')
		all.count()
	}
	return all
}

// one serves a single request.
func (d *dispatcher) one(ctx context.Context, c *caller, it *jsonrpc.Item) reply {
	start := time.Now()
	info := &call{caller: c, id: newRequestID()}
	if it.Notification() && c.subs != nil {
		mute := *c // nobody would learn the id of a subscription
		mute.subs = nil
		info.caller = &mute
	}
	r := reply{unread: d.budget.unreadOf(c)}
	var result json.RawMessage
	failure := it.Err
	if failure == nil && !r.unread.room() {
		failure = errUnread()
	}
	if failure == nil {
		result, failure = d.run(context.WithValue(ctx, callKey{}, info), info, it)
	}
	if !r.unread.bears(int64(len(result))) && d.repeatable(it.Method) {
		result, failure = nil, errUnread() // others had the same idea at the same time
	}
	var code api.Code
	if failure != nil {
		code = failure.Code
		failure.Data.RequestID = info.id
	}
	took := time.Since(start)
	d.metrics.count(d.label(it.Method), code, took)
	if ce := d.log.Check(zap.DebugLevel, "call served"); ce != nil {
		ce.Write(zap.String("method", d.label(it.Method)), zap.String("request", info.id), zap.Int("code", int(code)),
			zap.String("transport", c.transport), zap.String("remote", c.remote), zap.Duration("took", took))
	}
	if it.Notification() {
		return reply{after: info.after}
	}
	r.code, r.after = code, info.after
	if failure != nil {
		r.body = jsonrpc.AppendError(nil, it.ID, failure)
	} else {
		r.body = jsonrpc.AppendResult(make([]byte, 0, len(result)+len(it.ID)+32), it.ID, result)
	}
	r.count()
	return r
}

// repeatable tells whether a call that was made can be made again.
func (d *dispatcher) repeatable(name string) bool {
	m := d.methods[name]
	return m != nil && m.scope == scopeRead
}

// label keeps what a client makes up out of the metrics and the log.
func (d *dispatcher) label(name string) string {
	if _, ok := d.methods[name]; ok {
		return name
	}
	return ""
}

// run checks a request against its method and calls it.
func (d *dispatcher) run(ctx context.Context, info *call, it *jsonrpc.Item) (json.RawMessage, *api.Error) {
	c := info.caller
	m := d.methods[it.Method]
	if m == nil || !c.offers(namespace(m.Name)) {
		return nil, d.unknown(it.Method, m != nil)
	}
	if err := permitted(c, m); err != nil {
		return nil, err
	}
	if err := d.allowed(c, m); err != nil {
		return nil, err
	}
	params, bad := d.ofAccount(m, it.Params)
	if bad != nil {
		return nil, bad
	}
	if m.LeadingNull {
		params = jsonrpc.SkipLeadingNull(params, len(m.names))
	}
	args, bad := jsonrpc.Bind(params, m.names, m.members)
	if bad != nil {
		return nil, bad
	}
	ctx, cancel := context.WithTimeout(ctx, m.timeout())
	defer cancel()
	v, err := d.protect(ctx, m, info, args)
	if err != nil {
		return nil, failureOf(ctx, err)
	}
	if done, ok := v.(json.RawMessage); ok { // it is JSON already
		return done, nil
	}
	result, err := jsonrpc.Marshal(v)
	if err != nil {
		d.log.Error("result cannot be encoded", zap.String("method", m.Name), zap.String("request", info.id), zap.Error(err))
		return nil, internalError()
	}
	return result, nil
}

// allowed checks the token of the caller: that it has not ended meanwhile, and
// whose account it is for.
func (d *dispatcher) allowed(c *caller, m *method) *api.Error {
	if c.grant.over(time.Now()) {
		return api.NewError(api.CodeUnauthenticated, "the token is no longer valid")
	}
	if m.Account && c.grant != nil && c.grant.account != "" && c.grant.account != d.current() {
		return api.NewError(api.CodeNotLoggedIn, "the account %s, which the token is for, is not logged in",
			c.grant.account).WithHint("log in with account_login, or: statusd account login")
	}
	return nil
}

// ofAccount takes the parameter account, which every method of an account may
// have, out of named parameters, and checks that it is the one logged in.
func (d *dispatcher) ofAccount(m *method, params json.RawMessage) (json.RawMessage, *api.Error) {
	if !m.Account {
		return params, nil
	}
	rest, value := jsonrpc.TakeMember(params, "account")
	if value == nil || string(value) == "null" {
		return rest, nil
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return nil, api.NewError(api.CodeInvalidParams, "account must be the key-uid of an account")
	}
	if uid, err := accountOf(text); err != nil || uid == "" || uid != d.current() {
		return nil, api.NewError(api.CodeNotLoggedIn, "the account %q is not logged in", shortened(text)).
			WithHint("account is the key-uid of an account; log in with account_login, or: statusd account login")
	}
	return rest, nil
}

// protect calls the handler and turns a panic into an error.
func (d *dispatcher) protect(ctx context.Context, m *method, info *call, args []json.RawMessage) (v any, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("method panicked", zap.String("method", m.Name), zap.String("request", info.id),
				zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
			err = internalError()
		}
	}()
	return m.call(ctx, args)
}

func internalError() *api.Error {
	return api.NewError(api.CodeInternal, "internal error").
		WithHint("this is a defect of the daemon; the log has the details under the request id")
}

// permitted checks scope and, for key material, who could listen in.
func permitted(c *caller, m *method) *api.Error {
	if c.scopes&m.scope == 0 {
		return lacks(m.scope, m.Name)
	}
	if m.Secret && !c.private {
		return api.NewError(api.CodeScope, "%s handles secrets and is refused on this connection", m.Name).
			WithHint("call it over the unix socket, from this machine, or over TLS")
	}
	return nil
}

// lacks is the answer to a caller without a scope.
func lacks(s scope, what string) *api.Error {
	e := api.NewError(api.CodeScope, "the token lacks the scope %q that %s needs", s.String(), what)
	return e.WithHint("make a token that has it, with: statusd token add --name NAME --scope %s,…; the unix socket "+
		"allows everything, as in: statusd rpc METHOD", s)
}

// unknown is the answer to a method that does not exist, or not here.
func (d *dispatcher) unknown(name string, exists bool) *api.Error {
	e := api.NewError(api.CodeMethodNotFound, "the method %s does not exist/is not available", name)
	switch ns := namespace(name); {
	case exists:
		return e.WithHint("the namespace %s is not in APIModules, so it is offered on the unix socket only", ns)
	case skippedNamespace(ns):
		return e.WithHint("%s_* belongs to the wallet and browser parts of the app, which this daemon leaves out", ns)
	default:
		if hint, ok := leftOut(name); ok {
			return e.WithHint("%s", hint)
		}
		if hint, ok := replaced(name); ok {
			return e.WithHint("%s", hint)
		}
		if near := d.nearest(name); near != "" {
			return e.WithHint("did you mean %s? rpc.discover lists all methods", near)
		}
		return e.WithHint("rpc.discover lists all methods")
	}
}

// skippedNamespace tells whether status-go has methods in a namespace that we
// leave out (spec 07 section 5.1).
func skippedNamespace(ns string) bool {
	switch ns {
	case "wallet", "browsers", "permissions", "localnotifications", "eth", "debug", "txpool", "personal":
		return true
	}
	return false
}

// nearest returns the known method closest to a misspelt name, if any is.
func (d *dispatcher) nearest(name string) string {
	return nearest.Word(name, slices.Sorted(maps.Keys(d.methods)))
}

func newRequestID() string {
	var b [6]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
