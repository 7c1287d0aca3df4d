package mailserver

import (
	"crypto/ecdsa"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/test/vectors"
	"statusd/waku/wire"
)

// sealer makes requests of one peer.
type sealer struct {
	rules *rules
	node  *ecdsa.PrivateKey
	peer  enode.ID
	sym   *wire.SymCipher
	count byte
}

// fastKey opens test requests, so that no test derives a key.
var fastKey = crypto.Keccak256([]byte("test"))

func newSealer(tb testing.TB) *sealer {
	tb.Helper()
	node, err := crypto.GenerateKey()
	if err != nil {
		tb.Fatal(err)
	}
	sym, err := wire.NewSymCipher(fastKey)
	if err != nil {
		tb.Fatal(err)
	}
	return &sealer{rules: &rules{password: sym}, node: node, peer: enode.PubkeyToIDV4(&node.PublicKey), sym: sym}
}

func (s *sealer) seal(tb testing.TB, payload []byte, now uint32) *incoming {
	tb.Helper()
	s.count++
	plain, err := wire.EncodePlain(payload, []byte{s.count}, s.node)
	if err != nil {
		tb.Fatal(err)
	}
	const ttl = 50
	env := wire.NewEnvelope(now+ttl, ttl, wire.Topic{}, s.sym.Seal([wire.SymNonceLength]byte{s.count}, plain), 0)
	in, err := parsePacket(env.RLP())
	if err != nil {
		tb.Fatal(err)
	}
	return in
}

func encode(tb testing.TB, p *Payload) []byte {
	tb.Helper()
	raw, err := p.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func TestOpenRefusals(t *testing.T) {
	const now = 1_700_000_000
	bloom := make([]byte, 64)
	ok := Payload{Lower: 1, Upper: 2, Bloom: bloom, Limit: 10}
	s := newSealer(t)
	if _, problem := s.rules.open(s.seal(t, encode(t, &ok), now), s.peer, now, nil); problem != nil {
		t.Fatal(problem)
	}
	for _, c := range []struct {
		name   string
		change func(*Payload)
		want   string
	}{
		{"bloom of 63 bytes", func(p *Payload) { p.Bloom = bloom[1:] },
			"request is invalid: bloom filter is not 64 bytes long"},
		{"bloom of 65 bytes", func(p *Payload) { p.Bloom = make([]byte, 65) },
			"request is invalid: bloom filter is not 64 bytes long"},
		{"cursor of 35 bytes", func(p *Payload) { p.Cursor = make([]byte, 35) },
			"request is invalid: cursor is not 36 bytes long"},
		{"cursor of 1 MiB", func(p *Payload) { p.Cursor = make([]byte, 1<<20) },
			"request is invalid: cursor is not 36 bytes long"},
		{"topic of 3 bytes", func(p *Payload) { p.Topics = [][]byte{{1, 2, 3}} },
			"request is invalid: topic is not 4 bytes long"},
		{"limit 1001", func(p *Payload) { p.Limit = 1001 }, "request is invalid: limit exceeds the maximum allowed value"},
		{"range", func(p *Payload) { p.Lower = 3 }, "query range is invalid: lower > upper"},
		{"lower in the future, upper 0", func(p *Payload) { p.Lower, p.Upper = now+61, 0 },
			"query range is invalid: lower > upper"},
		{"nothing to match", func(p *Payload) { p.Bloom = nil }, "request is invalid: bloom filter is empty"},
	} {
		p := ok
		c.change(&p)
		_, problem := s.rules.open(s.seal(t, encode(t, &p), now), s.peer, now, nil)
		if problem == nil || problem.text != c.want {
			t.Errorf("%s: got %v, want %q", c.name, problem, c.want)
		}
	}
	p := ok
	p.Upper = 1<<32 - 1
	req, problem := s.rules.open(s.seal(t, encode(t, &p), now), s.peer, now, nil)
	if problem != nil || req.query.Upper != 1<<32-1 {
		t.Errorf("largest upper: got %+v, %v", req, problem)
	}
}

func TestOpenTimes(t *testing.T) {
	const sealed, ttl = 1_700_000_000, 50
	s := newSealer(t)
	in := s.seal(t, encode(t, &Payload{Upper: 1, Bloom: make([]byte, 64)}), sealed)
	for _, c := range []struct {
		now  uint32
		want string
	}{
		{sealed, ""}, {sealed - 10, ""}, {sealed - 11, "request from the future"},
		{sealed + ttl + 20, ""}, {sealed + ttl + 21, "request expired"}, {1<<32 - 1, "request expired"},
	} {
		_, problem := s.rules.open(in, s.peer, c.now, nil)
		if got := textOf(problem); got != c.want {
			t.Errorf("now %+d: got %q, want %q", int64(c.now)-sealed, got, c.want)
		}
	}
	wrapped := wire.NewEnvelope(10, 1<<31, wire.Topic{}, in.sealed.Data(), 0)
	_, problem := s.rules.open(&incoming{sealed: wrapped}, s.peer, 1<<31+10, nil)
	if textOf(problem) != "request expired" {
		t.Errorf("ttl above expiry: got %v", problem)
	}
}

func textOf(r *refusal) string {
	if r == nil {
		return ""
	}
	return r.text
}

func TestOpenRepeated(t *testing.T) {
	const now = 1_700_000_000
	s := newSealer(t)
	r := recentIDs{seen: make(map[wire.Hash]struct{})}
	in := s.seal(t, encode(t, &Payload{Upper: 1, Bloom: make([]byte, 64)}), now)
	// Somebody else's copy does not spoil the request of its author.
	_, problem := s.rules.open(in, enode.ID{1}, now, r.repeated)
	if textOf(problem) != "signer is not the requesting peer" {
		t.Errorf("copy: got %v", problem)
	}
	for i, want := range []string{"", "request repeated", "request repeated"} {
		if _, problem := s.rules.open(in, s.peer, now, r.repeated); textOf(problem) != want {
			t.Errorf("time %d: got %v, want %q", i, problem, want)
		}
	}
	id := func(i int) wire.Hash { return wire.Hash{byte(i), byte(i >> 8), byte(i >> 16), 1} }
	for i := range 2*maxRecent + 100 {
		if r.repeated(id(i)) {
			t.Fatalf("request %d is new", i)
		}
		if i > 0 && !r.repeated(id(i-1)) {
			t.Fatalf("request %d is forgotten at once", i-1)
		}
	}
	if len(r.seen) != maxRecent || len(r.ring) != maxRecent {
		t.Errorf("%d of %d requests remembered, want %d", len(r.seen), len(r.ring), maxRecent)
	}
	if !r.repeated(id(2*maxRecent)) || r.repeated(id(99)) {
		t.Error("not the latest are remembered")
	}
}

func TestAddressKey(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "", "nonsense": "nonsense",
	} {
		if got := addressKey(ip); got != want {
			t.Errorf("%q: got %q, want %q", ip, got, want)
		}
	}
}

