package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goleveldb "github.com/syndtr/goleveldb/leveldb"

	"statusd/configs"
	"statusd/mailserver"
	"statusd/mailserver/leveldb"
	"statusd/mailserver/postgres"
	"statusd/node"
	"statusd/waku/wire"
)

const someNode = "enode://7cd9fb61f0cd537c13cfa6b6941257faefef565a0ad8e345ee2ce9aa045791333dd03df4cc9f6848c6bb9c265b" +
	"823eee2825853076c112095f8243fbb0c15c46@"

func TestMailUsageErrors(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	dir := t.TempDir()
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"mailserver", exitUnavailable, "no daemon"},
		{"mailserver chekc", exitUsage, `did you mean "check"?`},
		{"mailserver check", exitUsage, "missing argument"},
		{"mailserver check nonsense", exitUsage, "node 1: not a node address"},
		{"mailserver check --timeout 0 " + someNode + "127.0.0.1:1", exitUsage, "--timeout 0"},
		{"mailserver check --waku.pow NaN " + someNode + "127.0.0.1:1", exitUsage, "--waku.pow"},
		{"mailserver check --password-file /nonexistent " + someNode + "127.0.0.1:1", exitNoInput, "/nonexistent"},
		{"mailserver check " + strings.TrimSuffix(strings.TrimPrefix(someNode, "enode://"), "@"), exitUsage, "listens"},
		{"mailserver stats --dir /nonexistent", exitUnavailable, "no daemon"},
		{"mailserver import", exitUsage, "--from"},
		{"mailserver import --from /nonexistent --dir " + dir, exitNoInput, "/nonexistent"},
		{"mailserver repair --dir " + dir, exitNoInput, "no archive"},
		{"history", exitUsage, "either --chat or --topic"},
		{"history --chat a --topic 0x01020304", exitUsage, "either --chat or --topic"},
		{"history --chat a --sym-key-id 1", exitUsage, "needs no key"},
		{"history --topic 0x01020304", exitUsage, "needs a key"},
		{"history --topic 0x01 --sym-key-id a", exitUsage, "8 hex digits"},
		{"history --chat a --from soon", exitUsage, "--from"},
		{"history --chat a --from 1h --to 2h", exitUsage, "is after"},
		{"history --chat a --page 1001", exitUsage, "--page"},
		{"history --chat a --most -1", exitUsage, "--most"},
		{"history --chat a --dir /nonexistent", exitUnavailable, "no daemon"},
		{"init", exitUsage, "needs a command"},
		{"init client --dir " + dir + "/x --addr nonsense", exitUsage, `"nonsense"`},
		{"init client --dir " + dir + "/x --server nonsense", exitUsage, "not a node address"},
		{"init relay --dir " + dir + "/x --advertise nowhere", exitUsage, "nowhere"},
		{"init relay --dir " + dir + "/x --user A;B", exitUsage, "--user"},
		{"init mailserver --dir " + dir + "/x --retention nonsense", exitUsage, "MailServerRetention"},
		{"init mailserver --dir " + dir + "/x --public --password-file -", exitUsage, "exclude"},
	} {
		code, out, errOut := statusd(t, "", strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(errOut, tt.want) || out != "" {
			t.Errorf("%s: exit code %d, want %d; stdout %q, stderr %q, want %q", tt.args, code, tt.code, out, errOut, tt.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("a failed init leaves a directory behind")
	}
}

func TestInit(t *testing.T) {
	for name, tt := range map[string]struct {
		stdin string
		args  []string
		check func(c *configs.Config) bool
	}{
		"mailserver": {"", nil, func(c *configs.Config) bool {
			return c.WakuConfig.EnableMailServer && len(c.WakuConfig.MailServerPassword.Reveal()) == 24 &&
				!c.DirectRequests() && c.Retention().Age == 30*24*time.Hour
		}},
		"mailserver ": {"p/w@:x\n", []string{
			"--password-file", "-", "--advertise", "192.0.2.1",
		}, func(c *configs.Config) bool {
			return c.WakuConfig.MailServerPassword.Reveal() == "p/w@:x" && c.AdvertiseAddr.String() == "192.0.2.1"
		}},
		"mailserver  ": {"", []string{"--public"}, func(c *configs.Config) bool {
			return c.WakuConfig.MailServerPassword.Reveal() == configs.DefaultMailServerPassword
		}},
		"relay": {"", []string{"--static", someNode + "192.0.2.7:1"}, func(c *configs.Config) bool {
			return c.FullNode() && !c.WakuConfig.EnableMailServer && len(c.StaticNodes()) == 1
		}},
		"client": {"", []string{"--server", someNode + "192.0.2.7:1"}, func(c *configs.Config) bool {
			return !c.FullNode() && len(c.MailServers()) == 1
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new")
			role := strings.TrimSpace(name)
			args := append([]string{"init", role, "--dir", dir, "--addr", "127.0.0.1:4567", "-o", "json"}, tt.args...)
			code, out, errOut := statusd(t, tt.stdin, args...)
			if code != exitOK {
				t.Fatalf("exit code %d: %s", code, errOut)
			}
			var made struct {
				Enode string
				Files []string
				Open  []string
			}
			if err := json.Unmarshal([]byte(out), &made); err != nil {
				t.Fatal(err)
			}
			loaded, err := configs.Load(configs.Input{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if !tt.check(loaded.Config) {
				t.Errorf("configuration: %+v", loaded.Config)
			}
			ref, err := configs.ParseNodeRef(made.Enode)
			if err != nil || role == "mailserver" && ref.Password() != loaded.Config.WakuConfig.MailServerPassword {
				t.Errorf("enode %s: %v", made.Enode, err)
			}
			for i, mode := range []os.FileMode{0o600, 0o600, 0o644} {
				if info, err := os.Stat(made.Files[i]); err != nil || info.Mode().Perm() != mode {
					t.Errorf("%s: %v %v", made.Files[i], info.Mode(), err)
				}
			}
			if (len(made.Open) == 0) != (role == "client") {
				t.Errorf("open ports %v", made.Open)
			}
			unit, err := os.ReadFile(made.Files[2])
			if err != nil || !strings.Contains(string(unit), "STATUSD_DIR="+dir+"\n") ||
				strings.Contains(string(unit), "DynamicUser") || strings.Contains(string(unit), stateDir) {
				t.Errorf("unit: %v\n%s", err, unit)
			}
			if code, _, errOut := statusd(t, tt.stdin, args...); code != exitCantCreate || !strings.Contains(errOut, "exists") {
				t.Errorf("second run: %d %s", code, errOut)
			}
		})
	}
	unit, err := unitFile(stateDir, "")
	if err != nil || !strings.Contains(unit, "DynamicUser=yes") || !strings.Contains(unit, "StateDirectory=statusd") {
		t.Errorf("unit of the default directory: %v\n%s", err, unit)
	}
}

// TestInitKeepsKey runs init over a directory that has a node key.
func TestInitKeepsKey(t *testing.T) {
	dir := private(t)
	key := strings.Repeat("01", 32)
	if err := os.WriteFile(filepath.Join(dir, "nodekey"), []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := statusd(t, "", "init", "relay", "--dir", dir)
	const id = "1b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f"
	if code != exitOK || !strings.Contains(out, "enode://"+id) || !strings.Contains(out, "ADDRESS") {
		t.Errorf("exit code %d: %s%s", code, out, errOut)
	}
}

func TestCheckUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	url := strings.Replace(someNode, "@", ":secret@", 1) + l.Addr().String()
	code, out, errOut := statusd(t, "", "mailserver", "check", "-timeout", "5", url)
	if code != 1 || !strings.Contains(out, "FAILED: connect") || strings.Contains(out, "secret") || errOut != "" {
		t.Errorf("exit code %d: %s%s", code, out, errOut)
	}
}

// TestImportAndRepair fills an archive from one of status-go, damages it, and
// repairs it.
func TestImportAndRepair(t *testing.T) {
	const count = 500
	from := filepath.Join(t.TempDir(), "status-go")
	old, err := goleveldb.OpenFile(filepath.Join(from, "waku"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint32(count) {
		env := wire.NewEnvelope(1_600_000_000+i, 50, wire.Topic{1}, bytes.Repeat([]byte{byte(i)}, 2000), 0)
		topic := env.Topic()
		if err := old.Put(append(mailserver.KeyOf(env).AppendCursor(nil), topic[:]...), env.RLP(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	dir := private(t)
	for round, want := range []string{`"added":500,`, `"added":0,`} {
		code, out, errOut := statusd(t, "", "mailserver", "import", "--from", from, "--dir", dir, "-o", "json")
		if code != exitOK || !strings.Contains(out, want) {
			t.Fatalf("import %d: exit code %d: %s%s", round, code, out, errOut)
		}
	}
	archive := filepath.Join(dir, "mailserver")
	manifests, err := filepath.Glob(filepath.Join(archive, "MANIFEST-*"))
	if err != nil || len(manifests) == 0 {
		t.Fatal(manifests, err)
	}
	if err := os.WriteFile(manifests[0], []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errOut := statusd(t, "", "mailserver", "import", "--from", from, "--dir", dir)
	if code != exitData || !strings.Contains(errOut, "damaged") {
		t.Errorf("damaged archive: exit code %d: %s", code, errOut)
	}
	code, out, errOut := statusd(t, "", "mailserver", "repair", "--dir", dir, "-o", "json")
	if code != exitOK || !strings.Contains(out, `"envelopes":500`) {
		t.Errorf("repair: exit code %d: %s%s", code, out, errOut)
	}
}

func TestParseWhen(t *testing.T) {
	now := time.Unix(1_600_000_000, 0)
	for text, want := range map[string]uint32{
		"now": 1_600_000_000, "0": 0, "1599999999": 1_599_999_999, "24h": 1_599_913_600, "1.5d": 1_599_870_400,
		"90m": 1_599_994_600, "2020-09-13": 1_599_955_200, "2020-09-13T12:26:40Z": 1_600_000_000,
		"2020-09-13T14:26:40+02:00": 1_600_000_000,
	} {
		if got, err := parseWhen(text, now); err != nil || got != want {
			t.Errorf("%s: got %d, want %d: %v", text, got, want, err)
		}
	}
	for _, bad := range []string{"", "soon", "-5", "-5h", "5000000000", "2020-13-01", "NaNd", "1e99d", "99999999h"} {
		if got, err := parseWhen(bad, now); err == nil {
			t.Errorf("%q: got %d", bad, got)
		}
	}
}

func TestReadable(t *testing.T) {
	for in, want := range map[string]string{
		"plain ünï": "plain ünï", "a\nb\tc": `a\nb\tc`, "\x1b[2J": "0x1b5b324a", "\xff": "0xff", "": "",
	} {
		if got := readable([]byte(in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	p := &progress{out: &out, terminal: true, label: "import"}
	p.show(0.5, "%d read", 7)
	p.show(0.9, "too soon")
	p.clear()
	text := out.String()
	if !strings.Contains(text, "import [============            ]  50 % 7 read") || strings.Contains(text, "soon") ||
		!strings.HasSuffix(text, " \r") {
		t.Errorf("terminal: %q", text)
	}
	out.Reset()
	p = &progress{out: &out, label: "import"}
	p.show(0.5, "7 read")
	p.clear()
	if out.String() != "statusd: import:  50 %, 7 read\n" {
		t.Errorf("file: %q", out.String())
	}
	out.Reset()
	p = &progress{out: &out, label: "history", quiet: true}
	p.show(0.5, "7 read")
	if out.Len() != 0 {
		t.Errorf("quiet: %q", out.String())
	}
}

// TestArchiveCodes: a start that fails for its archive says so by its code.
func TestArchiveCodes(t *testing.T) {
	for cause, want := range map[error]int{
		mailserver.ErrCorrupted: exitData, leveldb.ErrLocked: exitCantCreate, leveldb.ErrForeign: exitConfig,
		leveldb.ErrSchema: exitConfig, postgres.ErrSchema: exitConfig, postgres.ErrAddress: exitConfig,
		mailserver.ErrDiskLow: exitIO, errors.New("something else"): exitOther,
	} {
		err := &node.StartError{Kind: node.ErrArchive, Text: "cannot open", Cause: fmt.Errorf("open: %w", cause)}
		if got := exitCode(fmt.Errorf("start: %w", err)); got != want {
			t.Errorf("%v: exit code %d, want %d", cause, got, want)
		}
	}
}
