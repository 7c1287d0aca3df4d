package rendezvous

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"
)

// DefaultTimeout bounds one request with its connection (status-go v0.63.12,
// discovery/rendezvous.go).
const DefaultTimeout = 5 * time.Second

// Errors of a client.
var (
	// ErrNoServers is returned by NewClient without servers.
	ErrNoServers = errors.New("no servers are known")
	// ErrUnavailable is returned while no server can be used.
	ErrUnavailable = errors.New("no server answers")
)

// StatusError is a response with a status other than StatusOK.
type StatusError struct {
	Status  Status
	Message string
}

// Error implements error.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("server answered with status %d (%s)", e.Status, e.Status.meaning())
	if e.Message != "" {
		text += fmt.Sprintf(": %.100q", e.Message)
	}
	return text
}

// err returns what a status means to a client, nil for StatusOK.
func (s Status) err(message string) error {
	if s == StatusOK {
		return nil
	}
	return &StatusError{s, message}
}

// ClientConfig sets up a Client.
type ClientConfig struct {
	// Servers are asked and registered at; see ParseServer.
	Servers []*enode.Node
	// Record returns the node's own record as it is now. It is read at each
	// registration, so a change is registered within ten seconds. nil: the
	// client only searches.
	Record func() *enode.Node
	// AllowLocal lets private and loopback addresses be registered and found,
	// as in a network on one machine.
	AllowLocal bool
	// OnRemoteIP is told the address under which most servers see this node,
	// when the record holds none that others can reach, or has one that came
	// this way some minutes ago. nil: nobody asks.
	OnRemoteIP func(netip.Addr)
	// Dial connects; nil: net.Dialer.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Timeout time.Duration // of one request; 0: DefaultTimeout
	Logger  *zap.Logger   // nil: nothing is logged
}

// Client registers a node at servers and asks them for others. It is a
// discovery.Source and a discovery.Advertiser. All methods are safe for
// concurrent use.
type Client struct {
	cfg   ClientConfig
	log   *zap.Logger
	links []*link
	first int // server of the first slot and the first question

	mu    sync.Mutex // protects what follows
	fleet *fleet
	users int // searches and advertisements in progress
	// learned is the address that OnRemoteIP was told last.
	learned   netip.Addr
	learnedAt time.Time
}

// NewClient returns a client for at least one server. It connects to none.
func NewClient(cfg ClientConfig) (*Client, error) {
	if len(cfg.Servers) == 0 {
		return nil, ErrNoServers
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	if cfg.Dial == nil {
		cfg.Dial = new(net.Dialer).DialContext
	}
	c := &Client{cfg: cfg, log: cfg.Logger.Named("rendezvous")}
	for _, n := range cfg.Servers {
		if err := checkServer(n); err != nil {
			return nil, fmt.Errorf("%w: %s", err, n)
		}
		c.links = append(c.links, newLink(n, cfg.Dial))
	}
	c.first = rand.IntN(len(c.links)) //nolint:gosec // spreads load, is no secret
	if cfg.Record != nil {            // the same servers after a restart
		id := cfg.Record().ID()
		c.first = int(binary.BigEndian.Uint32(id[:4]) % uint32(len(c.links))) //nolint:gosec // few servers
	}
	c.fleet = newFleet(len(c.links), c.first)
	return c, nil
}

// Name implements discovery.Source and discovery.Advertiser.
func (c *Client) Name() string { return "rendezvous" }

// ServerStatus is what a client knows of one server.
type ServerStatus struct {
	Server     *enode.Node
	Failures   int       // in a row
	Reason     string    // of the last failure; empty while it answers
	LastAnswer time.Time // zero: none yet
	RestsUntil time.Time // not used before; zero or past: in use
}

// Status returns what is known of each server, in the order of Servers.
func (c *Client) Status() []ServerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]ServerStatus, len(c.links))
	for i, s := range c.fleet.states {
		out[i] = ServerStatus{c.links[i].server, s.failures, s.reason, s.answered, s.rests}
	}
	return out
}

// enter notes a search or advertisement; the function it returns ends it, and
// with the last one the connections.
func (c *Client) enter() (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users++
	return func() {
		c.mu.Lock()
		c.users--
		last := c.users == 0
		c.mu.Unlock()
		for _, l := range c.links {
			if last {
				l.close()
			}
		}
	}
}

