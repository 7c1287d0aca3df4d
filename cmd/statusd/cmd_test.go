package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/configs"
)

// TestMain lets the test binary stand in for statusd: processes that tests
// start run the real main.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_AS_STATUSD") == "1" {
		main()
	}
	os.Exit(m.Run())
}

// statusd runs a command in this process.
func statusd(t *testing.T, stdin string, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = realMain(args, strings.NewReader(stdin), &o, &e)
	return code, o.String(), e.String()
}

// process starts statusd as a process of its own.
func startProcess(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "RUN_AS_STATUSD=1", "HOME="+t.TempDir())
	log := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd, log
}

// offline are arguments that keep a node to itself.
func offline(dir string) []string {
	return []string{"run", "-dir", dir, "-addr", "127.0.0.1:0", "--nat", "none", "-log", "ERROR"}
}

func TestUsageErrors(t *testing.T) {
	tests := []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-nonsense"}, exitUsage, "unknown flag: --nonsense"},
		{[]string{"chats", "--timeout", "0"}, exitUsage, "--timeout 0s: want more than 0"},
		{[]string{"cofnig"}, exitUsage, `unknown command "cofnig"; did you mean "config"?`},
		{[]string{"run", "extra"}, exitUsage, `unexpected argument "extra"`},
		{[]string{"config"}, exitUsage, "needs a command"},
		{[]string{"completion"}, exitUsage, "needs a command"},
		{[]string{"completion", "bsh"}, exitUsage, `unknown command "bsh"; did you mean "bash"?`},
		{[]string{"completion", "bash", "extra"}, exitUsage, "extra"},
		{[]string{"rpc"}, exitUsage, "missing argument: the method"},
		{[]string{"-sync-and-exit", "3"}, exitUsage, "not applicable"},
		{[]string{"-o", "xml", "version"}, exitUsage, "want plain or json"},
		{[]string{"config", "check", "-maxpeers", "many"}, exitConfig, `--maxpeers: "many": want a whole number`},
		{[]string{"config", "check", "-log", "loud"}, exitConfig, "want ERROR, WARN, INFO, DEBUG or TRACE"},
		{
			[]string{"config", "check", "--webhook-types", "messages.new,message.new"}, exitConfig,
			`no events of the type "message.new"; types like it: messages.new`,
		},
		{[]string{"config", "check", "-c", "/nonexistent.json"}, exitNoInput, "read configuration: open /nonexistent.json"},
		{[]string{"config", "check", "--http", "--http.addr", "0.0.0.0", "--http.no-auth"}, exitConfig, "loopback"},
		{[]string{"key", "inspect", strings.Repeat("ab", 32)}, exitUsage, "private keys are not taken"},
		{[]string{"key", "inspect", "/nonexistent"}, exitNoInput, "/nonexistent"},
		{[]string{"rpc", "--dir", "/nonexistent", "waku_info"}, exitUnavailable, "statusd run"},
		{[]string{"attach", "--dir", "/nonexistent"}, exitUnavailable, "no daemon answers"},
		{[]string{"rpc", "--url", "http://127.0.0.1:1", "waku_info"}, exitUnavailable, "answers at http://127.0.0.1:1;"},
		{[]string{"fleet", "show", "nowhere"}, exitConfig, "nowhere"},
	}
	t.Setenv("HOME", t.TempDir())
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			code, out, errOut := statusd(t, "", tt.args...)
			if strings.Count(errOut, "--help") > 1 {
				t.Errorf("two hints: %q", errOut)
			}
			if code != tt.code || !strings.Contains(errOut, tt.want) || out != "" {
				t.Errorf("exit code %d, want %d; stdout %q, stderr %q, want %q", code, tt.code, out, errOut, tt.want)
			}
		})
	}
}

// TestErrorsAreJSON: an error is valid JSON whatever bytes the user typed.
func TestErrorsAreJSON(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	code, _, errOut := statusd(t, "", "-o", "json", "config", "check", "-c", "\a\x01\U0001f600\xff")
	var got api.CommandError
	if err := json.Unmarshal([]byte(errOut), &got); err != nil || got.ExitCode != code || got.Error == "" {
		t.Errorf("%v: exit code %d: %s", err, code, errOut)
	}
}

