package node

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	gethlog "github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/p2p/nat"
	"go.uber.org/zap"

	"statusd/configs"
	"statusd/internal/blocking"
	"statusd/internal/logx"
	"statusd/node/redial"
)

// dialTimeout bounds the TCP part of a dial, name lookup included.
const dialTimeout = 15 * time.Second

// The kinds of an outgoing connection are flags whose type go-ethereum does
// not export; untyped constants pass (p2p/server.go, dynDialedConn and
// staticDialedConn).
const (
	dynDial    = 1 << 0 // to a node that discovery found
	staticDial = 1 << 1 // to a node that is kept
)

// clientName is what the node calls itself to its peers.
func clientName(name, version string) string {
	return fmt.Sprintf("%s/v%s/%s-%s/%s", name, version, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// network is the peer-to-peer server and who is connected.
type network struct {
	*core
	dialler       *redial.Dialer
	peers         *peerTable
	subnets       *subnets
	everConnected atomic.Bool

	natFor     func(*configs.Config) (nat.Interface, error)
	endGateway context.CancelFunc // ends questions to the gateway; set by newServer

	mu      sync.Mutex // guards what follows
	server  *p2p.Server
	serving bool              // server is started and not yet stopped
	trusted map[enode.ID]bool // by the operator's explicit wish
	static  []*enode.Node     // from the configuration, as applied last
	// mailPeers are kept only because the history client asked for them.
	mailPeers map[enode.ID]bool
}

func newNetwork(c *core) *network {
	n := &network{
		core: c, peers: newPeerTable(), subnets: newSubnets(c.cfg.MaxPeers, c.cfg.MaxInboundPerSubnet), natFor: natFor,
		trusted: make(map[enode.ID]bool), mailPeers: make(map[enode.ID]bool),
	}
	n.dialler = redial.New(redial.Config{Dial: n.dial, Logger: c.root.Named("dial")})
	for _, id := range ids(c.cfg.TrustedNodes(), c.cfg.MailServers()) {
		n.trusted[id] = true
	}
	return n
}

// newServer builds the devp2p server. It starts nothing.
//
// The server dials nobody by itself: package redial does, past the server's
// dial slots and its pause of 35 s. Hence the dial ratio stays at its default
// also on clients: a ratio of 1 would leave no room for incoming peers.
func (n *network) newServer(key *ecdsa.PrivateKey) (*p2p.Server, error) {
	gateway, err := n.natFor(n.cfg)
	if err != nil {
		return nil, err
	}
	gateways, end := context.WithCancel(context.Background())
	n.endGateway = end
	remembered := "" // nodes of the discovery network, so that a restart does not depend on boot nodes
	if !n.cfg.NoDiscovery {
		remembered = filepath.Join(n.cfg.DataDir, nodesDir)
	}
	srv := &p2p.Server{Config: p2p.Config{
		NodeDatabase:    remembered,
		PrivateKey:      key,
		Name:            clientName(n.cfg.Name, n.deps.Version.Version),
		MaxPeers:        n.cfg.MaxPeers,
		MaxPendingPeers: n.cfg.MaxPendingPeers,
		NoDiscovery:     true,
		ListenAddr:      n.cfg.ListenAddress(),
		NAT:             blocking.Gateway(gateways, gateway),
		Protocols:       n.protocols(),
		Logger:          gethlog.NewLogger(logx.GethHandler(n.root.Named("p2p"))),
		TrustedNodes: append(append(n.cfg.StaticNodes().Nodes(), n.cfg.TrustedNodes().Nodes()...),
			n.cfg.MailServers().Nodes()...),
	}}
	return srv, nil
}

// protocols returns the host's protocols with the record entry, and a guard
// around each peer.
func (n *network) protocols() []p2p.Protocol {
	if n.host == nil {
		return nil
	}
	protocols := n.host.Protocols()
	for i := range protocols {
		run := protocols[i].Run
		protocols[i].Attributes = []enr.Entry{capabilities(n.cfg)}
		protocols[i].Run = func(p *p2p.Peer, rw p2p.MsgReadWriter) error { return n.guard(p, rw, run) }
	}
	return protocols
}

// guard lists the peer while its protocol runs, and keeps a panic in its
// reader from ending the process: that peer alone is dropped.
func (n *network) guard(p *p2p.Peer, rw p2p.MsgReadWriter, run func(*p2p.Peer, p2p.MsgReadWriter) error) (err error) {
	leave, ok := n.subnets.enter(p)
	if !ok {
		n.metrics.crowded.Inc()
		return p2p.DiscTooManyPeers
	}
	defer leave()
	n.peers.add(p)
	defer n.peers.remove(p)
	defer func() {
		if r := recover(); r != nil {
			n.metrics.panics.Inc()
			n.log.Error("bug: a peer's packet made its reader panic, peer dropped", zap.Stringer("peer", p.ID()),
				zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			err = p2p.DiscSubprotocolError
		}
	}()
	return run(p, rw)
}

// startServer opens the port and starts the server.
func (n *network) startServer(srv *p2p.Server) error {
	if err := n.finding.mendNodes(); err != nil {
		return err
	}
	if err := srv.Start(); err != nil {
		n.stopServer(srv) // a failed start leaves goroutines behind
		var refused *net.OpError
		if errors.As(err, &refused) {
			return &ListenError{Addr: n.cfg.ListenAddress(), Err: err}
		}
		return fmt.Errorf("start the peer-to-peer server: %w", err)
	}
	if ip := listenIP(srv.ListenAddr); ip != nil {
		srv.LocalNode().SetFallbackIP(ip)
	}
	if addr := n.cfg.AdvertiseAddr; addr.IsValid() { // a gateway would tell it only once it answers
		srv.LocalNode().SetStaticIP(net.IP(addr.AsSlice()))
	}
	return nil
}

// stopServer stops the server. It waits for its search for a gateway, and for
// the readers of its peers, so both are ended first.
func (n *network) stopServer(srv *p2p.Server) {
	n.endGateway()
	if n.host != nil {
		n.host.ClosePeers()
	}
	srv.Stop()
}

// listenIP returns the address the server is bound to, nil when it is bound
// to all.
func listenIP(addr string) net.IP {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil || ap.Addr().IsUnspecified() {
		return nil
	}
	return net.IP(ap.Addr().Unmap().AsSlice())
}

// dial connects to a kept peer: redial.Config.Dial.
func (n *network) dial(ctx context.Context, dest *enode.Node) error {
	return n.connect(ctx, dest, false)
}

// connect dials a node and hands the connection to the server, as a peer
// that is kept or, with found, one that discovery came across. It returns after the handshakes.
func (n *network) connect(ctx context.Context, dest *enode.Node, found bool) error {
	srv := n.srv()
	if srv == nil {
		return ErrNotConnected
	}
	addr, err := dialAddress(dest)
	if err != nil {
		return err
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	// The server owns the connection from here on and has timeouts of its own
	// for the handshakes; a shutdown does not wait for them.
	release := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer release()
	if found {
		return srv.SetupConn(conn, dynDial, dest)
	}
	if err := srv.SetupConn(conn, staticDial, dest); err != nil {
		return err
	}
	if n.dialler.Target(dest.ID()) == nil { // removed while it was being dialled
		disconnect(srv, dest.ID())
	}
	return nil
}

// disconnect ends the connection of a peer and reports whether there was one.
func disconnect(srv *p2p.Server, id enode.ID) (connected bool) {
	for _, p := range srv.Peers() {
		if p.ID() == id {
			p.Disconnect(p2p.DiscRequested)
			connected = true
		}
	}
	return connected
}

// dialAddress returns host:port of a node. Names are looked up at each dial.
func dialAddress(n *enode.Node) (string, error) {
	if n.Hostname() != "" && n.TCP() != 0 {
		return net.JoinHostPort(n.Hostname(), strconv.Itoa(n.TCP())), nil
	}
	if ap, ok := n.TCPEndpoint(); ok && ap.Addr().IsValid() {
		return ap.String(), nil
	}
	return "", ErrNoAddress
}

// staticNodes returns the configured static nodes that can be dialled, and
// how many cannot.
func staticNodes(cfg *configs.Config, self enode.ID) (nodes []*enode.Node, unusable int) {
	for _, node := range cfg.StaticNodes().Nodes() {
		if _, err := dialAddress(node); err != nil || node.ID() == self {
			unusable++
			continue
		}
		nodes = append(nodes, node)
	}
	return nodes, unusable
}
