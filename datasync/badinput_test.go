package datasync

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math"
	"runtime"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

func TestWrongIDLengthsAreDropped(t *testing.T) {
	var b []byte
	for _, n := range []int{0, 1, 31, 33, 64, 1000} {
		for _, field := range []protowire.Number{fieldAcks, fieldOffers, fieldRequests} {
			b = protowire.AppendTag(b, field, protowire.BytesType)
			b = protowire.AppendBytes(b, make([]byte, n))
		}
	}
	b = protowire.AppendTag(b, fieldAcks, protowire.BytesType)
	b = protowire.AppendBytes(b, bytes.Repeat([]byte{7}, IDSize))
	p, ok := Unwrap(b)
	if !ok || len(p.Acks) != 1 || len(p.Offers) != 0 || len(p.Requests) != 0 || p.Dropped != 18 {
		t.Errorf("decoded %+v (ok %v)", p, ok)
	}
	// A payload of nothing but bad ids is data sync all the same.
	if p, ok := Unwrap(b[:3]); ok {
		t.Errorf("truncated: %+v", p)
	}
	if p, ok := Unwrap(b[:4]); !ok || p.Dropped != 1 {
		t.Errorf("only bad ids: %+v (ok %v)", p, ok)
	}
}

func TestSmallFieldNumbersAreNotDataSync(t *testing.T) {
	var inner, b []byte
	inner = protowire.AppendTag(inner, 3, protowire.BytesType)
	inner = protowire.AppendBytes(inner, []byte("body"))
	b = protowire.AppendTag(b, 4, protowire.BytesType)
	b = protowire.AppendBytes(b, inner)
	if p, ok := Unwrap(b); ok {
		t.Errorf("taken for data sync: %+v", p)
	}
	p := newPair(t, Config{})
	decoded, err := Decode(b)
	if err != nil || decoded.Size() != 0 {
		t.Fatalf("decoded %+v (%v)", decoded, err)
	}
	if e := p.handle(decoded); p.node.changes+len(e.Deliveries) != 0 || len(p.due()) != 0 {
		t.Error("an empty payload has effects")
	}
}

func TestMetadataIsIgnored(t *testing.T) {
	p := newPair(t, Config{})
	m := p.message("hello")
	plain := m.AppendEncode(nil)
	for name, metadata := range map[string][]byte{
		"ephemeral": {0x10, 0x01},
		"parents":   append([]byte{0x0a, IDSize}, make([]byte, IDSize)...),
		"garbage":   {0xff, 0xff, 0xff},
		"empty":     {},
	} {
		inner := protowire.AppendTag(bytes.Clone(plain), fieldMetadata, protowire.BytesType)
		inner = protowire.AppendBytes(inner, metadata)
		outer := protowire.AppendTag(nil, fieldMessages, protowire.BytesType)
		outer = protowire.AppendBytes(outer, inner)
		in, ok := Unwrap(outer)
		if !ok || len(in.Messages) != 1 || in.Messages[0].ID() != m.ID() {
			t.Fatalf("%s: decoded %+v", name, in)
		}
		if md := in.Messages[0].Metadata; (md == nil) != (name == "garbage") ||
			md != nil && (md.Ephemeral != (name == "ephemeral") || len(md.Parents) == 1 != (name == "parents")) {
			t.Errorf("%s: metadata %+v", name, md)
		}
		if got := in.Messages[0].AppendEncode(nil); !bytes.Equal(got, plain) {
			t.Errorf("%s: encoded again %x", name, got)
		}
		p.handle(in)
		if sends := p.due(); len(sends) != 1 || len(sends[0].Acks) != 1 {
			t.Errorf("%s: not acknowledged: %+v", name, sends)
		}
	}
}

func TestUnknownAcksDoNotStopTheRest(t *testing.T) {
	p := newPair(t, Config{})
	id := p.append("hello")
	p.due()
	acks := make([]MessageID, 1000)
	for i := range acks {
		acks[i] = MessageID{1, byte(i), byte(i >> 8)}
	}
	e := p.handle(Payload{Acks: append(acks, id)})
	if len(e.Receipts) != 1 || !p.node.Idle() || p.node.Stats().UnknownAcks != 1000 {
		t.Errorf("receipts %+v, stats %+v", e.Receipts, p.node.Stats())
	}
}

