package tdt1

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"

	"statusd/discovery/topdisc"
)

func mustEncode(t testing.TB, m Message) []byte {
	t.Helper()
	if r, ok := m.(*RegTopic); ok && r.Record == nil {
		t.Fatal("a registration needs a record")
	}
	raw, err := Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// resigned signs a changed record with the key of a keyed node.
func resigned(t *testing.T, i byte, r *enr.Record) *enode.Node {
	t.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte{i}))
	if err != nil {
		t.Fatal(err)
	}
	if err := enode.SignV4(r, key); err != nil {
		t.Fatal(err)
	}
	n, err := enode.New(enode.ValidSchemes, r)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func sender() netip.Addr { return netip.MustParseAddr("100.0.0.1") }

func nodes(t *testing.T, first, n byte) []*enode.Node {
	t.Helper()
	var list []*enode.Node
	for i := range n {
		list = append(list, keyed(t, first+i, 0))
	}
	return list
}

func records(list []*enode.Node) (r Records) {
	for _, n := range list {
		r = append(r, n.Record())
	}
	return r
}

func TestPagerFetchesWhatItNeeds(t *testing.T) {
	ads, aux := nodes(t, 1, 10), nodes(t, 50, 16)
	for _, c := range []struct{ want, pages, ads int }{
		{want: 1, pages: 1, ads: 8}, {want: 8, pages: 1, ads: 8}, {want: 9, pages: 2, ads: 10}, {want: 30, pages: 4, ads: 10},
	} {
		p := NewPager(topdisc.QueryRequest{Want: c.want, Distances: everywhere()}, [8]byte{1})
		for {
			q, more := p.Next()
			if !more {
				break
			}
			if q.Seed != [8]byte{1} || len(q.Distances) != 17 {
				t.Fatalf("request %+v", q)
			}
			if err := p.Take(sender(), mustEncode(t, Page(ads, aux, q.Page))); err != nil {
				t.Fatal(err)
			}
		}
		if p.Pages() != c.pages || len(p.Result().Ads) != c.ads {
			t.Errorf("want %d: %d pages, %d advertisers", c.want, p.Pages(), len(p.Result().Ads))
		}
	}
}

// TestEndlessPages: a registrar that always has another page is asked eight
// times.
func TestEndlessPages(t *testing.T) {
	p := NewPager(topdisc.QueryRequest{Want: 1000}, [8]byte{})
	asked := 0
	for q, more := p.Next(); more; q, more = p.Next() {
		asked++
		m := &TopicNodes{Total: 1 << 60, Page: q.Page, Ads: records(nodes(t, byte(asked), 1))}
		if err := p.Take(sender(), mustEncode(t, m)); err != nil {
			t.Fatal(err)
		}
	}
	if asked != maxPages {
		t.Errorf("asked %d times", asked)
	}
}

func TestPagerEnds(t *testing.T) {
	full := records(nodes(t, 1, 3))
	for _, c := range []struct {
		name   string
		second []byte
		err    error
	}{
		{"empty page", mustEncode(t, &TopicNodes{Total: 5, Page: 1}), nil},
		{"same page again", mustEncode(t, &TopicNodes{Total: 5, Page: 0, Ads: full}), topdisc.ErrMalformed},
		{"page skipped", mustEncode(t, &TopicNodes{Total: 5, Page: 2, Ads: full}), topdisc.ErrMalformed},
		{"other answer", mustEncode(t, &RegConfirmation{Total: 1}), topdisc.ErrMalformed},
		{"junk", []byte("junk"), topdisc.ErrMalformed},
		{"oversized", make([]byte, 2000), topdisc.ErrMalformed},
		{"nothing", nil, topdisc.ErrNotCapable},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewPager(topdisc.QueryRequest{Want: 30}, [8]byte{})
			p.Next()
			if err := p.Take(sender(), mustEncode(t, &TopicNodes{Total: 5, Ads: full})); err != nil {
				t.Fatal(err)
			}
			if _, more := p.Next(); !more {
				t.Fatal("one page is not enough")
			}
			if err := p.Take(sender(), c.second); !errors.Is(err, c.err) {
				t.Errorf("got %v, want %v", err, c.err)
			}
			if _, more := p.Next(); more {
				t.Error("goes on")
			}
			if len(p.Result().Ads) != 3 {
				t.Errorf("%d advertisers, want those of the first page", len(p.Result().Ads))
			}
		})
	}
}

// TestReceivedRecords: what a registrar hands on is verified.
func TestReceivedRecords(t *testing.T) {
	public := func(ip string) enr.Entry { return enr.IPv4Addr(netip.MustParseAddr(ip)) }
	for _, c := range []struct {
		name   string
		sender string
		entry  enr.Entry
		want   int
	}{
		{"public", "100.0.0.1", public("100.0.0.2"), 1},
		{"loopback from public", "100.0.0.1", public("127.0.0.1"), 0},
		{"private from public", "100.0.0.1", public("10.0.0.2"), 0},
		{"private from private", "10.0.0.1", public("10.0.0.2"), 1},
		{"loopback from loopback", "127.0.0.1", public("127.0.0.1"), 1},
		{"special", "100.0.0.1", public("203.0.113.5"), 0},
		{"unspecified", "100.0.0.1", public("0.0.0.0"), 0},
		{"port 1024", "100.0.0.1", enr.UDP(1024), 0},
		{"port 1025", "100.0.0.1", enr.UDP(1025), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := Records{keyed(t, 1, 0, c.entry).Record()}
			from := netip.MustParseAddr(c.sender)
			if got := verified(from, list); len(got) != c.want {
				t.Errorf("%d accepted, want %d", len(got), c.want)
			}
		})
	}
	v := loadTalk(t)
	var topicNodes []byte
	for _, c := range v.Messages {
		if c.Bytes[0] == typeTopicNodes && len(c.Bytes) > 200 {
			topicNodes = append(topicNodes, c.Bytes...)
		}
	}
	topicNodes[40] ^= 1 // inside the first signature
	m, err := Decode(topicNodes)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := m.(*TopicNodes); !ok || len(n.Ads) != 1 || len(verified(sender(), n.Ads)) != 0 {
		t.Errorf("a forged record is accepted: %+v", m)
	}
}

func TestWaitIsBounded(t *testing.T) {
	for ms, want := range map[uint64]time.Duration{
		0: 0, 42_000: 42 * time.Second, 1 << 63: 24 * time.Hour, 1<<64 - 1: 24 * time.Hour,
	} {
		c, _, err := DecodeConfirmation(sender(), mustEncode(t, &RegConfirmation{Total: 1, WaitMS: ms}))
		if err != nil || c.Wait != want {
			t.Errorf("%d ms: got %s, %v", ms, c.Wait, err)
		}
	}
}
