package rpc

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

// Limits of the unix socket.
const (
	maxSocketPath    = 104 // bytes; what every system can bind
	defaultIPCLimit  = 32 << 20
	maxIPCSessions   = 128
	lingerTime       = 2 * time.Second
	maxLingerDiscard = 64 << 20
	maxCopied        = 64 << 10 // bytes of an answer that may be copied to be sent in one piece
)

func transient(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED) ||
		errors.Is(err, syscall.EINTR)
}

func (s *Server) serveSocketConn(ctx context.Context, conn net.Conn) {
	st := newSocketStream(conn, s.cfg.IPC.BodyLimit, &s.budget)
	c := caller{transport: "ipc", remote: "socket", scopes: scopeAll, private: true, unread: new(atomic.Int64)}
	if !s.sessions.serve(ctx, s.session(st, c), &s.locals) {
		e := api.NewError(api.CodeBusy, "too many connections on the socket").
			WithHint("close some; there may be %d", maxIPCSessions)
		st.send(s.dispatch.fault(jsonrpc.Message{}, e).body)
		st.close(endPeer)
	}
}

// socketStream is a stream over a unix socket: concatenated or line-separated
// requests in, one answer a line out.
type socketStream struct {
	conn    net.Conn
	framer  *jsonrpc.Framer
	limit   int64
	charge  charge
	begun   bool // the deadline for the rest of a message is set
	stopped atomic.Bool
}

func newSocketStream(conn net.Conn, limit int64, b *budget) *socketStream {
	s := &socketStream{conn: conn, limit: limit, charge: charge{budget: b}}
	s.framer = jsonrpc.NewFramer(conn, limit, s.wait)
	return s
}

var errInterrupted = errors.New("connection interrupted")

// wait prepares for a read: there is no hurry between messages, but one that
// has begun must come to its end.
func (s *socketStream) wait(pending int) error {
	if !s.charge.set(2 * int64(pending)) { // the buffer grows by doubling
		return errBusy()
	}
	switch {
	case pending == 0:
		s.begun = false
		s.conn.SetReadDeadline(time.Time{})
	case !s.begun:
		s.begun = true
		s.conn.SetReadDeadline(time.Now().Add(readTimeout))
	}
	if s.stopped.Load() {
		return errInterrupted
	}
	return nil
}

func (s *socketStream) next() ([]byte, error) {
	raw, err := s.framer.Next()
	s.begun = false
	var busy *api.Error
	switch {
	case err == nil:
		return raw, nil
	case errors.Is(err, jsonrpc.ErrTooLarge):
		return nil, &lastWords{tooLarge(s.limit), endTooLarge}
	case errors.Is(err, io.ErrUnexpectedEOF):
		e := api.NewError(api.CodeParse, "parse error: the request ends in the middle")
		return nil, &lastWords{e, endPeer}
	case timedOut(err) && !s.stopped.Load():
		return nil, &lastWords{tooSlow(), endMisuse}
	case errors.As(err, &busy) && busy.Code == api.CodeBusy:
		return nil, &lastWords{busy, endMisuse}
	default:
		return nil, err
	}
}

func tooLarge(limit int64) *api.Error {
	return api.NewError(api.CodeInvalidRequest, "request too large: more than %d bytes", limit).
		WithHint("over HTTP the setting RPCBodyLimit bounds a request; the unix socket takes up to 32 MiB")
}

func tooSlow() *api.Error {
	return api.NewError(api.CodeTimeout, "request timed out: its rest did not arrive within %v", readTimeout)
}

func (s *socketStream) send(body []byte) error {
	s.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	if s.stopped.Load() {
		s.conn.SetWriteDeadline(time.Now().Add(stopGrace))
	}
	if len(body) > maxCopied { // a copy would double the memory of the answer
		if _, err := s.conn.Write(body); err != nil {
			return err
		}
		body = nil
	}
	_, err := s.conn.Write(append(body, '\n'))
	return err
}

func (s *socketStream) interrupt() {
	s.stopped.Store(true)
	s.conn.SetReadDeadline(time.Unix(1, 0))
	s.conn.SetWriteDeadline(time.Now().Add(stopGrace))
}

func (s *socketStream) close(why ending) {
	s.charge.set(0)
	if why == endTooLarge || why == endMisuse {
		linger(s.conn)
	}
	s.conn.Close()
}

// linger lets a client that still writes see our last answer: closing at once
// would break its write before it reads.
func linger(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	conn.SetReadDeadline(time.Now().Add(lingerTime))
	io.CopyN(io.Discard, conn, maxLingerDiscard)
}
