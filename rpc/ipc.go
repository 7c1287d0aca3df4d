package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"

	"statusd/rpc/jsonrpc"
)

// Limits of the unix socket.
const (
	maxSocketPath    = 104 // bytes; what every system can bind
	defaultIPCLimit  = 32 << 20
	maxIPCSessions   = 128
	lingerTime       = 2 * time.Second
	maxLingerDiscard = 64 << 20
)

// socket is the listening unix socket and what it has put into the file
// system.
type socket struct {
	net.Listener
	path string
	file os.FileInfo // of the socket, to remove only our own
	link string      // empty: none
}

// listenIPC opens the socket. A socket file that nobody serves is replaced.
func listenIPC(ctx context.Context, cfg *IPCConfig) (*socket, error) {
	path := cfg.Path
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrListen, err)
	}
	if err := clearSocket(ctx, path); err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrListen, err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	s := &socket{Listener: l, path: path}
	if err := s.prepare(cfg); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// prepare sets owner and mode, and makes the link.
func (s *socket) prepare(cfg *IPCConfig) error {
	mode := cfg.Mode
	if mode == 0 {
		mode = 0o600
	}
	if cfg.Group != "" {
		gid, err := groupID(cfg.Group)
		if err != nil {
			return err
		}
		if err := os.Chown(s.path, -1, gid); err != nil {
			return fmt.Errorf("%w: give the socket to group %s: %w", ErrListen, cfg.Group, err)
		}
	}
	if err := os.Chmod(s.path, mode.Perm()); err != nil {
		return fmt.Errorf("%w: %w", ErrListen, err)
	}
	var err error
	if s.file, err = os.Lstat(s.path); err != nil {
		return fmt.Errorf("%w: %w", ErrListen, err)
	}
	if cfg.Link == "" || cfg.Link == s.path {
		return nil
	}
	if old, err := os.Lstat(cfg.Link); err == nil {
		if old.Mode()&(fs.ModeSymlink|fs.ModeSocket) == 0 {
			return fmt.Errorf("%w: %s", ErrIPCNotSocket, cfg.Link)
		}
		if err := os.Remove(cfg.Link); err != nil {
			return fmt.Errorf("%w: %w", ErrListen, err)
		}
	}
	target := s.path
	if filepath.Dir(target) == filepath.Dir(cfg.Link) {
		target = filepath.Base(target)
	}
	if err := os.Symlink(target, cfg.Link); err != nil {
		return fmt.Errorf("%w: %w", ErrListen, err)
	}
	s.link = cfg.Link
	return nil
}

// remove takes our files away again. It leaves alone what has replaced them.
func (s *socket) remove() {
	s.Close()
	if s.link != "" {
		if target, err := os.Readlink(s.link); err == nil && filepath.Base(target) == filepath.Base(s.path) {
			os.Remove(s.link)
		}
	}
	now, err := os.Lstat(s.path)
	if err == nil && (s.file == nil || os.SameFile(now, s.file)) {
		os.Remove(s.path)
	}
}

// clearSocket removes the socket file of a process that is gone.
func clearSocket(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrListen, err)
	}
	if info.Mode()&fs.ModeSymlink != 0 { // geth.ipc, left over by a crash
		if _, err := os.Stat(path); err == nil {
			return fmt.Errorf("%w: %s is a link", ErrIPCNotSocket, path)
		}
	} else if info.Mode()&fs.ModeSocket == 0 {
		return fmt.Errorf("%w: %s", ErrIPCNotSocket, path)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err == nil {
		conn.Close()
		return fmt.Errorf("%w: %s", ErrIPCInUse, path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s: %w", ErrIPCInUse, path, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrListen, err)
	}
	return nil
}

// groupID finds a group by name or number.
func groupID(group string) (int, error) {
	if n, err := strconv.Atoi(group); err == nil {
		return n, nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return 0, fmt.Errorf("%w: %s", ErrIPCGroup, group)
	}
	return strconv.Atoi(g.Gid)
}

// serveIPC accepts connections until the listener is closed.
func (s *Server) serveIPC(ctx context.Context, l net.Listener) error {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			if !transient(err) {
				return fmt.Errorf("accept on the socket: %w", err)
			}
			s.log.Warn("socket connection not accepted", zap.Error(err))
			select { // out of descriptors: others must end first
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			continue
		}
		s.conns.Go(func() { s.serveSocketConn(ctx, conn) })
	}
}

func transient(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED) ||
		errors.Is(err, syscall.EINTR)
}

func (s *Server) serveSocketConn(ctx context.Context, conn net.Conn) {
	st := newSocketStream(conn, s.cfg.IPC.BodyLimit, &s.budget)
	c := caller{transport: "ipc", remote: "socket", scopes: scopeAll, private: true}
	if !s.sessions.serve(ctx, s.session(st, c), maxIPCSessions) {
		e := jsonrpc.NewError(jsonrpc.CodeBusy, "too many connections on the socket").
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

var errInterrupted = errors.New("rpc: connection interrupted")

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
	var busy *jsonrpc.Error
	switch {
	case err == nil:
		return raw, nil
	case errors.Is(err, jsonrpc.ErrTooLarge):
		return nil, &lastWords{tooLarge(s.limit), endTooLarge}
	case errors.Is(err, io.ErrUnexpectedEOF):
		e := jsonrpc.NewError(jsonrpc.CodeParse, "parse error: the request ends in the middle")
		return nil, &lastWords{e, endPeer}
	case timedOut(err) && !s.stopped.Load():
		return nil, &lastWords{tooSlow(), endMisuse}
	case errors.As(err, &busy) && busy.Code == jsonrpc.CodeBusy:
		return nil, &lastWords{busy, endMisuse}
	default:
		return nil, err
	}
}

func tooLarge(limit int64) *jsonrpc.Error {
	return jsonrpc.NewError(jsonrpc.CodeInvalidRequest, "request too large: more than %d bytes", limit).
		WithHint("over HTTP the setting RPCBodyLimit bounds a request; the unix socket takes up to 32 MiB")
}

func tooSlow() *jsonrpc.Error {
	return jsonrpc.NewError(jsonrpc.CodeTimeout, "request timed out: its rest did not arrive within %v", readTimeout)
}

func (s *socketStream) send(body []byte) error {
	s.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	_, err := s.conn.Write(append(body, '\n'))
	return err
}

func (s *socketStream) interrupt() {
	s.stopped.Store(true)
	s.conn.SetReadDeadline(time.Unix(1, 0))
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
