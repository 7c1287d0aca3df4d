package logx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
)

func open(t *testing.T, cfg Config) (*Logs, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	cfg.Stderr = &out
	logs, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return logs, &out
}

func TestFormats(t *testing.T) {
	log := func(l *zap.Logger) {
		l.Named("waku").With(zap.String("peer", "ab cd")).Warn("peer dropped",
			zap.Duration("took", 1500*time.Millisecond), zap.Error(errors.New("bad\npacket")),
			zap.Uint64("bytes", 7), zap.Strings("caps", []string{"waku/1"}))
	}
	const tail = ` peer="ab cd" took=1.5s error="bad\npacket" bytes=7 caps="[\"waku/1\"]"` + "\n"
	tests := []struct {
		name string
		cfg  Config
		want string // what the line ends in
		head string // what it begins with
	}{
		{"terminal", Config{}, "waku: peer dropped                  " + tail, "WARN  "},
		{"colour", Config{Colour: true}, tail, "\x1b[33mWARN \x1b[0m "},
		{"terminal in the journal", Config{Journal: true, Colour: true}, tail, "<4>waku: peer dropped"},
		{"logfmt", Config{Format: Logfmt}, `level=warn module=waku msg="peer dropped"` + tail, "time=2"},
		{
			"logfmt in the journal",
			Config{Format: Logfmt, Journal: true},
			`<4>level=warn module=waku msg="peer dropped"` + tail, "<4>",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			logs, out := open(t, tt.cfg)
			log(logs.Logger())
			got := out.String()
			if !strings.HasPrefix(got, tt.head) || !strings.HasSuffix(got, tt.want) {
				t.Errorf("got  %q\nwant %q…%q", got, tt.head, tt.want)
			}
			if strings.Count(got, "\n") != 1 {
				t.Errorf("%d lines", strings.Count(got, "\n"))
			}
		})
	}
	for _, journal := range []bool{false, true} {
		logs, out := open(t, Config{Format: JSON, Journal: journal})
		log(logs.Logger())
		line := out.String()
		if journal {
			var ok bool
			if line, ok = strings.CutPrefix(line, "<4>"); !ok {
				t.Errorf("no priority in %q", line)
			}
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if got["module"] != "waku" || got["level"] != "warn" || got["msg"] != "peer dropped" || got["took"] != "1.5s" {
			t.Errorf("got %v", got)
		}
		if _, ok := got["time"]; ok == journal {
			t.Errorf("time present: %v, journal: %v", ok, journal)
		}
	}
}

func TestLevelsChangeWhileRunning(t *testing.T) {
	logs, out := open(t, Config{Level: "WARN", Modules: map[string]string{"waku": "debug"}})
	root := logs.Logger()
	child := root.Named("waku").Named("peer")
	logged := func() string {
		out.Reset()
		root.Named("rpc").Info("rpc-info")
		child.Debug("peer-debug")
		child.Check(TraceLevel, "peer-trace").Write()
		var got []string
		for _, word := range []string{"rpc-info", "peer-debug", "peer-trace"} {
			if strings.Contains(out.String(), word) {
				got = append(got, word)
			}
		}
		return strings.Join(got, " ")
	}
	steps := []struct{ module, level, want string }{
		{"", "", "peer-debug"},
		{"rpc", "info", "rpc-info peer-debug"},
		{"waku.peer", "trace", "rpc-info peer-debug peer-trace"},
		{"waku.peer", "error", "rpc-info"},
		{"", "trace", "rpc-info"},
		{"rpc", "error", ""},
	}
	for _, s := range steps {
		if s.level != "" {
			if err := logs.SetLevel(s.module, s.level); err != nil {
				t.Fatal(err)
			}
		}
		if got := logged(); got != s.want {
			t.Errorf("after %q=%q: got %q, want %q", s.module, s.level, got, s.want)
		}
	}
	if got, want := logs.Levels(), "trace,rpc=error,waku=debug,waku.peer=error"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := logs.Level("waku.peer.reader"); got != "error" {
		t.Errorf("got %q", got)
	}
	if err := logs.SetLevel("", "loud"); !errors.Is(err, ErrLevel) {
		t.Errorf("got %v", err)
	}
	if err := logs.SetLevel("a=b", "info"); !errors.Is(err, ErrModule) {
		t.Errorf("got %v", err)
	}
}

func TestParseModules(t *testing.T) {
	got, err := ParseModules(" waku=debug, rpc = WARN ,")
	if err != nil || len(got) != 2 || got["waku"] != "debug" || got["rpc"] != "WARN" {
		t.Errorf("got %v, %v", got, err)
	}
	for in, want := range map[string]error{"waku": ErrModule, "=info": ErrModule, "waku=loud": ErrLevel} {
		if _, err := ParseModules(in); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", in, err, want)
		}
	}
}

