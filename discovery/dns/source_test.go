package dns

import (
	"context"
	"crypto/ecdsa"
	"encoding/base32"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/dnsdisc"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery"
	"statusd/internal/wakuenr"
)

var _ discovery.Source = (*Source)(nil)

func testRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func hashOf(text string) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(crypto.Keccak256([]byte(text))[:16])
}

var errNoSuchName = errors.New("no such name")

// zone is a name server.
type zone struct {
	mu    sync.Mutex
	names map[string][]string
	dead  map[string]bool // names that are never answered
	asked map[string]int
}

func newZone(trees ...map[string]string) *zone {
	z := &zone{names: make(map[string][]string), dead: make(map[string]bool), asked: make(map[string]int)}
	for _, t := range trees {
		z.publish(t)
	}
	return z
}

func (z *zone) publish(txt map[string]string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for name, text := range txt {
		z.names[name] = []string{text}
	}
}

func (z *zone) questions() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	n := 0
	for _, k := range z.asked {
		n += k
	}
	return n
}

func (z *zone) LookupTXT(ctx context.Context, name string) ([]string, error) {
	z.mu.Lock()
	z.asked[name]++
	texts, dead := z.names[name], z.dead[name]
	z.mu.Unlock()
	if dead {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if texts == nil {
		return nil, errNoSuchName
	}
	return texts, nil
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signedNode(t testing.TB, ip string, entries ...enr.Entry) *enode.Node {
	t.Helper()
	var r enr.Record
	r.Set(enr.IP(net.ParseIP(ip)))
	r.Set(enr.TCP(30303))
	for _, e := range entries {
		r.Set(e)
	}
	if err := enode.SignV4(&r, newKey(t)); err != nil {
		t.Fatal(err)
	}
	n, err := enode.New(enode.ValidSchemes, &r)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// made is a tree with its URL.
func made(t testing.TB, key *ecdsa.PrivateKey, domain string, seq uint, links []string, nodes ...*enode.Node) (
	txt map[string]string, url string,
) {
	t.Helper()
	tree, err := dnsdisc.MakeTree(seq, nodes, links)
	if err != nil {
		t.Fatal(err)
	}
	if url, err = tree.Sign(key, domain); err != nil {
		t.Fatal(err)
	}
	return tree.ToTXT(domain), url
}

func source(t testing.TB, z *zone, change func(*Config), urls ...string) *Source {
	t.Helper()
	cfg := Config{Resolver: z}
	for _, url := range urls {
		cfg.Trees = append(cfg.Trees, mustLink(t, url))
	}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// collect runs a search and returns what it found, by the node's text.
func collect(t testing.TB, s *Source, topic discovery.Topic) (map[string]int, error) {
	t.Helper()
	found := make(map[string]int)
	err := s.Search(t.Context(), topic, func(n *enode.Node) { found[n.String()]++ })
	return found, err
}

func TestVectorTrees(t *testing.T) {
	for _, v := range vectorTrees(t) {
		t.Run(v.Description, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z := newZone(v.TXT)
				s := source(t, z, nil, v.URL)
				found, err := collect(t, s, discovery.TopicRelay)
				if v.Refused {
					if !errors.Is(err, ErrSignature) || len(found) != 0 || z.questions() != 1 {
						t.Errorf("%d found, %v, %d questions", len(found), err, z.questions())
					}
					return
				}
				if err != nil {
					t.Error(err)
				}
				want := make(map[string]int)
				for _, n := range v.Nodes {
					if v.TXT[v.BadEntry] == "" || hashOf(n)+"."+v.Domain != v.BadEntry {
						want[n] = 1
					}
				}
				if !maps.Equal(found, want) {
					t.Errorf("%d found, want %d", len(found), len(want))
				}
				st := s.Status()[0]
				if st.Seq != v.Seq || st.Nodes != len(want) || (st.Error != "") != (v.BadEntry != "") {
					t.Errorf("status %+v", st)
				}
				for name := range v.TXT {
					if z.asked[name] != 1 {
						t.Errorf("%s asked %d times", name, z.asked[name])
					}
				}
			})
		})
	}
}

// TestOlderTreeIsRefused: also after a restart, and with a valid signature.
func TestOlderTreeIsRefused(t *testing.T) {
	older, newer := vectorTrees(t)[0], vectorTrees(t)[1]
	path := filepath.Join(t.TempDir(), "dns.json")
	reopen := func() *FileSequences {
		seqs, err := OpenSequences(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return seqs
	}
	synctest.Test(t, func(t *testing.T) {
		z := newZone(older.TXT, newer.TXT)
		s := source(t, z, func(c *Config) { c.Sequences = reopen() }, newer.URL)
		if found, err := collect(t, s, "whisper"); err != nil || len(found) != len(newer.Nodes) {
			t.Fatalf("%d found, %v", len(found), err)
		}
		z.publish(older.TXT) // somebody serves the old root again
		if found, err := collect(t, s, "whisper"); err != nil || len(found) != len(newer.Nodes) {
			t.Errorf("with the fresh root: %d found, %v", len(found), err)
		}
		time.Sleep(rootFresh)
		found, err := collect(t, s, "whisper")
		if !errors.Is(err, ErrOlder) || len(found) != 0 || !strings.Contains(err.Error(), "sequence number 3 after 4") {
			t.Errorf("the old root: %d found, %v", len(found), err)
		}
		s = source(t, z, func(c *Config) { c.Sequences = reopen() }, newer.URL)
		if found, err := collect(t, s, "whisper"); !errors.Is(err, ErrOlder) || len(found) != 0 {
			t.Errorf("after a restart: %d found, %v", len(found), err)
		}
		z.publish(newer.TXT)
		if _, err := collect(t, s, "whisper"); !errors.Is(err, errResting) || !errors.Is(err, ErrOlder) {
			t.Errorf("at once: %v", err)
		}
		time.Sleep(firstRest)
		if found, err := collect(t, s, "whisper"); err != nil || len(found) != len(newer.Nodes) {
			t.Errorf("the same root again: %d found, %v", len(found), err)
		}
	})
}

func TestLinksAreFollowed(t *testing.T) {
	a, b, c := newKey(t), newKey(t), newKey(t)
	nodes := []*enode.Node{signedNode(t, "192.0.2.1"), signedNode(t, "192.0.2.2"), signedNode(t, "192.0.2.3")}
	_, urlA := made(t, a, "a.example.org", 1, nil)
	_, dead := made(t, newKey(t), "dead.example.org", 1, nil)
	txtC, urlC := made(t, c, "c.example.org", 1, []string{urlA}, nodes[2])
	txtB, urlB := made(t, b, "b.example.org", 1, []string{urlC, dead}, nodes[1])
	txtA, _ := made(t, a, "a.example.org", 1, []string{urlB, urlA}, nodes[0])
	synctest.Test(t, func(t *testing.T) {
		z := newZone(txtA, txtB, txtC)
		z.dead["dead.example.org"] = true
		s := source(t, z, nil, urlA)
		var at []time.Duration
		began := time.Now()
		if err := s.Search(t.Context(), "whisper", func(*enode.Node) { at = append(at, time.Since(began)) }); err != nil {
			t.Error(err)
		}
		if len(at) != 3 || at[2] != 0 {
			t.Errorf("found after %v: the dead tree holds up the others", at)
		}
		if took := time.Since(began); took != DefaultTimeout {
			t.Errorf("took %v", took)
		}
		linked := 0
		for _, st := range s.Status() {
			if st.Linked {
				linked++
			}
			if (st.Error != "") != (st.URL == dead) {
				t.Errorf("status %+v", st)
			}
		}
		if linked != 3 {
			t.Errorf("%d linked trees", linked)
		}
	})
}

// TestLinksAreBounded: a tree with a hundred links costs no more than sixteen
// trees.
func TestLinksAreBounded(t *testing.T) {
	key := newKey(t)
	var links []string
	for i := range 100 {
		_, url := made(t, newKey(t), fmt.Sprintf("t%d.example.org", i), 1, nil)
		links = append(links, url)
	}
	txt, url := made(t, key, "many.example.org", 1, links)
	synctest.Test(t, func(t *testing.T) {
		z := newZone(txt)
		s := source(t, z, nil, url)
		if _, err := collect(t, s, "whisper"); err != nil {
			t.Error(err)
		}
		roots := 0
		for name := range z.asked {
			if strings.HasPrefix(name, "t") {
				roots++
			}
		}
		if roots != MaxDomains-1 || len(s.Status()) != MaxDomains {
			t.Errorf("%d linked trees asked for, %d known", roots, len(s.Status()))
		}
	})
}

func TestNodesAreFiltered(t *testing.T) {
	plain := signedNode(t, "192.0.2.1")
	relay := signedNode(t, "192.0.2.2", wakuenr.Entry{Version: 1, Caps: wakuenr.Relay})
	mail := signedNode(t, "192.0.2.3", wakuenr.Entry{Version: 1, Caps: wakuenr.Relay | wakuenr.Mailserver})
	light := signedNode(t, "192.0.2.4", wakuenr.Entry{Version: 1, Caps: wakuenr.Light})
	lan := signedNode(t, "192.168.0.1")
	txt, url := made(t, newKey(t), "x.example.org", 1, nil, plain, relay, mail, light, lan)
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			topic discovery.Topic
			local bool
			want  []*enode.Node
		}{
			{discovery.TopicRelay, false, []*enode.Node{plain, relay, mail}},
			{discovery.TopicMail, false, []*enode.Node{plain, mail}},
			{discovery.TopicMail, true, []*enode.Node{plain, mail, lan}},
		} {
			want := make(map[string]int)
			for _, n := range c.want {
				want[n.String()] = 1
			}
			s := source(t, newZone(txt), func(cfg *Config) { cfg.AllowLocal = c.local }, url)
			if found, err := collect(t, s, c.topic); err != nil || !maps.Equal(found, want) {
				t.Errorf("%s, local %v: %d found, %v", c.topic, c.local, len(found), err)
			}
		}
	})
}

