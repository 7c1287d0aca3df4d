package rpc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// socketCheck is how often the server looks whether its socket can still be
// found: a tidy program, or a hand, removes files of temporary folders.
const socketCheck = 2 * time.Second

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
		return nil, noSocket(err)
	}
	if err := clearSocket(ctx, path); err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, noSocket(err)
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
	if err := s.makeLink(cfg.Link); err != nil {
		return err
	}
	if cfg.Link != s.path {
		s.link = cfg.Link
	}
	return nil
}

// makeLink makes the second name of the socket, if it has one.
func (s *socket) makeLink(link string) error {
	if link == "" || link == s.path {
		return nil
	}
	if old, err := os.Lstat(link); err == nil {
		if old.Mode()&(fs.ModeSymlink|fs.ModeSocket) == 0 {
			return notSocket(link)
		}
		if err := os.Remove(link); err != nil {
			return noSocket(err)
		}
	}
	target := s.path
	if filepath.Dir(target) == filepath.Dir(link) {
		target = filepath.Base(target)
	}
	if err := os.Symlink(target, link); err != nil {
		return noSocket(err)
	}
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

// noSocket says why no socket can be made, and the way out.
func noSocket(err error) error {
	return fmt.Errorf("%w: %w; choose another path with --ipcfile", ErrListen, err)
}

// notSocket says what is in the way of a socket, and the ways out.
func notSocket(what string) error {
	return fmt.Errorf("%w: %s; move it elsewhere, or choose another path with --ipcfile", ErrIPCNotSocket, what)
}

// clearSocket removes the socket file of a process that is gone.
func clearSocket(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return noSocket(err)
	}
	if info.Mode()&fs.ModeSymlink != 0 { // geth.ipc, left over by a crash
		if _, err := os.Stat(path); err == nil {
			return notSocket(path + ", a link")
		}
	} else if info.Mode()&fs.ModeSocket == 0 {
		return notSocket(path)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err == nil {
		conn.Close()
		return fmt.Errorf("%w: %s; stop it, or choose another path with --ipcfile", ErrIPCInUse, path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s: %w", ErrIPCInUse, path, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return noSocket(err)
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

// keptSocket is a socket that is made again when its file was removed.
type keptSocket struct {
	cfg *IPCConfig
	log *zap.Logger

	mu      sync.Mutex // guards what follows
	current *socket
	closed  bool

	told string // the last failure that was logged; for watch
}

func (k *keptSocket) get() (s *socket, closed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current, k.closed
}

// Accept waits for a connection to the socket as it is at the moment.
func (k *keptSocket) Accept() (net.Conn, error) {
	for {
		s, _ := k.get()
		conn, err := s.Accept()
		if now, _ := k.get(); err != nil && now != s {
			continue
		}
		return conn, err
	}
}

// remove ends it and takes its files away.
func (k *keptSocket) remove() {
	k.mu.Lock()
	k.closed = true
	s := k.current
	k.mu.Unlock()
	s.remove()
}

// watch looks after the files until ctx ends.
func (k *keptSocket) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(socketCheck):
			k.tell(k.renew(ctx))
		}
	}
}

// tell logs a failure once.
func (k *keptSocket) tell(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != k.told {
		k.log.Warn("the socket file is gone and cannot be made again; it is tried every other second", zap.Error(err))
	}
	k.told = text
}

// renew makes the files again if they are gone. What somebody else has put in
// their place is left alone as long as it is in use.
func (k *keptSocket) renew(ctx context.Context) error {
	old, closed := k.get()
	if closed {
		return nil
	}
	if now, err := os.Lstat(old.path); err == nil && os.SameFile(now, old.file) {
		if _, err := os.Lstat(old.link); old.link != "" && errors.Is(err, fs.ErrNotExist) {
			return old.makeLink(old.link)
		}
		return nil
	}
	next, err := listenIPC(ctx, k.cfg)
	if err != nil {
		return err
	}
	k.mu.Lock()
	closed = k.closed
	if !closed {
		k.current = next
	}
	k.mu.Unlock()
	if closed {
		next.remove()
		return nil
	}
	k.log.Warn("the socket file was gone, it is made again", zap.String("path", next.path))
	return old.Close() // connections that it accepted go on
}

// serveSocket serves the socket, and keeps it in place, until it is removed.
func (s *Server) serveSocket(ctx context.Context, k *keptSocket) error {
	watching, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { k.watch(watching) })
	defer watch.Wait()
	defer cancel()
	return s.serveIPC(ctx, k)
}

// serveIPC accepts connections until the listener is closed.
func (s *Server) serveIPC(ctx context.Context, l interface{ Accept() (net.Conn, error) }) error {
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
