// Package canary tries out a node from outside, as a client meets it: it
// connects, shakes hands, and asks a mailserver for one envelope of a topic.
//
// A check builds a peer of its own, with a fresh identity and without a
// listener, and takes it down again. Its exit codes are those of status-go's
// node-canary (spec 08 section 6). The package reads no configuration and
// prints nothing.
package canary

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	gethlog "github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/mailserver/history"
	"statusd/waku"
	"statusd/waku/wire"
)

// Exit codes.
const (
	CodeOK      = 0
	CodeConnect = 1 // cannot be reached, or does not speak Waku
	CodeRequest = 2 // the request could not be sent, or was answered with an error
	CodeSilent  = 3 // no answer in time
	CodeMissing = 4 // the last envelope that the answer names did not come
)

// Defaults of Config.
const (
	DefaultTimeout = 10 * time.Second
	DefaultPeriod  = 24 * time.Hour
	DefaultStay    = 5 * time.Second
	DefaultChannel = "status"
)

// The kinds of an outgoing connection are flags whose type go-ethereum does
// not export; untyped constants pass (p2p/server.go, staticDialedConn).
const staticDial = 1 << 1

// Config says what to check.
type Config struct {
	Node     *enode.Node
	Address  string // host:port to dial
	Password string // of the mailserver; empty: the well-known one
	Static   bool   // not a mailserver: it has only to stay connected

	Channel string        // whose topic is asked for; empty: DefaultChannel
	Timeout time.Duration // of each step; 0: DefaultTimeout
	Period  time.Duration // how far back the request goes; 0: DefaultPeriod
	Stay    time.Duration // how long a static node has to stay; 0: DefaultStay
	PoW     float64       // of the request; 0: waku.DefaultMinPoW
	TTL     uint32        // of the request in seconds; 0: 50
	Logger  *zap.Logger   // nil: nothing is logged
}

// Step is a part of a check.
type Step struct {
	Name         string // connect, handshake, waku, request, answer or stay
	OK           bool
	Milliseconds float64
}

// Report is the result of a check.
type Report struct {
	Node      string // enode without password
	Kind      string // mailserver, static or rendezvous
	OK        bool
	Code      int
	Error     string
	Client    string // what the node calls itself
	Protocols []string
	Steps     []Step
	Envelopes int  // that came: 0 or 1
	More      bool // the server has more for the period

	// Of a rendezvous server, which others check and report in this form.
	Relays int    // that it told of, ten at most
	SeenAs string // the address it sees
}

// failure ends a check.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// check is one that goes on.
type check struct {
	cfg    Config
	report Report
	host   *waku.Host
	client *history.Client
	server *p2p.Server
	up     chan struct{}
	upOnce sync.Once
	down   chan struct{}
	gone   sync.Once
}

// Check tries out one node. It blocks until everything it started has ended.
func Check(ctx context.Context, cfg Config) Report {
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	cfg.Channel = cmp.Or(cfg.Channel, DefaultChannel)
	cfg.Timeout, cfg.Period = cmp.Or(cfg.Timeout, DefaultTimeout), cmp.Or(cfg.Period, DefaultPeriod)
	cfg.Stay = cmp.Or(cfg.Stay, DefaultStay)
	c := &check{cfg: cfg, up: make(chan struct{}), down: make(chan struct{})}
	c.report = Report{Node: cfg.Node.URLv4(), Kind: "mailserver", Steps: []Step{}}
	if cfg.Static {
		c.report.Kind = "static"
	}
	err := c.run(ctx)
	var f *failure
	switch {
	case err == nil:
		c.report.OK = true
	case errors.As(err, &f):
		c.report.Code, c.report.Error = f.code, f.Error()
	default:
		c.report.Code, c.report.Error = CodeConnect, err.Error()
	}
	return c.report
}

// step runs a part of the check and notes how long it took.
func (c *check) step(ctx context.Context, name string, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	begin := time.Now()
	err := do(ctx)
	c.note(name, begin, err)
	return err
}

func (c *check) note(name string, begin time.Time, err error) {
	took := float64(time.Since(begin).Microseconds()) / 1000
	c.report.Steps = append(c.report.Steps, Step{Name: name, OK: err == nil, Milliseconds: took})
}

func (c *check) run(ctx context.Context) error {
	if err := c.build(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { _ = c.host.Run(ctx) }) // ends with ctx; it has no errors of its own
	if err := c.server.Start(); err != nil {
		return fmt.Errorf("start peer: %w", err)
	}
	defer c.server.Stop()
	if err := c.connect(ctx); err != nil {
		return err
	}
	if c.cfg.Static {
		return c.step(ctx, "stay", c.cfg.Stay+time.Second, c.stay)
	}
	return c.ask(ctx)
}

