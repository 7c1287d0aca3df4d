package rendezvous

import (
	"crypto/ecdsa"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
)

var (
	epoch  = time.Unix(1_700_000_000, 0)
	public = netip.MustParseAddr("203.0.113.7")
)

func testRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signed returns a record with an address; port 0 and no address are left out.
func signed(t testing.TB, key *ecdsa.PrivateKey, seq uint64, ip string, tcp uint16, more ...enr.Entry) *enode.Node {
	t.Helper()
	var r enr.Record
	if ip != "" {
		r.Set(enr.IP(net.ParseIP(ip)))
	}
	if tcp != 0 {
		r.Set(enr.TCP(tcp))
	}
	for _, e := range more {
		r.Set(e)
	}
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

func body(t testing.TB, m any) []byte {
	t.Helper()
	raw, err := encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// handle answers one request as Server.handle does.
func (r *registry) handle(code Code, body []byte, from netip.Addr, now time.Time) (out reply, ok bool) {
	if !known(code) {
		return reply{}, false
	}
	allowed := r.begin(from, now)
	if !allowed {
		return refuse(code), true
	}
	return r.finish(read(code, body, from), from, now), true
}

// answer handles one request and returns the response as bytes of a stream.
func answer(t testing.TB, r *registry, code Code, req []byte, from netip.Addr, now time.Time) (
	stream []byte, closed bool,
) {
	t.Helper()
	out, ok := r.handle(code, req, from, now)
	if !ok {
		return nil, true
	}
	return join(out.code, body(t, out.body)), out.close
}

// TestExchangeVectors plays the requests of a session with a deployed server.
// What differs is listed here, and why is said in the comment of each entry.
func TestExchangeVectors(t *testing.T) {
	file := loadVectors(t)
	differs := func(e vectorExchange) (response string, ours bool) {
		switch {
		case strings.Contains(e.Description, "2^63"): // not taken for a negative time
			return "\x02\xc2\x66\x80", true
		case strings.Contains(e.Description, "REMOTEIP of 2021"): // served
			return string(join(CodeRemoteIPResponse, body(t, &RemoteIPResponse{0, public.String()}))), true
		}
		return "", false
	}
	r := newRegistry(Limits{StoredPerIP: 100}, testRand())
	for i, e := range file.Exchanges {
		t.Run(e.Description, func(t *testing.T) {
			code, req := split(t, e.Request)
			want, ours := differs(e)
			if !ours {
				want = string(e.Response)
			}
			if strings.Contains(e.Description, "two requests") { // one message holds one
				ours = true
				want = string(join(CodeDiscoverResponse, body(t, &DiscoverResponse{Status: StatusContent})))
			}
			got, closed := answer(t, r, code, req, public, epoch.Add(time.Duration(i)*100*time.Millisecond))
			if string(got) != want {
				t.Errorf("got %x, want %x", got, want)
			}
			unreadable := strings.HasSuffix(want, "\x68\x80") || strings.HasSuffix(want, "\x68\x80\xc0")
			if bad := e.After == "reset" && !ours || unreadable; closed != bad {
				t.Errorf("closed %v, want %v", closed, bad)
			}
		})
	}
	loopback := netip.MustParseAddr("127.0.0.1")
	r = newRegistry(Limits{}, testRand())
	for _, e := range file.Later {
		code, req := split(t, e.Request)
		got, closed := answer(t, r, code, req, loopback, epoch)
		if string(got) != string(e.Response) || closed != (e.After == "reset") {
			t.Errorf("%s: got %x, closed %v, want %x", e.Description, got, closed, []byte(e.Response))
		}
	}
}

func register(t testing.TB, r *registry, topic string, n *enode.Node, ttl uint64, from netip.Addr, now time.Time,
) Status {
	t.Helper()
	out, ok := r.handle(CodeRegister, body(t, &Register{topic, *n.Record(), ttl}), from, now)
	if !ok {
		t.Fatal("no answer")
	}
	return out.body.(*RegisterResponse).Status
}

func discover(t testing.TB, r *registry, topic string, limit uint64, from netip.Addr, now time.Time) []enode.ID {
	t.Helper()
	out, ok := r.handle(CodeDiscover, body(t, &Discover{limit, topic}), from, now)
	if !ok {
		t.Fatal("no answer")
	}
	m := out.body.(*DiscoverResponse)
	if m.Status != StatusOK {
		t.Fatalf("status %d", m.Status)
	}
	var ids []enode.ID
	for _, record := range m.Records {
		n, err := enode.New(enode.ValidSchemes, record)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, n.ID())
	}
	return ids
}

func TestRegisterRules(t *testing.T) {
	key := newKey(t)
	good := signed(t, key, 5, "203.0.113.7", 30303)
	other := signed(t, newKey(t), 5, "203.0.113.7", 30303)
	for _, c := range []struct {
		name  string
		topic string
		node  *enode.Node
		ttl   uint64
		from  string
		want  Status
	}{
		{"good", "whisper", good, uint64(MaxTTL), "203.0.113.7", StatusOK},
		{"one byte", "w", good, 1, "203.0.113.7", StatusOK},
		{"no topic", "", good, 1, "203.0.113.7", StatusTopic},
		{"50 bytes", strings.Repeat("t", 50), good, 1, "203.0.113.7", StatusOK},
		{"51 bytes", strings.Repeat("t", 51), good, 1, "203.0.113.7", StatusTopic},
		{"byte 0xff", "a\xffb", good, 1, "203.0.113.7", StatusTopic},
		{"TTL too long", "whisper", good, uint64(MaxTTL) + 1, "203.0.113.7", StatusTTL},
		{"TTL of the sign bit", "whisper", good, 1 << 63, "203.0.113.7", StatusTTL},
		{"TTL of all bits", "whisper", good, 1<<64 - 1, "203.0.113.7", StatusTTL},
		{"no TCP port", "whisper", signed(t, key, 5, "203.0.113.7", 0), 1, "203.0.113.7", StatusContent},
		{"no IP", "whisper", signed(t, key, 5, "", 30303), 1, "203.0.113.7", StatusContent},
		{"IPv6", "whisper", signed(t, key, 5, "2001:db8::1", 30303), 1, "203.0.113.7", StatusOK},
		{"loopback from outside", "whisper", signed(t, key, 5, "127.0.0.1", 30303), 1, "203.0.113.7", StatusContent},
		{"LAN from outside", "whisper", signed(t, key, 5, "192.168.0.1", 30303), 1, "203.0.113.7", StatusContent},
		{"loopback from here", "whisper", signed(t, key, 5, "127.0.0.1", 30303), 1, "127.0.0.1", StatusOK},
		{"same seq", "whisper", good, 1, "203.0.113.7", StatusOK},
		{"lower seq", "whisper", signed(t, key, 4, "203.0.113.7", 30303), 1, "203.0.113.7", StatusRecord},
		{"lower seq, other topic", "other", signed(t, key, 4, "203.0.113.7", 30303), 1, "203.0.113.7", StatusOK},
		{"lower seq, other node", "whisper", other, 1, "203.0.113.7", StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRegistry(Limits{}, testRand())
			register(t, r, "whisper", good, uint64(MaxTTL), public, epoch)
			if got := register(t, r, c.topic, c.node, c.ttl, netip.MustParseAddr(c.from), epoch); got != c.want {
				t.Errorf("status %d, want %d", got, c.want)
			}
		})
	}
}

