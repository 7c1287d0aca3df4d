package rpc

import (
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"statusd/rpc/jsonrpc"
)

// healthReport is the body of /health and /ready, and the result of
// status_health; the field names are nwaku's (spec 07 section 8).
type healthReport struct {
	NodeHealth      HealthLevel       `json:"nodeHealth"`
	ProtocolsHealth []componentReport `json:"protocolsHealth"`
	Version         string            `json:"version"`
	UptimeSeconds   int64             `json:"uptimeSeconds"`
}

// componentReport is {"<name>":"<level>","desc":"…"}.
type componentReport struct {
	name  string
	level HealthLevel
	desc  string
}

// MarshalJSON implements json.Marshaler.
func (c componentReport) MarshalJSON() ([]byte, error) {
	m := map[string]string{c.name: string(c.level)}
	if c.desc != "" {
		m["desc"] = c.desc
	}
	return jsonrpc.Marshal(m)
}

// healthReport collects the state of the daemon. Descriptions may name
// addresses, so they are for callers with a token.
func (s *Server) healthReport(h Health, details bool) healthReport {
	r := healthReport{
		NodeHealth: h.Node, ProtocolsHealth: make([]componentReport, len(h.Components)),
		Version: s.cfg.Version.Version, UptimeSeconds: int64(h.Uptime.Seconds()),
	}
	for i, c := range h.Components {
		r.ProtocolsHealth[i] = componentReport{name: c.Name, level: c.Level}
		if details {
			r.ProtocolsHealth[i].desc = c.Desc
		}
	}
	return r
}

// addProbes adds the read-only addresses that need no token.
func (s *Server) addProbes(mux *http.ServeMux) {
	alive := s.probe(func(h Health) bool { return h.Alive })
	ready := s.probe(func(h Health) bool { return h.Alive && h.Node == HealthReady })
	for path, h := range map[string]http.HandlerFunc{
		"/health": alive, "/healthz": alive, "/livez": alive,
		"/ready": ready, "/readyz": ready,
		"/version": s.serveVersion,
	} {
		mux.HandleFunc(path, h)
	}
}

// probe answers 200 or 503. A request that brings a token must bring a valid
// one, and sees details.
func (s *Server) probe(good func(Health) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !allow(w, r, http.MethodGet, http.MethodHead) {
			return
		}
		details := bearer(r) != ""
		if details {
			if _, ok := s.authenticate(w, r); !ok {
				return
			}
		}
		h := s.deps.Health.Health()
		status := http.StatusOK
		if !good(h) {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, s.healthReport(h, details))
	}
}

func (s *Server) serveVersion(w http.ResponseWriter, r *http.Request) {
	if allow(w, r, http.MethodGet, http.MethodHead) {
		writeJSON(w, http.StatusOK, s.cfg.Version)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := jsonrpc.Marshal(v)
	if err != nil {
		refuse(w, http.StatusInternalServerError, internalError())
		return
	}
	body = append(body, '\n')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body)
}

// metricsHandler serves the metrics in Prometheus' text format.
func (s *Server) metricsHandler() http.Handler {
	if s.deps.Gatherer == nil {
		return http.HandlerFunc(notFound)
	}
	return promhttp.HandlerFor(s.deps.Gatherer, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4,
	})
}

// metricsMux is what the metrics listener serves: no token, so nothing but
// numbers and levels.
func (s *Server) metricsMux() http.Handler {
	mux := http.NewServeMux()
	h := s.metricsHandler()
	mux.Handle("/metrics", h)
	mux.Handle("/debug/metrics/prometheus", h) // go-ethereum's address
	s.addProbes(mux)
	mux.HandleFunc("/", notFound)
	return s.guarded(mux)
}

// pprofMux serves Go's profiles.
func (s *Server) pprofMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/", notFound)
	return s.guarded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := http.NewResponseController(w)
		conn.SetWriteDeadline(time.Time{}) // profiles take as long as asked for
		if r.ContentLength == 0 {
			conn.SetReadDeadline(time.Time{})
		}
		mux.ServeHTTP(w, r)
	}))
}