// TestPaceAndCache: questions come at the rate; a second search asks nothing.
func TestPaceAndCache(t *testing.T) {
	v := vectorTrees(t)[0] // 22 names
	v.Links = nil
	synctest.Test(t, func(t *testing.T) {
		z := newZone(v.TXT)
		s := source(t, z, nil, v.URL)
		began := time.Now()
		if _, err := collect(t, s, "whisper"); err != nil {
			t.Error(err)
		}
		n := z.questions() - z.asked["more.example.org"]
		want, took := time.Duration(n-Burst)*time.Second/DefaultRate, time.Since(began)
		if (took - want).Abs() > time.Millisecond {
			t.Errorf("%d questions in %v, want %v", n, took, want)
		}
		before := z.questions()
		found, err := collect(t, s, "whisper")
		if asked := z.questions() - before - (z.asked["more.example.org"] - 1); err != nil || len(found) != 16 || asked != 0 {
			t.Errorf("again: %d found, %v, %d questions", len(found), err, asked)
		}
		time.Sleep(rootFresh)
		before = z.asked[v.Domain]
		if _, err := collect(t, s, "whisper"); err != nil || z.asked[v.Domain] != before+1 {
			t.Errorf("later: root asked %d times, %v", z.asked[v.Domain]-before, err)
		}
	})
}

