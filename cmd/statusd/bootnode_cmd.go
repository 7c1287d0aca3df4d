package main

import (
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	gethlog "github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/nat"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/configs"
	"statusd/discovery/bootnode"
	"statusd/discovery/discv5"
	"statusd/fault"
	"statusd/internal/logx"
	"statusd/internal/sdnotify"
)

// bootnodeFlags are those of the bootnode programs of go-ethereum and
// status-go, and ours.
type bootnodeFlags struct {
	addr, genKey, keyFile, keyData string
	writeAddress                   bool
	nursery                        []string
	verbosity                      int
	vmodule                        string
	nat, advertise, nodeDB         string
	topdisc, rendezvous            string
	allowLocal                     bool
	metrics                        bool
	metricsAddr                    string
}

func (a *app) bootnodeCommand() frame.Command {
	return frame.Command{
		Use: "bootnode", Short: "Run a node that others begin with: discovery only, over UDP",
		Long: `Runs a bootstrap node: it knows the discovery network and keeps the
advertisements of topics, and with --rendezvous also a registry over TCP. It has
no peers and relays nothing.

Prints its address in both forms, for --bootnodes of other nodes, and runs until
it is told to stop.`,
		Example: "  statusd bootnode --genkey boot.key\n" +
			"  statusd bootnode --nodekey boot.key --addr :30301 --advertise 192.0.2.7",
		Build: func(fs *frame.Flags) frame.Run {
			f := &bootnodeFlags{verbosity: 3, nat: "none", metricsAddr: "127.0.0.1:9305"}
			f.addNetwork(fs)
			fs.Var(&f.genKey, "genkey", "make a node key, write it to this file, and exit")
			fs.Var(&f.keyFile, "nodekey", "file with the node key")
			fs.Var(&f.keyData, "keydata", "node key in hex, for tests: every user of this machine can read it")
			fs.Var(&f.writeAddress, "writeaddress", "print the public key, 128 hex digits, and exit")
			fs.Var(&f.verbosity, "verbosity", "0: nothing, 1: errors, 2: warnings, 3: info, 4: debug, 5: all").Complete(
				frame.OneOf("0", "1", "2", "3", "4", "5"))
			fs.Var(&f.vmodule, "vmodule", "levels of single modules, as discv5=5,topdisc=4")
			fs.Var(&f.nat, "nat", "none, any, upnp, pmp, stun, extip:IP or extif:INTERFACE").Complete(keyValues("NAT"))
			fs.Var(&f.nodeDB, "nodedb", "folder to remember nodes in; without it nothing is remembered")
			fs.Var(&f.topdisc, "topdisc", "constants of topic discovery, as E=15m,C=1000")
			fs.Var(&f.metrics, "metrics", "serve metrics and health")
			fs.Var(&f.metricsAddr, "metrics-addr", "TCP address of metrics")
			return func(ctx context.Context, _ []string) error {
				switch {
				case f.genKey != "":
					return a.bootnodeKey(ctx, f.genKey)
				case f.writeAddress:
					key, err := f.key(a)
					if err != nil {
						return err
					}
					id := hex.EncodeToString(crypto.FromECDSAPub(&key.PublicKey)[1:])
					return a.say(id, api.NodePublicKey{PublicKey: id})
				}
				ctx, stop := interruptible(ctx)
				defer stop()
				a.silent = true
				return a.bootnode(ctx, f)
			}
		},
	}
}

// addNetwork defines the flags that say where the node is and whom it knows.
func (f *bootnodeFlags) addNetwork(fs *frame.Flags) {
	f.addr = ":30301"
	fs.Var(&f.addr, "addr", "UDP address; nodes refuse to pass on ports up to 1024")
	fs.Var(&f.advertise, "advertise", "IP address that others reach this machine at")
	fs.Var(&f.rendezvous, "rendezvous", "TCP address to keep a rendezvous registry at")
	fs.Var(&f.nursery, "node,n", "node to begin with, enode://… or enr:…; may be repeated")
	fs.Var(&f.allowLocal, "allow-local", "serve a private network: local addresses count like others")
}

