package node

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/nat"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"statusd/accounts/kdf"
	"statusd/configs"
	"statusd/internal/sdnotify"
	"statusd/internal/wakuenr"
	"statusd/waku"
)

// Deps are what a Node gets from the process it lives in. Every field may be
// left zero.
type Deps struct {
	Logger   *zap.Logger           // nil: nothing is logged
	Registry prometheus.Registerer // nil: nothing is exported
	Version  Version
	// Password opens the account that the configuration names in Login.
	Password kdf.Password
	// Frontend makes the RPC surface once the data directory is there. It is
	// started last and stopped first. nil: none.
	Frontend func(*Node) (Frontend, error)
	// Notify tells systemd; nil: nobody is told.
	Notify *sdnotify.Notifier
	// Watchdog is the time within which systemd wants a sign of life; zero:
	// it wants none.
	Watchdog time.Duration
}

// Version describes the build.
type Version struct {
	Version string // for instance "1.0.0" or "dev"
	Commit  string
}

// Frontend is a surface through which the node is used.
type Frontend interface {
	// Run serves until ctx ends and returns after everything it started.
	Run(ctx context.Context) error
	// Ready is closed when all listeners are open.
	Ready() <-chan struct{}
}

// wakuConfig maps the configuration to that of the Waku host.
func wakuConfig(cfg *configs.Config, deps Deps, now func() time.Time) waku.Config {
	w := &cfg.WakuConfig
	return waku.Config{
		Logger:         deps.Logger,
		Metrics:        deps.Registry,
		Now:            now,
		MinPoW:         &w.MinimumPoW,
		MaxMessageSize: w.MaxMessageSize,
		LightNode:      w.LightClient,
		FullNode:       cfg.FullNode(),
		BloomMode:      w.BloomFilterMode,
		Confirmations:  w.EnableConfirmations,
		PoolBytes:      w.PoolMaxBytes,
		PoolEnvelopes:  w.PoolMaxEnvelopes,
		OwnPostJitter:  time.Duration(cfg.OwnPostJitter),
		RateLimits: waku.RateLimits{
			Enabled:        w.EnableRateLimiter,
			PacketsPerIP:   w.PacketRateLimitIP,
			PacketsPerPeer: w.PacketRateLimitPeerID,
			BytesPerIP:     w.BytesRateLimitIP,
			BytesPerPeer:   w.BytesRateLimitPeerID,
			Tolerance:      w.RateLimitTolerance,
			ExemptPeers:    ids(cfg.StaticNodes(), cfg.TrustedNodes(), cfg.MailServers()),
		},
		Trusted:       ids(cfg.MailServers()),
		SoftBlacklist: w.SoftBlacklistedPeerIDs,
	}
}

func ids(lists ...configs.NodeList) []enode.ID {
	var out []enode.ID
	for _, list := range lists {
		for _, n := range list.Nodes() {
			out = append(out, n.ID())
		}
	}
	return out
}

// capabilities is what the node record says of this node.
func capabilities(cfg *configs.Config) wakuenr.Entry {
	var caps wakuenr.Caps
	if cfg.FullNode() {
		caps |= wakuenr.Relay
	}
	if cfg.WakuConfig.EnableMailServer {
		caps |= wakuenr.Mailserver
	}
	if cfg.WakuConfig.LightClient {
		caps |= wakuenr.Light
	}
	return wakuenr.Entry{Version: wakuenr.Version, Caps: caps}
}

// natFor returns the way to the outside. An advertised address wins over
// whatever the gateway believes; the gateway may still map the port.
func natFor(cfg *configs.Config) (nat.Interface, error) {
	inner, err := parseNAT(cfg.NAT)
	if err != nil {
		return nil, fmt.Errorf("nat %q: %w", cfg.NAT, err)
	}
	addr := cfg.AdvertiseAddr
	if !addr.IsValid() {
		return inner, nil
	}
	if _, static := inner.(nat.ExtIP); inner == nil || static {
		return nat.ExtIP(net.IP(addr.AsSlice())), nil
	}
	return advertised{Interface: inner, ip: net.IP(addr.AsSlice())}, nil
}

func parseNAT(spec string) (nat.Interface, error) {
	kind, arg, err := configs.ParseNAT(spec)
	if err != nil {
		return nil, err
	}
	if kind != configs.NATExtIf {
		return nat.Parse(spec)
	}
	ip, err := interfaceIP(arg)
	if err != nil {
		return nil, err
	}
	return nat.ExtIP(ip), nil
}

// interfaceIP returns the first address of a network interface that others
// could reach.
func interfaceIP(name string) (net.IP, error) {
	iface, err := net.InterfaceByName(name)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	addrs, err := iface.Addrs()
	if err != nil {
		return nil, fmt.Errorf("addresses of %s: %w", name, err)
	}
	var usable []netip.Addr
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && !prefix.Addr().IsLinkLocalUnicast() {
			usable = append(usable, prefix.Addr().Unmap())
		}
	}
	for _, a := range usable {
		if a.Is4() {
			return net.IP(a.AsSlice()), nil
		}
	}
	if len(usable) > 0 {
		return net.IP(usable[0].AsSlice()), nil
	}
	return nil, fmt.Errorf("interface %s has no usable address", name)
}

// advertised is a gateway that maps ports, with an external address that the
// operator knows better.
type advertised struct {
	nat.Interface
	ip net.IP
}

// ExternalIP returns the configured address.
func (a advertised) ExternalIP() (net.IP, error) { return a.ip, nil }
