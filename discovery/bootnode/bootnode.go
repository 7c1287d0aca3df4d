// Package bootnode is a node that others begin with: it knows the discv5
// network, keeps advertisements of topics, and keeps a rendezvous registry when
// asked for. It has no devp2p listener and no peers (spec 08 section 1.2).
//
// Goroutines: those of the endpoint and of the registry, and one that asks a
// gateway for the address of the network; Run returns after all of them.
package bootnode

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"net"
	"net/netip"
	"time"

	gethlog "github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/nat"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"statusd/discovery/discv5"
	"statusd/discovery/rendezvous"
	"statusd/discovery/topdisc"
	"statusd/discovery/topdisc/runner"
	"statusd/internal/blocking"
	"statusd/internal/cache"
	"statusd/internal/deadline"
	"statusd/internal/tdtenr"
	"statusd/internal/wakuenr"
)

// externalPeriod passes between two questions for the external address.
const externalPeriod = 2 * time.Minute

// Config sets up a node.
type Config struct {
	Key    *ecdsa.PrivateKey
	Listen netip.AddrPort // UDP, port 0: any
	// Advertise is the address for the record; invalid: found out.
	Advertise netip.Addr
	NAT       nat.Interface // nil: none
	NodeDB    string        // folder that remembers nodes; empty: nothing is remembered
	Nursery   []*enode.Node // nodes to begin with
	Params    topdisc.Params
	// Rendezvous takes connections of the registry; nil: there is none.
	Rendezvous net.Listener
	// Ready is called once the node answers, with its record.
	Ready      func(*enode.Node)
	Logger     *zap.Logger           // nil: nothing is logged
	GethLogger gethlog.Logger        // nil: its own
	Registry   prometheus.Registerer // nil: nothing is exported
}

// openNodes opens the database of nodes. A damaged one is mended or begins anew.
func openNodes(cfg *Config) (*enode.DB, error) {
	if cfg.NodeDB != "" {
		damage, err := cache.MendDB(cfg.NodeDB)
		if err != nil {
			return nil, err
		}
		if damage != nil {
			cfg.Logger.Warn("database of nodes was damaged", zap.String("path", damage.Path), zap.Bool("mended", damage.Kept),
				zap.String("movedTo", damage.Aside), zap.Error(damage.Err))
		}
	}
	return enode.OpenDB(cfg.NodeDB)
}

// Run serves until ctx ends. The error is one of discv5, of the folder, or of
// the registry.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	db, err := openNodes(&cfg)
	if err != nil {
		closeListener(cfg.Rendezvous)
		return fmt.Errorf("open the node database: %w", err)
	}
	defer db.Close()
	local := enode.NewLocalNode(db, cfg.Key)
	describe(&cfg, local)
	endpoint := discv5.New(discv5.Config{
		Key: cfg.Key, Boot: cfg.Nursery, NAT: cfg.NAT, Logger: cfg.Logger, GethLogger: cfg.GethLogger,
		Topics: func(udp *discover.UDPv5, local *enode.LocalNode) (discv5.Topics, error) {
			svc, err := runner.New(udp, local, runner.Config{Registrar: true, Params: cfg.Params, Logger: cfg.Logger})
			if err == nil && cfg.Registry != nil {
				cfg.Registry.MustRegister(svc.Metrics(), endpointMetrics(udp))
			}
			return svc, err
		},
	})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return endpoint.Run(ctx, discv5.Place{Listen: cfg.Listen, Local: local})
	})
	group.Go(func() error { return serve(ctx, &cfg, endpoint) })
	if cfg.Rendezvous != nil {
		server := rendezvous.NewServer(rendezvous.ServerConfig{
			Key: cfg.Key, Listener: cfg.Rendezvous, Logger: cfg.Logger,
			Limits: rendezvous.Limits{ExemptLocal: cfg.Params.AllowLocal},
		})
		group.Go(func() error { return server.Run(ctx) })
	}
	if _, fixed := cfg.NAT.(nat.ExtIP); cfg.NAT != nil && !fixed && !cfg.Advertise.IsValid() {
		group.Go(func() error { return watchAddress(ctx, cfg.NAT, local) })
	}
	return group.Wait()
}

// describe fills the record.
func describe(cfg *Config, local *enode.LocalNode) {
	if ip := cfg.Listen.Addr().Unmap(); ip.IsValid() && !ip.IsUnspecified() {
		local.SetFallbackIP(net.IP(ip.AsSlice()))
	}
	if ip, ok := cfg.NAT.(nat.ExtIP); ok {
		local.SetStaticIP(net.IP(ip))
	}
	if cfg.Advertise.IsValid() {
		local.SetStaticIP(net.IP(cfg.Advertise.AsSlice()))
	}
	local.Set(tdtenr.Version) // as topic discovery does, but in the first record already
	if cfg.Rendezvous != nil {
		local.Set(wakuenr.Entry{Version: wakuenr.Version, Caps: wakuenr.Rendezvous})
		if addr, ok := cfg.Rendezvous.Addr().(*net.TCPAddr); ok {
			local.Set(rendezvous.Port(addr.Port)) //nolint:gosec // a port
		}
	}
}

// serve keeps the endpoint open.
func serve(ctx context.Context, cfg *Config, endpoint *discv5.Endpoint) error {
	udp, release, err := endpoint.Open(ctx)
	if err != nil {
		return err
	}
	defer release()
	if cfg.Ready != nil {
		cfg.Ready(udp.Self())
	}
	<-ctx.Done()
	return nil
}

// watchAddress asks the gateway for the address of the network, now and then.
func watchAddress(ctx context.Context, gateway nat.Interface, local *enode.LocalNode) error {
	var timer deadline.Timer
	defer timer.Disarm()
	for {
		if ip, err := blocking.Call(ctx, gateway.ExternalIP); err == nil && ip != nil {
			local.SetStaticIP(ip)
		}
		timer.Arm(time.Now().Add(externalPeriod))
		select {
		case <-timer.C():
			timer.Fired()
		case <-ctx.Done():
			return nil
		}
	}
}

func endpointMetrics(udp *discover.UDPv5) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "discovery_nodes", Help: "Nodes in the discv5 table.",
	}, func() float64 { return float64(len(udp.AllNodes())) })
}

func closeListener(l net.Listener) {
	if l != nil {
		_ = l.Close()
	}
}
