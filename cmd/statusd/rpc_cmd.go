package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	gethrpc "github.com/ethereum/go-ethereum/rpc"

	"statusd/api"
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

// maxAnswer bounds one WebSocket message of an answer.
const maxAnswer = 64 << 20

// dial connects to the daemon.
func (e *endpoint) dial(ctx context.Context) (*gethrpc.Client, error) {
	if e.timeout <= 0 {
		return nil, usageError(fmt.Errorf("--timeout %s: want more than 0", e.timeout))
	}
	loaded, err := e.config.load()
	if err != nil {
		return nil, err
	}
	target := e.url
	if target == "" {
		target, _ = loaded.Config.IPCPath(os.Getenv("XDG_RUNTIME_DIR"))
	}
	var options []gethrpc.ClientOption
	if strings.Contains(target, "://") {
		file := e.tokenFile
		if file == "" {
			file = loaded.Config.TokenPath()
		}
		raw, err := os.ReadFile(file)
		switch {
		case err == nil:
			header := http.Header{"Authorization": {"Bearer " + strings.TrimSpace(string(raw))}}
			options = append(options, gethrpc.WithHeaders(header), gethrpc.WithWebsocketMessageSizeLimit(maxAnswer))
		case e.tokenFile != "" || !errors.Is(err, fs.ErrNotExist):
			return nil, fail(fault.NoInput, fmt.Errorf("read token: %w", err))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	client, err := gethrpc.DialOptions(ctx, target, options...)
	if err != nil {
		return nil, unreachable(target, err)
	}
	return client, nil
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
	client, err := e.dial(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	params, err := parameters(given)
	if err != nil {
		return err
	}
	if base, ok := strings.CutSuffix(args[0], "_subscribe"); ok {
		return a.follow(ctx, client, base, params)
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	if named {
		return a.callNamed(ctx, client, args[0], given)
	}
	var result json.RawMessage
	if err := client.CallContext(ctx, &result, args[0], params...); err != nil {
		return callError(err)
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

// callNamed calls with an object of named parameters.
func (a *app) callNamed(ctx context.Context, client *gethrpc.Client, method string, args []string) error {
	if len(args) != 1 || !strings.HasPrefix(strings.TrimSpace(args[0]), "{") || !json.Valid([]byte(args[0])) {
		return usageError(errors.New("--named takes one JSON object"))
	}
	params, err := a.positional(ctx, client, method, []byte(args[0]))
	if err != nil {
		return err
	}
	var result json.RawMessage
	if err := client.CallContext(ctx, &result, method, params...); err != nil {
		return callError(err)
	}
	return a.printResult(result)
}

// positional orders named parameters as the daemon's own description of the
// method says: the client library only sends lists.
func (a *app) positional(ctx context.Context, client *gethrpc.Client, method string, raw []byte) ([]any, error) {
	var doc struct {
		Methods []struct {
			Name   string                  `json:"name"`
			Params []struct{ Name string } `json:"params"`
		} `json:"methods"`
	}
	if err := client.CallContext(ctx, &doc, "rpc.discover"); err != nil {
		return nil, callError(err)
	}
	given := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &given); err != nil {
		return nil, fail(fault.BadInput, err)
	}
	for _, m := range doc.Methods {
		if m.Name != method {
			continue
		}
		var params []any
		last := 0
		for i, p := range m.Params {
			value, ok := given[p.Name]
			if !ok {
				value = json.RawMessage("null")
			} else {
				last = i + 1
			}
			delete(given, p.Name)
			params = append(params, value)
		}
		for name := range given {
			return nil, fail(fault.BadInput, fmt.Errorf("%s has no parameter %q", method, name))
		}
		return params[:last], nil
	}
	return nil, usageError(fmt.Errorf("the daemon has no method %s", method))
}

// follow prints notifications until the user or the daemon ends it.
func (a *app) follow(ctx context.Context, client *gethrpc.Client, namespace string, params []any) error {
	a.silent = true
	ctx, stop := interruptible(ctx)
	defer stop()
	events := make(chan json.RawMessage, 64)
	sub, err := client.Subscribe(ctx, namespace, events, params...)
	if err != nil {
		return callError(err)
	}
	defer sub.Unsubscribe()
	for {
		select {
		case event := <-events:
			if _, err := fmt.Fprintf(a.out, "%s\n", event); err != nil {
				return fail(fault.IO, err)
			}
		case err := <-sub.Err():
			return fail(fault.Unavailable, fmt.Errorf("the daemon ended the subscription: %w", err))
		case <-ctx.Done():
			return nil
		}
	}
}

// callError gives the error of a call its kind and its hint.
func callError(err error) error {
	var status gethrpc.HTTPError
	if errors.As(err, &status) {
		if status.StatusCode == http.StatusUnauthorized || status.StatusCode == http.StatusForbidden {
			err = fmt.Errorf("the daemon refuses access: %s; give its token with --token-file", status.Status)
			return fail(fault.Permission, err)
		}
		return fail(fault.Protocol, err)
	}
	var coded gethrpc.Error
	if !errors.As(err, &coded) {
		if errors.Is(err, context.DeadlineExceeded) {
			return fail(fault.Timeout, errors.New("no answer in time; see --timeout"))
		}
		if notJSONRPC(err) {
			return fail(fault.Protocol, fmt.Errorf("what answers there is no daemon: its answer is not JSON-RPC (%w); look at "+
				"the address", err))
		}
		if web := new(url.Error); errors.As(err, &web) {
			return unreachable(web.URL, web.Err)
		}
		return fail(fault.Unavailable, err)
	}
	answer := fault.New(fault.Kind(api.Code(coded.ErrorCode()).Kind()), fmt.Sprintf("%v (code %d)", coded,
		coded.ErrorCode()), "")
	var withData gethrpc.DataError
	if errors.As(err, &withData) {
		if data, ok := withData.ErrorData().(map[string]any); ok {
			answer.Hint, _ = data["hint"].(string)
			if kind, ok := data["kind"].(string); ok && kind != "" {
				answer.Kind = fault.Kind(kind)
			}
		}
	}
	return answer
}

// notJSONRPC reports whether an error is about the form of an answer.
func notJSONRPC(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind) || errors.Is(err, gethrpc.ErrNoResult) ||
		errors.Is(err, io.ErrUnexpectedEOF)
}
