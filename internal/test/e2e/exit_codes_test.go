//go:build integration

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"statusd/api"
)

// TestExitCodesOfAStart provokes what can go wrong with a start and its login,
// each with the exit code that the table gives to its cause.
func TestExitCodesOfAStart(t *testing.T) {
	const password = "a password"
	n := newNode(t, "node", nil)
	n.args = []string{"--light-kdf"}
	file, wrong := secretFile(t, password), secretFile(t, "another one")
	n.start(t)
	n.ok(t, "", "account", "create", "--name", "ana", "--password-file", file)
	n.ok(t, "", "account", "login", "--password-file", file)
	n.fails(t, 73, "is in use by process", "run")
	n.terminate(t)
	n.fails(t, 69, "statusd run", "chats")
	n.fails(t, 64, "--help", "run", "--no-such-flag")
	n.fails(t, 66, "no such file", "run", "--config", filepath.Join(n.dir, "missing.json"))
	n.fails(t, 77, "wrong password", "run", "--login", "ana", "--password-file", wrong)
	n.fails(t, 65, "no account", "run", "--login", "bo", "--password-file", file)
	n.fails(t, 78, "MaxPeers", "run", "--maxpeers", "-1")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	n.fails(t, 73, "cannot listen", "run", "--addr", taken.Addr().String())

	n.fails(t, 66, "no such file", "run", "--login", "ana", "--password-file", filepath.Join(n.dir, "missing"))
	n.args = append(n.args, "--login", "ana", "--password-file", file)
	n.start(t)
	n.terminate(t)
}

// usedNode returns a node that has stopped, whose account ana was logged in
// before, and the file with its password.
func usedNode(t *testing.T) (n *node, file string) {
	t.Helper()
	n, file = newNode(t, "node", nil), secretFile(t, "a password")
	n.args = []string{"--light-kdf"}
	n.start(t)
	n.ok(t, "", "account", "create", "--name", "ana", "--password-file", file)
	n.ok(t, "", "account", "login", "--password-file", file)
	n.terminate(t)
	return n, file
}

// TestStartsWithDamagedAccounts damages one file of an account after the other:
// the start says which, and what to do, and warns of nothing twice.
func TestStartsWithDamagedAccounts(t *testing.T) {
	n, file := usedNode(t)
	database := n.database(t)
	folder, keys := filepath.Dir(database), filepath.Join(n.dir, "keystore")
	keyFile := firstFile(t, keys)
	vault, info := filepath.Join(folder, "vault.json"), filepath.Join(folder, "account.json")
	asFolder := func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }
	garbage := func(path string) error { return os.WriteFile(path, []byte("x"), 0o600) }
	flipped := func(path string, from, every int) error {
		raw, err := os.ReadFile(path)
		for at := from; at < len(raw); at += every {
			raw[at] ^= 0x55
		}
		return errors.Join(err, os.WriteFile(path, raw, 0o600))
	}
	for _, c := range []struct {
		path   string
		damage func(path string) error
		code   int
		advice string
	}{
		{database, func(path string) error { return flipped(path, 10, 1<<30) }, 74, "statusd restore"},
		{database, func(path string) error { return flipped(path, 8192, 4096) }, 74, "statusd restore"},
		{database, func(path string) error { return os.Truncate(path, 100_000) }, 74, "statusd restore"},
		{database, func(path string) error { return os.Truncate(path, 0) }, 74, "statusd restore"},
		{database, garbage, 74, "statusd restore"},
		{database, os.Remove, 74, "statusd restore"},
		{database, asFolder, 74, "look at the disk"},
		{info, asFolder, 74, "look at the disk"},
		{vault, asFolder, 74, "look at the disk"},
		{vault, garbage, 74, "restore a backup"},
		{vault, os.Remove, 74, "restore a backup"},
		{keyFile, garbage, 74, "restore a backup"},
		{keys, func(string) error { return os.Remove(keyFile) }, 74, "restore a backup"},
		// Nothing tells this from a wrong password.
		{vault, func(path string) error {
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return flippedHex(path, raw, `"ciphertext": "`)
		}, 77, "or the file is damaged"},
	} {
		saved := t.TempDir()
		for _, dir := range []string{"accounts", "keystore"} {
			if err := os.CopyFS(filepath.Join(saved, dir), os.DirFS(filepath.Join(n.dir, dir))); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.damage(c.path); err != nil {
			t.Fatal(err)
		}
		code, _, errOut := n.cli(t, "", "run", "--login", "ana", "--password-file", file)
		lines := strings.Split(strings.TrimSpace(errOut), "\n")
		last := lines[len(lines)-1] // what to do, after what is wrong and where
		if !strings.Contains(last, c.path) && len(lines) > 1 {
			last = lines[len(lines)-2] + "\n" + last
		}
		if code != c.code || !strings.Contains(last, c.path) || !strings.Contains(last, c.advice) ||
			strings.Contains(errOut, "disk I/O error") || strings.Count(errOut, "level=warn module=account") > 1 {
			t.Errorf("%s: exit code %d, want %d and %q:\n%s", c.path, code, c.code, c.advice, errOut)
		}
		for _, dir := range []string{"accounts", "keystore"} {
			to := filepath.Join(n.dir, dir)
			if err := errors.Join(os.RemoveAll(to), os.Rename(filepath.Join(saved, dir), to)); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.args = append(n.args, "--login", "ana", "--password-file", file)
	n.start(t) // the damage was the only hindrance
	n.terminate(t)
}

// firstFile returns the first file of a folder.
func firstFile(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatalf("%s: %v, %v", dir, entries, err)
	}
	return filepath.Join(dir, entries[0].Name())
}

// flippedHex changes the first digit behind a mark in a file.
func flippedHex(path string, raw []byte, mark string) error {
	at := bytes.Index(raw, []byte(mark))
	if at < 0 {
		return fmt.Errorf("%s: no %s", path, mark)
	}
	digit := &raw[at+len(mark)]
	if *digit == '0' {
		*digit = '1'
	} else {
		*digit = '0'
	}
	return os.WriteFile(path, raw, 0o600)
}

// TestStopDuringLogin tells a daemon to stop while it logs in, at different
// moments: that is no failure.
func TestStopDuringLogin(t *testing.T) {
	n := newNode(t, "node", nil)
	file := secretFile(t, "a password")
	n.start(t)
	n.ok(t, "", "account", "create", "--name", "ana", "--password-file", file)
	n.terminate(t)
	for i := range 12 {
		cmd := exec.CommandContext(t.Context(), binary, "run", "--dir", n.dir, "--nat", "none", "--login", "ana",
			"--password-file", file)
		var out lockedBuffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Signals are obeyed from the first lines of the log on; the login takes
		// half a second, for the password.
		await(t, "the start begins", func() error {
			if !strings.Contains(out.String(), "account") && !strings.Contains(out.String(), "peer-to-peer") {
				return fmt.Errorf("log: %s", out.String())
			}
			return nil
		})
		time.Sleep(time.Duration(i) * 40 * time.Millisecond)
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("stopped %d: %v\n%s", i, err, out.String())
		}
	}
}

