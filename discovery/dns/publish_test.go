package dns

import (
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
)

func draft(t testing.TB, domain string, seq uint64, nodes, links []string) (*Draft, error) {
	t.Helper()
	var parsed []*enode.Node
	for _, text := range nodes {
		parsed = append(parsed, enode.MustParse(text))
	}
	return NewDraft(domain, seq, parsed, links)
}

// TestVectorsAreMadeAgain: the same records, byte for byte.
func TestVectorsAreMadeAgain(t *testing.T) {
	for _, v := range vectorTrees(t) {
		if v.Refused || v.BadEntry != "" {
			continue
		}
		d, err := draft(t, v.Domain, v.Seq, v.Nodes, v.Links)
		if err != nil {
			t.Fatalf("%s: %v", v.Description, err)
		}
		if _, err := d.TXT(); !errors.Is(err, ErrNotSigned) {
			t.Errorf("%s: unsigned: %v", v.Description, err)
		}
		key, err := crypto.ToECDSA(v.Key)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Sign(key); err != nil || d.URL != v.URL || d.Signature != v.Signature {
			t.Errorf("%s: %s, %s, %v", v.Description, d.URL, d.Signature, err)
		}
		if txt, err := d.TXT(); err != nil || !maps.Equal(txt, v.TXT) {
			t.Errorf("%s: %d records, %v", v.Description, len(txt), err)
		}
	}
}

func TestDraftIsChecked(t *testing.T) {
	v := vectorTrees(t)[1]
	bare := enode.MustParse(v.Nodes[0]).URLv4()
	for name, c := range map[string]struct {
		domain       string
		nodes, links []string
		want         error
	}{
		"enode":      {v.Domain, []string{bare}, nil, ErrUnsigned},
		"no domain":  {"", nil, nil, ErrDomain},
		"bad domain": {"a b", nil, nil, ErrDomain},
		"bad link":   {v.Domain, nil, []string{"enrtree://x"}, ErrURL},
	} {
		if d, err := draft(t, c.domain, 1, c.nodes, c.links); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
	var r enr.Record
	r.Set(enr.IP{192, 0, 2, 1})
	r.Set(enr.WithEntry("tcp", uint32(70000)))
	if err := enode.SignV4(&r, newKey(t)); err != nil {
		t.Fatal(err)
	}
	n, err := enode.New(enode.ValidSchemes, &r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewDraft(v.Domain, 1, []*enode.Node{n}, nil); err == nil {
		t.Error("a record with a bad port is taken")
	}
	// Files may have been edited.
	key, err := crypto.ToECDSA(v.Key)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Draft){
		"seq":            func(d *Draft) { d.Seq++ },
		"node removed":   func(d *Draft) { d.Nodes = d.Nodes[1:] },
		"node twice":     func(d *Draft) { d.Nodes = append(d.Nodes, d.Nodes[0]) },
		"node broken":    func(d *Draft) { d.Nodes[0] = "enr:-x" },
		"enode":          func(d *Draft) { d.Nodes[0] = bare },
		"link":           func(d *Draft) { d.Links = []string{"x"} },
		"other domain":   func(d *Draft) { d.Domain = "other.example.org" },
		"no domain":      func(d *Draft) { d.Domain = "" },
		"other URL":      func(d *Draft) { d.URL = vectorTrees(t)[0].Links[0] },
		"bad URL":        func(d *Draft) { d.URL = "x" },
		"bad signature":  func(d *Draft) { d.Signature = "x" },
		"many nodes":     func(d *Draft) { d.Nodes = make([]string, maxVisits) },
		"nothing signed": func(d *Draft) { d.URL, d.Signature = "", "" },
	} {
		d, err := draft(t, v.Domain, v.Seq, v.Nodes, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Sign(key); err != nil {
			t.Fatal(err)
		}
		change(d)
		if txt, err := d.TXT(); err == nil {
			t.Errorf("%s: %d records", name, len(txt))
		}
	}
}

func TestNewerRecordCounts(t *testing.T) {
	key := newKey(t)
	node := func(seq uint64) *enode.Node {
		var r enr.Record
		r.Set(enr.IP(net.IP{192, 0, 2, byte(seq)}))
		r.SetSeq(seq)
		if err := enode.SignV4(&r, key); err != nil {
			t.Fatal(err)
		}
		n, err := enode.New(enode.ValidSchemes, &r)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	nodes := []*enode.Node{node(1), node(3), node(2)}
	d, err := NewDraft("Nodes.Example.Org.", 1, nodes, nil)
	if err != nil || d.Domain != "nodes.example.org" || !slices.Equal(d.Nodes, []string{nodes[1].String()}) {
		t.Errorf("%+v, %v", d, err)
	}
	again, err := NewDraft("nodes.example.org", 2, nodes[1:], nil)
	if err != nil || !d.SameContent(again) {
		t.Errorf("%+v, %v", again, err)
	}
	if again, err = NewDraft("nodes.example.org", 2, nodes[2:], nil); err != nil || d.SameContent(again) {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestZoneLines(t *testing.T) {
	v := vectorTrees(t)[0]
	lines := ZoneLines(v.Domain, v.TXT)
	if len(lines) != len(v.TXT) || !strings.HasPrefix(lines[0], "nodes.example.org. 60 IN TXT \"enrtree-root:v1 e=") {
		t.Errorf("%d lines, first %s", len(lines), lines[0])
	}
	for _, line := range lines {
		name, rest, _ := strings.Cut(line, ". ")
		if line != lines[0] && !strings.HasPrefix(rest, "86400 IN TXT ") {
			t.Errorf("%s", line)
		}
		_, quoted, _ := strings.Cut(rest, " IN TXT ")
		text := ""
		for part := range strings.SplitSeq(strings.Trim(quoted, `"`), `" "`) {
			if len(part) > maxString || part == "" {
				t.Errorf("a string of %d bytes", len(part))
			}
			text += part
		}
		if text != v.TXT[name] {
			t.Errorf("%s: %s", name, text)
		}
	}
	if !slices.IsSorted(lines[1:]) {
		t.Error("not in order")
	}
}

// TestMadeTreeIsFound: what is published is what a client finds.
func TestMadeTreeIsFound(t *testing.T) {
	var nodes []*enode.Node
	for range 40 {
		nodes = append(nodes, signedNode(t, "192.0.2.1"))
	}
	d, err := NewDraft("x.example.org", 1<<40, nodes, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Sign(newKey(t)); err != nil {
		t.Fatal(err)
	}
	txt, err := d.TXT()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		if found, err := collect(t, source(t, newZone(txt), nil, d.URL), "whisper"); err != nil || len(found) != 40 {
			t.Errorf("%d found, %v", len(found), err)
		}
	})
}
