package topdisc

import (
	"bytes"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/rlp"

	"statusd/discovery"
	"statusd/internal/test/vectors"
)

func TestVectorServices(t *testing.T) {
	v := vectors.Section[struct {
		IDs []struct {
			Topic string
			Hash  vectors.Hex `json:"keccak256"`
		} `json:"service_ids"`
	}](t, vectors.Load(t, "discovery"), "topics")
	if len(v.IDs) == 0 {
		t.Fatal("no vectors")
	}
	for _, c := range v.IDs {
		if got := ServiceOf(discovery.Topic(c.Topic)); !bytes.Equal(got[:], c.Hash) {
			t.Errorf("%s: got %x, want %x", c.Topic, got, []byte(c.Hash))
		}
	}
}

type ticketVectors struct {
	AdDigest vectors.Hex `json:"ad_digest"`
	Topic    vectors.Hex
	Records  struct{ Advertiser vectors.Hex }
	Ticket   struct {
		Bytes, Key   vectors.Hex
		Init         uint64      `json:"t_init_ms"`
		Mod          uint64      `json:"t_mod_ms"`
		Wait         uint32      `json:"t_wait_ms"`
		RegistrarID  vectors.Hex `json:"registrar_id"`
		AdvertiserID vectors.Hex `json:"advertiser_id"`
	}
	LogDistance []struct {
		Topic  vectors.Hex
		NodeID vectors.Hex `json:"node_id"`
		Dist   int         `json:"logdist"`
	} `json:"log_distance"`
}

func TestVectorTicket(t *testing.T) {
	v := vectors.Section[ticketVectors](t, vectors.Load(t, "discovery"), "topdisc_talk")
	var rec enr.Record
	if err := rlp.DecodeBytes(v.Records.Advertiser, &rec); err != nil {
		t.Fatal(err)
	}
	node, err := enode.New(enode.ValidSchemes, &rec)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := adDigest(Service(v.Topic), node)
	if err != nil || !bytes.Equal(digest[:], v.AdDigest) {
		t.Fatalf("digest %x, %v, want %x", digest, err, []byte(v.AdDigest))
	}
	if id := node.ID(); !bytes.Equal(id[:], v.Ticket.AdvertiserID) {
		t.Errorf("advertiser %s", id)
	}
	key := TicketKey(v.Ticket.Key)
	registrar, advertiser := enode.ID(v.Ticket.RegistrarID), enode.ID(v.Ticket.AdvertiserID)
	want := ticket{init: v.Ticket.Init, mod: v.Ticket.Mod, wait: v.Ticket.Wait, digest: digest}
	if got := want.encode(&key, registrar, advertiser); !bytes.Equal(got, v.Ticket.Bytes) {
		t.Errorf("got %x, want %x", got, []byte(v.Ticket.Bytes))
	}
	got, ok := openTicket(v.Ticket.Bytes, &key, registrar, advertiser)
	if !ok || got != want {
		t.Errorf("got %+v, %v, want %+v", got, ok, want)
	}
	for bit := range 8 * len(v.Ticket.Bytes) {
		raw := bytes.Clone(v.Ticket.Bytes)
		raw[bit/8] ^= 1 << (bit % 8)
		if _, ok := openTicket(raw, &key, registrar, advertiser); ok {
			t.Errorf("bit %d is not authenticated", bit)
		}
	}
	if _, ok := openTicket(v.Ticket.Bytes, &key, advertiser, advertiser); ok {
		t.Error("ticket of another registrar accepted")
	}
	if _, ok := openTicket(v.Ticket.Bytes, &key, registrar, registrar); ok {
		t.Error("ticket of another advertiser accepted")
	}
}

func TestVectorLogDistance(t *testing.T) {
	v := vectors.Section[ticketVectors](t, vectors.Load(t, "discovery"), "topdisc_talk")
	for _, c := range v.LogDistance {
		if got := Service(c.Topic).Distance(enode.ID(c.NodeID)); got != c.Dist {
			t.Errorf("%x: got %d, want %d", []byte(c.NodeID), got, c.Dist)
		}
	}
}

func TestVectorIPTree(t *testing.T) {
	type tree struct {
		Description string
		Cached      []netip.Addr `json:"cached_ips"`
		Scores      []struct {
			IP     netip.Addr
			Levels int `json:"overrepresented_levels"`
			Score  float64
		}
	}
	name := func(_ int, c tree) string { return c.Description }
	vectors.Each(t, vectors.Load(t, "discovery"), "ip_tree", name, func(t *testing.T, c tree) {
		var tree ipTree
		for _, ip := range c.Cached {
			tree.add(ip, 0)
		}
		for _, s := range c.Scores {
			score, _ := tree.look(s.IP, netip.Addr{})
			levels, _ := tree.v4.look(s.IP, netip.Addr{})
			if score != s.Score || levels != s.Levels {
				t.Errorf("%s: got %d levels, %v, want %d, %v", s.IP, levels, score, s.Levels, s.Score)
			}
			if len(c.Cached) > 0 { // with one more of the same, left out again
				tree.add(s.IP, 0)
				if score, _ := tree.look(s.IP, s.IP); score != s.Score {
					t.Errorf("%s: got %v without its own, want %v", s.IP, score, s.Score)
				}
				tree.remove(s.IP)
			}
		}
		for _, ip := range c.Cached {
			tree.remove(ip)
		}
		if tree.v4.root != 0 {
			t.Error("removing all addresses left vertices")
		}
	})
}

func TestVectorWaitingTime(t *testing.T) {
	type wait struct {
		Description string
		Lifetime    int64   `json:"E_ms"`
		Capacity    int     `json:"C"`
		Exponent    float64 `json:"P_occ"`
		Safety      float64 `json:"G,string"`
		Cached      int     `json:"c"`
		PerService  int     `json:"c_service"`
		Levels      int     `json:"ip_levels"`
		Bits        int     `json:"ip_bits"`
		Cache       float64 `json:"w_ms_cache_variant"`
		Capacities  float64 `json:"w_ms_capacity_variant"`
	}
	name := func(_ int, c wait) string { return c.Description }
	vectors.Each(t, vectors.Load(t, "discovery"), "waiting_time", name, func(t *testing.T, c wait) {
		for similarity, want := range map[Similarity]float64{Cache: c.Cache, Capacity: c.Capacities} {
			p := Params{
				Lifetime: time.Duration(c.Lifetime) * time.Millisecond, Capacity: c.Capacity,
				OccupancyExponent: c.Exponent, Safety: c.Safety, Similarity: similarity,
			}
			got := p.wait(c.Cached, c.PerService, float64(c.Levels)/float64(c.Bits)).total()
			if math.Abs(got-want) > 1e-9*want {
				t.Errorf("%s: got %v, want %v", similarity, got, want)
			}
		}
	})
}
