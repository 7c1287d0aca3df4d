package rpc

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"statusd/api"
	"statusd/internal/store"
	"statusd/rpc/jsonrpc"
)

const (
	defaultBodyLimit = 5 << 20
	// maxDiscard bounds what is read of a body that is too large, so that the
	// client finishes sending and sees the answer.
	maxDiscard = 64 << 20
)

// handler is what the HTTP port serves. Calls and sessions end with ctx.
func (s *Server) handler(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	rpc := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.conns.Add(1)
		defer s.conns.Done()
		s.serveRPC(ctx, w, r)
	})
	mux.Handle("/{$}", rpc)
	mux.Handle("/api/v1/rpc", rpc)
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		if !isUpgrade(r) {
			w.Header().Set("Upgrade", "websocket")
			refuse(w, http.StatusUpgradeRequired,
				api.NewError(api.CodeInvalidRequest, "this address is for WebSocket connections").
					WithHint("POST requests go to / or /api/v1/rpc"))
			return
		}
		rpc(w, r)
	})
	if s.deps.Events != nil {
		mux.HandleFunc("/api/v1/events", func(w http.ResponseWriter, r *http.Request) {
			s.conns.Add(1)
			defer s.conns.Done()
			s.serveEvents(ctx, w, r)
		})
	}
	mux.HandleFunc("/api/v1/check", func(w http.ResponseWriter, r *http.Request) {
		if allow(w, r, http.MethodGet, http.MethodHead) {
			w.WriteHeader(http.StatusOK)
		}
	})
	s.addProbes(mux)
	mux.Handle("/metrics", s.metricsHandler(func(w http.ResponseWriter, r *http.Request) (store.Party, bool) {
		c, ok := s.authenticate(w, r)
		if only := c.grant.only(); only != "" && only != s.currentAccount() {
			return store.Party{}, ok
		}
		return c.party(), ok
	}))
	mux.HandleFunc("/", notFound)
	return s.guarded(mux)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	refuse(w, http.StatusNotFound, api.NewError(api.CodeInvalidRequest, "there is nothing at this address").
		WithHint("JSON-RPC is at / and /api/v1/rpc, WebSocket at / and /ws, events at /api/v1/events, probes at /health "+
			"and /ready"))
}

// allow answers requests with another HTTP method.
func allow(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, m := range methods {
		if r.Method == m {
			return true
		}
		w.Header().Add("Allow", m)
	}
	refuse(w, http.StatusMethodNotAllowed, api.NewError(api.CodeInvalidRequest, "method not allowed").
		WithHint("this address takes: %s", strings.Join(methods, ", ")))
	return false
}

func isUpgrade(r *http.Request) bool { return websocket.IsWebSocketUpgrade(r) }

// serveRPC serves one HTTP request of JSON-RPC, or upgrades it.
func (s *Server) serveRPC(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	if !isUpgrade(r) {
		switch r.Method {
		case http.MethodGet, http.MethodHead: // a liveness probe, if it asks for nothing
			if r.ContentLength == 0 && r.URL.RawQuery == "" {
				w.WriteHeader(http.StatusOK)
				return
			}
		case http.MethodOptions:
			w.Header().Set("Allow", "POST, GET, HEAD, OPTIONS")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if !allow(w, r, http.MethodPost) {
			return
		}
	}
	c, ok := s.authenticate(w, r)
	if !ok {
		return
	}
	if isUpgrade(r) {
		s.serveWS(ctx, w, r, c)
		return
	}
	body := charge{budget: &s.budget}
	defer body.set(0)
	raw, status, fault := s.readRequest(w, r, &body)
	if fault != nil {
		refuse(w, status, fault)
		return
	}
	ctx, cancel := joinContext(ctx, r.Context())
	defer cancel()
	answer := s.serveBody(ctx, &c, raw)
	defer answer.release()
	s.writeReply(w, answer)
	answer.release()
	for _, f := range answer.after {
		f(ctx)
	}
}

// joinContext returns a context that ends with either of two.
func joinContext(server, request context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(request)
	stop := context.AfterFunc(server, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

func (s *Server) serveBody(ctx context.Context, c *caller, raw []byte) reply {
	m, fault := jsonrpc.Parse(raw, maxBatchItems)
	if fault != nil {
		return s.dispatch.fault(m, fault)
	}
	return s.dispatch.serve(ctx, c, m)
}

// readRequest reads the body, within its limits of size and time.
func (s *Server) readRequest(w http.ResponseWriter, r *http.Request, c *charge) ([]byte, int, *api.Error) {
	if !jsonContent(r) {
		return nil, http.StatusUnsupportedMediaType,
			api.NewError(api.CodeInvalidRequest, "invalid content type, only application/json is supported").
				WithHint("send the header: Content-Type: application/json")
	}
	limit := s.cfg.HTTP.BodyLimit
	conn := http.NewResponseController(w)
	conn.SetReadDeadline(time.Now().Add(readTimeout))
	var raw []byte
	err := errBodyTooLarge
	if r.ContentLength <= limit {
		raw, err = readBody(r.Body, limit, c)
	}
	var busy *api.Error
	switch {
	case err == nil:
		// A call may take longer than a body. The server looks for the end of
		// the connection meanwhile, which must not time out.
		conn.SetReadDeadline(time.Time{})
		conn.SetWriteDeadline(time.Time{})
		return raw, 0, nil
	case errors.Is(err, errBodyTooLarge):
		if r.Header.Get("Expect") == "" && r.ContentLength <= maxDiscard {
			io.CopyN(io.Discard, r.Body, maxDiscard)
		}
		return nil, http.StatusRequestEntityTooLarge, tooLarge(limit)
	case errors.As(err, &busy):
		return nil, http.StatusServiceUnavailable, busy
	case timedOut(err):
		return nil, http.StatusRequestTimeout, tooSlow()
	default:
		return nil, http.StatusBadRequest,
			api.NewError(api.CodeParse, "parse error: the request ends in the middle")
	}
}

// jsonContent tells whether the body is declared as one of the media types
// that go-ethereum accepts, uncompressed.
func jsonContent(r *http.Request) bool {
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return false
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return false
	}
	return media == "application/json" || media == "application/json-rpc" || media == "application/jsonrequest"
}

// writeReply writes what a request led to. Errors of calls are answers like
// others, apart from a missing scope (spec 07 section 5).
func (s *Server) writeReply(w http.ResponseWriter, r reply) {
	if r.body == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status := http.StatusOK
	if r.code == api.CodeScope {
		status = http.StatusForbidden
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(r.body)+1))
	w.WriteHeader(status)
	w.Write(r.body) // not in one piece with the line's end, which might copy it
	io.WriteString(w, "\n")
}