func TestDiscoverRules(t *testing.T) {
	r := newRegistry(Limits{RequestsPerMinute: 1000, StoredPerIP: 100}, testRand())
	var ids []enode.ID
	for range 25 {
		n := signed(t, newKey(t), 1, "203.0.113.7", 30303)
		ids = append(ids, n.ID())
		if s := register(t, r, "whisper", n, uint64(MaxTTL), public, epoch); s != StatusOK {
			t.Fatal(s)
		}
	}
	seen := make(map[enode.ID]int)
	for range 200 {
		got := discover(t, r, "whisper", 1000, public, epoch)
		if len(got) != MaxRecords {
			t.Fatalf("%d records", len(got))
		}
		for i, id := range got {
			if slices.Contains(got[:i], id) || !slices.Contains(ids, id) {
				t.Fatalf("record %d is double or unknown", i)
			}
			seen[id]++
		}
	}
	for _, id := range ids { // 80 expected of each, deviation 7
		if seen[id] < 40 || seen[id] > 120 {
			t.Errorf("%s was drawn %d times of 200", id.TerminalString(), seen[id])
		}
	}
	for limit, want := range map[uint64]int{0: 0, 1: 1, 3: 3, 10: 10, 11: 10, 1 << 63: 10, 1<<64 - 1: 10} {
		if got := discover(t, r, "whisper", limit, public, epoch); len(got) != want {
			t.Errorf("limit %d: %d records", limit, len(got))
		}
	}
	for _, topic := range []string{"whispermail", "whispe", "Whisper", "whisper "} {
		if got := discover(t, r, topic, 10, public, epoch); len(got) != 0 {
			t.Errorf("topic %q: %d records", topic, len(got))
		}
	}
	for _, topic := range []string{"", strings.Repeat("t", 51), "\xff"} {
		out, _ := r.handle(CodeDiscover, body(t, &Discover{10, topic}), public, epoch)
		if m := out.body.(*DiscoverResponse); m.Status != StatusTopic || out.close {
			t.Errorf("topic %q: %+v", topic, out)
		}
	}
}