func TestPathsWithoutFiles(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	for _, args := range [][]string{{"config", "path"}, {"config", "check"}} {
		if _, out, _ := statusd(t, "", append(args, "-o", "json")...); strings.Contains(out, "null") {
			t.Errorf("%q: an empty list is null: %s", args, out)
		}
	}
}

func TestRetiredFleetIsSaidToBe(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	code, out, errOut := statusd(t, "", "fleet", "show", "eth.prod")
	if code != exitOK || out != "{}\n" || !strings.Contains(errOut, "eth.prod is retired") {
		t.Errorf("exit code %d: %q %q", code, out, errOut)
	}
}

// TestReferenceFlags gives every flag of status-go with one and two dashes.
func TestReferenceFlags(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "c.json")
	if err := os.WriteFile(file, []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{
		"c " + file, "dir " + dir, "fleet eth.prod", "network-id 4", "addr 127.0.0.1:7", "ipc", "ipcfile x.ipc",
		"log debug", "log-without-color", "metrics", "metrics-port 1234", "pprof", "pprof-port 1235", "register",
		"mailserver", "sync-and-exit=-1",
	}
	for _, dashes := range []string{"-", "--"} {
		args := []string{"config", "check", "-dir=" + dir}
		for _, f := range flags {
			if f[1] == ' ' && dashes == "--" {
				continue // -c has one letter
			}
			args = append(args, strings.Fields(dashes+f)...)
		}
		if code, _, errOut := statusd(t, "", args...); code != exitOK {
			t.Errorf("%s: exit code %d: %s", dashes, code, errOut)
		}
	}
	_, out, _ := statusd(t, "", "config", "dump", "-dir", dir, "-mailserver", "-register", "-ipc", "-o", "json")
	for _, want := range []string{
		`{"key":"WakuConfig.EnableMailServer","value":true,"source":"flag:--mailserver"}`,
		`{"key":"RegisterTopics","value":["whisper","whispermail"],"source":"flag:--register"}`,
		`{"key":"IPCGethLink","value":true,"source":"flag:--ipc"}`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("dump lacks %s", want)
		}
	}
}

func TestHelpVersionAndManual(t *testing.T) {
	for _, arg := range []string{"-h", "-help", "--help"} {
		code, out, errOut := statusd(t, "", arg)
		if code != exitOK || !strings.Contains(out, "Usage:") || errOut != "" {
			t.Errorf("%s: exit code %d, stdout %d bytes, stderr %q", arg, code, len(out), errOut)
		}
	}
	if code, out, _ := statusd(t, "", "-version"); code != exitOK || !strings.HasPrefix(out, "statusd "+version) {
		t.Errorf("-version: %d %q", code, out)
	}
	code, out, _ := statusd(t, "", "version", "-o", "json")
	var b api.BuildInfo
	if err := json.Unmarshal([]byte(out), &b); err != nil || code != exitOK || len(b.Protocols) == 0 || b.Commit == "" {
		t.Errorf("version as JSON: %d %q %v", code, out, err)
	}
	dir := t.TempDir()
	if code, _, errOut := statusd(t, "", "man", dir); code != exitOK {
		t.Fatalf("man: %d %s", code, errOut)
	}
	(&app{}).program().Each(func(c *frame.Call) {
		if c.Command.Short == "" {
			t.Errorf("%s has no description", c.Path)
		}
		page := filepath.Join(dir, strings.ReplaceAll(c.Path, " ", "-")+".1")
		if _, err := os.Stat(page); err != nil {
			t.Errorf("no manual page: %v", err)
		}
	})
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if code, out, _ := statusd(t, "", "completion", shell); code != exitOK || !strings.Contains(out, "statusd") {
			t.Errorf("completion %s: %d", shell, code)
		}
	}
}

func TestKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	code, out, errOut := statusd(t, "", "key", "gen", file, "-o", "json")
	if code != exitOK {
		t.Fatalf("gen: %d %s", code, errOut)
	}
	var made api.KeyIdentities
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the key file: %v %v", info.Mode(), err)
	}
	if code, _, _ := statusd(t, "", "key", "gen", file); code != exitCantCreate {
		t.Errorf("an existing key is replaced: %d", code)
	}
	for name, run := range map[string]struct{ in, arg string }{
		"file": {"", file}, "stdin": {string(raw), ""}, "public key": {"", made.PublicKey},
		"compressed": {"", made.Compressed}, "enode": {"", "enode://" + made.EnodeID + "@127.0.0.1:1"},
	} {
		args := []string{"key", "inspect", "-o", "json"}
		if run.arg != "" {
			args = append(args, run.arg)
		}
		code, again, errOut := statusd(t, run.in, args...)
		if code != exitOK || again != out {
			t.Errorf("%s: exit code %d: %s %s", name, code, again, errOut)
		}
	}
	code, _, errOut = statusd(t, "not a key", "key", "inspect")
	if code != exitData || strings.Contains(errOut, "not a key\n") {
		t.Errorf("bad key: %d %s", code, errOut)
	}
}

// TestStartFailures starts daemons that cannot work: each must say why in one
// line and end at once with the code of the table.
func TestStartFailures(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := fmt.Sprint(taken.Addr().(*net.TCPAddr).Port)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	newer := private(t)
	if err := os.WriteFile(filepath.Join(newer, "schema-version"), []byte("999\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	badKey := private(t)
	if err := os.WriteFile(filepath.Join(badKey, "nodekey"), []byte("deadbeefdeadbeef"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		dir  string
		args []string
		code int
		want string
	}{
		"peer-to-peer port in use": {private(t), []string{"-addr", "127.0.0.1:" + port}, exitCantCreate, port},
		"http port in use":         {private(t), []string{"--http", "--http.port", port}, exitCantCreate, port},
		"directory is a file":      {filepath.Join(file, "dir"), nil, exitCantCreate, file},
		"directory open to others": {open, nil, exitConfig, "chmod 700"},
		"data from the future":     {newer, nil, exitConfig, "999"},
		"bad node key":             {badKey, nil, exitConfig, "nodekey"},
		"bad value":                {private(t), []string{"-maxpeers", "-1"}, exitConfig, "MaxPeers"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cmd, log := startProcess(t, append(offline(tt.dir), tt.args...)...)
			err := cmd.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != tt.code {
				t.Fatalf("ended with %v, want exit code %d:\n%s", err, tt.code, log)
			}
			text := log.String()
			if !strings.Contains(text, tt.want) || strings.Contains(text, "deadbeef") {
				t.Errorf("says %q, want something about %q and no secret", text, tt.want)
			}
			if lines := strings.Count(strings.TrimSpace(text), "\n") + 1; lines > 1 {
				t.Errorf("%d lines:\n%s", lines, text)
			}
		})
	}
}

// private is a directory that statusd accepts.
func private(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestDaemon runs a daemon and uses it through every client command.
// awaitDaemon waits until the daemon of a directory answers.
func awaitDaemon(t *testing.T, dir string, log fmt.Stringer) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		code, _, errOut := statusd(t, "", "rpc", "--dir", dir, "waku_version")
		if code == exitOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never answers: %s\n%s", errOut, log)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestDaemon(t *testing.T) {
	dir := private(t)
	cmd, log := startProcess(t, offline(dir)...)
	awaitDaemon(t, dir, log)
	second, secondLog := startProcess(t, offline(dir)...)
	if err := second.Wait(); err == nil || second.ProcessState.ExitCode() != exitCantCreate ||
		!strings.Contains(secondLog.String(), fmt.Sprint(cmd.Process.Pid)) {
		t.Errorf("second instance: %v: %s", err, secondLog)
	}
	calls := []struct {
		in   string
		args []string
		code int
		want string
	}{
		{"", []string{"rpc", "waku_version"}, exitOK, "1\n"},
		{"", []string{"rpc", "-o", "json", "net_peerCount"}, exitOK, "0"},
		{"", []string{"rpc", "waku_nothing"}, exitUsage, "does not exist"},
		{"", []string{"rpc", "waku_setMinPoW", "-1"}, exitOther, "invalid PoW"},
		{"", []string{"rpc", "waku_setMinPoW", "word"}, exitData, "invalid argument"},
		{"", []string{"rpc", "waku_post", `{"ttl":10`}, exitData, "argument 1 is not JSON: unexpected end"},
		{"", []string{"rpc", "waku_post", `["x]`}, exitData, "argument 1 is not JSON"},
		{"", []string{"rpc", "--named", "waku_generateSymKeyFromPassword", `{"password":"x"}`}, exitOK, ""},
		{"", []string{"rpc", "--named", "waku_generateSymKeyFromPassword", `{"word":"x"}`}, exitData, "unknown parameter"},
		{"status\n", []string{"rpc", "waku_generateSymKeyFromPassword", "-"}, exitOK, ""},
		{`{"password":"x"}`, []string{"rpc", "--named", "waku_generateSymKeyFromPassword", "-"}, exitOK, ""},
		{"0.5\n", []string{"rpc", "waku_setMinPoW", "-"}, exitOK, "true"},
		{"", []string{"rpc", "waku_setMinPoW", "-", "-"}, exitUsage, "only one argument"},
		{"", []string{"attach", "--exec", "waku.version()"}, exitOK, "1\n"},
		{"waku_version\nnet_listening\n\nexit\nwaku_version", []string{"attach"}, exitOK, "1\ntrue\n"},
		{"waku_nothing\nwaku_version", []string{"attach"}, exitUsage, "1\n"},
	}
	for _, c := range calls {
		code, out, errOut := statusd(t, c.in, append(c.args, "--dir", dir)...)
		if code != c.code || !strings.Contains(out+errOut, c.want) {
			t.Errorf("%q: exit code %d, want %d; %q %q", c.args, code, c.code, out, errOut)
		}
		if strings.HasPrefix(c.want, "does not exist") && strings.Contains(errOut, "statusd --help") {
			t.Errorf("%q: --help does not list methods: %q", c.args, errOut)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, log)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.ipc")); err != nil || len(left) > 0 {
		t.Errorf("sockets left: %v %v", left, err)
	}
}

// TestTwoSignalsAtOnceAreOne: timeout(1) and others send a signal to the
// process and to its group, which has to stop it gracefully all the same.
func TestTwoSignalsAtOnceAreOne(t *testing.T) {
	dir := private(t)
	cmd, log := startProcess(t, offline(dir)...)
	awaitDaemon(t, dir, log)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} { // two alike could be merged on the way
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err != nil || strings.Contains(log.String(), "goroutine") {
		t.Errorf("%v\n%s", err, log)
	}
}

// TestConfigurationTable keeps docs/configuration.md true: it must name every
// key, flag and default. With UPDATE_DOCS=1 it writes the tables anew.
func TestConfigurationTable(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "configuration.md")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- generated: keys -->\n", "<!-- end -->\n"
	head, rest, found := strings.Cut(string(raw), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no generated part", path)
	}
	want := head + begin + configurationTable(t) + end + tail
	if string(raw) == want {
		return
	}
	if os.Getenv("UPDATE_DOCS") != "1" {
		t.Fatalf("%s is out of date: run UPDATE_DOCS=1 go test ./cmd/statusd", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func configurationTable(t *testing.T) string {
	t.Helper()
	flags := map[string]string{}
	for _, f := range keyFlags() {
		flags[f.key] = "`--" + f.name + "`"
	}
	defaults := configs.Default()
	var b strings.Builder
	b.WriteString("| Key | Flag | Environment | Default |\n|---|---|---|---|\n")
	for _, e := range (&configs.Loaded{Config: &defaults}).Entries(true) {
		value, err := json.Marshal(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | `%s` |\n", e.Key, flags[e.Key], configs.EnvName(e.Key), value)
	}
	return b.String()
}
