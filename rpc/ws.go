package rpc

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

// Limits of WebSocket connections.
const (
	maxWSSessions = 128
	pingInterval  = 30 * time.Second
	pongTimeout   = 90 * time.Second // silence after which a client is gone
	closeTimeout  = time.Second
)

// tokenProtocol precedes a token in Sec-WebSocket-Protocol: browsers cannot set
// other headers.
const tokenProtocol = "bearer."

// serveWS upgrades an authenticated request and serves the connection. The
// session, not the request, decides how long it lasts: ctx is the server's.
func (s *Server) serveWS(ctx context.Context, w http.ResponseWriter, r *http.Request, c caller) {
	up := websocket.Upgrader{
		HandshakeTimeout: readTimeout,
		CheckOrigin:      func(*http.Request) bool { return true }, // done for all requests, see guard
		Subprotocols:     answeredProtocols(r),
		Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
			refuse(w, status, api.NewError(api.CodeInvalidRequest, "no WebSocket connection: %v", reason))
		},
	}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // answered
	}
	c.transport = "ws"
	st := newWSStream(conn, s.cfg.HTTP.BodyLimit, &s.budget)
	if !s.sessions.serve(ctx, s.session(st, c), &s.sockets) {
		e := api.NewError(api.CodeBusy, "too many WebSocket connections").
			WithHint("close some; there may be %d", maxWSSessions)
		st.send(s.dispatch.fault(jsonrpc.Message{}, e).body)
		st.close(endStop)
	}
}

// answeredProtocols chooses the subprotocol to answer with: browsers insist on
// one of those they offered. Rather not the one with the token in it.
func answeredProtocols(r *http.Request) []string {
	offered := websocket.Subprotocols(r)
	for _, p := range offered {
		if !strings.HasPrefix(p, tokenProtocol) {
			return []string{p}
		}
	}
	return offered
}

// wsStream is a stream over a WebSocket: one message a frame.
type wsStream struct {
	conn    *websocket.Conn
	limit   int64
	charge  charge
	inBody  bool // reading a message, with a deadline of its own
	stopped atomic.Bool

	pingMu sync.Mutex
	ping   *time.Timer
}

func newWSStream(conn *websocket.Conn, limit int64, b *budget) *wsStream {
	s := &wsStream{conn: conn, limit: limit, charge: charge{budget: b}}
	conn.SetPongHandler(func(string) error {
		if !s.inBody {
			return s.deadline(pongTimeout)
		}
		return nil
	})
	s.pingMu.Lock()
	defer s.pingMu.Unlock()
	s.ping = time.AfterFunc(pingInterval, s.keepAlive)
	return s
}

// keepAlive sends a ping now and then, until the connection is closed.
func (s *wsStream) keepAlive() {
	s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(closeTimeout))
	s.pingMu.Lock()
	defer s.pingMu.Unlock()
	if !s.stopped.Load() {
		s.ping.Reset(pingInterval)
	}
}

// deadline bounds the next read, unless the connection was interrupted.
func (s *wsStream) deadline(d time.Duration) error {
	s.conn.SetReadDeadline(time.Now().Add(d))
	if s.stopped.Load() {
		return errInterrupted
	}
	return nil
}

func (s *wsStream) next() ([]byte, error) {
	s.charge.set(0)
	if err := s.deadline(pongTimeout); err != nil {
		return nil, err
	}
	_, r, err := s.conn.NextReader()
	if err != nil {
		return nil, err
	}
	s.inBody = true
	defer func() { s.inBody = false }()
	if err := s.deadline(readTimeout); err != nil {
		return nil, err
	}
	raw, err := readBody(r, s.limit, &s.charge)
	switch {
	case errors.Is(err, errBodyTooLarge):
		return nil, &lastWords{tooLarge(s.limit), endTooLarge}
	case timedOut(err) && !s.stopped.Load():
		return nil, &lastWords{tooSlow(), endMisuse}
	case errors.Is(err, io.EOF): // readBody takes the end of a message for its end; this is the connection's
		return nil, net.ErrClosed
	default:
		return raw, err
	}
}

func (s *wsStream) send(body []byte) error {
	wait := sendTimeout
	if s.stopped.Load() {
		wait = stopGrace
	}
	s.conn.SetWriteDeadline(time.Now().Add(wait))
	return s.conn.WriteMessage(websocket.TextMessage, body)
}

func (s *wsStream) interrupt() {
	s.stopped.Store(true)
	s.conn.SetReadDeadline(time.Unix(1, 0))
	s.conn.NetConn().SetWriteDeadline(time.Now().Add(stopGrace))
}

func (s *wsStream) close(why ending) {
	s.stopped.Store(true)
	s.pingMu.Lock()
	s.ping.Stop()
	s.pingMu.Unlock()
	s.charge.set(0)
	code, text := websocket.CloseNormalClosure, ""
	switch why {
	case endPeer:
	case endStop:
		code, text = websocket.CloseGoingAway, "the daemon is stopping"
	case endCrowded:
		code, text = websocket.CloseTryAgainLater, "other tokens need the seat of this connection"
	case endToken:
		code, text = websocket.ClosePolicyViolation, "the token is no longer valid"
	case endTooLarge:
		code, text = websocket.CloseMessageTooBig, "message too large"
	case endMisuse:
		code, text = websocket.ClosePolicyViolation, "too slow, or too many malformed messages"
	}
	s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(closeTimeout))
	if why == endTooLarge || why == endMisuse {
		linger(s.conn.NetConn())
	}
	s.conn.Close()
}
