//go:build integration

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/api"
	"statusd/internal/store"
)

// fails runs a command that must fail with an exit code and say something.
func (n *node) fails(t *testing.T, code int, text string, args ...string) {
	t.Helper()
	got, out, errOut := n.cli(t, "", args...)
	if got != code || !strings.Contains(errOut, text) || out != "" {
		t.Errorf("%q: exit code %d, stdout %q, stderr %q, want %d and %q", args, got, out, errOut, code, text)
	}
}

// TestDatabaseWithoutDaemon checks and compacts a database on the files of a
// directory, which nobody else may have.
func TestDatabaseWithoutDaemon(t *testing.T) {
	n := newNode(t, "node", nil)
	n.args = []string{"--light-kdf"}
	n.fails(t, 66, "there are no accounts in "+n.dir, "db", "check")
	n.start(t)
	password, wrong := secretFile(t, "a password"), secretFile(t, "another one")
	n.ok(t, "", "account", "create", "--name", "ana", "--password-file", password)
	n.fails(t, 77, "no account is logged in", "db", "check")
	n.fails(t, 77, "stop the daemon", "db", "check", "ana")
	n.terminate(t)
	n.fails(t, 65, "never logged in", "db", "check", "--password-file", password)
	n.start(t)
	n.ok(t, "", "account", "login", "--password-file", password)
	n.ok(t, "", "db", "check", "ana")
	// A daemon whose socket is elsewhere holds the directory just as well.
	n.fails(t, 73, "in use by process", "db", "check", "--ipcfile", filepath.Join(n.dir, "other.ipc"))
	n.kill(t)
	n.ok(t, "", "db", "check", "--password-file", password)
	if got := n.ok(t, "", "db", "vacuum", "ana", "--password-file", password); got["bytes"].(float64) < 4096 {
		t.Errorf("%v", got)
	}
	n.fails(t, 77, "wrong password", "db", "check", "--password-file", wrong)
	n.fails(t, 64, "--password-file", "db", "vacuum")
	n.fails(t, 65, "no account", "db", "check", "bo", "--password-file", password)
	n.start(t) // the directory is free again
	n.ok(t, "", "account", "login", "--password-file", password)
}

// database returns the only database file of a directory.
func (n *node) database(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(n.dir, "accounts", "*", accounts.DatabaseFile))
	if err != nil || len(found) != 1 {
		t.Fatalf("databases %v, %v", found, err)
	}
	return found[0]
}

