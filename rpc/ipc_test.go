package rpc

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"statusd/api"
)

func TestSocketFile(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.IPC.Link = filepath.Join(filepath.Dir(c.IPC.Path), "geth.ipc") })
	path, link := filepath.Join(f.dir, "statusd.ipc"), filepath.Join(f.dir, "geth.ipc")
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Mode()&os.ModeSocket == 0 {
		t.Fatalf("socket: %v, %v", info.Mode(), err)
	}
	if target, err := os.Readlink(link); err != nil || target != "statusd.ipc" {
		t.Errorf("link: %q, %v", target, err)
	}
	conn, err := net.Dial("unix", link)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	f.stop()
	for _, p := range []string{path, link} {
		if _, err := os.Lstat(p); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", p, err)
		}
	}
}

func TestSocketMode(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.IPC.Mode, c.IPC.Group = 0o660, "0" })
	if os.Getuid() != 0 {
		t.Skip("only root can give a file to any group")
	}
	if info, err := os.Lstat(f.Endpoints().IPC); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestSocketPathIsTaken starts where something is already.
func TestSocketPathIsTaken(t *testing.T) {
	run := func(f *fixture) error { return f.Run(context.Background()) }

	t.Run("left over by a crash", func(t *testing.T) {
		f := start(t, func(c *Config, _ *Deps) {
			c.IPC.Link = filepath.Join(filepath.Dir(c.IPC.Path), "geth.ipc")
			l, err := net.Listen("unix", c.IPC.Path)
			if err != nil {
				t.Fatal(err)
			}
			l.(*net.UnixListener).SetUnlinkOnClose(false)
			l.Close()
			if err := os.Symlink("statusd.ipc", c.IPC.Link); err != nil {
				t.Fatal(err)
			}
		})
		must[string](t, f.ipc(), "waku_version", `[]`)
	})
	t.Run("in use", func(t *testing.T) {
		first := start(t, nil)
		second := prepare(t, func(c *Config, _ *Deps) { c.IPC.Path = first.Endpoints().IPC })
		if err := run(second); !errors.Is(err, ErrIPCInUse) || !strings.Contains(err.Error(), "--ipcfile") {
			t.Errorf("Run: %v", err)
		}
		must[string](t, first.ipc(), "waku_version", `[]`)
	})
	t.Run("a file", func(t *testing.T) {
		f := prepare(t, func(c *Config, _ *Deps) { os.WriteFile(c.IPC.Path, []byte("dear"), 0o600) })
		if err := run(f); !errors.Is(err, ErrIPCNotSocket) || !strings.Contains(err.Error(), "--ipcfile") {
			t.Errorf("Run: %v", err)
		}
		if got, _ := os.ReadFile(filepath.Join(f.dir, "statusd.ipc")); string(got) != "dear" {
			t.Errorf("the file is gone")
		}
	})
	t.Run("the folder is a file", func(t *testing.T) {
		f := prepare(t, func(c *Config, _ *Deps) {
			c.IPC.Path = filepath.Join(filepath.Dir(c.IPC.Path), "file", "s")
			os.WriteFile(filepath.Dir(c.IPC.Path), nil, 0o600)
		})
		if err := run(f); !errors.Is(err, ErrListen) || !strings.Contains(err.Error(), "--ipcfile") {
			t.Errorf("Run: %v", err)
		}
	})
	t.Run("the link is a file", func(t *testing.T) {
		f := prepare(t, func(c *Config, _ *Deps) {
			c.IPC.Link = filepath.Join(filepath.Dir(c.IPC.Path), "geth.ipc")
			os.WriteFile(c.IPC.Link, []byte("dear"), 0o600)
		})
		if err := run(f); !errors.Is(err, ErrIPCNotSocket) || !strings.Contains(err.Error(), "--ipcfile") {
			t.Errorf("Run: %v", err)
		}
		if _, err := os.Lstat(filepath.Join(f.dir, "statusd.ipc")); !os.IsNotExist(err) {
			t.Errorf("the socket was left behind")
		}
	})
}

// TestSocketOfASuccessorIsKept stops a server whose socket was replaced.
func TestSocketOfASuccessorIsKept(t *testing.T) {
	f := start(t, nil)
	path := f.Endpoints().IPC
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f.stop()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the successor's socket is gone: %v", err)
	}
}

// reach calls over the socket at a path until an answer comes.
func reach(t *testing.T, path string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		conn, err := net.Dial("unix", path)
		if err == nil {
			defer conn.Close()
			l := &ipcLink{t: t, conn: conn, r: bufio.NewReader(conn)}
			must[string](t, l, "waku_version", `[]`)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come back: %v", path, err)
		}
		time.Sleep(20 * time.Millisecond) // nothing tells of a file that appears
	}
}

