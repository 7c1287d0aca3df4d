package rpc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// Limits of TCP listeners.
const (
	maxHTTPConns   = 512
	maxProbeConns  = 64
	headerTimeout  = 10 * time.Second
	idleTimeout    = 120 * time.Second
	maxHeaderBytes = 16 << 10
)

// listenTCP opens a TCP listener that has at most max connections at a time.
func (s *Server) listenTCP(ctx context.Context, addr string, max int) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w: %s; stop what uses it or choose another port", ErrAddressInUse, addr)
	}
	if err != nil {
		var op *net.OpError // says again on what we listen
		if errors.As(err, &op) {
			err = op.Err
		}
		return nil, fmt.Errorf("%w on %s: %w; choose another address", ErrListen, addr, err)
	}
	return &tableListener{l, newConnTable(max, s.dispatch.metrics.evicted.Inc)}, nil
}

// tableListener keeps its connections in a table.
type tableListener struct {
	net.Listener
	table *connTable
}

// Accept implements net.Listener.
func (l *tableListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.table.add(conn.(*net.TCPConn)), nil
}

// httpServer makes a server with our limits. Deadlines of bodies and answers
// are set by the handlers, since a call may take longer than either.
func (s *Server) httpServer(h http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // WebSocket needs it, and nothing here gains from HTTP/2
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		Protocols: protocols, ConnContext: withConn,
		ErrorLog: zap.NewStdLog(s.log.WithOptions(zap.IncreaseLevel(zap.DebugLevel))),
	}
}

// certificate is the TLS certificate in use. It can be replaced while the
// server runs.
type certificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
}

// reload reads the files. On an error the earlier certificate stays.
func (c *certificate) reload() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTLSFiles, err)
	}
	c.current.Store(&pair)
	return nil
}

func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}