// TestSearchesShareAnswers: two searches at a time ask no more than one.
func TestSearchesShareAnswers(t *testing.T) {
	v := vectorTrees(t)[1]
	synctest.Test(t, func(t *testing.T) {
		z := newZone(v.TXT)
		s := source(t, z, nil, v.URL)
		var all sync.WaitGroup
		for _, topic := range []discovery.Topic{discovery.TopicRelay, discovery.TopicMail} {
			all.Go(func() {
				if found, err := collect(t, s, topic); err != nil || len(found) != len(v.Nodes) {
					t.Errorf("%s: %d found, %v", topic, len(found), err)
				}
			})
		}
		all.Wait()
		if q := z.questions(); q != len(v.TXT) {
			t.Errorf("%d questions for %d names", q, len(v.TXT))
		}
	})
}

func TestBadNameServers(t *testing.T) {
	v := vectorTrees(t)[1]
	for name, c := range map[string]struct {
		spoil func(z *zone)
		found int
		err   error
		asked int
	}{
		"no such name":  {func(z *zone) { delete(z.names, v.Domain) }, 0, errNoSuchName, 1},
		"no answer":     {func(z *zone) { z.dead[v.Domain] = true }, 0, context.DeadlineExceeded, 1},
		"other records": {func(z *zone) { z.names[v.Domain] = []string{"v=spf1 -all", ""} }, 0, ErrNoRoot, 1},
		"root among others": {func(z *zone) {
			z.names[v.Domain] = append([]string{"x", "enrtree-root:v1"}, z.names[v.Domain]...)
		}, 3, nil, 6},
		"broken root": {func(z *zone) { z.names[v.Domain] = []string{"enrtree-root:v1 e=x"} }, 0, ErrRoot, 1},
		"no entries": {func(z *zone) {
			for n := range z.names {
				if n != v.Domain {
					delete(z.names, n)
				}
			}
		}, 0, nil, 3},
		"entry among others": {func(z *zone) {
			for n := range z.names {
				z.names[n] = append([]string{"x"}, z.names[n]...)
			}
		}, 3, nil, 6},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z := newZone(v.TXT)
				c.spoil(z)
				found, err := collect(t, source(t, z, nil, v.URL), "whisper")
				if len(found) != c.found || !errors.Is(err, c.err) || (c.err == nil) != (err == nil) || z.questions() != c.asked {
					t.Errorf("%d found, %v, %d questions", len(found), err, z.questions())
				}
			})
		})
	}
}