func TestRecordsExpire(t *testing.T) {
	r := newRegistry(Limits{}, testRand())
	key := newKey(t)
	n := signed(t, key, 1, "203.0.113.7", 30303)
	at := func(d time.Duration) int { return len(discover(t, r, "whisper", 10, public, epoch.Add(d))) }
	register(t, r, "whisper", n, uint64(10*time.Second), public, epoch)
	if at(10*time.Second+grace-1) != 1 {
		t.Error("expired early")
	}
	register(t, r, "whisper", n, uint64(10*time.Second), public, epoch.Add(9*time.Second))
	if at(19*time.Second+grace-1) != 1 || at(19*time.Second+grace) != 0 {
		t.Error("renewal does not count from its own time")
	}
	if records, topics := r.store.count(epoch.Add(time.Minute)); records != 0 || topics != 0 || len(r.store.owners) != 0 ||
		len(r.store.expiry) != 0 {
		t.Errorf("%d records, %d topics, %d owners left", records, topics, len(r.store.owners))
	}
	register(t, r, "whisper", n, 0, public, epoch.Add(time.Hour))
	if at(time.Hour) != 1 || at(time.Hour+grace) != 0 {
		t.Error("TTL 0")
	}
	// The seq of what has expired does not bind.
	older := signed(t, key, 0, "203.0.113.7", 1)
	if s := register(t, r, "whisper", older, 1, public, epoch.Add(2*time.Hour)); s != StatusOK {
		t.Errorf("status %d", s)
	}
}

// TestOthersCannotEndARegistration: records are public, so anybody can send
// one again.
func TestOthersCannotEndARegistration(t *testing.T) {
	r := newRegistry(Limits{}, testRand())
	n := signed(t, newKey(t), 1, "203.0.113.7", 30303)
	other := netip.MustParseAddr("203.0.113.99")
	kept := func(d time.Duration) bool { return len(discover(t, r, "whisper", 10, public, epoch.Add(d))) == 1 }
	register(t, r, "whisper", n, uint64(MaxTTL), public, epoch)
	if s := register(t, r, "whisper", n, 0, other, epoch.Add(time.Second)); s != StatusOK {
		t.Errorf("status %d", s)
	}
	if r.store.owners[hostOf(public)] != 1 || r.store.owners[hostOf(other)] != 0 {
		t.Errorf("owners %v", r.store.owners)
	}
	if !kept(MaxTTL+grace-1) || kept(MaxTTL+grace) {
		t.Error("another host changed how long a record is kept")
	}
	register(t, r, "whisper", n, uint64(MaxTTL), public, epoch.Add(time.Minute))
	register(t, r, "whisper", n, 0, public, epoch.Add(time.Minute)) // its own host may
	if kept(time.Minute + grace) {
		t.Error("the host that registered it cannot end it")
	}
}

