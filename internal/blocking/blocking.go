// Package blocking lets an owner go on when a call into other people's code
// does not end with a context: a lookup of a name, a question to a gateway, a
// request to a node. Such a call is made in a goroutine of its own; when the
// context ends first, the caller returns and the call is left behind, to end
// when it will. What it returns then is dropped, so it must touch nothing that
// its owner releases.
package blocking

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p/nat"
)

// Call returns what fn returns, or the error of ctx if that ends before.
func Call[T any](ctx context.Context, fn func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	done := make(chan answer, 1) // holds the answer: who is left behind does not wait
	go func() {
		value, err := fn()
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// farewell is how long a gateway may take to remove mappings after the end.
const farewell = 300 * time.Millisecond

// gateway is a nat.Interface whose calls end with a context.
type gateway struct {
	nat.Interface
	ctx  context.Context //nolint:containedctx // the interface has no place for one
	name string

	mu     sync.Mutex
	mapped map[mapping]bool
	grace  context.Context // of the removals after the end; nil: none yet
}

type mapping struct {
	protocol string
	external int
}

// Gateway bounds a gateway by ctx. go-ethereum's search for one takes two
// seconds, its questions may take longer, and whoever uses it waits for them to
// stop. After the end of ctx, mappings that were made are removed within 300 ms
// for all of them together, and what takes longer is left to the lifetime of
// the mapping. nil and a fixed address, which go-ethereum knows by its type,
// are returned as they are.
func Gateway(ctx context.Context, g nat.Interface) nat.Interface {
	if _, fixed := g.(nat.ExtIP); g == nil || fixed {
		return g
	}
	// The name now: during its search go-ethereum's gateway does not tell it.
	return &gateway{Interface: g, ctx: ctx, name: g.String(), mapped: make(map[mapping]bool)}
}

// ExternalIP implements nat.Interface.
func (g *gateway) ExternalIP() (net.IP, error) { return Call(g.ctx, g.Interface.ExternalIP) }

// AddMapping implements nat.Interface.
func (g *gateway) AddMapping(protocol string, ext, in int, name string, lifetime time.Duration) (uint16, error) {
	return Call(g.ctx, func() (uint16, error) {
		port, err := g.Interface.AddMapping(protocol, ext, in, name, lifetime)
		if err == nil {
			g.note(mapping{protocol, int(port)}, true)
			g.note(mapping{protocol, ext}, true) // some users remove what they asked for
		}
		return port, err
	})
}

// DeleteMapping implements nat.Interface. There is nothing to do for a mapping
// that was never made.
func (g *gateway) DeleteMapping(protocol string, ext, in int) error {
	key := mapping{protocol, ext}
	ctx, known := g.removal(key)
	if !known {
		return nil
	}
	_, err := Call(ctx, func() (struct{}, error) { return struct{}{}, g.Interface.DeleteMapping(protocol, ext, in) })
	if err == nil {
		g.note(key, false)
	}
	return err
}

// removal returns how long a mapping may take to be removed, and whether there
// is one.
func (g *gateway) removal(key mapping) (context.Context, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx.Err() == nil {
		return g.ctx, g.mapped[key]
	}
	if g.grace == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(g.ctx), farewell)
		context.AfterFunc(ctx, cancel)
		g.grace = ctx
	}
	return g.grace, g.mapped[key]
}

func (g *gateway) note(key mapping, there bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if there {
		g.mapped[key] = true
	} else {
		delete(g.mapped, key)
	}
}

// String implements nat.Interface.
func (g *gateway) String() string { return g.name }