// TestManyMissingEntries: a walk in which nothing can be had any more ends.
func TestManyMissingEntries(t *testing.T) {
	var nodes []*enode.Node
	for range 100 {
		nodes = append(nodes, signedNode(t, "192.0.2.1"))
	}
	txt, url := made(t, newKey(t), "x.example.org", 1, nil, nodes...)
	synctest.Test(t, func(t *testing.T) {
		z := newZone(txt)
		for name, texts := range z.names {
			if strings.HasPrefix(texts[0], nodePrefix) {
				delete(z.names, name)
			}
		}
		s := source(t, z, nil, url)
		if found, err := collect(t, s, "whisper"); err != nil || len(found) != 0 {
			t.Error(found, err)
		}
		if q := z.questions(); q >= len(txt)-10 {
			t.Errorf("%d questions", q)
		}
		if st := s.Status()[0]; !strings.Contains(st.Error, "too many") {
			t.Errorf("status %+v", st)
		}
	})
}

func TestSearchEnds(t *testing.T) {
	v := vectorTrees(t)[0]
	synctest.Test(t, func(t *testing.T) {
		z := newZone(v.TXT)
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		if err := source(t, z, nil, v.URL).Search(ctx, "whisper", func(*enode.Node) { n++; cancel() }); err != nil || n != 1 {
			t.Errorf("%d found, %v", n, err)
		}
		z.dead[v.Domain] = true
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		s := source(t, z, nil, v.URL)
		if err := s.Search(ctx, "whisper", nil); err != nil || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if st := s.Status()[0]; st.Error != "" || !st.RestsUntil.IsZero() {
			t.Errorf("the end of the search counts as a failure: %+v", st)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	if _, err := New(Config{}); !errors.Is(err, errNoTrees) {
		t.Error(err)
	}
	if _, err := New(Config{Trees: make([]Link, MaxDomains+1)}); !errors.Is(err, errTooMany) {
		t.Error(err)
	}
}