// age gives the database of the only account a version from the future.
func (n *node) age(t *testing.T, password string) {
	t.Helper()
	d, err := accounts.Open(n.dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := d.List()
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	p, err := kdf.NewPassword([]byte(password))
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.Unlock(all[0].UID, p)
	if err != nil {
		t.Fatal(err)
	}
	key, err := u.DatabaseKey()
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Config{Path: n.database(t), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx *store.Tx) error { return tx.Exec(`PRAGMA user_version = 9999`) })
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// wantFailure checks code, kind and hint of an error over RPC.
func wantFailure(t *testing.T, err error, code api.Code, kind api.Kind, hint string) {
	t.Helper()
	var got *api.Error
	if !errors.As(err, &got) {
		t.Fatalf("got %v", err)
	}
	if got.Code != code || got.Data.Kind != kind || !strings.Contains(got.Data.Hint, hint) {
		t.Errorf("got %+v, want code %d, kind %q, hint %q", got, code, kind, hint)
	}
}

// TestNewerDatabase has a database that a later version wrote: it is refused by
// every way with a sentence that helps, and not changed.
func TestNewerDatabase(t *testing.T) {
	const password = "a password"
	n := newNode(t, "node", nil)
	n.args = []string{"--light-kdf"}
	file := secretFile(t, password)
	n.start(t)
	n.ok(t, "", "account", "create", "--name", "ana", "--password-file", file)
	n.ok(t, "", "account", "login", "--password-file", file)
	n.terminate(t)
	n.age(t, password)
	before, err := os.ReadFile(n.database(t))
	if err != nil {
		t.Fatal(err)
	}
	n.fails(t, 78, "use a newer statusd", "db", "check", "--password-file", file)
	n.fails(t, 78, "written by a newer version", "run", "--login", "ana", "--password-file", file)
	n.start(t)
	n.fails(t, 78, "use a newer statusd", "account", "login", "--password-file", file)
	_, err = api.AccountLogin.Call(t.Context(), n, login("ana", password))
	wantFailure(t, err, api.CodeNewerData, api.KindNewerData, "newer statusd")
	n.terminate(t)
	if after, err := os.ReadFile(n.database(t)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the database is changed, %v", err)
	}
}

// full makes a call that has to fail because the disk is full.
func full[A, R any](t *testing.T, n *node, method api.Method[A, R], args A) {
	t.Helper()
	fill(t, n.dir) // the database may have shortened its log meanwhile
	_, err := method.Call(t.Context(), n, args)
	wantFailure(t, err, api.CodeFailed, api.KindDiskFull, "make room")
}

func secret(text string) api.Secret { return api.NewSecret([]byte(text)) }

func login(account, password string) api.OpenAccountArgs {
	return api.OpenAccountArgs{KeyUID: account, Password: secret(password)}
}

func repassword(account, from, to string) api.ChangePasswordArgs {
	return api.ChangePasswordArgs{KeyUID: account, OldPassword: secret(from), NewPassword: secret(to)}
}

// TestFullDisk works on a disk of its own that becomes full: every call says
// so, none leaves anything half done, and the daemon goes on.
func TestFullDisk(t *testing.T) {
	const password = "a password"
	n := newNode(t, "node", nil)
	if err := syscall.Mount("tmpfs", n.dir, "tmpfs", 0, "size=4m,mode=0700"); err != nil {
		t.Skipf("needs a disk of its own: %v", err)
	}
	n.cleanUp(t, func() error { return syscall.Unmount(n.dir, syscall.MNT_DETACH) })
	n.args = []string{"--light-kdf", "--addr", "127.0.0.1:0"}
	file, other := secretFile(t, password), secretFile(t, "another one")
	n.start(t)
	n.ok(t, "", "account", "create", "--name", "ana", "--password-file", file)
	room := fill(t, n.dir)
	full(t, n, api.AccountLogin, login("ana", password)) // would make the database
	full(t, n, api.AccountCreate, api.CreateAccountArgs{Password: secret(password)})
	full(t, n, api.AccountChangePassword, repassword("ana", password, "another one"))
	n.fails(t, 74, "make room", "account", "login", "--password-file", file)
	room()
	in := n.ok(t, "", "account", "login", "--password-file", file)
	chat := func(id string) api.SaveChatArgs {
		return api.SaveChatArgs{Chat: api.ChatSettings{ID: id, Name: id, ChatType: api.ChatPublic, Active: true}}
	}
	room = fill(t, n.dir)
	// The log may have blocks that it wrote before and uses again: what fits
	// there is kept, what comes then is refused.
	want := []string{"kept"}
	for {
		id := fmt.Sprint("chat ", len(want))
		_, err := api.WakuextSaveChat.Call(t.Context(), n, chat(id))
		if err != nil {
			wantFailure(t, err, api.CodeFailed, api.KindDiskFull, "make room")
			break
		}
		if want = append(want, id); len(want) > 1000 {
			t.Fatal("there is no end of room")
		}
	}
	full(t, n, api.AccountVacuumDatabase, api.None{})
	full(t, n, api.AccountBackup, api.BackupAccountArgs{Password: secret(password)})
	full(t, n, api.AccountConfirmBackup, api.AccountArgs{KeyUID: "ana"})
	full(t, n, api.AccountChangePassword, repassword("ana", password, "another one"))
	n.ok(t, "", "db", "check")
	n.kill(t)
	room()
	n.start(t)
	n.fails(t, 77, "wrong password", "account", "login", "--password-file", other)
	again := n.ok(t, "", "account", "login", "--password-file", file)
	if again["installationId"] != in["installationId"] {
		t.Errorf("%v, was %v", again, in)
	}
	_, err := api.WakuextSaveChat.Call(t.Context(), n, chat("kept"))
	chats, errList := api.WakuextChats.Call(t.Context(), n, api.None{})
	err = errors.Join(err, errList)
	if err != nil || len(chats) != len(want) || slices.ContainsFunc(chats, func(c api.Chat) bool {
		return !slices.Contains(want, c.ID)
	}) {
		t.Errorf("chats %v, want %q (%v)", chats, want, err)
	}
	n.ok(t, "", "db", "check")
	n.ok(t, "", "account", "passwd", "--password-file", file, "--new-password-file", other)
	checkFiles(t, n.dir, 1)
	n.terminate(t)
}

// cleanUp registers what is to be done once the process is gone.
func (n *node) cleanUp(t *testing.T, fn func() error) {
	t.Helper()
	t.Cleanup(func() {
		if n.cmd != nil {
			_ = n.cmd.Process.Kill()
			err := <-n.exited
			n.exited <- err // newNode's own clean-up waits too
		}
		if err := fn(); err != nil {
			t.Error(err)
		}
	})
}

// fill takes all space of a folder's disk, also what became free since it was
// called last, and returns how to give it back.
func fill(t *testing.T, dir string) (room func()) {
	t.Helper()
	name := filepath.Join(dir, "ballast")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(f, zeros{})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	_ = f.Close() // it is full
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestKillDuringBackupCommand kills the command or the daemon while a backup is
// being made. Where the user wants it there is then the old file or a whole new
// one, nothing else beside it, and the account opens.
func TestKillDuringBackupCommand(t *testing.T) {
	n := newNode(t, "node", nil)
	file := secretFile(t, "a password")
	n.args = []string{"--light-kdf"}
	n.start(t)
	n.ok(t, "", "account", "create", "--name", "ana", "--password-file", file)
	n.terminate(t)
	n.args = append(n.args, "--login", "ana", "--password-file", file)
	target := filepath.Join(t.TempDir(), "ana.statusd")
	n.start(t)
	began := time.Now()
	n.ok(t, "", "backup", "--with-keys", "--out", target, "--password-file", file)
	takes := time.Since(began)
	n.terminate(t)
	changed := 0
	for round := range 12 {
		n.start(t)
		old, err := os.ReadFile(target)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), binary, "backup", "--dir", n.dir, "--with-keys", "--force", "--out", target,
			"--password-file", file)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(2 * takes)) // the test is about chance
		if round%2 == 0 {
			_ = cmd.Process.Kill() // it may have ended
			_ = cmd.Wait()
			n.kill(t)
		} else {
			n.kill(t)
			_ = cmd.Wait() // with an error, if it was not faster
		}
		now, err := os.ReadFile(target)
		if err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(filepath.Dir(target)); err != nil || len(left) != 1 {
			t.Fatalf("beside the backup: %v %v", left, err)
		}
		if !bytes.Equal(old, now) {
			changed++
			to := filepath.Join(t.TempDir(), fmt.Sprint("restored", round))
			cmd := exec.CommandContext(t.Context(), binary, "restore", "--in", target, "--dir", to, "--password-file", file)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("round %d: %v: %s", round, err, out)
			}
		}
	}
	n.start(t)
	n.ok(t, "", "db", "check")
	t.Logf("%d new backups", changed)
}
