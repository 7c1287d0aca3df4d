package rpc

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// reserveShare is the part of the connections, one of so many, that callers
// without a valid token always have.
const reserveShare = 16

// connTable bounds the connections of a listener. A new one always gets in:
// when there are max, another closes that has not shown a valid token, of the
// address that has most of those: the one that has waited longest, rather not
// one whose request has come or is being served. So nobody can keep others, a
// health check for instance, from being answered by opening connections.
type connTable struct {
	max     int
	trustAt int // how many may have shown a token
	closed  func()

	mu     sync.Mutex
	conns  map[*tableConn]struct{}
	peers  map[netip.Addr]int // those that have shown no token, by group of addresses
	proved int                // of conns, those that have shown a token
	shares map[*grant]int     // of proved, by token; nil: callers that need none
	hurry  bool               // the server stops
	empty  chan struct{}      // closed when it does and there are no connections
}

func newConnTable(max int, closed func()) *connTable {
	return &connTable{
		max: max, trustAt: max - max/reserveShare, closed: closed, conns: make(map[*tableConn]struct{}),
		peers: make(map[netip.Addr]int), shares: make(map[*grant]int), empty: make(chan struct{}),
	}
}

// tableConn is a connection in a table. The table's lock guards what follows
// the table.
type tableConn struct {
	*net.TCPConn
	table   *connTable
	peer    netip.Addr // a group of addresses
	open    bool
	proved  bool   // its last request had a valid token
	grant   *grant // of that token
	serving int    // requests that are being served: 0 or 1
	since   time.Time
	until   time.Time // what reads have time for; zero: for ever
}

// add takes a connection in, and closes another if need be.
func (t *connTable) add(conn *net.TCPConn) *tableConn {
	c := &tableConn{TCPConn: conn, table: t, open: true, since: time.Now(), peer: groupOf(conn)}
	t.mu.Lock()
	var victim *tableConn
	if len(t.conns) >= t.max {
		victim = t.crowding()
		if victim != nil {
			t.drop(victim)
		}
	}
	t.conns[c] = struct{}{}
	t.peers[c.peer]++
	t.mu.Unlock()
	t.end(victim)
	return c
}

func groupOf(conn net.Conn) netip.Addr {
	remote, _ := conn.RemoteAddr().(*net.TCPAddr)
	if remote == nil {
		return netip.Addr{}
	}
	return group(remote.AddrPort().Addr())
}

// crowding returns the connection that makes room for one without token. The
// caller holds mu.
func (t *connTable) crowding() *tableConn {
	largest := 0
	for _, n := range t.peers {
		largest = max(largest, n)
	}
	var all []*tableConn
	for c := range t.conns {
		if !c.proved && t.peers[c.peer] == largest {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, idler)
	for _, c := range all {
		if c.serving == 0 && !pending(c.TCPConn) {
			return c
		}
	}
	return all[0]
}

// idlest returns the connection that has waited longest, of those that may go;
// one that is being served only if there is no other. The caller holds mu.
func (t *connTable) idlest(may func(*tableConn) bool) *tableConn {
	var found *tableConn
	for c := range t.conns {
		if may(c) && (found == nil || idler(c, found) < 0) {
			found = c
		}
	}
	return found
}

// idler orders connections: those that are not being served first, of them the
// one that has waited longest.
func idler(a, b *tableConn) int {
	return cmp.Or(cmp.Compare(a.serving, b.serving), a.since.Compare(b.since))
}

// drop takes a connection out. The caller holds mu.
func (t *connTable) drop(c *tableConn) {
	if !c.open {
		return
	}
	c.open = false
	delete(t.conns, c)
	t.doubt(c)
	t.uncount(c)
	t.tellEmpty()
}

// tellEmpty closes empty when the server stops and the last connection is gone.
// The caller holds mu.
func (t *connTable) tellEmpty() {
	if !t.hurry || len(t.conns) > 0 {
		return
	}
	select {
	case <-t.empty: // a connection came in the last moment
	default:
		close(t.empty)
	}
}

// uncount takes a connection out of those without token of its address. The
// caller holds mu.
func (t *connTable) uncount(c *tableConn) {
	if t.peers[c.peer]--; t.peers[c.peer] == 0 {
		delete(t.peers, c.peer)
	}
}

// trust counts a connection for a token, doubt for none. The caller holds mu.
func (t *connTable) trust(c *tableConn, g *grant) {
	c.proved, c.grant = true, g
	t.uncount(c)
	t.proved++
	t.shares[g]++
}

func (t *connTable) doubt(c *tableConn) {
	if !c.proved {
		return
	}
	t.proved--
	if t.shares[c.grant]--; t.shares[c.grant] == 0 {
		delete(t.shares, c.grant)
	}
	c.proved, c.grant = false, nil
	t.peers[c.peer]++
}

// end closes a connection that had to go.
func (t *connTable) end(victim *tableConn) {
	if victim != nil {
		victim.TCPConn.Close()
		t.closed()
	}
}

// hasten gives everybody stopGrace to send the rest of a request, or to take
// what is written: those who do not shall not hold up a stop.
func (t *connTable) hasten() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hurry = true
	t.tellEmpty()
	for c := range t.conns {
		c.TCPConn.SetWriteDeadline(t.bound(time.Time{}))
		if !c.until.IsZero() {
			c.TCPConn.SetReadDeadline(t.bound(c.until))
		}
	}
}

