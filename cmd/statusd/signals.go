package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"time"

	"go.uber.org/zap"

	"statusd/configs"
	"statusd/internal/profile"
)

// debugFor is how long SIGUSR2 switches debug logging on.
const debugFor = 5 * time.Minute

// sameSignal is how long after the first INT or TERM another one still belongs
// to it: timeout(1), supervisors and terminals signal a process and its group.
const sameSignal = 250 * time.Millisecond

// run runs the node and obeys signals. The first INT or TERM stops it, the
// second ends the process at once.
func (p *process) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	ended := make(chan error, 1)
	go func() { ended <- p.node.Run(ctx) }()

	limit := time.NewTimer(time.Hour)
	defer limit.Stop()
	limit.Stop()
	quiet := time.NewTimer(time.Hour)
	defer quiet.Stop()
	quiet.Stop()
	var stopped time.Time // zero: not yet
	for {
		select {
		case err := <-ended:
			if !stopped.IsZero() && (errors.Is(err, context.Canceled) || errors.Is(err, profile.ErrClosed)) {
				return nil // it was told to stop while it started
			}
			return err
		case <-limit.C:
			p.goroutines("the daemon did not stop in time")
			return errStopLimit
		case <-quiet.C:
			p.setDebug(false)
		case s := <-signals:
			switch s {
			case syscall.SIGHUP:
				p.reloadAll()
			case syscall.SIGUSR1:
				p.goroutines("asked by SIGUSR1")
			case syscall.SIGUSR2:
				quiet.Stop()
				if p.setDebug(p.logs.Level("") != "debug") {
					quiet.Reset(debugFor)
				}
			default:
				if !stopped.IsZero() {
					if time.Since(stopped) < sameSignal {
						continue
					}
					p.goroutines("second signal")
					p.logs.Close()
					os.Exit(128 + int(s.(syscall.Signal)))
				}
				p.log.Info("stopping on signal", zap.Stringer("signal", s))
				stop()
				limit.Reset(p.shutdownLimit())
				stopped = time.Now()
			}
		}
	}
}

func (p *process) shutdownLimit() time.Duration {
	if loaded, err := p.reload(); err == nil {
		return time.Duration(loaded.Config.ShutdownTimeout)
	}
	return 20 * time.Second
}

// goroutines writes the stack of every goroutine to the error stream.
func (p *process) goroutines(why string) {
	fmt.Fprintf(p.dump, "statusd: goroutines (%s):\n", why)
	if err := pprof.Lookup("goroutine").WriteTo(p.dump, 2); err != nil {
		p.log.Warn("goroutines not written", zap.Error(err))
	}
}

// setDebug switches debug logging of all modules on, or back to what is
// configured. It returns whether it is on.
func (p *process) setDebug(on bool) bool {
	level := "debug"
	if !on {
		level = "info"
		if loaded, err := p.reload(); err == nil {
			level = string(loaded.Config.LogLevel)
		}
	}
	if err := p.logs.SetLevel("", level); err != nil {
		p.log.Warn("log level not changed", zap.Error(err))
		return false
	}
	p.log.Info("log level changed", zap.String("level", level))
	return on
}

// reloadAll rereads what may change at run time: levels, log file, token, TLS
// files and peer lists.
func (p *process) reloadAll() {
	if err := p.logs.Reopen(); err != nil {
		p.log.Error("log file not reopened", zap.Error(err))
	}
	if server := p.server.Load(); server != nil {
		if err := server.Reload(); err != nil {
			p.log.Error("rpc token or certificate not reloaded", zap.Error(err))
		}
	}
	loaded, err := p.reload()
	if err != nil {
		p.log.Error("configuration not reloaded", zap.Error(err))
		return
	}
	p.applyLevels(loaded.Config)
	if err := p.node.Reload(loaded.Config); err != nil {
		p.log.Error("peer lists not reloaded", zap.Error(err))
		return
	}
	p.log.Info("configuration reloaded")
}

func (p *process) applyLevels(cfg *configs.Config) {
	levels := map[string]string{"": string(cfg.LogLevel)}
	for module, level := range cfg.LogModules {
		levels[module] = string(level)
	}
	for module, level := range levels {
		if err := p.logs.SetLevel(module, level); err != nil {
			p.log.Error("log level not changed", zap.String("module", module), zap.Error(err))
		}
	}
}
