package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"statusd/api"
	"statusd/configs"
	"statusd/internal/logx"
	"statusd/node"
	"statusd/rpc"
)

// rpcConfig maps the configuration to that of the RPC server.
func rpcConfig(cfg *configs.Config, log *zap.Logger, registry prometheus.Registerer) rpc.Config {
	socket, moved := cfg.IPCPath(os.Getenv("XDG_RUNTIME_DIR"))
	if moved {
		log.Info("socket path is too long, using the runtime directory", zap.String("socket", socket))
	}
	return rpc.Config{
		Logger: log, Registerer: registry, Modules: cfg.APIModules,
		Base64Bytes: cfg.RPCByteEncoding == configs.EncodingBase64,
		Name:        programName(cfg),
		Version:     versionInfo(),
		IPC: rpc.IPCConfig{
			Enabled: cfg.IPCEnabled, Path: socket, Mode: os.FileMode(cfg.IPCMode), Group: cfg.IPCGroup,
			Link: cfg.GethLinkPath(),
		},
		HTTP: rpc.HTTPConfig{
			Enabled: cfg.HTTPEnabled, Host: cfg.HTTPHost, Port: cfg.HTTPPortShifted(), VirtualHosts: cfg.HTTPVirtualHosts,
			Cors: cfg.HTTPCors, NoAuth: cfg.HTTPNoAuth, TLSCert: cfg.HTTPTLSCert, TLSKey: cfg.HTTPTLSKey,
			BodyLimit: cfg.RPCBodyLimit,
		},
		Metrics:       rpc.ListenConfig{Enabled: cfg.MetricsEnabled, Addr: cfg.MetricsAddress()},
		Pprof:         rpc.ListenConfig{Enabled: cfg.PprofEnabled, Addr: cfg.PprofAddress()},
		TokenFile:     cfg.TokenPath(),
		TokensFile:    cfg.TokensPath(),
		RequestsDelay: time.Duration(cfg.ShhextConfig.RequestsDelay),
		ReceiveMode:   rpc.ReceiveMode(cfg.ReceiveMode),
		StopTimeout:   min(5*time.Second, time.Duration(cfg.ShutdownTimeout)/2),
	}
}

// programName is name, version, system and language of this program.
func programName(cfg *configs.Config) string {
	return fmt.Sprintf("%s/v%s/%s-%s/%s", cfg.Name, version, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

func versionInfo() api.VersionInfo {
	return api.VersionInfo{Version: version, Commit: commit, Go: runtime.Version(), Protocols: protocols()}
}

// protocols are the wire protocols of this build.
func protocols() []string { return []string{"waku/1", "waku/0"} }

// rpcDeps shows the RPC server the parts of the node.
func rpcDeps(n *node.Node, logs *logx.Logs, gatherer prometheus.Gatherer) rpc.Deps {
	deps := rpc.Deps{
		Node: n, Peers: n, Logs: logControl{logs}, Health: n, Gatherer: gatherer, Shutdown: n.Shutdown,
		Discovery: n,
	}
	if host := n.Waku(); host != nil {
		deps.Waku, deps.Guest = host, func() rpc.WakuGuest { return host.NewGuest() }
		deps.Messenger, deps.Courier = n.Messenger, n.Courier
		deps.History, deps.Records, deps.Mail = n.History(), n.MailRecords(), n
	}
	if m := n.Accounts(); m != nil {
		deps.Accounts = m
		deps.Events = n.Events()
	}
	if lists := n.Names(); lists != nil {
		deps.Names = lists
	}
	return deps
}

// logControl is logx as the RPC server knows it.
type logControl struct{ logs *logx.Logs }

func (l logControl) SetLogLevel(module, level string) error { return l.logs.SetLevel(module, level) }
