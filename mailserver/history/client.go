package history

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/internal/broadcast"
	"statusd/waku"
	"statusd/waku/wire"
)

// Network is the Waku host as the client uses it.
type Network interface {
	Seal(context.Context, waku.Post) (*wire.Envelope, error)
	SendP2PRequest(enode.ID, []byte) error
	TrustPeer(enode.ID)
	PeerConnected(enode.ID) bool
}

// Dialer manages connections to servers. Both calls return at once; what they
// lead to shows as PeerUp and PeerDown.
type Dialer interface {
	// Connect connects to a server, and again when the connection is lost.
	Connect(*enode.Node) error
	// Disconnect takes Connect back. Connections that somebody else wants stay.
	Disconnect(*enode.Node) error
}

// Store keeps the ledger and unfinished fetches. Calls are made one at a time.
type Store interface {
	// Spans returns what has been fetched of a topic.
	Spans(wire.Topic) (Spans, error)
	// SaveSpans replaces it for several topics at once, atomically, and
	// forgets the unfinished fetch with this key, if key is not empty.
	SaveSpans(map[wire.Topic]Spans, string) error
	// Resume returns the unfinished fetch with this key, nil if there is none.
	Resume(key string) (*Bookmark, error)
	// SaveBookmark keeps how far a fetch has come.
	SaveBookmark(key string, b Bookmark) error
}

// Config sets up a Client.
type Config struct {
	Logger  *zap.Logger
	Now     func() time.Time  // nil: time.Now; the NTP-corrected clock
	NodeKey *ecdsa.PrivateKey // signs requests: servers demand the peer's own key
	Store   Store             // nil: Sync does not work
	Servers []Server
	Dialer  Dialer // nil: only servers that are connected are asked

	// Ended, which may be nil, is called at the end of each request that was
	// sent, after its envelopes have gone through the filters, from the goroutine
	// that fetches. Requests whose caller gives up have no end.
	Ended func(RequestEnd)

	Timeout        time.Duration // without any progress; 0: 30 s
	ConnectTimeout time.Duration // 0: 10 s
	Tries          int           // on one server before the next; 0: 2
	PoWTarget      float64       // of request envelopes; 0: waku.DefaultMinPoW
	TTL            uint32        // of request envelopes in seconds; 0: 50
}

// Defaults of spec 02 section 9.
const (
	DefaultTimeout        = 30 * time.Second
	DefaultConnectTimeout = 10 * time.Second
	DefaultTries          = 2

	defaultTTL  = 50 // seconds
	visitLinger = 30 * time.Second
	// longestPage is how long one page may take, however steadily it comes:
	// servers of this kind give up after ten minutes.
	longestPage    = 15 * time.Minute
	requestPoWTime = 5 * time.Second
	// grace is how long stragglers of a finished request are still taken.
	grace = 10 * time.Second
)

// Client fetches history. It is safe for concurrent use.
type Client struct {
	cfg Config
	log *zap.Logger

	// net is set once, before the host runs: host and client know each other.
	net Network

	storeMu sync.Mutex // makes the ledger's read-modify-write steps atomic

	mu      sync.Mutex
	servers map[enode.ID]*server
	visits  map[enode.ID]*line // peers asked now that are not among servers
	active  map[enode.ID]*pending
	changed broadcast.Waiters // a peer comes or goes
}

// pending is an exchange and the goroutine that waits for it.
type pending struct {
	exchange
	take     func(*wire.Envelope) // gets the envelopes instead of the filters; nil: nobody does
	began    time.Time
	progress chan struct{} // capacity 1
	done     chan outcome  // capacity 1
}

// RequestEnd is how a request ended.
type RequestEnd struct {
	ID     wire.Hash
	Silent bool      // the server did not answer
	Last   wire.Hash // last envelope of the page, as the server names it
	Cursor []byte    // where the next page starts; nil: nothing is left
	Error  string    // what the server answers instead, or what is wrong with its answer
}

// outcome is the end of an exchange, judged at the moment it came.
type outcome struct {
	answer answer
	err    error
}

// New builds a client. Attach must be called before it is used.
func New(cfg Config) (*Client, error) {
	if cfg.NodeKey == nil {
		return nil, errors.New("a node key is required")
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = DefaultConnectTimeout
	}
	if cfg.Tries <= 0 {
		cfg.Tries = DefaultTries
	}
	if cfg.PoWTarget == 0 {
		cfg.PoWTarget = waku.DefaultMinPoW
	}
	if cfg.TTL == 0 {
		cfg.TTL = defaultTTL
	}
	c := &Client{
		cfg: cfg, log: cfg.Logger.Named("history"), servers: make(map[enode.ID]*server),
		visits: make(map[enode.ID]*line), active: make(map[enode.ID]*pending),
	}
	c.SetServers(cfg.Servers)
	return c, nil
}

// Attach gives the client its network: the host that it serves as MailReplies
// and Watcher. Servers become trusted there.
func (c *Client) Attach(net Network) {
	c.net = net
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, s := range c.servers {
		net.TrustPeer(id)
		s.status.Connected = net.PeerConnected(id)
	}
}

