//go:build integration

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
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

	database := n.database(t)
	whole, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte(nil), whole...)
	for i := range 4096 {
		damaged[i] ^= 0x55
	}
	if err := os.WriteFile(database, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	n.fails(t, 74, "database", "run", "--login", "ana", "--password-file", file)
	if err := os.WriteFile(database, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	n.args = append(n.args, "--login", "ana", "--password-file", file)
	n.start(t)
	n.terminate(t)
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
