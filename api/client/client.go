package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"statusd/api"
)

// Config says where the daemon is, and who calls.
type Config struct {
	// Target is the path of the daemon's socket, or a URL that begins with
	// unix://, http://, https://, ws:// or wss://.
	Target string
	// Token is the bearer token, TokenFile a file that holds one. The unix
	// socket needs none.
	Token     string
	TokenFile string
	// TLS is the configuration for https and wss; nil: the system's roots.
	TLS *tls.Config
	// Slack is the time that is added to what a call may take in the daemon,
	// for the way there and back; 0: 5 s. A context with an earlier deadline
	// wins.
	Slack time.Duration
	// MaxAnswer bounds the bytes of one answer; 0: 64 MiB.
	MaxAnswer int64
}

const (
	defaultSlack     = 5 * time.Second
	defaultMaxAnswer = 64 << 20
)

// ErrClosed is the error of calls after Close.
var ErrClosed = errors.New("the client is closed")

// ConnectionError says that the daemon could not be reached, or that the
// connection to it broke: whether it did what was asked is not known then.
type ConnectionError struct {
	Target string
	// Refused: the connection was never made, so nothing was asked.
	Refused bool
	Err     error
}

// Error implements error.
func (e *ConnectionError) Error() string {
	if e.Refused {
		return fmt.Sprintf("no daemon answers at %s: %v", e.Target, e.Err)
	}
	return fmt.Sprintf("the connection to %s broke: %v", e.Target, e.Err)
}

// Unwrap returns the cause.
func (e *ConnectionError) Unwrap() error { return e.Err }

// AnswerError says that what came is no answer of the daemon, or that of a
// daemon of another version.
type AnswerError struct{ Err error }

// Error implements error.
func (e *AnswerError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *AnswerError) Unwrap() error { return e.Err }

// IsConnection tells whether an error is about the connection, and not the
// daemon's answer.
func IsConnection(err error) bool {
	var c *ConnectionError
	return errors.As(err, &c)
}

// Client calls a daemon. Make one with New or Dial, and Close it.
type Client struct {
	cfg    Config
	scheme string
	web    *webTransport // http and https
	dial   dialer        // of the others

	mu     sync.Mutex // guards what follows
	stream *stream    // nil: none, or it broke
	closed bool
}

var _ api.Caller = (*Client)(nil)

// New checks the configuration and reads the token. It connects to nothing.
func New(cfg Config) (*Client, error) {
	if cfg.Slack <= 0 {
		cfg.Slack = defaultSlack
	}
	if cfg.MaxAnswer <= 0 {
		cfg.MaxAnswer = defaultMaxAnswer
	}
	if cfg.Token == "" && cfg.TokenFile != "" {
		raw, err := os.ReadFile(cfg.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("read token: %w", err)
		}
		cfg.Token = strings.TrimSpace(string(raw))
	}
	c := &Client{cfg: cfg}
	scheme, _, isURL := strings.Cut(cfg.Target, "://")
	switch {
	case cfg.Target == "":
		return nil, errors.New("the target is empty: want the path of a socket, or a URL")
	case !isURL:
		c.scheme, c.dial = "unix", dialUnix(cfg.Target, cfg.MaxAnswer)
	case scheme == "unix":
		c.scheme, c.dial = scheme, dialUnix(strings.TrimPrefix(cfg.Target, "unix://"), cfg.MaxAnswer)
	case scheme == "ws", scheme == "wss":
		c.scheme, c.dial = scheme, dialWeb(cfg)
	case scheme == "http", scheme == "https":
		if _, err := url.Parse(cfg.Target); err != nil {
			return nil, fmt.Errorf("target: %w", err)
		}
		c.scheme, c.web = scheme, newWebTransport(cfg)
	default:
		return nil, fmt.Errorf("target %q: want a path, or a URL that begins with unix, http, https, ws or wss", cfg.Target)
	}
	return c, nil
}

// Dial is New, and connects, so that a daemon that is not there is noticed at
// once. Over HTTP, which has no connection to keep, it asks for the version.
func Dial(ctx context.Context, cfg Config) (*Client, error) {
	c, err := New(cfg)
	if err != nil {
		return nil, err
	}
	if c.web != nil {
		_, err = api.StatusVersion.Call(ctx, c, api.None{})
	} else {
		err = c.Connect(ctx)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Connect makes the connection that calls use, if there is none, so that a
// daemon that is not there is noticed before there is something to call. Over
// HTTP, which has no connection to keep, it does nothing.
func (c *Client) Connect(ctx context.Context) error {
	if c.web != nil {
		return nil
	}
	_, err := c.connected(ctx)
	return err
}

// DataDirSocket is the usual path of the socket of a data directory.
func DataDirSocket(dir string) string { return filepath.Join(dir, "statusd.ipc") }

// Target returns where the daemon is.
func (c *Client) Target() string { return c.cfg.Target }

// Close ends the connection, and with an error the calls that wait.
func (c *Client) Close() error {
	c.mu.Lock()
	s := c.stream
	c.stream, c.closed = nil, true
	c.mu.Unlock()
	if s != nil {
		s.end(ErrClosed)
	}
	if c.web != nil {
		c.web.close()
	}
	return nil
}

// Call implements api.Caller.
func (c *Client) Call(ctx context.Context, method api.Spec, args, result any) error {
	params, err := parameters(args)
	if err != nil {
		return fmt.Errorf("parameters of %s: %w", method.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeOf(method, args)+c.cfg.Slack)
	defer cancel()
	raw, err := c.CallRaw(ctx, method.Name, params)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, result); err != nil {
		return &AnswerError{fmt.Errorf("the answer to %s is not what this client knows; is the daemon of another version? %w",
			method.Name, err)}
	}
	return nil
}

// CallRaw calls a method by its name, with parameters that are JSON: an array,
// an object of named parameters, or nil. Programs use api's values instead; it
// serves those that pass on what a person types. It ends when ctx does.
func (c *Client) CallRaw(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	if c.web != nil {
		return c.web.call(ctx, method, params)
	}
	s, err := c.connected(ctx)
	if err != nil {
		return nil, err
	}
	return s.call(ctx, method, params)
}

// timeOf is how long a call may take in the daemon.
func timeOf(method api.Spec, args any) time.Duration {
	if p, ok := args.(api.Patient); ok {
		return min(p.CallTimeout(), api.MaxTimeout)
	}
	if method.Timeout > 0 {
		return method.Timeout
	}
	return api.DefaultTimeout
}

// parameters are named parameters of the fields of a struct.
func parameters(args any) (json.RawMessage, error) {
	if _, none := args.(api.None); none || args == nil {
		return nil, nil
	}
	return json.Marshal(args)
}

// connected returns the stream, and makes it if there is none.
func (c *Client) connected(ctx context.Context) (*stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if c.stream != nil && !c.stream.broken() {
		return c.stream, nil
	}
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, connectionError(ctx, c.cfg.Target, true, err)
	}
	c.stream = newStream(c.cfg, conn)
	return c.stream, nil
}

// connectionError is the error for what went wrong with a connection, unless
// it is the caller's own time that ended.
func connectionError(ctx context.Context, target string, refused bool, err error) error {
	var answer *api.Error
	var strange *AnswerError
	if ctx.Err() != nil || errors.As(err, &answer) || errors.As(err, &strange) || errors.Is(err, ErrClosed) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	return &ConnectionError{Target: target, Refused: refused, Err: err}
}
