package rpc

import (
	"net/http"
	"net/http/pprof"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

// withoutDetails leaves out what is for callers with a token: descriptions,
// which may name addresses.
func withoutDetails(h api.Health) api.Health {
	h.ProtocolsHealth = slices.Clone(h.ProtocolsHealth)
	for i := range h.ProtocolsHealth {
		h.ProtocolsHealth[i].Desc = ""
	}
	return h
}

// addProbes adds the read-only addresses that need no token.
func (s *Server) addProbes(mux *http.ServeMux) {
	alive := s.probe(func(h api.Health) bool { return h.Alive })
	ready := s.probe(func(h api.Health) bool { return h.Alive && h.NodeHealth == api.HealthReady })
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
func (s *Server) probe(good func(api.Health) bool) http.HandlerFunc {
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
		if !details {
			h = withoutDetails(h)
		}
		writeJSON(w, status, h)
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
