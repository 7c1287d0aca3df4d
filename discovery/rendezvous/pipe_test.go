package rendezvous

import (
	"context"
	"errors"
	"net"
	"sync"
)

// pipeNet is a network of pipes: listeners by address, and dialling from a
// chosen address. It works in virtual time.
type pipeNet struct {
	mu        sync.Mutex
	listeners map[string]*pipeListener
	hang      map[string]bool // addresses that take connections and stay silent
	dials     []string
}

func newPipeNet() *pipeNet {
	return &pipeNet{listeners: make(map[string]*pipeListener), hang: make(map[string]bool)}
}

type pipeAddr string

func (pipeAddr) Network() string  { return "tcp" }
func (a pipeAddr) String() string { return string(a) }

// pipeConn is one end of a pipe with an address at the other.
type pipeConn struct {
	net.Conn
	remote pipeAddr
}

func (c pipeConn) RemoteAddr() net.Addr { return c.remote }

type pipeListener struct {
	net    *pipeNet
	addr   pipeAddr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipeNet) listen(addr string) *pipeListener {
	l := &pipeListener{net: p, addr: pipeAddr(addr), conns: make(chan net.Conn), closed: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners[addr] = l
	return l
}

func (l *pipeListener) Addr() net.Addr { return l.addr }

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() {
		l.net.mu.Lock()
		defer l.net.mu.Unlock()
		if l.net.listeners[string(l.addr)] == l {
			delete(l.net.listeners, string(l.addr))
		}
		close(l.closed)
	})
	return nil
}

var errPipeRefused = errors.New("connection refused")

// dialer returns a dial function of a host.
func (p *pipeNet) dialer(from string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, addr string) (net.Conn, error) {
		p.mu.Lock()
		l, hang := p.listeners[addr], p.hang[addr]
		p.dials = append(p.dials, addr)
		p.mu.Unlock()
		here, there := net.Pipe()
		if hang {
			return pipeConn{here, pipeAddr(addr)}, nil
		}
		if l == nil {
			return nil, errPipeRefused
		}
		select {
		case l.conns <- pipeConn{there, pipeAddr(from)}:
			return pipeConn{here, pipeAddr(addr)}, nil
		case <-l.closed:
			return nil, errPipeRefused
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// silence makes an address take connections without a word.
func (p *pipeNet) silence(addr string, silent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hang[addr] = silent
}

// dialled returns and forgets the addresses that were dialled.
func (p *pipeNet) dialled() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.dials
	p.dials = nil
	return d
}