// bound limits a deadline while the server stops. The caller holds mu.
func (t *connTable) bound(deadline time.Time) time.Time {
	if latest := time.Now().Add(stopGrace); t.hurry && (deadline.IsZero() || deadline.After(latest)) {
		return latest
	}
	return deadline
}

// SetDeadline implements net.Conn.
func (c *tableConn) SetDeadline(deadline time.Time) error {
	return errors.Join(c.SetReadDeadline(deadline), c.SetWriteDeadline(deadline))
}

// SetReadDeadline implements net.Conn. Who waits for ever, for the end of a call
// that is being served, goes on to do so.
func (c *tableConn) SetReadDeadline(deadline time.Time) error {
	c.table.mu.Lock()
	defer c.table.mu.Unlock()
	c.until = deadline
	if !deadline.IsZero() {
		deadline = c.table.bound(deadline)
	}
	return c.TCPConn.SetReadDeadline(deadline)
}

// SetWriteDeadline implements net.Conn.
func (c *tableConn) SetWriteDeadline(deadline time.Time) error {
	c.table.mu.Lock()
	defer c.table.mu.Unlock()
	return c.TCPConn.SetWriteDeadline(c.table.bound(deadline))
}

// Close implements net.Conn.
func (c *tableConn) Close() error {
	c.table.mu.Lock()
	c.table.drop(c)
	c.table.mu.Unlock()
	return c.TCPConn.Close()
}

// begin notes that a request is served, rest that it has been.
func (c *tableConn) begin() {
	c.table.mu.Lock()
	defer c.table.mu.Unlock()
	c.serving = 1
}

func (c *tableConn) rest(forget bool) {
	t := c.table
	t.mu.Lock()
	defer t.mu.Unlock()
	c.serving, c.since = 0, time.Now()
	if forget {
		t.doubt(c)
	}
}

// prove notes that a connection has shown a valid token. When too many have, one
// of them that waits for its next request closes, or else one of the token that
// has most, if it has more than this one would have; false says that there is
// none.
func (c *tableConn) prove(g *grant) bool {
	t := c.table
	t.mu.Lock()
	if c.proved && c.grant == g || !c.open {
		t.mu.Unlock()
		return true
	}
	t.doubt(c)
	var victim *tableConn
	if t.proved >= t.trustAt {
		victim = t.idlest(func(c *tableConn) bool { return c.proved && c.serving == 0 })
		if victim == nil {
			victim = t.ofRichest(t.shares[g] + 1)
		}
		if victim == nil {
			t.mu.Unlock()
			return false
		}
		t.drop(victim)
	}
	t.trust(c, g)
	t.mu.Unlock()
	t.end(victim)
	return true
}

// ofRichest returns the oldest connection of the token that has most, if those
// are more than a number. The caller holds mu.
func (t *connTable) ofRichest(limit int) *tableConn {
	richest := most(limit, t.shares, func(n int) int { return n })
	if richest == nil {
		return nil
	}
	return t.idlest(func(c *tableConn) bool { return c.proved && c.grant == *richest })
}

// connKey is where the context of a request has its tableConn.
type connKey struct{}

// withConn puts the connection into the context of its requests:
// http.Server.ConnContext.
func withConn(ctx context.Context, conn net.Conn) context.Context {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	c, _ := conn.(*tableConn)
	return context.WithValue(ctx, connKey{}, c)
}

// connOf returns the connection of a request, nil for one of another listener.
func connOf(r *http.Request) *tableConn {
	c, _ := r.Context().Value(connKey{}).(*tableConn)
	return c
}

// watched notes when connections are served. With forget, what a request has
// shown counts for that request only.
func watched(next http.Handler, forget bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := connOf(r); c != nil {
			c.begin()
			defer c.rest(forget)
		}
		next.ServeHTTP(w, r)
	})
}