func TestLimitsOfAddresses(t *testing.T) {
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}) }
	t.Run("records", func(t *testing.T) {
		r := newRegistry(Limits{}, testRand())
		for i := range DefaultStoredPerIP {
			if s := register(t, r, "whisper", signed(t, newKey(t), 1, "203.0.113.7", 1), uint64(MaxTTL), public, epoch); s != 0 {
				t.Fatalf("record %d: status %d", i, s)
			}
		}
		n := signed(t, newKey(t), 1, "203.0.113.7", 1)
		if s := register(t, r, "whisper", n, uint64(MaxTTL), public, epoch); s != StatusInternal {
			t.Errorf("one too many: status %d", s)
		}
		if s := register(t, r, "whisper", n, uint64(MaxTTL), addr(8), epoch); s != StatusOK {
			t.Errorf("from elsewhere: status %d", s)
		}
		later := epoch.Add(MaxTTL + grace)
		if s := register(t, r, "whisper", n, uint64(MaxTTL), public, later); s != StatusOK {
			t.Errorf("after the others expired: status %d", s)
		}
	})
	t.Run("one /64", func(t *testing.T) {
		r := newRegistry(Limits{StoredPerIP: 1}, testRand())
		a, b := signed(t, newKey(t), 1, "2001:db8::1", 1), signed(t, newKey(t), 1, "2001:db8::2", 1)
		register(t, r, "whisper", a, 1, netip.MustParseAddr("2001:db8::1"), epoch)
		if s := register(t, r, "whisper", b, 1, netip.MustParseAddr("2001:db8::2"), epoch); s != StatusInternal {
			t.Errorf("status %d", s)
		}
		if s := register(t, r, "whisper", b, 1, netip.MustParseAddr("2001:db8:0:1::2"), epoch); s != StatusOK {
			t.Errorf("status %d", s)
		}
	})
	t.Run("all records", func(t *testing.T) {
		r := newRegistry(Limits{MaxStored: 3}, testRand())
		n := signed(t, newKey(t), 1, "203.0.113.7", 1)
		for i, s := range []Status{0, 0, 0, StatusInternal, StatusInternal} {
			if got := register(t, r, fmt.Sprint(i), n, uint64(MaxTTL), addr(i), epoch); got != s {
				t.Errorf("record %d: status %d", i, got)
			}
		}
		if s := register(t, r, "0", n, uint64(MaxTTL), addr(0), epoch); s != StatusOK {
			t.Errorf("renewal while full: status %d", s)
		}
	})
}

func TestLimitOfRequests(t *testing.T) {
	other := netip.MustParseAddr("203.0.113.8")
	t.Run("requests", func(t *testing.T) {
		r := newRegistry(Limits{}, testRand())
		req := body(t, &Discover{1, "whisper"})
		for i := range DefaultRequestsPerMinute + 5 {
			out, ok := r.handle(CodeDiscover, req, public, epoch)
			tooMany := i >= DefaultRequestsPerMinute
			if got := out.body.(*DiscoverResponse).Status; !ok || (got == StatusInternal) != tooMany || out.close != tooMany {
				t.Fatalf("request %d: status %d, close %v", i, got, out.close)
			}
		}
		if out, _ := r.handle(CodeDiscover, req, other, epoch); out.close {
			t.Error("another address has no requests left")
		}
		if out, _ := r.handle(CodeDiscover, req, public, epoch.Add(2*time.Second)); out.close {
			t.Error("nothing becomes free")
		}
		if out, _ := r.handle(CodeRemoteIP, nil, public, epoch.Add(2*time.Second)); !out.close ||
			*out.body.(*RemoteIPResponse) != (RemoteIPResponse{Status: StatusInternal}) {
			t.Errorf("too much becomes free: %+v", out)
		}
		want := Counters{Requests: DefaultRequestsPerMinute + 8, Refused: 6, Throttled: 6}
		if r.counted != want {
			t.Errorf("counted %+v, want %+v", r.counted, want)
		}
	})
	t.Run("exempt", func(t *testing.T) {
		r := newRegistry(Limits{RequestsPerMinute: 1, StoredPerIP: 1, ExemptLocal: true}, testRand())
		for i := range 5 {
			n := signed(t, newKey(t), 1, "127.0.0.1", 1)
			if s := register(t, r, "whisper", n, 1, netip.MustParseAddr("::1"), epoch); s != StatusOK {
				t.Errorf("record %d: status %d", i, s)
			}
		}
		if len(r.quota.full) != 0 || len(r.store.owners) != 0 {
			t.Error("counted all the same")
		}
	})
}

