package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/configs"
	"statusd/discovery/discv5"
	"statusd/discovery/rendezvous"
	"statusd/discovery/topdisc"
	"statusd/fault"
	"statusd/internal/logx"
	"statusd/mailserver/canary"
)

// checkFlags are those of status-go's node-canary.
type checkFlags struct {
	static, mail []string
	rendezvous   []string
	discv5       []string
	channel      string
	timeout      int
	period       int
	pow          float64
	ttl          int
	passwordFile string
	log          string
	logFile      string
}

func (f *checkFlags) add(fs *frame.Flags) {
	*f = checkFlags{
		channel: canary.DefaultChannel, timeout: int(canary.DefaultTimeout.Seconds()),
		period: int(canary.DefaultPeriod.Seconds()), pow: 0.000002, ttl: 120, log: "error",
	}
	fs.Var(&f.static, "staticnode", "node that only has to connect and stay; may be repeated")
	fs.Var(&f.mail, "mailserver", "another name for the argument; may be repeated")
	fs.Var(&f.rendezvous, "rendezvous", "rendezvous server to ask; may be repeated")
	fs.Var(&f.discv5, "discv5", "node to ask over UDP, as discovery does; may be repeated")
	fs.Var(&f.channel, "channel", "public chat whose topic is asked for")
	fs.Var(&f.timeout, "timeout", "seconds that each step may take")
	fs.Var(&f.period, "period", "seconds back from now that are asked for")
	fs.Var(&f.pow, "waku.pow", "proof of work of the request")
	fs.Var(&f.ttl, "waku.ttl", "time to live of the request in seconds")
	fs.Var(&f.passwordFile, "password-file", "file with the mailserver's password, - for standard input")
	fs.Var(&f.log, "log", "level of the log").Complete(frame.OneOf("error", "warn", "info", "debug", "trace"))
	fs.Var(&f.logFile, "logfile", "log file instead of standard error")
	nothing := func() string { return "" }
	fs.Switch("log-without-color", "accepted for scripts; the log has no colours", func() string { return "false" })
	fs.Text("home-dir", "accepted for scripts; nothing is stored", nothing)
}

func (f *checkFlags) validate() error {
	inRange := func(name string, v, low, high int) error {
		if v < low || v > high {
			return fmt.Errorf("--%s %d: want %d to %d", name, v, low, high)
		}
		return nil
	}
	err := errors.Join(inRange("timeout", f.timeout, 1, 600), inRange("period", f.period, 1, math.MaxInt32),
		inRange("waku.ttl", f.ttl, 1, 3600))
	if !(f.pow > 0 && f.pow <= 100) { // written so that NaN fails
		err = errors.Join(err, fmt.Errorf("--waku.pow %v: want a number above 0, 100 at most", f.pow))
	}
	return err
}

// canaryCommand is the same as mailserver check, under the name that status-go
// gives it.
func (a *app) canaryCommand() frame.Command { return a.checkCommand("canary") }

func (a *app) checkCommand(name string) frame.Command {
	return frame.Command{
		Use: name + " [ENODE...]", Short: "Try out mailservers and other nodes from outside, without a daemon",
		Args: frame.Args{Max: frame.Any},
		Long: `Connects to each node as a client does, and asks a mailserver for one envelope
of a public chat. It needs no daemon and stores nothing. The password of a
mailserver is that of its enode, of --password-file, or the well-known one.

A rendezvous server (enode://… or enr:…) is asked for nodes, and for the address
that it sees. A node given with --discv5 is pinged over UDP and asked for the
relays that are advertised with it: a boot node is tried out that way.

Exit codes, of several nodes the highest:
  0   answered, be it with an empty history; a static node stayed connected
  1   it cannot be reached, or does not speak Waku
  2   the request could not be sent, or was answered with an error
  3   no answer in time
  4   the last envelope that the answer announces did not come
  64  wrong usage`,
		Example: "  statusd mailserver check enode://…:password@192.0.2.7:30303\n" +
			"  statusd mailserver check -o json --timeout 5 enode://… enr:…\n" +
			"  statusd canary --discv5 enr:… --rendezvous enode://… --staticnode enode://…",
		Build: func(fs *frame.Flags) frame.Run {
			var f checkFlags
			f.add(fs)
			return func(ctx context.Context, args []string) error {
				checks, err := f.checks(a, args)
				if err != nil {
					return err
				}
				ctx, stop := interruptible(ctx)
				defer stop()
				return a.check(ctx, checks)
			}
		},
	}
}