// bootnodeKey makes a key file. One that exists is not touched.
func (a *app) bootnodeKey(ctx context.Context, path string) error {
	place := a.keyPlace(path, false)
	switch err := checkOut(place); {
	case errors.Is(err, fs.ErrExist):
		return fail(fault.CannotCreate, fmt.Errorf("%s exists, and no key is overwritten: choose another file, or remove it",
			path))
	case err != nil:
		return err
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		return fail(fault.Internal, err)
	}
	text := hex.EncodeToString(crypto.FromECDSA(key))
	return a.writeOut(ctx, place, []byte(text))
}

var errBootnodeKey = errors.New("no node key: give --nodekey FILE, or make one with --genkey FILE")

// key reads the node key.
func (f *bootnodeFlags) key(a *app) (*ecdsa.PrivateKey, error) {
	switch {
	case f.keyFile != "" && f.keyData != "":
		return nil, usageError(errors.New("--nodekey and --keydata exclude each other"))
	case f.keyData != "":
		a.note("--keydata is for tests, every user of this machine can read the key: use --nodekey")
		key, err := crypto.HexToECDSA(strings.TrimPrefix(f.keyData, "0x"))
		if err != nil {
			return nil, usageError(fmt.Errorf("--keydata: %w", errNotKey))
		}
		return key, nil
	case f.keyFile == "":
		return nil, usageError(errBootnodeKey)
	}
	raw, err := os.ReadFile(f.keyFile)
	if err != nil {
		return nil, fail(fault.NoInput, fmt.Errorf("read node key: %w", err))
	}
	key, err := crypto.HexToECDSA(strings.TrimPrefix(strings.TrimSpace(string(raw)), "0x"))
	if err != nil {
		return nil, fail(fault.Config, fmt.Errorf("%s holds no node key: %w", f.keyFile, errNotKey))
	}
	return key, nil
}

// bootnode runs the node until ctx ends.
func (a *app) bootnode(ctx context.Context, f *bootnodeFlags) error {
	cfg, err := f.config(a)
	if err != nil {
		return err
	}
	logs, err := f.logs(a)
	if err != nil {
		return err
	}
	defer logs.Close()
	cfg.Logger, cfg.GethLogger = logs.Logger(), gethlog.NewLogger(logx.GethHandler(logs.Logger().Named("discv5")))
	notify, err := sdnotify.Open(os.Getenv)
	if err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	defer notify.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if f.metrics {
		registry := prometheus.NewRegistry()
		cfg.Registry = registry
		stop, err := serveMetrics(f.metricsAddr, registry)
		if err != nil {
			return err
		}
		defer stop()
	}
	if f.rendezvous != "" {
		if cfg.Rendezvous, err = net.Listen("tcp", f.rendezvous); err != nil {
			return fail(fault.CannotCreate, fmt.Errorf("--rendezvous %s: %w", f.rendezvous, err))
		}
	}
	var printed error
	cfg.Ready = func(self *enode.Node) {
		if self.UDP() <= 1024 {
			cfg.Logger.Warn("nodes of the network refuse to pass on UDP ports up to 1024", zap.Int("port", self.UDP()))
		}
		if self.IPAddr().IsLoopback() && !cfg.Listen.Addr().IsLoopback() {
			cfg.Logger.Warn("the address for others is not known; set it with --advertise or --nat")
		}
		if printed = errors.Join(a.printSelf(self, cfg.Rendezvous), notify.Ready()); printed != nil {
			cancel()
		}
	}
	if err := bootnode.Run(ctx, cfg); err != nil {
		return fail(fault.CannotCreate, err)
	}
	return printed
}