func TestAckOfAnotherPeerCountsNothing(t *testing.T) {
	p := newPair(t, Config{})
	id := p.append("hello")
	e := p.node.Handle(testPeer(2), Payload{Acks: []MessageID{id}, Requests: []MessageID{id}}, p.now)
	if len(e.Receipts) != 0 || p.node.changes != 0 || p.node.Outstanding() != 1 {
		t.Errorf("a stranger ended or requested a message: %+v", e)
	}
}

func TestForeignGroupsAreIgnored(t *testing.T) {
	p := newPair(t, Config{})
	shared := OneToOne(p.node.cfg.Self, testPeer(2))
	others := OneToOne(p.peer, testPeer(2))
	own := OneToOne(p.node.cfg.Self, p.node.cfg.Self)
	g := OneToOne(p.node.cfg.Self, p.peer)
	p.append("x", testPeer(2))
	p.due()
	for _, group := range [][]byte{shared[:], others[:], own[:], nil, g[:31], append(g[:], 0), make([]byte, 32)} {
		e := p.handle(Payload{Messages: []Message{{Group: group, Body: []byte("foreign")}}})
		if p.node.changes+len(e.Deliveries) != 0 || len(p.due()) != 0 {
			t.Errorf("group %x: effects %+v", group, e)
		}
	}
	if got := p.node.Stats().Foreign; got != 7 {
		t.Errorf("%d counted", got)
	}
}

func TestOwnEchoIsIgnored(t *testing.T) {
	p := newPair(t, Config{})
	p.peer = p.node.cfg.Self
	p.append("to my devices")
	m := p.message("to my devices")
	if e := p.handle(Payload{Messages: []Message{m}}); len(e.Deliveries)+len(e.Receipts) != 0 {
		t.Errorf("effects %+v", e)
	}
	if sends := p.due(); len(sends) != 1 || len(sends[0].Acks) != 0 {
		t.Errorf("sent %+v", sends)
	}
}

func TestNegativeTimestamp(t *testing.T) {
	p := newPair(t, Config{})
	m := p.message("old")
	for _, ts := range []int64{-1, math.MinInt64, math.MaxInt64, 0} {
		m.Timestamp = ts
		in := Payload{Messages: []Message{m}}
		back, err := Decode(in.Encode())
		if err != nil {
			t.Fatal(err)
		}
		e := p.handle(back)
		if len(e.Deliveries) != 1 || e.Deliveries[0].Timestamp != ts || len(p.due()) != 1 {
			t.Errorf("timestamp %d: %+v", ts, e)
		}
	}
}

func TestIdenticalOffers(t *testing.T) {
	p := newPair(t, Config{})
	id := MessageID{1}
	p.handle(Payload{Offers: []MessageID{id, id, id}})
	first := p.node.Outstanding()
	p.handle(Payload{Offers: []MessageID{id}})
	if first != 1 || p.node.Outstanding() != 1 {
		t.Errorf("%d records, then %d", first, p.node.Outstanding())
	}
	if sends := p.due(); len(sends) != 1 || len(sends[0].Requests) != 1 {
		t.Errorf("sent %+v", sends)
	}
}

func TestFloodOfOffersIsBounded(t *testing.T) {
	p := newPair(t, Config{Schedule: plain(), MaxRequests: 1000, MaxPeerRequests: 100})
	for peer := range 20 {
		var in Payload
		for i := range 500 {
			in.Offers = append(in.Offers, MessageID{byte(peer), byte(i), byte(i >> 8)})
		}
		p.node.Handle(testPeer(peer+1), in, p.now)
	}
	if got := p.node.Outstanding(); got != 1000 {
		t.Errorf("%d records", got)
	}
	// Nobody follows the offers up, so they end in a day.
	for !p.node.Next().IsZero() {
		p.now = p.node.Next()
		p.due()
	}
	if age := p.now.Sub(testStart); age != 24*time.Hour || !p.node.Idle() || p.node.st.Peers() != 0 {
		t.Errorf("idle %v after %v, %d peers", p.node.Idle(), age, p.node.st.Peers())
	}
}

