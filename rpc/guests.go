package rpc

import (
	"context"
	"strings"
	"sync"
	"time"

	"statusd/api"
	"statusd/internal/store"
)

// ownerLocal is the owner of what is made by who holds the data directory:
// over the unix socket, with the token in the file rpc-token, or over HTTP
// without authentication. It is one and the same, and does not end.
const ownerLocal = "local"

// tokenOwner and the name of a token are the owner of what the token makes. A
// new token of the same name goes on with it.
const tokenOwner = "token:"

// owner names whom the caller's consumers belong to. Like the grant it is
// decided once, when the connection is authenticated.
func (c *caller) owner() string {
	if c.local() {
		return ownerLocal
	}
	return tokenOwner + c.grant.name
}

// ownerEnded reports whether the token of an owner is no longer valid.
func (s *Server) ownerEnded(owner string) bool {
	name, ok := strings.CutPrefix(owner, tokenOwner)
	return ok && !s.tokens.has(name, time.Now())
}

// local tells whether the caller holds the data directory.
func (c *caller) local() bool { return c.grant == nil || c.grant.root }

// The consumers of tokens fit among the store's, whatever each token makes.
const _ = uint(store.MaxConsumers - maxTokens*store.TokenConsumers)

// party is the caller towards the named consumers of events: whose they are is
// decided here alone.
func (c *caller) party() store.Party {
	p := store.Party{Owner: c.owner(), All: c.scopes&scopeAdmin != 0}
	if c.local() {
		p.Limit = store.LocalConsumers
	} else {
		p.Limit, p.Shared = store.TokenConsumers, true
	}
	// Over the socket one may work with those without owner anyway, and people
	// who look after a program's consumer there shall not take it away from it.
	p.Heir = c.grant != nil && (c.grant.root || c.grant.old)
	return p
}

// guests are the callers in the Waku host: each owner has filters and keys of
// its own. Those of a token end with it, even if another one gets its name.
type guests struct {
	enter func() WakuGuest
	gone  func(owner string) // called when a token has ended; nil: nobody wants to know

	mu     sync.Mutex
	open   map[*grant]WakuGuest // nil: ownerLocal
	timers map[*grant]*time.Timer
	closed bool
}

func newGuests(enter func() WakuGuest) *guests {
	return &guests{enter: enter, open: make(map[*grant]WakuGuest), timers: make(map[*grant]*time.Timer)}
}

// here returns the guest of the call that ctx belongs to.
func (g *guests) here(ctx context.Context) (WakuGuest, error) { return g.of(callFrom(ctx).caller) }

// of returns the guest of a caller.
func (g *guests) of(c *caller) (WakuGuest, error) {
	key := c.grant
	if c.local() {
		key = nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.closed || key.over(now) {
		return nil, api.NewError(api.CodeUnauthenticated, "the token is no longer valid")
	}
	guest := g.open[key]
	if guest == nil {
		guest = g.enter()
		g.open[key] = guest
		if left, known := key.left(now); known {
			g.timers[key] = time.AfterFunc(left, g.sweep)
		}
	}
	return guest, nil
}

// sweep sends those away whose token has ended.
func (g *guests) sweep() {
	g.leave(func(key *grant) bool { return key.over(time.Now()) })
}

// close sends all away and lets nobody in any more.
func (g *guests) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.leave(func(*grant) bool { return true })
}

func (g *guests) leave(which func(*grant) bool) {
	g.mu.Lock()
	var gone []WakuGuest
	var names []string
	for key, guest := range g.open {
		if !which(key) {
			continue
		}
		gone = append(gone, guest)
		if key != nil {
			names = append(names, (&caller{grant: key}).owner())
		}
		delete(g.open, key)
		if t := g.timers[key]; t != nil {
			t.Stop()
			delete(g.timers, key)
		}
	}
	g.mu.Unlock()
	for _, guest := range gone {
		guest.Close()
	}
	for _, owner := range names {
		if g.gone != nil {
			g.gone(owner)
		}
	}
}

// guestAPI is the waku namespace for one caller: what others own is out of its
// reach.
type guestAPI struct {
	*wakuAPI
	guest WakuGuest
}

// asGuest makes a handler of a method that works on the caller's own filters
// and keys. It is here that the caller becomes their owner.
func asGuest[A, R any](
	a *wakuAPI, f func(*guestAPI, context.Context, A) (R, error),
) func(context.Context, A) (R, error) {
	return func(ctx context.Context, in A) (R, error) {
		g, err := a.guests.here(ctx)
		if err != nil {
			var none R
			return none, err
		}
		return f(&guestAPI{a, g}, ctx, in)
	}
}
