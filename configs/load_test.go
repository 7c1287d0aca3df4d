package configs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write makes a file in a temporary folder and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "config.json")
	content := `{"MaxPeers": 3, "Name": "own", "HTTPPort": 3, "NetworkId": 3}`
	if err := os.WriteFile(own, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	fleet := write(t, "fleet.json", `{"MaxPeers": 1, "Name": "fleet", "HTTPPort": 1, "NetworkId": 1, "PprofPort": 1,
		"LogMaxAge": 1}`)
	system := write(t, "system.json", `{"MaxPeers": 2, "Name": "system", "HTTPPort": 2, "NetworkId": 2, "PprofPort": 2}`)
	first := write(t, "a.json", `{"MaxPeers": 4, "Name": "a", "HTTPPort": 4, "ClusterConfig": {"Fleet": "`+fleet+`"}}`)
	second := write(t, "b.json", `{"maxpeers": 5, "NAME": "b"}`)
	loaded, err := Load(Input{
		Dir: dir, SystemFile: system, Files: []string{first, second},
		Environ:   []string{"STATUSD_MAXPEERS=6", "STATUSD_WAKUCONFIG_MINIMUMPOW=0.5"},
		Overrides: []Override{{"MaxPeers", "7", "--maxpeers"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := loaded.Config
	for key, want := range map[string][2]string{
		"MaxPeers":              {"7", "flag:--maxpeers"},
		"WakuConfig.MinimumPoW": {"0.5", "env:STATUSD_WAKUCONFIG_MINIMUMPOW"},
		"Name":                  {"b", "file:" + second},
		"HTTPPort":              {"4", "file:" + first},
		"NetworkId":             {"3", "file:" + own},
		"PprofPort":             {"2", "file:" + system},
		"LogMaxAge":             {"1", "fleet:" + fleet},
		"HTTPHost":              {"localhost", "default"},
		"DataDir":               {dir, "flag:--dir"},
	} {
		got := ""
		for _, l := range leaves(c) {
			if l.path == key {
				got = fmt.Sprint(l.value.Interface())
			}
		}
		if got != want[0] || loaded.Source(key) != want[1] {
			t.Errorf("%s = %s from %s, want %s from %s", key, got, loaded.Source(key), want[0], want[1])
		}
	}
	if want := []string{fleet, system, own, first, second}; !slices.Equal(loaded.Files, want) {
		t.Errorf("files read: %q, want %q", loaded.Files, want)
	}
}

func TestStatusGoConfigurationsLoad(t *testing.T) {
	relay, err := Load(Input{Dir: t.TempDir(), Files: []string{"testdata/statusgo-relay.json"}})
	if err != nil {
		t.Fatal(err)
	}
	w := relay.Config.WakuConfig
	if !w.BloomFilterMode || w.PacketRateLimitIP != 250 || w.MinimumPoW != 0.002 || len(relay.Config.StaticNodes()) != 1 ||
		relay.Config.ShhextConfig.RequestsDelay.String() != "3s" || len(relay.Config.APIModules) != 4 {
		t.Errorf("relay: %+v", relay.Config)
	}
	for _, part := range []string{"WhisperConfig", "UpstreamConfig", "SendV1Messages", "LogMobileSystem", "eth.prod"} {
		if !strings.Contains(strings.Join(relay.Warnings, "\n"), part) {
			t.Errorf("no warning about %s in %q", part, relay.Warnings)
		}
	}
	mail, err := Load(Input{Files: []string{"testdata/statusgo-mailserver.json"}})
	if err != nil {
		t.Fatal(err)
	}
	c := mail.Config
	if c.DataDir != "/var/lib/statusd-sample" || !c.FullNode() || c.WakuConfig.MailServerDataRetention != 30 {
		t.Errorf("mailserver: %+v", c)
	}
	if got := c.MailServers()[0].Password().Reveal(); got != "s3cret" {
		t.Errorf("password of the mailserver is %q", got)
	}
}

// TestKeysOfStatusGoLoadWithAWarning: a configuration of any version up to
// 2022 loads, and each part that does nothing is named.
func TestKeysOfStatusGoLoadWithAWarning(t *testing.T) {
	compose, err := Load(Input{Files: []string{"testdata/config-statusgo-2020-compose.json"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"BackupDisabledDataDir", "RPCEnabled", "IncentivisationConfig", "AnonMetricsSendID"} {
		if !strings.Contains(strings.Join(compose.Warnings, "\n"), key) {
			t.Errorf("no warning about %s in %q", key, compose.Warnings)
		}
	}
	for _, key := range ignoredKeys() {
		key = strings.Replace(key, "*", "Anything", 1)
		text := fmt.Sprintf(`{%q: {"x": [1]}}`, key)
		if group, name, nested := strings.Cut(key, "."); nested {
			text = fmt.Sprintf(`{%q: {%q: 1}}`, group, strings.ToUpper(name))
		}
		loaded, err := Load(Input{Dir: t.TempDir(), Files: []string{write(t, "all.json", text)}})
		if err != nil || len(loaded.Warnings) != 1 {
			t.Errorf("%s: %v, warnings %q", text, err, loaded.Warnings)
		}
	}
	file := write(t, "c.json", `{"ClusterConfig":{"Fleet":"eth.beta"}}`)
	beta, err := Load(Input{Dir: t.TempDir(), Files: []string{file}})
	if err != nil || !strings.Contains(strings.Join(beta.Warnings, " "), "retired") {
		t.Errorf("fleet eth.beta: %v, %q", err, beta.Warnings)
	}
}

func TestByteOrderMarkIsSkipped(t *testing.T) {
	loaded, err := Load(Input{Files: []string{"testdata/config-bom.json"}})
	if err != nil || len(loaded.Warnings) != 0 {
		t.Errorf("%v, %q", err, loaded.Warnings)
	}
}

func TestKeyGivenTwiceIsRefused(t *testing.T) {
	for _, text := range []string{
		`{"LogLevel":"INFO","LogLevel":"DEBUG"}`, `{"LogLevel":"INFO","loglevel":"INFO"}`,
		`{"WakuConfig":{"Enabled":true,"Enabled":false}}`, `{"WakuConfig":{},"WakuConfig":{}}`,
	} {
		_, err := Load(Input{Dir: t.TempDir(), Files: []string{write(t, "c.json", text)}})
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "given twice") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestSecretsStayHidden prints a configuration in every way there is.
func TestSecretsStayHidden(t *testing.T) {
	loaded, err := Load(Input{Files: []string{"testdata/statusgo-mailserver.json"}})
	if err != nil {
		t.Fatal(err)
	}
	dump, err := json.Marshal(loaded.Entries(false))
	if err != nil {
		t.Fatal(err)
	}
	file, err := loaded.Config.JSON(false)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(dump) + string(file)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		shown += fmt.Sprintf(verb, loaded.Config) + fmt.Sprintf(verb, *loaded.Config)
	}
	for _, secret := range []string{"11223344", "hidden-word", "s3cret", "pg-word"} {
		if strings.Contains(shown, secret) || strings.Contains(shown, fmt.Sprintf("%x", secret)) {
			t.Errorf("the secret %q is printed", secret)
		}
	}
	clear, err := loaded.Config.JSON(true)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Load(Input{Files: []string{write(t, "again.json", string(clear))}})
	if err != nil {
		t.Fatalf("the dump with secrets does not load: %v", err)
	}
	if twice, err := again.Config.JSON(true); err != nil || string(twice) != string(clear) {
		t.Errorf("the dump does not come back the same: %v\n%s\n%s", err, clear, twice)
	}
}

func TestBadFiles(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"unknown key": {"{\n \"MaxPeer\": 3}", `:2:11: unknown key "MaxPeer"; did you mean "MaxPeers"?`},
		"unknown nested key": {
			`{"WakuConfig":{"MinimalPoW":1}}`, `unknown key "WakuConfig.MinimalPoW"; did you mean "MinimumPoW"?`,
		},
		"far from any key":  {`{"Zebra": 3}`, `unknown key "Zebra"`},
		"wrong type":        {`{"MaxPeers": "many"}`, `:1:14: MaxPeers: want a whole number, got string`},
		"group is a number": {`{"WakuConfig": 3}`, `WakuConfig: want an object in braces`},
		"bad node":          {`{"ClusterConfig":{"StaticNodes":["enode://xyz"]}}`, "ClusterConfig.StaticNodes"},
		"broken":            {`{"MaxPeers": `, "the JSON ends too early"},
		"trailing":          {`{} {}`, "something follows"},
		"array":             {`[]`, "want an object in braces"},
		"out of range":      {`{"MaxPeers": -1}`, "MaxPeers: -1: want a number from 0 to 10000 (from file:"},
		"bad node key":      {`{"NodeKey": "deadbeefdeadbeef"}`, "NodeKey: want a secp256k1 private key"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Load(Input{Dir: t.TempDir(), Files: []string{write(t, "c.json", tt.content)}})
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want ... %s", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "deadbeef") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
	if _, err := Load(Input{Dir: t.TempDir(), Files: []string{"/nonexistent/c.json"}}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
	loaded, err := Load(Input{Dir: t.TempDir(), Lenient: true, Files: []string{write(t, "c.json", `{"MaxPeer": 3}`)}})
	if err != nil || len(loaded.Warnings) != 1 {
		t.Errorf("lenient: %v, %q", err, loaded.Warnings)
	}
}

func TestEnvironment(t *testing.T) {
	key := strings.Repeat("12", 32)
	loaded, err := Load(Input{
		Dir: t.TempDir(), FlagKeys: map[string]string{"http.port": "HTTPPort"},
		Environ: []string{
			"STATUSD_HTTP_PORT=8600", "STATUSD_MAXPERS=3", "STATUSD_NODEKEY_FILE=" + write(t, "k", key+"\n"),
			"STATUSD_HTTPVIRTUALHOSTS=a, b", "STATUSD_PASSWORD=x", "PATH=/bin",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := loaded.Config
	if c.HTTPPort != 8600 || c.NodeKey.Reveal() != key || !slices.Equal(c.HTTPVirtualHosts, []string{"a", "b"}) {
		t.Errorf("got port %d, hosts %q", c.HTTPPort, c.HTTPVirtualHosts)
	}
	const hint = "STATUSD_MAXPERS sets nothing; did you mean STATUSD_MAXPEERS?"
	if len(loaded.Warnings) != 1 || !strings.Contains(loaded.Warnings[0], hint) {
		t.Errorf("warnings: %q", loaded.Warnings)
	}
	_, err = Load(Input{Dir: t.TempDir(), Environ: []string{"STATUSD_MAXPEERS=lots"}})
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), `STATUSD_MAXPEERS: "lots": want a whole number`) {
		t.Errorf("bad number: %v", err)
	}
}

func TestDataDirectory(t *testing.T) {
	home := t.TempDir()
	tests := map[string]struct {
		in   Input
		want string
	}{
		"home":     {Input{Environ: []string{"HOME=" + home}}, filepath.Join(home, ".statusd")},
		"xdg":      {Input{Environ: []string{"HOME=" + home, "XDG_DATA_HOME=/x"}}, "/x/statusd"},
		"variable": {Input{Environ: []string{"HOME=" + home, "STATUSD_DIR=/v"}}, "/v"},
		"flag":     {Input{Dir: "/f", Environ: []string{"STATUSD_DIR=/v"}}, "/f"},
		"file":     {Input{Files: []string{write(t, "c.json", `{"datadir": "/c"}`)}}, "/c"},
		"no home":  {Input{}, "statusd-data"},
	}
	for name, tt := range tests {
		loaded, err := Load(tt.in)
		if err != nil {
			t.Fatal(err)
		}
		want, err := filepath.Abs(tt.want)
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Config.DataDir != want {
			t.Errorf("%s: got %s, want %s", name, loaded.Config.DataDir, want)
		}
	}
}

func TestFleets(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "fleets"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "fleets", "mine.json"), []byte(`{"MaxPeers": 9}`), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(Input{Dir: dir, Overrides: []Override{{"ClusterConfig.Fleet", "mine", "--fleet"}}})
	if err != nil || loaded.Config.MaxPeers != 9 {
		t.Errorf("own fleet: %v", err)
	}
	_, err = Load(Input{Dir: dir, Overrides: []Override{{"ClusterConfig.Fleet", "nowhere", "--fleet"}}})
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "mine") {
		t.Errorf("unknown fleet: %v", err)
	}
}

func TestDefaultIsValidAndComesBack(t *testing.T) {
	c := Default()
	raw, err := c.JSON(true)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(Input{Dir: t.TempDir(), Files: []string{write(t, "c.json", string(raw))}})
	if err != nil {
		t.Fatal(err)
	}
	c.DataDir = loaded.Config.DataDir
	want, err := c.JSON(true)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := loaded.Config.JSON(true); err != nil || string(got) != string(want) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// FuzzFile checks that no file makes the reader panic, and that what it
// accepts can be shown.
func FuzzFile(f *testing.F) {
	for _, name := range []string{"testdata/statusgo-relay.json", "testdata/statusgo-mailserver.json"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"WakuConfig":{"WakuConfig":{}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := Default()
		ld := &loader{out: &Loaded{Config: &c, Sources: map[string]string{}}}
		if ld.applyFile("fuzz.json", "fuzz", raw) != nil {
			return
		}
		if _, err := c.JSON(true); err != nil {
			t.Errorf("accepted, but cannot be shown: %v", err)
		}
	})
}
