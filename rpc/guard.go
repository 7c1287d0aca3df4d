package rpc

import (
	"bufio"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

// refuse answers an HTTP request that does not reach a method, in the form of
// a JSON-RPC error so that clients find the reason where they look for it.
func refuse(w http.ResponseWriter, status int, e *api.Error) {
	e.Data.RequestID = newRequestID()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Request-Id", e.Data.RequestID)
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="statusd"`)
	}
	if e.Data.RetryAfterSeconds > 0 {
		h.Set("Retry-After", strconv.Itoa(e.Data.RetryAfterSeconds))
	}
	body := append(jsonrpc.AppendError(nil, nil, e), '\n')
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

// guarded puts the checks that every TCP listener needs in front of a handler:
// the Host header against DNS rebinding, the Origin header against other
// people's web pages.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := http.NewResponseController(w)
		conn.SetWriteDeadline(time.Now().Add(sendTimeout))
		// The server reads on to the end of a body that its handler leaves: who
		// announces one and holds it back must not keep the connection for it.
		// Handlers that take longer set a deadline of their own.
		conn.SetReadDeadline(time.Now().Add(headerTimeout))
		counted := &statusWriter{ResponseWriter: w, metrics: s.dispatch.metrics}
		if !validHost(r.Host, s.cfg.HTTP.VirtualHosts) {
			refuse(counted, http.StatusForbidden, api.NewError(api.CodeInvalidRequest, "invalid host specified").
				WithHint("use an IP address or a name listed in HTTPVirtualHosts"))
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			if !validOrigin(origin, s.cfg.HTTP.Cors) {
				refuse(counted, http.StatusForbidden, api.NewError(api.CodeInvalidRequest, "origin not allowed").
					WithHint("web pages may call from the origins listed in HTTPCors only"))
				return
			}
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")
			h.Add("Vary", "Origin")
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				h.Set("Access-Control-Allow-Methods", "POST, GET")
				h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID")
				h.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		next.ServeHTTP(counted, r)
	})
}

// validHost accepts IP addresses, the configured names, and the absence of a
// name, as go-ethereum does.
func validHost(hostport string, allowed []string) bool {
	if hostport == "" {
		return true
	}
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	host = strings.TrimSuffix(host, ".")
	return slices.ContainsFunc(allowed, func(a string) bool { return a == "*" || strings.EqualFold(a, host) })
}

func validOrigin(origin string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		return a == "*" || strings.EqualFold(strings.TrimSuffix(a, "/"), origin)
	})
}

// statusWriter counts refusals, and gives every answer its time to be written,
// however long it took to come about.
type statusWriter struct {
	http.ResponseWriter
	metrics *metrics
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(sendTimeout))
	if status >= http.StatusBadRequest {
		w.metrics.refused.WithLabelValues(strconv.Itoa(status)).Inc()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Hijack implements http.Hijacker, which the WebSocket upgrade asks for.
func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// authenticate finds out who sent a request. Without a valid token it answers
// the request itself and returns false.
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request) (caller, bool) {
	c := caller{
		transport: "http", remote: r.RemoteAddr, scopes: scopeToken, private: r.TLS != nil || loopbackBothEnds(r),
		modules: s.modules,
	}
	presented := bearer(r)
	if s.cfg.HTTP.NoAuth && presented == "" {
		return c, s.admitted(w, r, c.grant)
	}
	if g := s.granted(presented); g != nil {
		c.grant, c.scopes = g, g.scopes.whole()
		return c, s.admitted(w, r, c.grant)
	}
	wait, first := s.attempts.fail(remoteIP(r), time.Now())
	if wait > 0 {
		if first {
			s.log.Warn("many requests without a valid token", zap.Stringer("remote", remoteIP(r)))
		}
		e := api.NewError(api.CodeUnauthenticated, "too many requests without a valid token from this address")
		e.Data.RetryAfterSeconds = int(math.Ceil(wait.Seconds()))
		refuse(w, http.StatusTooManyRequests, e.WithHint("wait, or send the right token"))
		return caller{}, false
	}
	s.log.Debug("request without a valid token",
		zap.String("remote", r.RemoteAddr), zap.Bool("presented", presented != ""))
	text := "authentication required"
	if presented != "" {
		text = "the token is not valid"
	}
	hint := "send the header: Authorization: Bearer <token>"
	if s.cfg.TokenFile != "" {
		hint += "; the token is in " + tokenPlace(s.cfg.TokenFile)
	}
	if r.URL.Query().Has("token") {
		hint += "; a token in the URL is never read, since URLs end up in logs"
	}
	refuse(w, http.StatusUnauthorized, api.NewError(api.CodeUnauthenticated, "%s", text).WithHint("%s", hint))
	return caller{}, false
}

// admitted keeps the connection of a caller who may call from being closed for
// others. When too many are busy it answers the request itself.
func (s *Server) admitted(w http.ResponseWriter, r *http.Request, g *grant) bool {
	if c := connOf(r); c == nil || c.prove(g) {
		return true
	}
	e := api.NewError(api.CodeBusy, "too many connections are busy with calls").
		WithHint("end some of them, or wait for their answers")
	e.Data.RetryAfterSeconds = 1
	refuse(w, http.StatusServiceUnavailable, e)
	return false
}

// granted returns what a token allows, nil if there is no such token.
func (s *Server) granted(presented string) *grant {
	if presented == "" {
		return nil
	}
	if s.token != nil {
		if g := s.token.find(presented); g != nil {
			return g
		}
	}
	return s.tokens.find(presented, time.Now())
}

// tokenPlace tells people who know the data directory where to look, and
// nobody else where that is.
func tokenPlace(path string) string {
	return fmt.Sprintf("the file %s of the data directory", path[strings.LastIndexByte(path, '/')+1:])
}

// bearer returns the token of a request: from the Authorization header or,
// for WebSocket, from the subprotocol.
func bearer(r *http.Request) string {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if !isUpgrade(r) {
		return ""
	}
	for _, header := range r.Header.Values("Sec-WebSocket-Protocol") {
		for p := range strings.SplitSeq(header, ",") {
			if token, ok := strings.CutPrefix(strings.TrimSpace(p), tokenProtocol); ok {
				return token
			}
		}
	}
	return ""
}

func remoteIP(r *http.Request) netip.Addr {
	ap, _ := netip.ParseAddrPort(r.RemoteAddr)
	return ap.Addr()
}

// loopbackBothEnds tells whether a request never left this machine.
func loopbackBothEnds(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && isLoopbackAddr(local) && remoteIP(r).Unmap().IsLoopback()
}

func isLoopbackAddr(a net.Addr) bool {
	ap, err := netip.ParseAddrPort(a.String())
	return err == nil && ap.Addr().Unmap().IsLoopback()
}

// isLoopbackHost tells whether a configured host can only mean this machine.
func isLoopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
