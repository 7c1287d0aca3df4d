package peercache

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery"
)

var _ discovery.Source = (*Cache)(nil)

var epoch = time.Unix(1_700_000_000, 0).UTC()

// clock is a time that tests set.
type clock struct{ time.Time }

func (c *clock) now() time.Time          { return c.Time }
func (c *clock) forward(d time.Duration) { c.Time = c.Add(d) }

func open(t *testing.T, path string, c *clock) *Cache {
	t.Helper()
	cache, err := Open(Config{Path: path, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return cache
}

// signed makes a signed node; port 0 and no address are left out.
func signed(t *testing.T, last byte, tcp uint16) *enode.Node {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	var r enr.Record
	if last != 0 {
		r.Set(enr.IP(net.IP{192, 0, 2, last}))
	}
	if tcp != 0 {
		r.Set(enr.TCP(tcp))
	}
	r.Set(enr.WithEntry("waku", []uint64{1, 1}))
	if err := enode.SignV4(&r, key); err != nil {
		t.Fatal(err)
	}
	n, err := enode.New(enode.ValidSchemes, &r)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ids returns the last bytes of the addresses a topic yields.
func hosts(c *Cache, topic discovery.Topic) []byte {
	var out []byte
	for _, e := range c.Entries(topic) {
		out = append(out, e.Node.IPAddr().As4()[3])
	}
	return out
}

func TestCacheSurvivesRestart(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "peers.json"), &clock{epoch}
	cache := open(t, path, c)
	a, b, d := signed(t, 1, 1), signed(t, 2, 1), signed(t, 3, 1)
	named := enode.MustParse(strings.Split(signed(t, 9, 9).URLv4(), "@")[0] + "@relay.example.org:30303")
	for _, n := range []*enode.Node{a, b, d} {
		c.forward(time.Minute)
		ok(t, cache.Succeeded(discovery.TopicRelay, n))
	}
	ok(t, cache.Succeeded(discovery.TopicMail, named))
	c.forward(time.Minute)
	ok(t, cache.Succeeded(discovery.TopicRelay, a))
	ok(t, cache.Failed(discovery.TopicRelay, b.ID()))
	again := open(t, path, c)
	if got := hosts(again, discovery.TopicRelay); !slices.Equal(got, []byte{1, 3, 2}) {
		t.Errorf("nodes %v", got)
	}
	for i, e := range again.Entries(discovery.TopicRelay) {
		want := cache.Entries(discovery.TopicRelay)[i]
		if e.Node.String() != want.Node.String() || e.Failures != want.Failures ||
			!e.LastSuccess.Equal(want.LastSuccess) || !strings.HasPrefix(e.Node.String(), "enr:") {
			t.Errorf("entry %d: %+v, want %+v", i, e, want)
		}
	}
	nodes, err := again.Load(discovery.TopicMail, 10)
	if err != nil || len(nodes) != 1 || nodes[0].Hostname() != "relay.example.org" {
		t.Errorf("%v, %v", nodes, err)
	}
	if nodes, _ = again.Load(discovery.TopicRelay, 2); len(nodes) != 2 || nodes[0].ID() != a.ID() {
		t.Errorf("limited: %v", nodes)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestTopicsAreKeptApart: the name of one topic begins with the other's.
func TestTopicsAreKeptApart(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "peers.json"), &clock{epoch}
	cache := open(t, path, c)
	ok(t, cache.Succeeded(discovery.TopicMail, signed(t, 1, 1)))
	both := signed(t, 2, 1)
	ok(t, cache.Succeeded(discovery.TopicMail, both))
	ok(t, cache.Succeeded(discovery.TopicRelay, both))
	for range MaxFailures {
		ok(t, cache.Failed(discovery.TopicMail, both.ID()))
	}
	for _, cache := range []*Cache{cache, open(t, path, c)} {
		if relay, mail := hosts(cache, discovery.TopicRelay), hosts(cache, discovery.TopicMail); len(relay) != 1 ||
			relay[0] != 2 || len(mail) != 1 || mail[0] != 1 {
			t.Errorf("relays %v, mailservers %v", relay, mail)
		}
	}
}

func TestEviction(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "peers.json"), &clock{epoch}
	cache := open(t, path, c)
	a, b := signed(t, 1, 1), signed(t, 2, 1)
	ok(t, cache.Succeeded("whisper", a))
	ok(t, cache.Succeeded("whisper", b))
	for range MaxFailures - 1 {
		ok(t, cache.Failed("whisper", a.ID()))
	}
	ok(t, cache.Succeeded("whisper", a)) // the count begins anew
	for range MaxFailures - 1 {
		ok(t, cache.Failed("whisper", a.ID()))
	}
	if got := hosts(cache, "whisper"); len(got) != 2 {
		t.Errorf("evicted early: %v", got)
	}
	ok(t, cache.Failed("whisper", a.ID()))
	ok(t, cache.Failed("whisper", signed(t, 3, 1).ID()))
	for _, cache := range []*Cache{cache, open(t, path, c)} {
		if got := hosts(cache, "whisper"); !slices.Equal(got, []byte{2}) {
			t.Errorf("after five failures: %v", got)
		}
	}
	c.forward(MaxAge)
	if got := hosts(cache, "whisper"); len(got) != 1 {
		t.Error("evicted before its time")
	}
	c.forward(time.Second)
	for _, cache := range []*Cache{cache, open(t, path, c)} {
		if got := hosts(cache, "whisper"); len(got) != 0 {
			t.Errorf("after two weeks: %v", got)
		}
	}
}

func TestBounds(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "peers.json"), &clock{epoch}
	cache := open(t, path, c)
	for i := range MaxNodes + 3 {
		c.forward(time.Second)
		ok(t, cache.Succeeded("whisper", signed(t, byte(i+1), 1)))
	}
	if got := hosts(cache, "whisper"); len(got) != MaxNodes || got[0] != MaxNodes+3 || got[MaxNodes-1] != 4 {
		t.Errorf("%v", got)
	}
	for i := range maxTopics + 5 {
		ok(t, cache.Succeeded(discovery.Topic("t"+string(rune('A'+i))), signed(t, 1, 1)))
	}
	if n := len(cache.topics()); n != maxTopics {
		t.Errorf("%d topics", n)
	}
	ok(t, cache.Succeeded("whisper", signed(t, 200, 0)))
	ok(t, cache.Succeeded("whisper", signed(t, 0, 1)))
	ok(t, cache.Succeeded("", signed(t, 1, 1)))
	if got := hosts(cache, "whisper"); len(got) != MaxNodes || slices.Contains(got, 200) || len(cache.Entries("")) != 0 {
		t.Errorf("unusable nodes are remembered: %v", got)
	}
}

func TestRecordIsKeptForItsEndpoint(t *testing.T) {
	c := &clock{epoch}
	cache := open(t, filepath.Join(t.TempDir(), "peers.json"), c)
	full := signed(t, 1, 1)
	bare := enode.NewV4(full.Pubkey(), net.IP{192, 0, 2, 1}, 1, 0)
	moved := enode.NewV4(full.Pubkey(), net.IP{192, 0, 2, 2}, 1, 0)
	for i, step := range []struct{ seen, want *enode.Node }{{bare, bare}, {full, full}, {bare, full}, {moved, moved}} {
		ok(t, cache.Succeeded("whisper", step.seen))
		if got := cache.Entries("whisper"); len(got) != 1 || got[0].Node != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
}

func TestDamagedFiles(t *testing.T) {
	good := `{"topic":"whisper","node":"` + signed(t, 1, 1).String() +
		`","lastSuccess":"2023-11-14T22:00:00Z","failures":1}`
	future := strings.Replace(good, "2023", "2099", 1)
	for name, f := range map[string]struct {
		text  string
		nodes int
		aside bool
	}{
		"empty":           {"", 0, true},
		"no JSON":         {"{", 0, true},
		"other version":   {`{"version":2,"nodes":[` + good + `]}`, 0, true},
		"too large":       {`{"version":1,"nodes":[` + good + `]}` + strings.Repeat(" ", maxFile), 0, true},
		"good":            {`{"version":1,"nodes":[` + good + `]}`, 1, false},
		"one bad node":    {`{"version":1,"nodes":[{"topic":"whisper","node":"enr:-x"},` + good + `]}`, 1, false},
		"null":            {`{"version":1,"nodes":null}`, 0, false},
		"clock was wrong": {`{"version":1,"nodes":[` + future + `]}`, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			path, c := filepath.Join(t.TempDir(), "peers.json"), &clock{epoch}
			ok(t, os.WriteFile(path, []byte(f.text), 0o600))
			cache := open(t, path, c)
			entries := cache.Entries("whisper")
			if len(entries) != f.nodes {
				t.Errorf("%d nodes", len(entries))
			}
			if name == "clock was wrong" && !entries[0].LastSuccess.Equal(epoch) {
				t.Error(entries[0].LastSuccess)
			}
			if _, err := os.Stat(path + ".damaged"); errors.Is(err, fs.ErrNotExist) == f.aside {
				t.Errorf("put aside: %v", err)
			}
			ok(t, cache.Succeeded("whisper", signed(t, 2, 1)))
			if got := hosts(open(t, path, c), "whisper"); len(got) != f.nodes+1 {
				t.Errorf("afterwards: %v", got)
			}
		})
	}
	if _, err := Open(Config{Path: t.TempDir()}); err == nil {
		t.Error("a folder is no file")
	}
}

// TestFailedWriteIsTold: the change counts for this run, and is written with
// the next one.
func TestFailedWriteIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	path, c := filepath.Join(dir, "peers.json"), &clock{epoch}
	cache := open(t, path, c)
	if err := cache.Succeeded("whisper", signed(t, 1, 1)); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	ok(t, os.Mkdir(dir, 0o700))
	ok(t, cache.Succeeded("whisper", signed(t, 2, 1)))
	if got := hosts(open(t, path, c), "whisper"); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func TestConcurrentChanges(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "peers.json"), &clock{epoch}
	cache := open(t, path, c)
	var all sync.WaitGroup
	for i := range 20 {
		n := signed(t, byte(i+1), 1)
		all.Go(func() {
			if err := cache.Succeeded("whisper", n); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := len(hosts(open(t, path, c), "whisper")); got != 20 {
		t.Errorf("%d nodes in the file", got)
	}
}

func TestSearch(t *testing.T) {
	cache := open(t, filepath.Join(t.TempDir(), "peers.json"), &clock{epoch})
	for i := range 7 {
		ok(t, cache.Succeeded("whisper", signed(t, byte(i+1), 1)))
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		ok(t, cache.Search(t.Context(), "whisper", func(*enode.Node) { at = append(at, time.Since(began)) }))
		if !slices.Equal(at, []time.Duration{0, 0, 0, 0, 0, step, 2 * step}) {
			t.Errorf("found after %v", at)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		n := 0
		ok(t, cache.Search(ctx, "whisper", func(*enode.Node) { n++ }))
		if n != first {
			t.Errorf("%d found", n)
		}
		ok(t, cache.Search(t.Context(), "other", func(*enode.Node) { t.Error("found") }))
	})
}
