package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"statusd/api"
	"statusd/api/client"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// endpoint says how client commands reach a daemon.
type endpoint struct {
	config    *configFlags
	url       string
	tokenFile string
	timeout   time.Duration
}

func addEndpointFlags(fs *frame.Flags, timeout time.Duration) *endpoint {
	e := &endpoint{config: &configFlags{fs: fs}, timeout: timeout}
	e.config.addFiles()
	fs.Text("ipcfile", "path of the daemon's socket", func() string { return "" })
	fs.Var(&e.url, "url", "http://, ws:// or socket path of the daemon, if not the usual socket")
	fs.Var(&e.tokenFile, "token-file", "file with the token for --url (default <dir>/rpc-token)")
	fs.Var(&e.timeout, "timeout", "longest time to wait for an answer")
	return e
}

// maxAnswer bounds the bytes of one answer.
const maxAnswer = 64 << 20

// connection calls the daemon. The errors of its calls are those of commands:
// with a kind and a hint.
type connection struct {
	*client.Client
	timeout time.Duration // of the flags
}

// dial connects to the daemon.
func (e *endpoint) dial(ctx context.Context) (*connection, error) {
	if e.timeout <= 0 {
		return nil, usageError(fmt.Errorf("--timeout %s: want more than 0", e.timeout))
	}
	loaded, err := e.config.load()
	if err != nil {
		return nil, err
	}
	cfg := client.Config{Target: e.url, MaxAnswer: maxAnswer}
	if cfg.Target == "" {
		cfg.Target, _ = loaded.Config.IPCPath(os.Getenv("XDG_RUNTIME_DIR"))
	}
	if strings.Contains(cfg.Target, "://") {
		file := cmp.Or(e.tokenFile, loaded.Config.TokenPath())
		raw, err := os.ReadFile(file)
		if err != nil && (e.tokenFile != "" || !errors.Is(err, fs.ErrNotExist)) {
			return nil, fail(fault.NoInput, fmt.Errorf("read token: %w", err))
		}
		cfg.Token = strings.TrimSpace(string(raw))
	}
	conn, err := client.New(cfg)
	if err != nil {
		return nil, usageError(err)
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	if err := conn.Connect(ctx); err != nil {
		return nil, callError(err)
	}
	return &connection{conn, e.timeout}, nil
}

// within is the connection with another time limit for each call.
func (c *connection) within(limit time.Duration) *connection { return &connection{c.Client, limit} }

// Call implements api.Caller.
func (c *connection) Call(ctx context.Context, method api.Spec, args, result any) error {
	within, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.outcome(ctx, c.Client.Call(within, method, args, result))
}

// raw calls what a person names, with parameters that are JSON.
func (c *connection) raw(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	within, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := c.CallRaw(within, method, params)
	return answer, c.outcome(ctx, err)
}

// outcome is the error of a call: when the caller has had enough, that alone.
func (c *connection) outcome(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return callError(err)
}

// unreachable words the failure to reach a daemon.
func unreachable(target string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("no permission to use %s; run as the daemon's user or join its group", target)
		return fail(fault.Permission, err)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return fail(fault.Unavailable, fmt.Errorf("no daemon answers at %s; start one with: statusd run", target))
	}
	return fail(fault.Unavailable, fmt.Errorf("no daemon answers at %s: %w", target, err))
}

func (a *app) rpcCommand() frame.Command {
	return frame.Command{
		Use: "rpc METHOD [JSON...]", Short: "Call a method of the running daemon",
		Args: frame.AtLeast(1, "the method, for example waku_info"),
		Long: `Calls a method and prints its result. Each further argument is one parameter:
JSON, or a plain word, which is taken as a string. An argument "-" is read from
standard input: other users of the machine can see what is on the command line,
so keys and passwords do not belong there. A method that ends in _subscribe
keeps running and prints one notification on each line.`,
		Example: `  statusd rpc waku_info
  statusd rpc waku_newMessageFilter '{"symKeyID":"…","topics":["0x11223344"]}'
  statusd rpc --named waku_getFilterMessages '{"id":"…"}'
  statusd rpc waku_generateSymKeyFromPassword - < password-file`,
		Build: func(fs *frame.Flags) frame.Run {
			e, named := addEndpointFlags(fs, time.Minute), false
			fs.Var(&named, "named", "the one JSON argument is an object of named parameters")
			return func(ctx context.Context, args []string) error { return a.rpc(ctx, e, args, named) }
		},
	}
}