func TestParsePacketMalformed(t *testing.T) {
	for _, raw := range [][]byte{nil, {0xc0}, {0x80}, make([]byte, 100), {0xf8}, {0xc3, 1, 2, 3}} {
		if _, err := parsePacket(raw); !errors.Is(err, ErrMalformed) {
			t.Errorf("%x: got %v", raw, err)
		}
	}
}

func TestDirectID(t *testing.T) {
	long := make([]byte, 40)
	for i := range long {
		long[i] = byte(i)
	}
	if got := directID(long); got != wire.Hash(long[8:]) {
		t.Errorf("long: got %s", got)
	}
	want := wire.Hash{}
	copy(want[29:], []byte{1, 2, 3})
	if got := directID([]byte{1, 2, 3}); got != want {
		t.Errorf("short: got %s", got)
	}
}

func FuzzDecodePayload(f *testing.F) {
	type entry struct{ Payload, RLP vectors.Hex }
	file := vectors.Load(f, "mailserver")
	for _, section := range []string{"payload_shapes_server", "request_payloads"} {
		for _, c := range vectors.Section[[]entry](f, file, section) {
			f.Add(append([]byte(c.Payload), c.RLP...))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before := slices.Clone(in)
		p, err := DecodePayload(in)
		if !slices.Equal(before, in) {
			t.Fatal("the decoder changed its input")
		}
		if err != nil {
			return
		}
		again, err := DecodePayload(encode(t, p))
		if err != nil {
			t.Fatal(err)
		}
		checkPayload(t, again, p)
	})
}