func TestBadConfig(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  Config
		want error
	}{
		"level":  {Config{Level: "loud"}, ErrLevel},
		"module": {Config{Modules: map[string]string{"waku": "loud"}}, ErrLevel},
		"format": {Config{Format: "xml", Stderr: &bytes.Buffer{}}, ErrFormat},
		"file":   {Config{File: FileConfig{Path: filepath.Join(t.TempDir(), "a\x00b", "log")}}, os.ErrInvalid},
	} {
		_, err := New(c.cfg)
		if err == nil || !errors.Is(c.want, os.ErrInvalid) && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestFileReopensAndCloses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "logs", "statusd.log")
	logs, stderr := open(t, Config{File: FileConfig{Path: path, MaxSizeMB: 1}})
	logs.Logger().Info("first")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := logs.Reopen(); err != nil {
		t.Fatal(err)
	}
	logs.Logger().Info("second")
	if err := logs.Close(); err != nil {
		t.Fatal(err)
	}
	if err := logs.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	read := func(name string) string {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if old, now := read(path+".1"), read(path); !strings.Contains(old, "first") || !strings.Contains(now, "second") ||
		strings.Contains(now, "first") {
		t.Errorf("old %q, new %q", old, now)
	}
	if got := stderr.String(); !strings.Contains(got, "first") || !strings.Contains(got, "second") {
		t.Errorf("stderr %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

type account struct{ secret string }

func (a account) String() string { return a.secret }

func TestSecretsDoNotReachTheLog(t *testing.T) {
	key := strings.Repeat("0123456789abcdef", 8)
	enode := "enode://" + key + ":hunter2@198.51.100.7:30303"
	logs, out := open(t, Config{})
	l := logs.Logger().With(zap.String("node", enode))
	l.Info("hello",
		zap.String("password", "pw-one"), zap.Binary("private_key", []byte{1}), zap.String("mnemonic", "pw-two"),
		zap.String("NodeKey", "pw-three"), zap.String("token", "pw-four"), zap.String("nodeKeyFile", "/kept"),
		zap.Error(fmt.Errorf("dial %s: refused", enode)), zap.Stringer("account", account{"https://u:pw-five@h/"}),
		zap.ByteString("uri", []byte("postgres://u:pw-six@db/x")), zap.Stringer("none", (*account)(nil)),
		zap.String("header", "Bearer "+strings.Repeat("pw-seven", 4)+" rest"), zap.Int("count", 3))
	got := out.String()
	for _, bad := range []string{"pw-", "hunter2", key} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is in %q", bad, got)
		}
	}
	for _, good := range []string{"0123…cdef", "198.51.100.7:30303", "refused", "/kept", "rest", "count=3", "@db/x"} {
		if !strings.Contains(got, good) {
			t.Errorf("%q is not in %q", good, got)
		}
	}
	full, out := open(t, Config{FullIDs: true})
	full.Logger().Info("hello", zap.String("node", enode))
	if got := out.String(); !strings.Contains(got, key) || strings.Contains(got, "hunter2") {
		t.Errorf("got %q", got)
	}
}

func TestScrubLeavesOrdinaryTextAlone(t *testing.T) {
	for _, s := range []string{
		"", "the bearer of this", "https://example.org/a@b", "user@host:22", strings.Repeat("ab", 32),
		"enode://ab@[::1]:30303",
	} {
		if got := Scrub(s); got != s {
			t.Errorf("got %q, want %q", got, s)
		}
	}
}

func TestShort(t *testing.T) {
	for in, want := range map[string]string{
		"0x04abcdef00112233445512cd": "0x04ab…12cd", "abcdef0011223344556677": "abcd…6677", "status": "status",
	} {
		if got := Short(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

type panics struct{}

func (panics) String() string { panic("no") }

func TestGethBridge(t *testing.T) {
	logs, out := open(t, Config{Level: "debug", Format: Logfmt})
	l := slog.New(GethHandler(logs.Logger().Named("p2p"))).With("id", "ab")
	l.Log(t.Context(), slog.Level(-8), "hidden trace")
	l.Debug("hidden debug")
	l.Info("peers", "count", 3, "bad", panics{}, "took", time.Second, slog.Group("net", "ok", true))
	l.WithGroup("g").Warn("warned", "err", errors.New("a b"), "n", uint64(1), "f", 0.5, "t", time.Unix(0, 0).UTC())
	got := out.String()
	for _, want := range []string{
		"level=debug module=p2p msg=peers id=ab count=3 bad=\"%!v(PANIC=String method: no)\" took=1s net.ok=true\n",
		"level=warn module=p2p msg=warned id=ab g.err=\"a b\" g.n=1 g.f=0.5 g.t=1970-01-01T00:00:00Z\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if strings.Contains(got, "hidden") {
		t.Errorf("got %q", got)
	}
}

func TestJournalStream(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dev, ino, ok := fileID(f)
	if !ok {
		t.Skip("no device and inode numbers on this platform")
	}
	for value, want := range map[string]bool{
		fmt.Sprintf("%d:%d", dev, ino): true, fmt.Sprintf("%d:%d", dev, ino+1): false, "": false, "x": false,
	} {
		if got := JournalStream(value, f); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	var out bytes.Buffer
	logs, err := New(Config{Stderr: &out})
	if err != nil {
		b.Fatal(err)
	}
	l := logs.Logger().Named("waku")
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		l.Info("envelope dropped", zap.String("peer", "abcd"), zap.Int("bytes", 300))
	}
}

func BenchmarkDisabled(b *testing.B) {
	logs, err := New(Config{Stderr: &bytes.Buffer{}})
	if err != nil {
		b.Fatal(err)
	}
	l := logs.Logger().Named("waku")
	b.ReportAllocs()
	for b.Loop() {
		l.Debug("envelope dropped", zap.String("peer", "abcd"), zap.Int("bytes", 300))
	}
}