// TestFullDiskAtAStart has no room for the files of a new directory.
func TestFullDiskAtAStart(t *testing.T) {
	n := newNode(t, "node", nil)
	if err := syscall.Mount("tmpfs", n.dir, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		t.Skipf("needs a disk of its own: %v", err)
	}
	n.cleanUp(t, func() error { return syscall.Unmount(n.dir, syscall.MNT_DETACH) })
	fill(t, n.dir)
	n.fails(t, 74, "no space left", "run", "--addr", "127.0.0.1:0")
}

// TestFullDiskAtALogin has no room for what a login writes, on a disk that only
// the accounts are on.
func TestFullDiskAtALogin(t *testing.T) {
	n, file := usedNode(t)
	accounts, saved := filepath.Join(n.dir, "accounts"), os.DirFS(filepath.Join(n.dir, "accounts"))
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		t.Skipf("needs a disk of its own: %v", err)
	}
	n.cleanUp(t, func() error { return syscall.Unmount(disk, syscall.MNT_DETACH) })
	if err := os.CopyFS(filepath.Join(disk, "accounts"), saved); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(accounts), os.Symlink(filepath.Join(disk, "accounts"), accounts)); err != nil {
		t.Fatal(err)
	}
	room := fill(t, disk)
	n.fails(t, 74, "make room on the disk", "run", "--login", "ana", "--password-file", file)
	room()
	n.args = append(n.args, "--login", "ana", "--password-file", file)
	n.start(t) // nothing was lost
	n.terminate(t)
}

// TestExitCodeOfAStopThatTakesTooLong: a client that holds back the rest of a
// request has half a second, which is more than this daemon is given.
func TestExitCodeOfAStopThatTakesTooLong(t *testing.T) {
	n := newNode(t, "node", nil)
	n.args = []string{"--shutdown-timeout", "1ms"}
	n.start(t)
	_, at, _ := strings.Cut(n.log.String(), "for=http address=")
	at, _, _ = strings.Cut(at, "\n")
	client, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := io.WriteString(client, "POST / HTTP/1.1\r\nHost: "+at+"\r\nContent-"); err != nil {
		t.Fatal(err)
	}
	// One that comes later is answered, so the server has the other as well.
	call(t, n.dial(t, "http"), api.WakuVersion, api.None{})
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-n.exited
	if code := n.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(n.log.String(), "did not stop in time") {
		t.Errorf("exit code %d\n%s", code, n.log.String())
	}
	n.cmd = nil
}

// TestExitCodeOfAPipeThatNobodyReads: it is waited for, which a signal ends.
func TestExitCodeOfAPipeThatNobodyReads(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "key", "gen", pipe)
	var out lockedBuffer
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "it says that it waits", func() error {
		if !strings.Contains(out.String(), pipe+" is a pipe that nobody reads yet; waiting") {
			return errors.New(out.String())
		}
		return nil
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code, text := cmd.ProcessState.ExitCode(), out.String(); code != 75 || strings.Contains(text, "context") ||
		!strings.Contains(text, "until the end") {
		t.Errorf("exit code %d: %s", code, text)
	}
}

// TestExitCodeOfAServerThatIsNoDaemon asks one that speaks, but not of this.
func TestExitCodeOfAServerThatIsNoDaemon(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "welcome")
	}))
	defer server.Close()
	n := newNode(t, "node", nil)
	token := secretFile(t, "token")
	n.fails(t, 76, "no daemon", "rpc", "--url", server.URL, "--token-file", token, "waku_version")
	socket := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1)) // it asked
			_, _ = io.WriteString(conn, "welcome\n")
			_ = conn.Close()
		}
	}()
	n.fails(t, 76, "no daemon", "rpc", "--url", socket, "waku_version")
}