func FuzzParsePacket(f *testing.F) {
	type entry struct {
		Packet vectors.Hex `json:"packet_payload"`
	}
	file := vectors.Load(f, "mailserver")
	for _, section := range []string{"sealed_requests", "sealed_requests_special", "direct_requests"} {
		for _, c := range vectors.Section[[]entry](f, file, section) {
			f.Add([]byte(c.Packet))
		}
	}
	s := newSealer(f)
	s.rules.allowDirect = true
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := parsePacket(raw)
		if err != nil {
			return
		}
		req, problem := s.rules.open(in, s.peer, 1_600_000_000, nil)
		if (req == nil) == (problem == nil) {
			t.Fatalf("got %v and %v", req, problem)
		}
		if req != nil && (req.limit < 1 || req.limit > MaxLimit || req.query.Lower > req.query.Upper) {
			t.Fatalf("got %+v", req)
		}
	})
}

// oneIn allows a request in so many seconds.
func oneIn(seconds int) RateLimit {
	return RateLimit{Requests: Rate{1, time.Duration(seconds) * time.Second}}
}

func TestLimiter(t *testing.T) {
	start := time.Unix(1_700_000_000, 0)
	peer, ip := enode.ID{1}, "192.0.2.1"
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	l := newLimiter(RateLimits{})
	for range 100 {
		if !l.allow(start, peer, ip, nil) {
			t.Fatal("refused without a limit")
		}
	}
	l = newLimiter(NewRateLimits(oneIn(10)))
	for i, c := range []struct {
		at   float64
		want bool
	}{{0, true}, {1, false}, {9.9, false}, {10.1, true}, {10.2, false}, {20.2, true}} {
		if got := l.allow(at(c.at), peer, ip, nil); got != c.want {
			t.Errorf("%d: got %t, want %t", i, got, c.want)
		}
	}
	// Pages of the own answer are cheap, other cursors are requests.
	end, foreign := Key{Created: 1}, Key{Created: 2}
	l.spend(at(21), peer, ip, 1000, &end)
	for i := range pageBurst {
		if !l.allow(at(21), peer, ip, &end) {
			t.Fatalf("page %d refused", i)
		}
	}
	if l.allow(at(21), peer, ip, &end) || l.allow(at(21), peer, ip, &foreign) {
		t.Error("more pages than the burst, or a foreign cursor, are allowed")
	}
	if !l.allow(at(22.1), peer, ip, &end) {
		t.Error("no page after a second")
	}
	// Other peers of the same address share four times as much.
	l = newLimiter(NewRateLimits(oneIn(40)))
	allowed := 0
	for i := range 40 {
		if l.allow(at(float64(i)), enode.ID{byte(i), 2}, ip, nil) {
			allowed++
		}
	}
	if allowed != 7 {
		t.Errorf("%d requests of one address in 40 s, want 4 at once and 3 more", allowed)
	}
	// Pages have a limit of their own, also where requests have none.
	l = newLimiter(NewRateLimits(RateLimit{Pages: Rate{2, time.Second}}))
	l.spend(start, peer, ip, 0, &end)
	for i, want := range []bool{true, true, false} {
		if got := l.allow(start, peer, ip, &end); got != want {
			t.Errorf("page %d: %t", i, got)
		}
		if !l.allow(start, peer, ip, nil) {
			t.Error("a request counts as a page")
		}
	}
}

func TestLimiterBytes(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := newLimiter(RateLimits{Peer: RateLimit{Bytes: Rate{10_000, 10 * time.Second}}})
	peer := enode.ID{1}
	if !l.allow(now, peer, "", nil) {
		t.Fatal("first request refused")
	}
	l.spend(now, peer, "", 15_000, nil)
	if l.allow(now.Add(4*time.Second), peer, "", nil) {
		t.Error("allowed while in debt")
	}
	if !l.allow(now.Add(6*time.Second), peer, "", nil) {
		t.Error("refused after the debt is paid")
	}
	for i := range 20_000 {
		l.allow(now.Add(time.Duration(i)*time.Second), enode.ID{byte(i), byte(i >> 8), 9}, "", nil)
	}
	if len(l.peers) > 2*limiterSweep+1 {
		t.Errorf("%d peers are remembered", len(l.peers))
	}
}
