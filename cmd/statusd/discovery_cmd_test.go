package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"statusd/api"
	"statusd/configs"
)

// TestBootnodeArguments: what it does before it runs, and what it refuses.
func TestBootnodeArguments(t *testing.T) {
	dir := private(t)
	key := filepath.Join(dir, "boot.key")
	bad := filepath.Join(dir, "bad.key")
	if err := os.WriteFile(bad, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	const hexKey = "0101010101010101010101010101010101010101010101010101010101010101"
	const public = "1b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f" +
		"70beaf8f588b541507fed6a642c5ab42dfdf8120a7f639de5122d47a69a8e8d1"
	for _, tt := range []struct {
		args string
		code int
		want string // in what it prints
	}{
		{"-genkey " + key, exitOK, ""},
		{"-genkey " + key, exitCantCreate, "exists"},
		{"-keydata " + hexKey + " -writeaddress", exitOK, public},
		{"--nodekey " + key + " --writeaddress", exitOK, ""},
		{"", exitUsage, "--genkey"},
		{"-nodekey " + key + " -keydata " + hexKey, exitUsage, "exclude"},
		{"-nodekey " + dir + "/none", exitNoInput, "none"},
		{"-nodekey " + bad, exitConfig, "no node key"},
		{"-keydata 12", exitUsage, "not a key"},
		{"-nodekey " + key + " -n nonsense", exitUsage, "node 1"},
		{"-nodekey " + key + " -n " + public, exitUsage, "UDP"},
		{"-nodekey " + key + " -addr nonsense", exitUsage, "host:port"},
		{"-nodekey " + key + " -nat nonsense", exitUsage, "upnp"},
		{"-nodekey " + key + " -advertise 0.0.0.0", exitUsage, "--advertise"},
		{"-nodekey " + key + " -topdisc E=1", exitUsage, "duration"},
		{"-nodekey " + key + " -verbosity 9", exitUsage, "0 to 5"},
		{"-nodekey " + key + " -vmodule discv5", exitUsage, "module=level"},
		{"-nodekey " + key + " -rendezvous nonsense", exitUsage, "--rendezvous"},
		{"-nodekey " + key + " surplus", exitUsage, "surplus"},
	} {
		code, out, errOut := statusd(t, "", append([]string{"bootnode"}, strings.Fields(tt.args)...)...)
		if code != tt.code || !strings.Contains(out+errOut, tt.want) {
			t.Errorf("%s: exit code %d, want %d: %s%s", tt.args, code, tt.code, out, errOut)
		}
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v", info, err)
	}
}

func TestInitBootnode(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "boot")
	args := []string{
		"init", "bootnode", "--dir", dir, "--advertise", "192.0.2.1", "--rendezvous", ":30302", "-o", "json",
	}
	code, out, errOut := statusd(t, "", args...)
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
	ref, err := configs.ParseNodeRef(made.Enode)
	if err != nil || ref.Node().UDP() != 30301 || ref.Node().TCP() != 0 || ref.Node().IPAddr().String() != "192.0.2.1" {
		t.Errorf("enode %s: %v", made.Enode, err)
	}
	if strings.Join(made.Open, " ") != "udp/30301 tcp/30302" {
		t.Errorf("open ports %v", made.Open)
	}
	unit, err := os.ReadFile(filepath.Join(dir, bootnodeUnit))
	want := " bootnode --nodekey " + dir + "/nodekey --nodedb " + dir + "/nodes --addr :30301 --advertise 192.0.2.1 " +
		"--rendezvous :30302\n"
	if err != nil || !strings.Contains(string(unit), want) || strings.Contains(string(unit), "WatchdogSec") {
		t.Errorf("unit: %v\n%s", err, unit)
	}
	if strings.Contains(string(unit), "config.json") || !strings.Contains(string(unit), "\n[Unit]\n") {
		t.Errorf("the unit speaks of the daemon:\n%s", unit)
	}
	if code, _, _ := statusd(t, "", args...); code != exitCantCreate {
		t.Errorf("second run: %d", code)
	}
	for _, wrong := range [][]string{
		{"--addr", "nonsense"}, {"--advertise", "nonsense"}, {"-n", "nonsense"}, {"--rendezvous", "nonsense"},
	} {
		other := append([]string{"init", "bootnode", "--dir", dir + "2"}, wrong...)
		if code, _, errOut := statusd(t, "", other...); code != exitUsage {
			t.Errorf("%v: exit code %d: %s", wrong, code, errOut)
		}
	}
	if _, err := os.Stat(dir + "2"); err == nil {
		t.Error("a failed init leaves a directory behind")
	}
}