// checkFunc tries out one node.
type checkFunc func(context.Context) canary.Report

// checks are the nodes to check.
func (f *checkFlags) checks(a *app, args []string) ([]checkFunc, error) {
	targets, err := f.targets(a, args)
	if err != nil {
		return nil, err
	}
	var out []checkFunc
	for _, t := range targets {
		out = append(out, func(ctx context.Context) canary.Report { return canary.Check(ctx, t) })
	}
	for _, text := range f.rendezvous {
		server, err := rendezvous.ParseServer(text)
		if err != nil {
			return nil, usageError(fmt.Errorf("--rendezvous: %w", err))
		}
		cfg := rendezvous.ProbeConfig{Server: server, Timeout: time.Duration(f.timeout) * time.Second}
		out = append(out, func(ctx context.Context) canary.Report { return checkRendezvous(ctx, cfg) })
	}
	for i, text := range f.discv5 {
		ref, err := configs.ParseNodeRef(text)
		if err != nil {
			return nil, usageError(fmt.Errorf("--discv5, node %d: %w", i+1, err))
		}
		if n := ref.Node(); n.UDP() == 0 || !n.IPAddr().IsValid() && n.Hostname() == "" {
			return nil, usageError(fmt.Errorf("--discv5: %s does not say at which UDP port the node listens", ref))
		}
		cfg := discv5.ProbeConfig{Node: ref.Node(), Timeout: time.Duration(f.timeout) * time.Second}
		out = append(out, func(ctx context.Context) canary.Report { return checkDiscv5(ctx, cfg) })
	}
	if len(out) == 0 {
		return nil, usageError(errors.New("missing argument: the enode of a mailserver"))
	}
	return out, nil
}

// checkDiscv5 tries out a node over UDP.
func checkDiscv5(ctx context.Context, cfg discv5.ProbeConfig) canary.Report {
	r := canary.Report{Node: cfg.Node.String(), Kind: "discv5", OK: true, Steps: []canary.Step{}}
	result, err := discv5.Probe(ctx, cfg)
	if err != nil {
		r.OK, r.Code, r.Error = false, canary.CodeConnect, err.Error()
		return r
	}
	for _, s := range result.Steps {
		ms := float64(s.Took.Microseconds()) / 1000
		r.Steps = append(r.Steps, canary.Step{Name: s.Name, OK: s.Err == nil, Milliseconds: ms})
		var refused *topdisc.Refusal
		switch {
		case s.Err == nil:
			continue
		case s.Name == "ping":
			r.Code = canary.CodeConnect
		case errors.As(s.Err, &refused), errors.Is(s.Err, topdisc.ErrNotCapable), errors.Is(s.Err, topdisc.ErrMalformed):
			r.Code = canary.CodeRequest
		default:
			r.Code = canary.CodeSilent
		}
		r.OK, r.Error = false, result.Err().Error()
	}
	r.Relays, r.SeenAs = result.Ads, result.Seen
	return r
}

// checkRendezvous tries out a rendezvous server.
func checkRendezvous(ctx context.Context, cfg rendezvous.ProbeConfig) canary.Report {
	result := rendezvous.Probe(ctx, cfg)
	r := canary.Report{Node: cfg.Server.String(), Kind: "rendezvous", OK: true, Steps: []canary.Step{}}
	for _, s := range result.Steps {
		ms := float64(s.Took.Microseconds()) / 1000
		r.Steps = append(r.Steps, canary.Step{Name: s.Name, OK: s.Err == nil, Milliseconds: ms})
		var refused *rendezvous.StatusError
		switch {
		case s.Err == nil:
			continue
		case s.Name == "connect":
			r.Code = canary.CodeConnect
		case errors.As(s.Err, &refused):
			r.Code = canary.CodeRequest
		default:
			r.Code = canary.CodeSilent
		}
		r.OK, r.Error = false, result.Err().Error()
	}
	if r.Relays = result.Records; r.OK {
		r.SeenAs = result.Seen.String()
	}
	return r
}