func TestEndlessRequestsAreBounded(t *testing.T) {
	p := newPair(t, Config{Schedule: plain()})
	id := p.append("hello")
	sent := 0
	for range 600 { // one minute
		p.after(100 * time.Millisecond)
		p.handle(Payload{Requests: []MessageID{id, id, id}})
		for _, s := range p.due() {
			sent += len(s.Messages)
		}
	}
	if sent > 7 {
		t.Errorf("sent %d times in a minute", sent)
	}
	if got := p.node.Outstanding(); got != 1 {
		t.Errorf("%d records", got)
	}
	p.handle(Payload{Acks: []MessageID{id}})
	for range 10 {
		p.after(time.Minute)
		p.handle(Payload{Requests: []MessageID{id}})
	}
	if !p.node.Idle() {
		t.Error("an acknowledged message came back")
	}
}

func TestPayloadFullOfAcks(t *testing.T) {
	p := newPair(t, Config{})
	var b []byte
	for i := 0; len(b) < 1<<20; i++ {
		b = protowire.AppendTag(b, fieldAcks, protowire.BytesType)
		b = protowire.AppendBytes(b, someID(i))
	}
	in, ok := Unwrap(b)
	if !ok || len(in.Acks) < 29_000 {
		t.Fatalf("%d acks", len(in.Acks))
	}
	if p.handle(in); p.node.changes != 0 || !p.node.Idle() || p.node.st.Peers() != 0 {
		t.Error("acks of nothing left state behind")
	}
}

// someID returns 32 bytes that differ by i.
func someID(i int) []byte {
	id := sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
	return id[:]
}

// TestDecodeIsBounded feeds payloads made to make a decoder allocate.
func TestDecodeIsBounded(t *testing.T) {
	empty := func(field protowire.Number) []byte {
		var b []byte
		for len(b) < 1<<20 {
			b = protowire.AppendTag(b, field, protowire.BytesType)
			b = protowire.AppendVarint(b, 0)
		}
		return b
	}
	if _, err := Decode(empty(fieldMessages)); !errors.Is(err, ErrTooManyMessages) {
		t.Errorf("a megabyte of empty messages: %v", err)
	}
	for name, b := range map[string][]byte{
		"empty messages": empty(fieldMessages),
		"empty acks":     empty(fieldAcks),
		"huge length":    {0xe2, 0xb8, 0x02, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"nested groups":  bytes.Repeat([]byte{0x0b}, 1<<20),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Decode(b)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: %d bytes allocated (%v)", name, used, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	g := OneToOne(testPeer(0), testPeer(1))
	seed := Payload{
		Acks: []MessageID{{1}}, Offers: []MessageID{{2}}, Requests: []MessageID{{3}, {4}},
		Messages: []Message{{Group: g[:], Timestamp: -5, Body: []byte("hello")}, {}},
	}
	f.Add(seed.Encode())
	f.Add([]byte{})
	f.Add([]byte{0x0a, 0x41, 0xcb})
	f.Add([]byte{0xe2, 0xb8, 0x02, 0x06, 0xa2, 0xf7, 0x02, 0x02, 0x10, 0x01})
	addVectorSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		input := bytes.Clone(data)
		p, err := Decode(data)
		if err != nil {
			if _, ok := Unwrap(data); ok {
				t.Fatal("malformed, and yet data sync")
			}
			return
		}
		encoded := p.Encode()
		if len(encoded) != p.Size() {
			t.Fatalf("encoded %d bytes, size says %d", len(encoded), p.Size())
		}
		clear(data) // the result must not alias the input
		back, err := Decode(encoded)
		if err != nil || !samePayload(p, back) {
			t.Fatalf("decoded again: %+v, want %+v (%v)", back, p, err)
		}
		if !bytes.Equal(back.Encode(), encoded) {
			t.Fatal("encoding is not canonical")
		}
		if _, ok := Unwrap(input); ok != (len(encoded) > 0 || p.Dropped > 0) {
			t.Fatalf("data sync: %v, payload %+v", ok, p)
		}
		n := newNode(t, Config{})
		n.Handle(testPeer(1), p, testStart)
		n.Due(testStart)
	})
}
