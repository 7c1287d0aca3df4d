package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/gorilla/websocket"

	"statusd/api"
)

// message is anything that comes over a connection.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *api.Error      `json:"error"`
}

// request is a call on the wire.
type request struct {
	Version string          `json:"jsonrpc"`
	ID      json.Number     `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params,omitempty"`
}

func encode(id uint64, method string, params json.RawMessage) ([]byte, error) {
	return json.Marshal(request{"2.0", json.Number(strconv.FormatUint(id, 10)), method, params})
}

// connection carries messages in both directions. One goroutine reads; writes
// are made one at a time.
type connection interface {
	read() ([]byte, error)
	write([]byte) error
	close() error
}

type dialer func(context.Context) (connection, error)

// stream is a connection with the calls that wait for answers on it.
type stream struct {
	cfg  Config
	conn connection

	writing sync.Mutex

	mu      sync.Mutex // guards what follows
	last    uint64
	waiting map[uint64]chan<- message
	subs    map[string]*Subscription
	asking  int                  // calls that subscribe and are not answered yet
	early   map[string][]message // what came for them
	err     error                // why it ended; nil: it has not
	done    chan struct{}        // closed when it ended
}

func newStream(cfg Config, conn connection) *stream {
	s := &stream{
		cfg: cfg, conn: conn, waiting: make(map[uint64]chan<- message), subs: make(map[string]*Subscription),
		done: make(chan struct{}),
	}
	go s.receive() // ends with the connection, which end closes
	return s
}

func (s *stream) broken() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err != nil
}

// end closes the connection and tells everybody who waits. The first reason
// counts.
func (s *stream) end(err error) {
	s.mu.Lock()
	if s.err == nil {
		s.err = err
		close(s.done)
	}
	s.mu.Unlock()
	s.conn.close()
}

func (s *stream) receive() {
	for {
		raw, err := s.conn.read()
		if err != nil {
			var syntax *json.SyntaxError
			switch {
			case errors.Is(err, io.EOF):
				err = errors.New("the daemon closed it")
			case errors.As(err, &syntax):
				err = noMessage(err)
			}
			s.end(err)
			return
		}
		var m message
		if err := json.Unmarshal(raw, &m); err != nil {
			s.end(noMessage(err))
			return
		}
		s.dispatch(m)
	}
}

// noMessage says that something else came than a message.
func noMessage(err error) error {
	return &AnswerError{fmt.Errorf("what came is no JSON-RPC message: %w", err)}
}

// dispatch hands a message to who waits for it.
func (s *stream) dispatch(m message) {
	if m.Method != "" {
		s.notify(m)
		return
	}
	id, err := strconv.ParseUint(string(m.ID), 10, 64)
	s.mu.Lock()
	waiter := s.waiting[id]
	delete(s.waiting, id)
	s.mu.Unlock()
	if err != nil || waiter == nil { // not ours, or nobody waits any more
		if m.Error != nil && waiter == nil && string(m.ID) == "null" {
			s.end(m.Error) // about the connection as a whole
		}
		return
	}
	waiter <- m
}

// call makes a call and waits for its answer.
func (s *stream) call(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
	answer := make(chan message, 1)
	s.mu.Lock()
	s.last++
	id := s.last
	s.waiting[id] = answer
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting, id)
	}()
	body, err := encode(id, method, params)
	if err != nil {
		return nil, err
	}
	if err := s.write(ctx, body); err != nil {
		return nil, connectionError(ctx, s.cfg.Target, false, err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			return nil, m.Error
		}
		return m.Result, nil
	case <-s.done:
		select { // it may have come just before
		case m := <-answer:
			if m.Error != nil {
				return nil, m.Error
			}
			return m.Result, nil
		default:
		}
		return nil, connectionError(ctx, s.cfg.Target, false, s.reason())
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *stream) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// write sends a message. When ctx ends in the middle of it, the connection
// cannot be used any more.
func (s *stream) write(ctx context.Context, body []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	stop := context.AfterFunc(ctx, func() { s.end(context.Cause(ctx)) })
	err := s.conn.write(body)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		s.end(err)
	}
	return err
}

// socket is a connection over the unix socket: JSON values, each on a line.
type socket struct {
	conn net.Conn
	in   *bounded
	dec  *json.Decoder
	most int64
}

// bounded reads so many bytes at most.
type bounded struct {
	from io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// errTooLarge ends a connection on which a message is larger than agreed.
var errTooLarge = errors.New("a message has more bytes than MaxAnswer allows")

func dialUnix(path string, most int64) dialer {
	return func(ctx context.Context) (connection, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "unix", path)
		if err != nil {
			return nil, err
		}
		in := &bounded{from: bufio.NewReader(conn)}
		return &socket{conn, in, json.NewDecoder(in), most}, nil
	}
}

// read reads one message, of which the decoder may have some bytes already.
func (s *socket) read() ([]byte, error) {
	var raw json.RawMessage
	s.in.left = s.most
	err := s.dec.Decode(&raw)
	return raw, err
}

func (s *socket) write(body []byte) error {
	_, err := s.conn.Write(append(body, '\n'))
	return err
}

func (s *socket) close() error { return s.conn.Close() }

// webSocket is a connection over WebSocket: each message a text.
type webSocket struct{ conn *websocket.Conn }

func dialWeb(cfg Config) dialer {
	return func(ctx context.Context) (connection, error) {
		d := websocket.Dialer{TLSClientConfig: cfg.TLS, Proxy: http.ProxyFromEnvironment}
		conn, answer, err := d.DialContext(ctx, cfg.Target, authorization(cfg.Token))
		if err != nil {
			if answer != nil {
				return nil, refusal(answer, err)
			}
			return nil, err
		}
		conn.SetReadLimit(cfg.MaxAnswer)
		return &webSocket{conn}, nil
	}
}

func (w *webSocket) read() ([]byte, error) {
	_, raw, err := w.conn.ReadMessage()
	return raw, err
}

func (w *webSocket) write(body []byte) error { return w.conn.WriteMessage(websocket.TextMessage, body) }
func (w *webSocket) close() error            { return w.conn.Close() }

func authorization(token string) http.Header {
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return header
}