// SetServers replaces the servers. The records of those that stay are kept.
func (c *Client) SetServers(list []Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.servers
	c.servers = make(map[enode.ID]*server, len(list))
	for _, s := range list {
		fresh := newServer(s)
		id := fresh.status.ID
		if have := old[id]; have != nil {
			fresh.line, fresh.status = have.line, have.status
			fresh.status.Enode = s.Node.URLv4()
			if have.Password == s.Password {
				fresh.key = have.key
			}
		} else if l := c.visits[id]; l != nil {
			fresh.line = l // who is asking it now stands in the same line
		}
		c.servers[id] = fresh
		if c.net != nil {
			c.net.TrustPeer(id)
			fresh.status.Connected = c.net.PeerConnected(id)
		}
	}
	c.wake()
}

// wake tells those who wait that something has changed. The caller holds mu.
func (c *Client) wake() {
	c.changed.Wake()
}

// Status describes the servers, in the order in which they would be asked.
func (c *Client) Status() []ServerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]ServerStatus, 0, len(c.servers))
	for _, s := range c.ranked() {
		out = append(out, s.status)
	}
	return out
}

// ranked returns the servers, the best first. The caller holds mu.
func (c *Client) ranked() []*server {
	list := make([]*server, 0, len(c.servers))
	for _, s := range c.servers {
		list = append(list, s)
	}
	rank(list, c.cfg.Now())
	return list
}

// PeerUp implements waku.PeerWatcher.
func (c *Client) PeerUp(id enode.ID) { c.setConnected(id, true) }

// PeerDown implements waku.PeerWatcher.
func (c *Client) PeerDown(id enode.ID) { c.setConnected(id, false) }

func (c *Client) setConnected(id enode.ID, up bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.servers[id]; s != nil {
		s.status.Connected = up
	}
	c.wake()
}

// Accept implements waku.MailClient.
func (c *Client) Accept(peer enode.ID, env *wire.Envelope) bool {
	ok, take := c.judge(peer, env)
	if ok && take != nil {
		take(env)
		return false
	}
	return ok
}

// judge says whether an envelope belongs to what was asked, and who gets it.
func (c *Client) judge(peer enode.ID, env *wire.Envelope) (ok bool, take func(*wire.Envelope)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.active[peer]
	if p == nil {
		return false, nil
	}
	if !p.over.IsZero() && c.cfg.Now().After(p.over) {
		delete(c.active, peer)
		return false, nil
	}
	before := len(p.seen)
	ok = p.accept(env)
	if len(p.seen) > before { // else it was not asked for, and is no sign of life
		select {
		case p.progress <- struct{}{}:
		default:
		}
	}
	return ok, p.take
}

// Complete implements waku.MailClient.
func (c *Client) Complete(peer enode.ID, end *wire.RequestComplete) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.active[peer]
	if p == nil || p.id != end.ID || !p.over.IsZero() {
		return
	}
	p.over = c.cfg.Now().Add(grace)
	a, err := p.complete(end)
	p.done <- outcome{a, err} // capacity 1, and over lets only one in
}

// connect waits until the server is a peer.
func (c *Client) connect(ctx context.Context, s *server) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ConnectTimeout)
	defer cancel()
	id := s.Node.ID()
	for asked := false; ; {
		c.mu.Lock()
		changed := c.changed.Next()
		c.mu.Unlock()
		if c.net.PeerConnected(id) {
			return nil
		}
		if c.cfg.Dialer == nil {
			return fmt.Errorf("%w: not connected", ErrGone)
		}
		if !asked {
			if err := c.cfg.Dialer.Connect(s.Node); err != nil {
				return fmt.Errorf("connect to server: %w", err)
			}
			asked = true
			c.mu.Lock()
			s.line.dialled = true
			c.mu.Unlock()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w: no connection: %w", ErrGone, ctx.Err())
		}
	}
}

// Knows reports whether the peer is one of the servers, or has been asked just
// now.
func (c *Client) Knows(id enode.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.servers[id] != nil || c.active[id] != nil
}

// Outstanding is a request that waits for the end of its answer.
type Outstanding struct {
	Server    enode.ID
	RequestID wire.Hash
	Topics    []wire.Topic
	From      uint32
	To        uint32
	Envelopes int // that have come so far
	Since     time.Time
}

// Outstanding lists the requests that wait for an answer, the oldest first.
func (c *Client) Outstanding() []Outstanding {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]Outstanding, 0, len(c.active))
	for _, p := range c.active {
		if !p.over.IsZero() {
			continue
		}
		o := Outstanding{
			Server: p.server, RequestID: p.id, Topics: make([]wire.Topic, 0, len(p.page.topics)), From: p.page.from,
			To: p.page.to, Envelopes: p.wanted, Since: p.began,
		}
		for t := range p.page.topics {
			o.Topics = append(o.Topics, t)
		}
		slices.SortFunc(o.Topics, func(a, b wire.Topic) int { return slices.Compare(a[:], b[:]) })
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Outstanding) int { return a.Since.Compare(b.Since) })
	return out
}
