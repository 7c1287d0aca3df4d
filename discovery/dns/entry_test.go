package dns

import (
	"errors"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/dnsdisc"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/test/vectors"
)

type vectorTree struct {
	Description string            `json:"description"`
	Domain      string            `json:"domain"`
	URL         string            `json:"url"`
	Key         vectors.Hex       `json:"private_key"`
	Seq         uint64            `json:"seq"`
	Nodes       []string          `json:"nodes"`
	Links       []string          `json:"links"`
	Signature   string            `json:"root_signature"`
	TXT         map[string]string `json:"txt"`
	Refused     bool              `json:"expect_error"`
	BadEntry    string            `json:"bad_entry"`
}

func vectorTrees(tb testing.TB) []vectorTree {
	tb.Helper()
	return vectors.Section[[]vectorTree](tb, vectors.Load(tb, "discovery"), "dns")
}

func mustLink(tb testing.TB, text string) Link {
	tb.Helper()
	l, err := ParseLink(text)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func TestVectorEntries(t *testing.T) {
	for _, v := range vectorTrees(t) {
		t.Run(v.Description, func(t *testing.T) {
			l := mustLink(t, v.URL)
			if l.String() != v.URL || l.Domain != v.Domain {
				t.Errorf("URL %s at %s", l, l.Domain)
			}
			root, err := parseRoot(v.TXT[v.Domain], l.Key)
			if v.Refused {
				if !errors.Is(err, ErrSignature) {
					t.Errorf("got %+v, %v", root, err)
				}
				return
			}
			if err != nil || root.Seq != v.Seq {
				t.Errorf("root %+v, %v", root, err)
			}
			nodes, links := 0, 0
			for name, text := range v.TXT {
				if name == v.Domain {
					continue
				}
				e, err := parseEntry(strings.TrimSuffix(name, "."+v.Domain), text)
				if bad := name == v.BadEntry; bad != errors.Is(err, ErrHash) || !bad && err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if e.node != nil && e.node.String() == text {
					nodes++
				}
				if e.link != nil && e.link.String() == text {
					links++
				}
			}
			if v.BadEntry != "" {
				nodes++
			}
			if nodes != len(v.Nodes) || links != len(v.Links) {
				t.Errorf("%d nodes, %d links", nodes, links)
			}
		})
	}
}

func TestBadRoots(t *testing.T) {
	v := vectorTrees(t)[1]
	good, key := v.TXT[v.Domain], mustLink(t, v.URL).Key
	if _, err := parseRoot(good, key); err != nil {
		t.Fatal(err)
	}
	other, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseRoot(good, &other.PublicKey); !errors.Is(err, ErrSignature) {
		t.Errorf("other key: %v", err)
	}
	for name, change := range map[string][2]string{
		"seq":              {"seq=4", "seq=5"},
		"hash of nodes":    {"e=AH", "e=BH"},
		"signature":        {"sig=46", "sig=47"},
		"signature cut":    {"AkgwA", "Akg"},
		"signature padded": {"AkgwA", "AkgwA="},
	} {
		if _, err := parseRoot(strings.Replace(good, change[0], change[1], 1), key); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string][2]string{
		"version":       {":v1", ":v2"},
		"no seq":        {" seq=4", ""},
		"seq below 0":   {"seq=4", "seq=-4"},
		"seq too large": {"seq=4", "seq=18446744073709551616"},
		"short hash":    {"e=AHBXBJDPUM2B2NH7SIP5OTVNRQ", "e=AHBX"},
		"lower case":    {"e=AH", "e=ah"},
		"order":         {"e=", "l="},
		"no signature":  {" sig=", " sog="},
		"space":         {" l=", "  l="},
		"nothing":       {good, ""},
		"too long":      {"e=", "e=" + strings.Repeat("A", maxEntry)},
	} {
		if _, err := parseRoot(strings.Replace(good, change[0], change[1], 1), key); !errors.Is(err, ErrRoot) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadEntries(t *testing.T) {
	const hash = "C22SZRWOZBMV6BP4OKFBVXXQFA"
	for text, want := range map[string]error{
		"enr:-x":                        ErrEntry,
		"enrtree-branch:x":              ErrEntry,
		"enrtree-branch:" + hash + ",":  ErrEntry,
		"enrtree://x@y":                 ErrURL,
		"something else":                ErrEntry,
		strings.Repeat("x", maxEntry+1): ErrEntry,
	} {
		if _, err := parseEntry(hashOf(text), text); !errors.Is(err, want) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	for _, bad := range []string{"", "x", "C22SZRWOZBMV6BP4OKF", hash + "=", "c22szrwozbmv6bp4okfbvxxqfa", hash + "\n",
		strings.Repeat("A", 60)} {
		if _, err := parseEntry(bad, "enrtree-branch:"); !errors.Is(err, ErrEntry) {
			t.Errorf("hash %q: %v", bad, err)
		}
	}
	if _, err := parseEntry(hash, "enrtree-branch:"); !errors.Is(err, ErrHash) {
		t.Error(err)
	}
	if e, err := parseEntry(hashOf("enrtree-branch:"), "enrtree-branch:"); err != nil || e.children != nil {
		t.Errorf("empty branch: %+v, %v", e, err)
	}
}

func TestParseLink(t *testing.T) {
	url := vectorTrees(t)[0].URL
	key := strings.Split(strings.TrimPrefix(url, linkPrefix), "@")[0]
	for text, domain := range map[string]string{
		url: "nodes.example.org", linkPrefix + key + "@Nodes.Example.Org.": "nodes.example.org",
		linkPrefix + key + "@localhost": "localhost", linkPrefix + key + "@_a.b-c.d": "_a.b-c.d",
	} {
		if l, err := ParseLink(text); err != nil || l.Domain != domain {
			t.Errorf("%s: %v, %v", text, l, err)
		}
	}
	for _, text := range []string{
		"", "nodes.example.org", "https://nodes.example.org", linkPrefix + "nodes.example.org", linkPrefix + key,
		linkPrefix + key + "@", linkPrefix + key + "@a..b", linkPrefix + key + "@.", linkPrefix + key + "@a b",
		linkPrefix + key + "@a@b", linkPrefix + key + "@a/b", linkPrefix + "A" + key + "@a", linkPrefix + key[1:] + "@a",
		linkPrefix + strings.ToLower(key) + "@a", linkPrefix + key + "@" + strings.Repeat("a", 64),
		linkPrefix + key + "@" + strings.Repeat("a.", 120) + "a", linkPrefix + key + "@" + strings.Repeat("a", maxEntry),
	} {
		if l, err := ParseLink(text); !errors.Is(err, ErrURL) {
			t.Errorf("%.80s: %v, %v", text, l, err)
		}
	}
}

// TestWalkSeesEverythingOnce: repeated hashes and loops, which nobody can make
// but by breaking the hash, cost nothing.
func TestWalkSeesEverythingOnce(t *testing.T) {
	w := newWalk("root", testRand())
	children := map[string][]string{
		"root": {"a", "b", "a", "b"}, "a": {"b", "c", "root", "a"}, "b": {"a", "c", "c"}, "c": {"root"},
	}
	seen := make(map[string]int)
	for h, ok := w.next(); ok; h, ok = w.next() {
		seen[h]++
		w.add(children[h])
	}
	if len(seen) != 4 {
		t.Errorf("saw %v", seen)
	}
	for h, n := range seen {
		if n != 1 {
			t.Errorf("%s seen %d times", h, n)
		}
	}
	w = newWalk("0", testRand())
	visits := 0
	for h, ok := w.next(); ok; h, ok = w.next() { // a tree without end
		visits++
		for i := range 300 {
			w.add([]string{h + string(rune('a'+i))})
		}
	}
	if visits != maxVisits {
		t.Errorf("%d visits", visits)
	}
}

func FuzzRoot(f *testing.F) {
	for _, v := range vectorTrees(f) {
		f.Add(v.TXT[v.Domain])
	}
	key := mustLink(f, vectorTrees(f)[0].URL).Key
	f.Fuzz(func(t *testing.T, text string) {
		root, err := parseRoot(text, key)
		if err == nil && (!validHash(root.Nodes) || !validHash(root.Links)) {
			t.Errorf("%q gives %+v", text, root)
		}
	})
}

func FuzzEntry(f *testing.F) {
	for _, v := range vectorTrees(f) {
		for _, text := range v.TXT {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseEntry(hashOf(text), text)
		if errors.Is(err, ErrHash) {
			t.Fatal("the hash of a text is not its hash")
		}
		if err != nil {
			return
		}
		if e.node != nil {
			if _, err := enode.Parse(enode.ValidSchemes, e.node.String()); err != nil {
				t.Error(err)
			}
		}
		if e.link != nil {
			if _, _, err := dnsdisc.ParseURL(e.link.String()); err != nil {
				t.Error(err)
			}
		}
	})
}