// TestRemovedSocketComesBack, with its link and mode, and connections go on.
func TestRemovedSocketComesBack(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) {
		c.IPC.Mode, c.IPC.Link = 0o660, filepath.Join(filepath.Dir(c.IPC.Path), "geth.ipc")
	})
	path, link := f.Endpoints().IPC, filepath.Join(f.dir, "geth.ipc")
	before := f.ipc()
	for _, gone := range [][]string{{path}, {path, link}, {link}, {path}} {
		for _, name := range gone {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		reach(t, path)
		reach(t, link)
		if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != 0o660 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	must[string](t, before, "waku_version", `[]`)
	f.stop()
	for _, name := range []string{path, link} {
		if _, err := os.Lstat(name); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", name, err)
		}
	}
}

// TestSocketOfAnotherIsNotTaken: somebody serves the path; when he is gone, the
// daemon takes it back.
func TestSocketOfAnotherIsNotTaken(t *testing.T) {
	f := start(t, nil)
	path := f.Endpoints().IPC
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	other.(*net.UnixListener).SetUnlinkOnClose(false) // as after a crash
	theirs, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the daemon looks who is there
		conn, err := other.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(now, theirs) {
		t.Errorf("the socket was taken: %v", err)
	}
	other.Close()
	reach(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.stop()
	if got, err := os.ReadFile(path); string(got) != "dear" {
		t.Errorf("a file was taken for the socket: %v", err)
	}
}

// TestSocketFolder makes the folder of the socket, as the runtime directory
// needs it.
func TestSocketFolder(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.IPC.Path = filepath.Join(filepath.Dir(c.IPC.Path), "run", "s.ipc") })
	must[string](t, f.ipc(), "waku_version", `[]`)
	if info, err := os.Stat(filepath.Join(f.dir, "run")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info, err)
	}
}

// TestStreamOfRequests writes several requests in one go, in the forms that
// people use.
func TestStreamOfRequests(t *testing.T) {
	f := start(t, nil)
	one := func(id string) string { return `{"jsonrpc":"2.0","id":` + id + `,"method":"waku_version"}` }
	l := f.ipc()
	io.WriteString(l.conn, one("1")+one("2")+"\n\n"+one("3")+" nonsense\n"+
		"{\n \"jsonrpc\": \"2.0\",\n \"id\": 4,\n \"method\": \"waku_version\"\n}"+"["+one("5")+"]"+one("6")+"\r\n")
	for _, want := range []string{"1", "2", "3"} {
		if a := decode(t, l.push()); string(a.ID) != want {
			t.Fatalf("answer to %s, want %s", a.ID, want)
		}
	}
	wantError(t, decode(t, l.push()).Error, api.CodeParse, "parse error")
	if a := decode(t, l.push()); string(a.ID) != "4" {
		t.Fatalf("answer to %s, want 4", a.ID)
	}
	if got := l.push(); !strings.HasPrefix(got, `[{"jsonrpc":"2.0","id":5,`) {
		t.Errorf("batch answered with %s", got)
	}
	if a := decode(t, l.push()); string(a.ID) != "6" {
		t.Fatalf("answer to %s, want 6", a.ID)
	}
}

// TestHalfClose sends requests and closes the sending side: the answers still
// come, also of slow calls, and then the end.
func TestHalfClose(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	io.WriteString(l.conn, request("waku_generateSymKeyFromPassword", `["x"]`)+request("waku_version", `[]`))
	l.conn.(*net.UnixConn).CloseWrite()
	raw, err := io.ReadAll(l.r)
	if err != nil || strings.Count(string(raw), "\n") != 2 {
		t.Errorf("got %q, %v", raw, err)
	}

	l = f.ipc()
	io.WriteString(l.conn, `{"jsonrpc":"2.0","id":1,`)
	l.conn.(*net.UnixConn).CloseWrite()
	wantError(t, decode(t, l.push()).Error, api.CodeParse, "ends in the middle")
}

func TestTooManySocketConnections(t *testing.T) {
	f := start(t, nil)
	links := make([]*ipcLink, maxIPCSessions)
	for i := range links {
		links[i] = f.ipc()
		must[string](t, links[i], "waku_version", `[]`)
	}
	over := f.ipc()
	wantError(t, decode(t, over.push()).Error, api.CodeBusy, "too many connections")
	if _, err := over.r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("after the answer: %v", err)
	}
	must[string](t, links[0], "waku_version", `[]`)
}