// TestInitWithDiscovery: who serves is findable, a client is not.
func TestInitWithDiscovery(t *testing.T) {
	boot := strings.Split(someNode, "@")[0] + "@192.0.2.1:0?discport=30301"
	for role, want := range map[string]string{
		"relay": "whisper", "mailserver": "whisper whispermail", "client": "", "relay --unlisted": "",
	} {
		dir := filepath.Join(t.TempDir(), "new")
		args := append([]string{"init"}, strings.Fields(role)...)
		args = append(args, "--dir", dir, "--bootnodes", boot+","+boot, "--allow-local")
		if code, _, errOut := statusd(t, "", args...); code != exitOK {
			t.Fatalf("%s: exit code %d: %s", role, code, errOut)
		}
		loaded, err := configs.Load(configs.Input{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		c := loaded.Config
		if c.NoDiscovery || len(c.BootNodes()) != 2 || !c.AllowLocal || strings.Join(c.Registers(), " ") != want {
			t.Errorf("%s: registers %v, configuration %+v", role, c.Registers(), c.ClusterConfig)
		}
	}
}

func TestPeersTable(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	info := api.PeerInfo{ID: strings.Repeat("ab", 32), Name: "other\x1b[2J/v1/linux/go"}
	info.Network.RemoteAddress, info.Network.Static = "192.0.2.7:30303", true
	info.Protocols.Waku = &api.WakuPeer{EnvelopesIn: 3, EnvelopesOut: 4, LastSeen: now.Add(-time.Minute)}
	view := peersView{
		Peers: []api.ShownPeer{{PeerInfo: info, For: []string{"whisper"}}},
		Topics: []api.PoolTopic{
			{
				Topic: "whisper", Min: 2, Max: 4, Mode: "fast", Connected: []api.PoolNode{{}}, Pending: []api.PoolNode{{}},
				Sources: []api.SourceStatus{
					{Source: "dns", State: "waiting", Error: "no such host"}, {Source: "discv5", State: "running"},
				},
			},
			{Topic: "whispermail", Min: 1, Max: 3, CacheOnly: true, Mode: "off"},
		},
	}
	want := "PEER      CLIENT        ADDRESS          BY  FOR           IN  OUT  HEARD\n" +
		"abababab  other\ufffd[2J/v1  192.0.2.7:30303  us  whisper,kept  3   4    1m0s\n\n" +
		"whisper: 1 connected, 2 to 4 wanted, 1 more known to try; searching by discv5\n" +
		"  dns fails: no such host\n" +
		"whispermail: 0 known, 1 to 3 wanted; will search again\n"
	if got := view.text(now, false); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := (peersView{}).text(now, false); got != "no peers\n\ndiscovery is switched off\n" {
		t.Errorf("got %q", got)
	}
}

// TestDiscoverUsage: mistakes are found without a daemon.
func TestDiscoverUsage(t *testing.T) {
	dir := private(t)
	for _, tt := range []struct {
		args string
		code int
	}{
		{"discover --dir " + dir, exitUsage},
		{"discover --topic whisper --wait 0s --dir " + dir, exitUsage},
		{"discover --topic whisper --dir " + dir, exitUnavailable},
		{"peers --dir " + dir, exitUnavailable},
		{"peers --watch --dir " + dir, exitUnavailable},
		{"peers lsit --dir " + dir, exitUsage},
		{"peers add --dir " + dir, exitUsage},
		{"peers remove nonsense --dir " + dir, exitUsage},
		{"peers prune --dir " + dir, exitUnavailable},
		{"canary", exitUsage},
		{"canary --discv5 nonsense", exitUsage},
		{"canary --discv5 " + strings.Split(someNode, "@")[0] + "@192.0.2.1:30303?discport=0", exitUsage},
	} {
		if code, out, errOut := statusd(t, "", strings.Fields(tt.args)...); code != tt.code {
			t.Errorf("%s: exit code %d, want %d: %s%s", tt.args, code, tt.code, out, errOut)
		}
	}
}
