package main

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"statusd/internal/test/vectors"
)

type dnsVector struct {
	Domain   string            `json:"domain"`
	URL      string            `json:"url"`
	Key      vectors.Hex       `json:"private_key"`
	Seq      uint64            `json:"seq"`
	Nodes    []string          `json:"nodes"`
	Links    []string          `json:"links"`
	TXT      map[string]string `json:"txt"`
	Refused  bool              `json:"expect_error"`
	BadEntry string            `json:"bad_entry"`
}

// dnsFiles writes the key and the nodes of a vector and returns their paths,
// and the path of the tree to make.
func dnsFiles(t *testing.T, v dnsVector) (tree, nodes, key string) {
	t.Helper()
	dir := t.TempDir()
	tree, nodes, key = filepath.Join(dir, "tree.json"), filepath.Join(dir, "nodes.txt"), filepath.Join(dir, "list.key")
	text := "# nodes of the list\n\n" + strings.Join(v.Nodes, " # one of them\n") + "\n"
	for path, content := range map[string]string{nodes: text, key: hex.EncodeToString(v.Key) + "\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tree, nodes, key
}

// run expects an exit code and returns what was printed.
func run(t *testing.T, code int, args ...string) string {
	t.Helper()
	got, out, errOut := statusd(t, "", args...)
	if got != code {
		t.Fatalf("%q: exit code %d, want %d: %s", args, got, code, errOut)
	}
	if code != exitOK {
		return errOut
	}
	return out
}

// TestDNSMakesVectors: make, sign and txt give the records of the vectors.
func TestDNSMakesVectors(t *testing.T) {
	for _, v := range vectors.Section[[]dnsVector](t, vectors.Load(t, "discovery"), "dns") {
		if v.Refused || v.BadEntry != "" {
			continue
		}
		tree, nodes, key := dnsFiles(t, v)
		args := []string{"dns", "make", tree, nodes, "--domain", v.Domain, "--seq", strconv.FormatUint(v.Seq, 10)}
		for _, l := range v.Links {
			args = append(args, "--link", l)
		}
		run(t, exitOK, args...)
		run(t, exitData, "dns", "txt", tree)
		if url := run(t, exitOK, "dns", "sign", tree, "--key", key); url != v.URL+"\n" {
			t.Errorf("URL %s, want %s", url, v.URL)
		}
		var txt map[string]string
		if err := json.Unmarshal([]byte(run(t, exitOK, "dns", "txt", "-o", "json", tree)), &txt); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(txt, v.TXT) {
			t.Errorf("%d records, want %d", len(txt), len(v.TXT))
		}
		zone := run(t, exitOK, "dns", "txt", tree)
		n, first := strings.Count(zone, "\n"), v.Domain+`. 60 IN TXT "enrtree-root:v1 `
		if n != len(v.TXT) || !strings.HasPrefix(zone, first) {
			t.Errorf("%d lines: %.100s", n, zone)
		}
	}
}

func TestDNSSequenceGrows(t *testing.T) {
	all := vectors.Section[[]dnsVector](t, vectors.Load(t, "discovery"), "dns")
	tree, nodes, key := dnsFiles(t, all[0])
	_, fewer, other := dnsFiles(t, dnsVector{Key: make([]byte, 32), Nodes: all[0].Nodes[:2]})
	if err := os.WriteFile(other, []byte("0x"+strings.Repeat("01", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	seq := func(args ...string) float64 {
		t.Helper()
		var report map[string]any
		out := run(t, exitOK, append([]string{"-o", "json", "dns"}, args...)...)
		if err := json.Unmarshal([]byte(out), &report); err != nil {
			t.Fatal(err)
		}
		return report["seq"].(float64)
	}
	for i, step := range []struct {
		args []string
		want float64
	}{
		{[]string{"make", tree, nodes, "--domain", "nodes.example.org"}, 1},
		{[]string{"sign", tree, "--key", key}, 1},
		{[]string{"make", tree, nodes}, 1}, // nothing changed
		{[]string{"make", tree, fewer}, 2},
		{[]string{"sign", tree, "--key", key}, 2},
		{[]string{"make", tree, fewer, "--seq", "7"}, 7},
		{[]string{"make", tree, nodes}, 8},
	} {
		if got := seq(step.args...); got != step.want {
			t.Errorf("step %d: sequence number %v, want %v", i, got, step.want)
		}
	}
	for _, n := range []string{"0", "7", "8"} {
		if text := run(t, exitData, "dns", "make", tree, fewer, "--seq", n); !strings.Contains(text, "must grow") {
			t.Error(text)
		}
	}
	if text := run(t, exitData, "dns", "sign", tree, "--key", other); !strings.Contains(text, "--force") {
		t.Error(text)
	}
	run(t, exitOK, "dns", "sign", tree, "--key", other, "--force")
}

func TestDNSErrors(t *testing.T) {
	v := vectors.Section[[]dnsVector](t, vectors.Load(t, "discovery"), "dns")[1]
	tree, nodes, key := dnsFiles(t, v)
	enode := "enode://" + strings.Repeat("1", 128) + "@192.0.2.1:30303"
	bad := func(content string) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := "enode://2e9772b86c7b16d6cc0975974b1de385fce2a8cab04da6174420f5f142b87d15e539e7d1ec2a7af1580e598605394d65" +
		"537567906313c0f45d7cea6c8180f3a1@relay.example.org:30303"
	domain := []string{"--domain", "nodes.example.org"}
	run(t, exitOK, append([]string{"dns", "make", tree, nodes}, domain...)...)
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "needs a command", nil},
		{exitUsage, "did you mean", []string{"mak"}},
		{exitUsage, "the file of the tree", []string{"make"}},
		{exitUsage, "a file with nodes", []string{"make", tree}},
		{exitUsage, "--domain is missing", []string{"make", "new", nodes}},
		{exitUsage, "not a domain name", []string{"make", tree, nodes, "--domain", "a b"}},
		{exitUsage, "--key is missing", []string{"sign", tree}},
		{exitNoInput, "none", []string{"make", tree, "none"}},
		{exitNoInput, "none", []string{"sign", "none", "--key", key}},
		{exitNoInput, "none", []string{"sign", tree, "--key", "none"}},
		{exitNoInput, "none", []string{"txt", "none"}},
		{exitData, "line 2", []string{"make", tree, bad(v.Nodes[0] + "\n" + enode)}},
		{exitData, "--resolve", []string{"make", tree, bad(good)}},
		{exitData, "there is no node in", []string{"make", tree, bad("# none\n")}},
		{exitData, "line 1", []string{"make", tree, bad("enr:-x")}},
		{exitData, "too long", []string{"make", tree, bad(strings.Repeat("x", maxNodeLine+1))}},
		{exitData, "enrtree://", []string{"make", tree, "--link", "https://example.org"}},
		{exitData, "not a file of statusd dns make", []string{"txt", nodes}},
		{exitData, "not a file of statusd dns make", []string{"txt", bad(`{"domain":"a","sequence":1}`)}},
		{exitData, "not a file of statusd dns make", []string{"make", bad("{"), nodes}},
		{exitData, "not a key", []string{"sign", tree, "--key", nodes}},
		{exitData, "node 1", []string{"sign", bad(`{"domain":"a.b","seq":1,"nodes":["x"],"links":[]}`), "--key", key}},
		{exitUnavailable, "no IP address with a UDP port", []string{"make", tree, bad(good), "--resolve"}},
		{exitCantCreate, "nowhere", append([]string{"make", "/nowhere/tree.json", nodes}, domain...)},
	} {
		if text := run(t, c.code, append([]string{"dns"}, c.args...)...); !strings.Contains(text, c.want) {
			t.Errorf("%q: %s", c.args, text)
		}
	}
}