// config maps the flags.
func (f *bootnodeFlags) config(a *app) (bootnode.Config, error) {
	cfg := bootnode.Config{NodeDB: f.nodeDB}
	var err error
	if cfg.Key, err = f.key(a); err != nil {
		return cfg, err
	}
	udp, err := net.ResolveUDPAddr("udp", f.addr)
	if err != nil {
		return cfg, usageError(fmt.Errorf("--addr %q: want host:port or :port", f.addr))
	}
	cfg.Listen = netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(udp.Port)) //nolint:gosec // a port
	if ip, ok := netip.AddrFromSlice(udp.IP); ok {
		cfg.Listen = netip.AddrPortFrom(ip.Unmap(), cfg.Listen.Port())
	}
	if f.advertise != "" {
		if cfg.Advertise, err = netip.ParseAddr(f.advertise); err != nil || cfg.Advertise.IsUnspecified() {
			return cfg, usageError(fmt.Errorf("--advertise %q: want an IP address that others can reach", f.advertise))
		}
	}
	if cfg.NAT, err = gateway(f.nat); err != nil {
		return cfg, usageError(fmt.Errorf("--nat %q: %w", f.nat, err))
	}
	for i, text := range f.nursery {
		ref, err := configs.ParseNodeRef(text)
		if err != nil {
			return cfg, usageError(fmt.Errorf("-n, node %d: %w", i+1, err))
		}
		if ref.Node().UDP() == 0 {
			return cfg, usageError(fmt.Errorf("-n, node %d: it has no UDP port", i+1))
		}
		cfg.Nursery = append(cfg.Nursery, ref.Node())
	}
	if _, err := net.ResolveTCPAddr("tcp", f.rendezvous); err != nil { // an empty one passes
		return cfg, usageError(fmt.Errorf("--rendezvous %q: want host:port or :port", f.rendezvous))
	}
	cfg.Params, err = discv5.ParseParams(f.topdisc)
	if err != nil {
		return cfg, usageError(fmt.Errorf("--topdisc: %w", err))
	}
	cfg.Params.AllowLocal = f.allowLocal
	return cfg, nil
}

// gateway reads the way to the outside.
func gateway(spec string) (nat.Interface, error) {
	kind, _, err := configs.ParseNAT(spec)
	if err != nil {
		return nil, err
	}
	if kind == configs.NATExtIf {
		return nil, errors.New("give the address itself, as extip:IP")
	}
	return nat.Parse(spec)
}

// logs opens the log in the levels of go-ethereum.
func (f *bootnodeFlags) logs(a *app) (*logx.Logs, error) {
	level := func(n int) (string, error) {
		names := []string{"error", "error", "warn", "info", "debug", "trace"}
		if n < 0 || n >= len(names) {
			return "", errors.New("want a number from 0 to 5")
		}
		return names[n], nil
	}
	cfg := logx.Config{Format: logx.Logfmt, Stderr: a.err, Modules: map[string]string{}}
	var err error
	if cfg.Level, err = level(f.verbosity); err != nil {
		return nil, usageError(fmt.Errorf("--verbosity %d: %w", f.verbosity, err))
	}
	if f.verbosity == 0 {
		cfg.Stderr = nil
	}
	for part := range strings.SplitSeq(f.vmodule, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		var n int
		name, number, ok := strings.Cut(part, "=")
		if _, err := fmt.Sscanf(number, "%d", &n); !ok || err != nil {
			return nil, usageError(fmt.Errorf("--vmodule %q: want module=level, as discv5=5", part))
		}
		if cfg.Modules[strings.TrimSpace(name)], err = level(n); err != nil {
			return nil, usageError(fmt.Errorf("--vmodule %q: %w", part, err))
		}
	}
	logs, err := logx.New(cfg)
	return logs, fail(fault.Usage, err)
}

// printSelf prints the addresses of the node.
func (a *app) printSelf(self *enode.Node, registry net.Listener) error {
	if a.output == outputJSON {
		out := api.BootnodeAddresses{Enode: self.URLv4(), ENR: self.String(), UDP: self.UDP()}
		if registry != nil {
			out.Rendezvous = registry.Addr().String()
		}
		return a.printJSON(out)
	}
	_, err := fmt.Fprintf(a.out, "%s\n%s\n", self.URLv4(), self)
	return fail(fault.IO, err)
}

// serveMetrics serves /metrics and /health until stop is called.
func serveMetrics(addr string, registry *prometheus.Registry) (stop func(), err error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fail(fault.CannotCreate, fmt.Errorf("--metrics-addr %s: %w", addr, err))
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("OK\n")) })
	srv := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	done := make(chan struct{})
	go func() { // ends when stop closes the server, which waits for it
		defer close(done)
		_ = srv.Serve(l)
	}()
	return func() {
		_ = srv.Close()
		<-done
	}, nil
}
