package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"statusd/accounts/kdf"
	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/configs"
	"statusd/fault"
	"statusd/internal/logx"
	"statusd/internal/sdnotify"
	"statusd/node"
	"statusd/rpc"
)

// runCommand is the daemon itself: the root command and "run".
func (a *app) runCommand(use string) frame.Command {
	return frame.Command{
		Use: use, Short: "Run the daemon in the foreground (the default command)",
		Build: func(fs *frame.Flags) frame.Run {
			flags, showVersion := addConfigFlags(fs), false
			password := addPasswordFlags(fs, "", "for --login")
			fs.Var(&showVersion, "version", "print the version and exit")
			return func(ctx context.Context, _ []string) error {
				if showVersion {
					return a.printVersion()
				}
				a.silent = true
				return a.run(ctx, flags, password)
			}
		},
	}
}

// run starts the daemon that flags describe.
func (a *app) run(ctx context.Context, flags *configFlags, password *passwordFlags) error {
	loaded, err := flags.load()
	if err != nil {
		return err
	}
	// A directory that cannot be read is the node's to complain about.
	if role, _ := roleOf(loaded.Config.DataDir); role == roleBootnode {
		return fail(fault.Config, fmt.Errorf("%s belongs to a bootstrap node: choose another --dir, or start that one "+
			"with: statusd bootnode", loaded.Config.DataDir))
	}
	login, err := a.loginPassword(loaded.Config, password)
	if err != nil {
		return err
	}
	return a.daemon(ctx, loaded, flags.load, login)
}

// loginPassword reads the password of the account to log in at the start, if
// there is one. Without it the start fails like one with a wrong password.
func (a *app) loginPassword(cfg *configs.Config, p *passwordFlags) (kdf.Password, error) {
	if cfg.Login == "" {
		return kdf.Password{}, nil
	}
	typed, err := a.readPassword(p, fmt.Sprintf("Password of %s", cfg.Login), false)
	if err != nil {
		err = fmt.Errorf("cannot log in account %q: %w", cfg.Login, err)
		if kind, _ := fault.Of(err); kind == fault.Usage || kind == fault.Failed { // there is none
			err = fail(fault.Permission, err)
		}
		return kdf.Password{}, err
	}
	defer clear(typed)
	return kdf.NewPassword(typed)
}

// process is a running daemon: what signals act on.
type process struct {
	logs   *logx.Logs
	log    *zap.Logger
	node   *node.Node
	server atomic.Pointer[rpc.Server] // nil until the node has its directory
	reload func() (*configs.Loaded, error)
	dump   io.Writer
}

// daemon runs a node until it is told to stop.
func (a *app) daemon(
	ctx context.Context, loaded *configs.Loaded, reload func() (*configs.Loaded, error), login kdf.Password,
) error {
	syscall.Umask(0o077)
	cfg := loaded.Config
	logs, err := openLogs(cfg, a.err)
	if err != nil {
		return fail(fault.CannotCreate, fmt.Errorf("open log: %w", err))
	}
	defer logs.Close()
	log := logs.Logger()
	for _, w := range loaded.Warnings {
		log.Warn("configuration", zap.String("note", w))
	}
	notify, err := sdnotify.Open(os.Getenv)
	if err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	defer notify.Close()

	p := &process{logs: logs, log: log, reload: reload, dump: a.err}
	registry := prometheus.NewRegistry()
	p.node, err = node.New(cfg, node.Deps{
		Logger: log, Registry: registry, Version: node.Version{Version: version, Commit: commit}, Notify: notify,
		Password: login, Watchdog: sdnotify.WatchdogPeriod(os.Getenv, os.Getpid()),
		Frontend: func(n *node.Node) (node.Frontend, error) {
			server, err := rpc.New(rpcConfig(cfg, log, registry), rpcDeps(n, logs, registry))
			p.server.Store(server)
			return server, err
		},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var greeter sync.WaitGroup
	defer greeter.Wait()
	defer cancel()
	greeter.Go(func() {
		select {
		case <-p.node.Ready():
			a.greet(loaded, p)
		case <-ctx.Done():
		}
	})
	return p.run(ctx)
}

// openLogs builds the logger that the configuration describes.
func openLogs(cfg *configs.Config, stderr io.Writer) (*logx.Logs, error) {
	lc := logx.Config{
		Level: string(cfg.LogLevel), Modules: map[string]string{}, FullIDs: cfg.LogFullIDs,
		File: logx.FileConfig{
			Path: cfg.LogPath(), MaxSizeMB: cfg.LogMaxSize, MaxBackups: cfg.LogMaxBackups,
			MaxAgeDays: cfg.LogMaxAge, Compress: cfg.LogCompressRotated,
		},
	}
	for module, level := range cfg.LogModules {
		lc.Modules[module] = string(level)
	}
	terminal := isTerminal(stderr)
	switch cfg.LogFormat {
	case configs.LogAuto:
		lc.Format = logx.Logfmt
		if terminal {
			lc.Format = logx.Terminal
		}
	default:
		lc.Format = logx.Format(cfg.LogFormat)
	}
	lc.Colour = cfg.LogColor == configs.ColorAlways ||
		cfg.LogColor == configs.ColorAuto && terminal && os.Getenv("NO_COLOR") == ""
	if !cfg.LogEnabled {
		lc.File.Path = ""
	} else if cfg.LogToStderr {
		lc.Stderr = stderr
		if f, ok := stderr.(*os.File); ok {
			lc.Journal = logx.JournalStream(os.Getenv("JOURNAL_STREAM"), f)
		}
	}
	return logx.New(lc)
}

// greet tells the operator who the node is and how to talk to it.
func (a *app) greet(loaded *configs.Loaded, p *process) {
	cfg := loaded.Config
	server := p.server.Load()
	if server == nil {
		return
	}
	at, self := server.Endpoints(), p.node.Self()
	var text string
	add := func(format string, args ...any) { text += fmt.Sprintf(format+"\n", args...) }
	add("statusd %s is running.", version)
	if self != nil {
		add("  enode    %s", self.URLv4())
	}
	add("  data     %s", cfg.DataDir)
	if at.IPC != "" {
		add("  socket   %s", at.IPC)
		dir := ""
		if loaded.Source("DataDir") != "default" {
			dir = " --dir " + cfg.DataDir
		}
		add("  try      %s rpc%s waku_info", os.Args[0], dir)
	}
	if at.HTTP != "" {
		add("  http     %s", at.HTTP)
		curl := "curl"
		if !cfg.HTTPNoAuth { // by the input: other users see what is on the command line
			curl = fmt.Sprintf(`printf 'Authorization: Bearer %%s' "$(cat %s)" | curl -H @-`, cfg.TokenPath())
		}
		add("  try      %s -H 'Content-Type: application/json' \\", curl)
		add(`             -d '{"jsonrpc":"2.0","id":1,"method":"%s"}' %s`, api.WakuInfo.Name, at.HTTP)
	}
	if at.Metrics != "" {
		add("  metrics  %s/metrics", at.Metrics)
	}
	fmt.Fprint(a.err, text)
}

var errStopLimit = errors.New("the daemon did not stop in time")