func (a *app) rpc(ctx context.Context, e *endpoint, args []string, named bool) error {
	given, err := a.withInput(args[1:])
	if err != nil {
		return err
	}
	params, err := parameters(given)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(params)
	if err != nil {
		return fail(fault.Internal, err)
	}
	if named {
		if len(given) != 1 || !strings.HasPrefix(strings.TrimSpace(given[0]), "{") {
			return usageError(errors.New("--named takes one JSON object"))
		}
		raw = []byte(given[0])
	}
	conn, err := e.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if client.Subscribes(args[0]) {
		return a.follow(ctx, conn, args[0], raw)
	}
	result, err := conn.raw(ctx, args[0], raw)
	if err != nil {
		return err
	}
	return a.printResult(result)
}

// withInput replaces an argument "-" by what standard input holds, without the
// line feed at its end.
func (a *app) withInput(args []string) ([]string, error) {
	at := slices.Index(args, "-")
	if at < 0 {
		return args, nil
	}
	raw, err := io.ReadAll(io.LimitReader(a.in, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fail(fault.IO, fmt.Errorf("read standard input: %w", err))
	case len(raw) > maxAnswer:
		return nil, fail(fault.BadInput, errors.New("standard input holds more than a parameter may"))
	case slices.Contains(args[at+1:], "-"):
		return nil, usageError(errors.New("only one argument can be read from standard input"))
	}
	out := slices.Clone(args)
	out[at] = strings.TrimRight(string(raw), "\r\n")
	return out, nil
}

// parameters turns arguments into JSON values. What begins like an object, a
// list or a JSON string was not meant to be a word.
func parameters(args []string) ([]any, error) {
	params := make([]any, len(args))
	for i, arg := range args {
		var value json.RawMessage
		err := json.Unmarshal([]byte(arg), &value)
		switch {
		case err == nil:
			params[i] = value
		case strings.IndexAny(strings.TrimSpace(arg), `{["`) == 0:
			return nil, fail(fault.BadInput, fmt.Errorf("argument %d is not JSON: %w", i+1, err))
		default:
			params[i] = arg
		}
	}
	return params, nil
}

// follow prints notifications until the user or the daemon ends it.
func (a *app) follow(ctx context.Context, conn *connection, method string, params json.RawMessage) error {
	a.silent = true
	ctx, stop := interruptible(ctx)
	defer stop()
	sub, err := conn.SubscribeRaw(ctx, method, params)
	if err != nil {
		return conn.outcome(ctx, err)
	}
	for {
		next, err := sub.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fail(fault.Unavailable, fmt.Errorf("the daemon ended the subscription: %w", err))
		}
		if next.Error != nil {
			a.note("%v", next.Error)
			continue
		}
		if _, err := fmt.Fprintf(a.out, "%s\n", next.Result); err != nil {
			return fail(fault.IO, err)
		}
	}
}

// callError gives the error of a call its kind and its hint; nil stays nil.
func callError(err error) error {
	var (
		answer  *api.Error
		refused *client.ConnectionError
		status  *client.StatusError
		unknown *client.AnswerError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer):
		hint := answer.Data.Hint
		if hint == "" && answer.Code == api.CodeUnauthenticated {
			hint = "give the daemon's token with --token-file"
		}
		return fault.New(fault.Kind(cmp.Or(answer.Data.Kind, answer.Code.Kind())),
			fmt.Sprintf("%s (code %d)", answer.Message, answer.Code), hint)
	case errors.Is(err, context.DeadlineExceeded):
		return fail(fault.Timeout, errors.New("no answer in time; see --timeout"))
	case errors.As(err, &status), errors.As(err, &unknown):
		return fail(fault.Protocol, fmt.Errorf("what answers there is no daemon, or one of another version; look at the "+
			"address: %w", err))
	case errors.As(err, &refused) && refused.Refused:
		return unreachable(refused.Target, refused.Err)
	case errors.As(err, &refused):
		return fail(fault.Unavailable, err)
	}
	return fail(fault.Failed, err)
}