// plan runs fn on the state of the servers.
func (c *Client) plan(fn func(f *fleet, now time.Time)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn(c.fleet, time.Now())
}

// ask sends one request to a server, reads its answer with read, and notes
// how it went. read returns the status that the answer holds. A server that
// refuses what we sent works; one that tells of trouble of its own does not.
func (c *Client) ask(ctx context.Context, i int, code Code, request any,
	read func([]byte) (Status, string, error),
) error {
	body, err := encode(request)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	err = c.links[i].request(limited, code, body, func(body []byte) error {
		status, message, err := read(body)
		if err == nil {
			err = status.err(message)
		}
		return err
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // says nothing of the server
	}
	if err != nil {
		c.log.Debug("request failed", zap.String("server", c.links[i].address), zap.Error(err))
	}
	c.plan(func(f *fleet, now time.Time) {
		if err == nil || refused(err) {
			f.succeeded(i, now)
		} else {
			f.failed(i, err.Error(), now)
		}
	})
	return err
}

// refused reports whether a server works and found fault with a request.
func refused(err error) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Status != StatusInternal
}

// link is the connection to one server: none yet, or one that carries a
// request at a time.
type link struct {
	server  *enode.Node
	address string
	dial    func(ctx context.Context, network, address string) (net.Conn, error)

	busy    chan struct{} // capacity 1: held during a request
	carrier *carrier      // nil: not connected; belongs to the holder of busy
}

func newLink(server *enode.Node, dial func(context.Context, string, string) (net.Conn, error)) *link {
	return &link{server: server, address: dialAddress(server), dial: dial, busy: make(chan struct{}, 1)}
}

// request sends a request and gives the body of its answer to read. It uses an
// open connection again; when that one turns out to be closed, as servers do
// with quiet ones, it opens another.
func (l *link) request(ctx context.Context, code Code, body []byte, read func([]byte) error) error {
	select {
	case l.busy <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.busy }()
	if l.carrier != nil {
		err := l.exchange(ctx, code, body, read)
		if err == nil || ctx.Err() != nil || !errors.Is(err, errBroken) {
			return err
		}
	}
	if err := l.connect(ctx); err != nil {
		return err
	}
	return l.exchange(ctx, code, body, read)
}

// connect opens a connection, with a key that nobody has seen before.
func (l *link) connect(ctx context.Context) error {
	conn, err := l.dial(ctx, "tcp", l.address)
	if err != nil {
		return fmt.Errorf("%w", err)
	}
	release := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer release()
	own, err := crypto.GenerateKey()
	if err != nil {
		_ = conn.Close()
		return fmt.Errorf("make a key: %w", err)
	}
	carrier, err := secure(conn, own, serverKey(l.server), deadlineOf(ctx))
	if err != nil {
		_ = conn.Close()
		return err
	}
	l.carrier = carrier
	return nil
}

func serverKey(n *enode.Node) *ecdsa.PublicKey { return n.Pubkey() }

// deadlineOf returns the deadline of a context that has one.
func deadlineOf(ctx context.Context) time.Time {
	at, _ := ctx.Deadline()
	return at
}

var (
	// errBroken says that the connection ended before an answer came.
	errBroken = errors.New("connection ended")
	errAnswer = errors.New("answer to another question")
)

// exchange sends a request over the open connection, which it closes after any
// failure: what comes next on it is not known.
func (l *link) exchange(ctx context.Context, code Code, body []byte, read func([]byte) error) (err error) {
	c := l.carrier
	defer func() {
		var status *StatusError
		if err != nil && !errors.As(err, &status) {
			l.drop()
		}
	}()
	release := context.AfterFunc(ctx, func() { _ = c.conn.Close() })
	defer release()
	if err := c.write(code, body, deadlineOf(ctx)); err != nil {
		return errors.Join(errBroken, err)
	}
	got, answer, err := c.read(deadlineOf(ctx))
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrLarge):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", errBroken, err)
	case got != code+1:
		return errAnswer
	}
	return read(slices.Clone(answer))
}

// drop closes the connection. The caller holds busy.
func (l *link) drop() {
	if l.carrier != nil {
		_ = l.carrier.conn.Close()
		l.carrier = nil
	}
}

// close drops the connection when no request is in progress.
func (l *link) close() {
	l.busy <- struct{}{} // held for the time of a request at most
	defer func() { <-l.busy }()
	l.drop()
}
