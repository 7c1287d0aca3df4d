package rpc

import (
	"net/http"
	"net/http/pprof"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"statusd/api"
	"statusd/internal/store"
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

// maxScrapes bounds the collections of metrics at a time, of one listener.
const maxScrapes = 4

// metricsHandler serves the metrics in Prometheus' text format, the consumers of
// events that a party works with among them. by reports false if it has answered
// the request.
func (s *Server) metricsHandler(by func(http.ResponseWriter, *http.Request) (store.Party, bool)) http.Handler {
	if s.deps.Gatherer == nil {
		return http.HandlerFunc(notFound)
	}
	places := make(chan struct{}, maxScrapes)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		party, ok := by(w, r)
		if !ok {
			return
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			refuse(w, http.StatusServiceUnavailable, api.NewError(api.CodeBusy, "metrics are being collected").
				WithHint("there may be %d collections at a time; try again", maxScrapes))
			return
		}
		all := prometheus.Gatherers{s.deps.Gatherer, lagOf(s.deps.Events, party)}
		promhttp.HandlerFor(all, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(w, r)
	})
}

// metricsMux is what the metrics listener serves: no token, so nothing but
// numbers and levels, and for the operator the names of all consumers of events.
func (s *Server) metricsMux() http.Handler {
	mux := http.NewServeMux()
	h := s.metricsHandler(func(http.ResponseWriter, *http.Request) (store.Party, bool) { return store.Daemon(), true })
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