func TestQuotaForgets(t *testing.T) {
	q := newQuota(30)
	host := func(i int) netip.Prefix {
		return hostOf(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	for i := range maxOwners {
		if !q.take(host(i), epoch) {
			t.Fatal(i)
		}
	}
	if q.take(host(maxOwners), epoch) {
		t.Error("one too many hosts")
	}
	if !q.take(host(0), epoch) {
		t.Error("a known host is refused")
	}
	if !q.take(host(maxOwners), epoch.Add(3*time.Second)) || len(q.full) != 2 {
		t.Errorf("%d hosts after their time", len(q.full))
	}
}

func TestRemoteIP(t *testing.T) {
	for from, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:db8::1": "2001:db8::1",
		"fe80::1%eth0": "fe80::1",
	} {
		r := newRegistry(Limits{}, testRand())
		for _, req := range [][]byte{nil, {}, {0xc0}} {
			out, ok := r.handle(CodeRemoteIP, req, netip.MustParseAddr(from), epoch)
			if !ok || out.close || *out.body.(*RemoteIPResponse) != (RemoteIPResponse{0, want}) {
				t.Errorf("%s: %+v", from, out)
			}
		}
		out, ok := r.handle(CodeRemoteIP, []byte{0xc1, 0x80}, netip.MustParseAddr(from), epoch)
		if !ok || !out.close || *out.body.(*RemoteIPResponse) != (RemoteIPResponse{Status: StatusContent}) {
			t.Errorf("%s with arguments: %+v", from, out)
		}
	}
}

// FuzzStore compares the store with a plain list.
func FuzzStore(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 250, 6, 7, 8})
	f.Add([]byte("register and expire"))
	key, err := crypto.GenerateKey()
	if err != nil {
		f.Fatal(err)
	}
	var nodes []*enode.Node
	for range 4 {
		nodes = append(nodes, signed(f, key, 1, "203.0.113.7", 1))
		if key, err = crypto.GenerateKey(); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, steps []byte) {
		s := newStore(6, 3, testRand())
		model := make(map[place]time.Time)
		now := epoch
		for _, b := range steps {
			if b >= 200 {
				now = now.Add(time.Duration(b-200) * time.Second)
				continue
			}
			n, topic := nodes[b&3], string('a'+rune(b>>2&1))
			owner := hostOf(netip.AddrFrom4([4]byte{203, 0, 113, b >> 3 & 3}))
			ttl := time.Duration(b>>5) * time.Second
			old := s.entries[place{topic, n.ID()}]
			if status, _ := s.put(topic, n, owner, ttl, now); status == StatusOK {
				end := now.Add(ttl + grace)
				if old != nil && old.owner != owner && old.expires.After(end) {
					end = old.expires
				}
				model[place{topic, n.ID()}] = end
			}
			perTopic := make(map[string]int)
			for at, end := range model {
				if !now.Before(end) {
					delete(model, at)
				} else {
					perTopic[at.topic]++
				}
			}
			sum := 0
			for _, k := range s.owners {
				sum += k
			}
			records, topics := s.count(now)
			if records != len(model) || topics != len(perTopic) || sum != records || records > 6 {
				t.Fatalf("%d records, %d topics, %d owned, want %d, %d", records, topics, sum, len(model), len(perTopic))
			}
			for topic, k := range perTopic {
				if got := len(s.sample(topic, 10, now)); got != k {
					t.Fatalf("%d records of %s, want %d", got, topic, k)
				}
			}
		}
	})
}
