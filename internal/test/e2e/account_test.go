//go:build integration

package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/api"

	"github.com/ethereum/go-ethereum/crypto"
)

// cli runs a command against a node's directory, as a user would, and returns
// its exit code and output.
func (n *node) cli(t *testing.T, stdin string, args ...string) (code int, out, errOut string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // for a daemon that starts though it must not
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append(args, "--dir", n.dir)...)
	cmd.Stdin = strings.NewReader(stdin)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

// ok runs a command that must succeed, and reads its output as JSON.
func (n *node) ok(t *testing.T, stdin string, args ...string) map[string]any {
	t.Helper()
	code, out, errOut := n.cli(t, stdin, append(args, "-o", "json")...)
	if code != 0 {
		t.Fatalf("%q: exit code %d: %s", args, code, errOut)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil && out != "" {
		t.Fatalf("%q prints %q: %v", args, out, err)
	}
	return v
}

// secretFile writes a file that only its owner can read.
func secretFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(content+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestAccountStory is the life of an account by the command line alone: made,
// used over a restart and a kill, under another password, saved and restored
// elsewhere.
func TestAccountStory(t *testing.T) {
	n := newNode(t, "first", nil)
	n.args = []string{"--light-kdf"}
	n.start(t)
	one, two := secretFile(t, "first password"), secretFile(t, "second password")
	made := n.ok(t, "", "account", "create", "--name", "ana", "--password-file", one)
	in := n.ok(t, "", "account", "login", "--password-file", one)
	n.terminate(t)
	n.start(t)
	if code, out, _ := n.cli(t, "", "account", "list"); code != 0 || strings.Contains(out, "logged in ") {
		t.Errorf("after a restart: %d %q", code, out)
	}
	again := n.ok(t, "first password\n", "account", "login", "ana", "--password-fd", "0")
	if again["installationId"] != in["installationId"] || again["keyUid"] != made["keyUid"] {
		t.Errorf("after a restart: %v, was %v", again, in)
	}
	n.ok(t, "", "account", "passwd", "--password-file", one, "--new-password-file", two)
	n.kill(t)
	n.args = append(n.args, "--login", "ana", "--password-file", two)
	n.start(t)
	if code, _, _ := n.cli(t, "", "account", "verify", "--password-file", one); code != 77 {
		t.Errorf("the old password: exit code %d", code)
	}
	if got := n.ok(t, "", "account", "export", "--format", "mnemonic", "--password-file", two); got["mnemonic"] !=
		made["mnemonic"] {
		t.Error("another phrase comes out")
	}
	file := filepath.Join(t.TempDir(), "ana.statusd")
	pass := secretFile(t, "password of the backup")
	n.ok(t, "", "backup", "--out", file, "--with-keys", "--password-file", pass)
	n.ok(t, "", "db", "check")

	other := newNode(t, "second", nil)
	config, err := os.ReadFile(filepath.Join(other.dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	other.dir = filepath.Join(t.TempDir(), "restored")
	if code, _, errOut := other.cli(t, "", "restore", "--in", file, "--password-file", one); code != 77 {
		t.Errorf("restore with a wrong password: %d %s", code, errOut)
	}
	other.ok(t, "", "restore", "--in", file, "--password-file", pass)
	if err := os.WriteFile(filepath.Join(other.dir, "config.json"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	other.start(t)
	restored := other.ok(t, "", "account", "login", "--password-file", two)
	if restored["publicKey"] != in["publicKey"] || restored["installationId"] == in["installationId"] {
		t.Errorf("restored %v, was %v", restored, in)
	}
	phrase := other.ok(t, "", "account", "export", "--format", "mnemonic", "--password-file", two)
	if phrase["mnemonic"] != made["mnemonic"] {
		t.Error("another phrase comes out of the copy")
	}
	other.ok(t, "", "account", "confirm-backup")
	other.ok(t, "", "account", "logout")
	other.ok(t, "", "account", "delete", "ana", "--yes")
	if code, out, _ := other.cli(t, "", "account", "list"); code != 0 || out != "" {
		t.Errorf("after deletion: %d %q", code, out)
	}
}

// kills is how often TestKillDuringAccountChanges kills the daemon.
const kills = 50

// TestKillDuringAccountChanges kills the daemon while it makes accounts and
// changes passwords. Every account must then open with one of its passwords,
// and nothing half made may remain.
func TestKillDuringAccountChanges(t *testing.T) {
	n := newNode(t, "node", nil)
	n.args = []string{"--light-kdf"}
	passwords := [2]string{"one", "two"}
	var known []string // accounts whose creation was answered
	state, made := map[string]int{}, 0
	for round := range kills {
		n.start(t)
		conn, ctx := n.dial(t, "ipc"), t.Context()
		all, err := api.AccountList.Call(ctx, conn, api.None{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		var present []string
		for _, a := range all {
			present = append(present, a.KeyUID)
			for i, p := range passwords {
				if _, err := api.AccountLogin.Call(ctx, conn, login(a.KeyUID, p)); err == nil {
					state[a.KeyUID]++
					call(t, conn, api.AccountLogout, api.None{})
				} else if i == 1 && state[a.KeyUID] == 0 {
					t.Fatalf("round %d: account %s opens with no password: %v", round, a.KeyUID, err)
				}
			}
			if state[a.KeyUID] != 1 {
				t.Fatalf("round %d: account %s opens with %d passwords", round, a.KeyUID, state[a.KeyUID])
			}
		}
		for _, uid := range known {
			if !slices.Contains(present, uid) {
				t.Fatalf("round %d: account %s is gone", round, uid)
			}
		}
		checkFiles(t, n.dir, len(all))
		for _, uid := range present { // start over, the list would grow
			call(t, conn, api.AccountDelete, api.DeleteAccountArgs{KeyUID: uid, Confirm: uid})
		}
		known, state = nil, map[string]int{}
		answers := make(chan string, 64)
		go changeForever(ctx, conn, passwords, answers)
		time.Sleep(rand.N(600 * time.Millisecond)) // the test is about chance
		n.kill(t)
		for uid := range answers {
			known = append(known, uid)
			made++
		}
	}
	t.Logf("%d kills, %d accounts made", kills, made)
}

// changeForever makes accounts and changes their passwords until the daemon is
// gone. It tells which creations were answered.
func changeForever(ctx context.Context, c api.Caller, passwords [2]string, answers chan<- string) {
	defer close(answers)
	for {
		account, err := api.AccountCreate.Call(ctx, c, api.CreateAccountArgs{Password: secret(passwords[0])})
		if err != nil {
			return
		}
		answers <- account.KeyUID
		for i := range 2 {
			change := repassword(account.KeyUID, passwords[i], passwords[1-i])
			if _, err := api.AccountChangePassword.Call(ctx, c, change); err != nil {
				return
			}
		}
	}
}

// checkFiles compares the files of accounts with the number of accounts: four
// key files each, and nothing hidden or staged.
func checkFiles(t *testing.T, dir string, accounts int) {
	t.Helper()
	folders, err := os.ReadDir(filepath.Join(dir, "accounts"))
	if err != nil || len(folders) != accounts {
		t.Fatalf("%d folders for %d accounts, %v", len(folders), accounts, err)
	}
	files, err := os.ReadDir(filepath.Join(dir, "keystore"))
	if err != nil || len(files) != 4*accounts {
		t.Fatalf("%d key files for %d accounts, %v", len(files), accounts, err)
	}
}

// TestSecretsStayInside looks for a phrase, a password and a private key in
// everything that others could see: the arguments of the daemon, its log at
// debug level, the files of its directory, and the texts of errors.
func TestSecretsStayInside(t *testing.T) {
	const phrase = "letter advice cage absurd amount doctor acoustic avoid letter advice cage above"
	const password = "very secret password"
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	private := hex.EncodeToString(crypto.FromECDSA(key))
	// The chat key that follows from the phrase is another one; key files hold
	// it encrypted.
	secrets := []string{phrase, "advice cage absurd", password, private, strings.ToUpper(private),
		string(crypto.FromECDSA(key)), "xprv"}
	find := func(where string, content []byte) {
		for i, s := range secrets {
			if bytes.Contains(content, []byte(s)) {
				t.Errorf("%s holds secret %d", where, i)
			}
		}
	}
	n := newNode(t, "node", nil)
	n.args = []string{"--light-kdf"}
	n.start(t)
	file := secretFile(t, password)
	n.ok(t, phrase, "account", "import", "--name", "ana", "--mnemonic-file", "-", "--password-file", file)
	n.ok(t, "0x"+private, "account", "import", "--name", "bo", "--key-file", "-", "--password-file", file)
	n.ok(t, "", "account", "passwd", "ana", "--password-file", file, "--new-password-file", file)
	n.terminate(t)
	n.args = append(n.args, "--login", "ana", "--password-file", file)
	n.start(t)
	n.ok(t, "", "backup", "--out", filepath.Join(n.dir, "b"), "--with-keys", "--password-file", file)

	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", n.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	find("the command line", cmdline)
	conn := n.dial(t, "ipc")
	for _, call := range [][]any{ // raw: not all are what the methods take
		{"account_login", "bo", password}, {"account_login", password, password}, {"account_login", "ana", password + "x"},
		{"account_importMnemonic", phrase, password}, {"account_importMnemonic", phrase + " zzzz", password},
		{"account_importMnemonic", []string{phrase}, password}, {"account_importKey", private, password},
		{"account_importKey", private + "0", password}, {"account_importKey", "0X" + private, password},
		{"account_importKeystore", private, password, password}, {"account_importKeystore", "{", password, password},
		{"account_create", map[string]string{"password": password}}, {"account_changePassword", "ana", phrase, password},
		{"account_export", "bo", password + private, "mnemonic"}, {"account_export", "bo", password, private},
		{"key_inspect", private}, {"key_convert", private, private}, {"key_inspect", phrase},
		{"status_login", map[string]string{"address": private, "password": password}},
		{"account_delete", private, private}, {"account_nonsense", private},
	} {
		params, err := json.Marshal(call[1:])
		if err != nil {
			t.Fatal(err)
		}
		if _, err = conn.CallRaw(t.Context(), call[0].(string), params); err == nil {
			t.Errorf("%v succeeds", call[0])
			continue
		}
		text := err.Error()
		var answer *api.Error
		if errors.As(err, &answer) {
			text += fmt.Sprintf("%+v", answer.Data)
		}
		find(fmt.Sprintf("the error of %v", call[0]), []byte(text))
	}
	n.terminate(t)
	find("the log", []byte(n.log.String()))
	count := 0
	err = filepath.WalkDir(n.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		find(path, raw)
		count++
		return err
	})
	if err != nil || count < 10 {
		t.Errorf("%d files, %v", count, err)
	}
}