// targets are the mailservers and static nodes to check.
func (f *checkFlags) targets(a *app, args []string) ([]canary.Config, error) {
	if err := f.validate(); err != nil {
		return nil, usageError(err)
	}
	logs, err := logx.New(logx.Config{
		Level: f.log, Format: logx.Logfmt, Stderr: a.err, File: logx.FileConfig{Path: f.logFile},
	})
	if err != nil {
		return nil, usageError(err)
	}
	password := ""
	if f.passwordFile != "" {
		if password, err = a.readSecret(f.passwordFile); err != nil {
			return nil, err
		}
	}
	var out []canary.Config
	add := func(text string, static bool) error {
		ref, err := configs.ParseNodeRef(text)
		if err != nil {
			return usageError(fmt.Errorf("node %d: %w", len(out)+1, err))
		}
		if !ref.HasEndpoint() {
			return usageError(fmt.Errorf("%s does not say where the node listens", ref))
		}
		one := canary.Config{
			Node: ref.Node(), Address: ref.Address(), Password: ref.Password().Reveal(), Static: static, Channel: f.channel,
			Timeout: time.Duration(f.timeout) * time.Second, Period: time.Duration(f.period) * time.Second, PoW: f.pow,
			TTL: uint32(f.ttl), Logger: logs.Logger(),
		}
		if one.Password == "" {
			one.Password = password
		}
		out = append(out, one)
		return nil
	}
	for _, text := range append(args, f.mail...) {
		if err := add(text, false); err != nil {
			return nil, err
		}
	}
	for _, text := range f.static {
		if err := add(text, true); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// maxChecks bounds the checks that go on at once.
const maxChecks = 16

// check tries out all nodes at once and prints a report of each in their
// order.
func (a *app) check(ctx context.Context, checks []checkFunc) error {
	reports := make([]canary.Report, len(checks))
	slots := make(chan struct{}, maxChecks)
	var all sync.WaitGroup
	for i, check := range checks {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			reports[i] = check(ctx)
		})
	}
	all.Wait()
	worst := 0
	for _, r := range reports {
		worst = max(worst, r.Code)
		if err := a.printReport(r); err != nil {
			return fail(fault.IO, err)
		}
	}
	if ctx.Err() != nil {
		return fail(fault.Interrupted, errors.New("interrupted"))
	}
	if worst != 0 {
		return &silentError{worst}
	}
	return nil
}

func (a *app) printReport(r canary.Report) error {
	if a.output == outputJSON {
		return a.printJSON(checked(r))
	}
	verdict := "ok"
	if !r.OK {
		verdict = "FAILED: " + r.Error
	} else if r.Kind == "mailserver" {
		verdict = "ok, answered with an envelope"
		if r.Envelopes == 0 {
			verdict = "ok, answered, but has nothing for this period"
		}
	} else if r.Kind == "rendezvous" || r.Kind == "discv5" {
		verdict = fmt.Sprintf("ok, relays told of %d, sees us at %s", r.Relays, r.SeenAs)
	}
	if _, err := fmt.Fprintf(a.out, "%s\n  %s\n", r.Node, verdict); err != nil {
		return err
	}
	if r.Client != "" {
		fmt.Fprintf(a.out, "  %s\n", r.Client)
	}
	for _, s := range r.Steps {
		mark := ""
		if !s.OK {
			mark = "  failed"
		}
		if _, err := fmt.Fprintf(a.out, "  %-10s %9.1f ms%s\n", s.Name, s.Milliseconds, mark); err != nil {
			return err
		}
	}
	return nil
}

// checked is a report as programs get it.
func checked(r canary.Report) api.NodeCheck {
	steps := make([]api.CheckStep, len(r.Steps))
	for i, s := range r.Steps {
		steps[i] = api.CheckStep(s)
	}
	return api.NodeCheck{
		Node: r.Node, Kind: r.Kind, OK: r.OK, Code: r.Code, Error: r.Error, Client: r.Client, Protocols: r.Protocols,
		Steps: steps, Envelopes: r.Envelopes, More: r.More, Relays: r.Relays, SeenAs: r.SeenAs,
	}
}

// readSecret reads the first line of a file, or of standard input.
func (a *app) readSecret(path string) (string, error) {
	in := a.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", fail(fault.NoInput, fmt.Errorf("read password: %w", err))
		}
		defer f.Close()
		in = f
	}
	return firstLine(in)
}