// build makes the peer. It starts nothing.
func (c *check) build() error {
	key, err := crypto.GenerateKey()
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	id := c.cfg.Node.ID()
	c.client, err = history.New(history.Config{
		Logger: c.cfg.Logger, NodeKey: key, PoWTarget: c.cfg.PoW, TTL: c.cfg.TTL,
		Servers: []history.Server{{Node: c.cfg.Node, Password: c.cfg.Password}},
	})
	if err != nil {
		return err
	}
	c.host, err = waku.New(waku.Config{
		Logger: c.cfg.Logger, LightNode: true, MailReplies: c.client, Watcher: c, Trusted: []enode.ID{id},
	})
	if err != nil {
		return err
	}
	c.client.Attach(c.host)
	c.server = &p2p.Server{Config: p2p.Config{
		PrivateKey: key, Name: "statusd-check", MaxPeers: 1, NoDiscovery: true, NoDial: true,
		Protocols: c.host.Protocols(), Logger: gethlog.NewLogger(gethlog.DiscardHandler()),
		TrustedNodes: []*enode.Node{c.cfg.Node},
	}}
	return nil
}

// PeerUp implements waku.PeerWatcher.
func (c *check) PeerUp(id enode.ID) {
	c.client.PeerUp(id)
	c.upOnce.Do(func() { close(c.up) })
}

// PeerDown implements waku.PeerWatcher.
func (c *check) PeerDown(id enode.ID) {
	c.client.PeerDown(id)
	c.gone.Do(func() { close(c.down) })
}

// connect makes the connection and both handshakes.
func (c *check) connect(ctx context.Context) error {
	var conn net.Conn
	err := c.step(ctx, "connect", c.cfg.Timeout, func(ctx context.Context) (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", c.cfg.Address)
		return err
	})
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	events := make(chan *p2p.PeerEvent, 16)
	sub := c.server.SubscribeEvents(events)
	defer sub.Unsubscribe()
	err = c.step(ctx, "handshake", c.cfg.Timeout, func(ctx context.Context) error {
		release := context.AfterFunc(ctx, func() { _ = conn.Close() })
		defer release()
		if err := c.server.SetupConn(conn, staticDial, c.cfg.Node); err != nil {
			return cmp.Or(ctx.Err(), err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	err = c.step(ctx, "waku", c.cfg.Timeout, func(ctx context.Context) error {
		for {
			select {
			case <-c.up:
				return nil
			case e := <-events:
				if e.Type == p2p.PeerEventTypeDrop {
					return fmt.Errorf("the node disconnected: %s", e.Error)
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	if err != nil {
		return fmt.Errorf("waku handshake: %w", err)
	}
	for _, p := range c.server.PeersInfo() {
		c.report.Client, c.report.Protocols = history.Printable(p.Name), p.Caps
	}
	return nil
}

// stay waits until a static node has shown that it keeps the connection.
func (c *check) stay(ctx context.Context) error {
	timer := time.NewTimer(c.cfg.Stay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.down:
		return errors.New("the node disconnected")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask makes a request for one envelope.
func (c *check) ask(ctx context.Context) error {
	now := time.Now()
	from := uint32(max(0, now.Add(-c.cfg.Period).Unix()))
	var topic wire.Topic
	copy(topic[:], crypto.Keccak256([]byte(c.cfg.Channel)))
	begin, sent := now, false
	result, err := c.client.Fetch(ctx, history.Request{
		Topics: []wire.Topic{topic}, From: from, To: uint32(now.Unix()), Limit: 1, Server: c.cfg.Node.ID(),
		OnePage: true, Tries: 1, Timeout: c.cfg.Timeout,
		Sent: func(wire.Hash, enode.ID) {
			c.note("request", begin, nil)
			begin, sent = time.Now(), true
		},
	})
	if !sent {
		c.note("request", begin, err)
	} else {
		c.note("answer", begin, err)
	}
	c.report.Envelopes, c.report.More = result.Envelopes, len(result.Cursor) > 0
	if err == nil {
		return nil
	}
	var answer *history.ServerError
	switch {
	case errors.As(err, &answer):
		text := answer.Text
		if strings.Contains(text, "decrypt") {
			text += " (it has another password)"
		}
		return &failure{CodeRequest, fmt.Errorf("the server answers: %s", text)}
	case !sent, errors.Is(err, waku.ErrPeerNotConnected):
		return &failure{CodeRequest, fmt.Errorf("the request could not be sent: %w", err)}
	case errors.Is(err, history.ErrTimeout):
		return &failure{CodeSilent, fmt.Errorf("no answer in %s: it is no mailserver, or its password is another one",
			c.cfg.Timeout)}
	case errors.Is(err, history.ErrUnverified):
		return &failure{CodeMissing, err}
	}
	return &failure{CodeSilent, err}
}
