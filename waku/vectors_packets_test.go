package waku

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/rlp"

	"statusd/internal/test/vectors"
	"statusd/waku/wire"
)

type vecPackets struct {
	Handling      []vecHandling
	Confirmations []vecConfirmation
	Updates       []vecUpdates `json:"update_sequences"`
}

// loadPackets returns the packets and the node that they were made for: the
// one of the first acceptance entry.
func loadPackets(t *testing.T) (vecPackets, *vecNode) {
	t.Helper()
	f := vectors.Load(t, "waku")
	for _, c := range vectors.Section[[]vecAcceptance](t, f, "acceptance") {
		if c.Node != nil {
			return vectors.Section[vecPackets](t, f, "packets"), c.Node
		}
	}
	t.Fatal("no acceptance entry has a node")
	return vecPackets{}, nil
}

type vecConfirmation struct {
	Name         string
	Version      uint
	Batch        wire.Hash `json:"batch_hash"`
	Disconnected bool
	Envelopes    []string
	Messages     vectors.Hex `json:"messages_payload"`
	Replies      []vecReply
}

type vecReply struct {
	Code    uint64
	Payload vectors.Hex
}

func TestVectorPacketConfirmations(t *testing.T) {
	packets, node := loadPackets(t)
	for _, c := range packets.Confirmations {
		t.Run(fmt.Sprintf("%s/waku%d", c.Name, c.Version), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := startHost(t, node.config(node.Now))
				c.check(t, h, dial(t, h, c.Version, 0, nil))
			})
		})
	}
	t.Logf("vectors: waku.json, section \"packets.confirmations\": %d cases", len(packets.Confirmations))
}

func (c *vecConfirmation) check(t *testing.T, h *Host, r *remote) {
	if err := r.send(wire.CodeMessages, c.Messages); err != nil {
		t.Fatal(err)
	}
	got := confirmation(t, r.packets(), r, c.Messages)
	if r.gone() != c.Disconnected {
		t.Errorf("disconnected: got %t", !c.Disconnected)
	}
	if len(c.Replies) != 2 {
		t.Fatalf("the vector has %d replies", len(c.Replies))
	}
	want, err := wire.DecodeMessageResponse(c.Replies[0].Payload)
	if err != nil {
		t.Fatal(err)
	}
	list, err := wire.DecodeMessages(slices.Clone(c.Messages))
	if err != nil || len(list) != len(c.Envelopes) {
		t.Fatalf("the packet has %d envelopes (%v), want %d", len(list), err, len(c.Envelopes))
	}
	envs := make(map[wire.Hash]*wire.Envelope)
	for _, env := range list {
		envs[env.Hash()] = env
	}
	if want.Batch != c.Batch || len(got) != len(want.Errors) {
		t.Fatalf("error entries: got %v, want %v", got, want.Errors)
	}
	for i, e := range want.Errors {
		if code := wantCode(e.Code, envs[e.Hash], h.Now()); got[i].Hash != e.Hash || got[i].Code != code {
			t.Errorf("error entry %d: got %v, want %s code %d", i, got[i], e.Hash, code)
		}
	}
}

type vecHandling struct {
	Name         string
	Version      uint
	Code         uint64
	Payload      *vectors.Hex
	PayloadLen   int `json:"payload_len"`
	Trusted      bool
	Disconnected bool
	Pooled       bool `json:"valid_envelope_pooled"`
	Replies      []vecReply
	State        *vecState `json:"peer_state_after"`
}

type vecState struct {
	PoW     float64
	Bloom   vectors.Hex
	Full    bool `json:"full_node"`
	Confirm bool `json:"confirmations"`
	Topics  []wire.Topic
	Sorted  *[]wire.Topic `json:"topic_interest_sorted"`
	Limits  [3]uint64     `json:"rateLimits"` // waku/0
	Packets [3]uint64     `json:"packetRateLimits"`
	Bytes   [3]uint64     `json:"bytesRateLimits"`
}

// check compares what the host knows of a peer with the vector.
func (s *vecState) check(t *testing.T, v *peerView) {
	t.Helper()
	if v.pow != s.PoW || v.confirmations != s.Confirm {
		t.Errorf("pow, confirmations: got %v %t, want %v %t", v.pow, v.confirmations, s.PoW, s.Confirm)
	}
	limits := s.Packets
	if limits == [3]uint64{} {
		limits = s.Limits
	}
	if v.packets != (wire.Limits{PerIP: limits[0], PerPeer: limits[1], PerTopic: limits[2]}) ||
		v.bytes != (wire.Limits{PerIP: s.Bytes[0], PerPeer: s.Bytes[1], PerTopic: s.Bytes[2]}) {
		t.Errorf("limits: got %v %v, want %v %v", v.packets, v.bytes, limits, s.Bytes)
	}
	switch {
	case s.Sorted != nil:
		var got []wire.Topic
		for topic := range v.topics {
			got = append(got, topic)
		}
		slices.SortFunc(got, func(a, b wire.Topic) int { return bytes.Compare(a[:], b[:]) })
		if v.topics == nil || v.all || !slices.Equal(got, *s.Sorted) {
			t.Errorf("topics: got %v, want %v", got, *s.Sorted)
		}
	case s.Full:
		if !v.all || v.topics != nil {
			t.Errorf("interest: got %+v, want everything", v.interest)
		}
	default:
		if v.all || v.topics != nil || !bytes.Equal(v.bloom[:], s.Bloom) {
			t.Errorf("interest: got %+v, want bloom %x", v.interest, s.Bloom)
		}
	}
}

func TestVectorPacketHandling(t *testing.T) {
	packets, node := loadPackets(t)
	for _, c := range packets.Handling {
		t.Run(fmt.Sprintf("%s/waku%d", c.Name, c.Version), func(t *testing.T) {
			bubble(t, func(t *testing.T) { c.run(t, node) })
		})
	}
	t.Logf("vectors: waku.json, section \"packets.handling\": %d cases", len(packets.Handling))
}

// run sends the packet and then a valid envelope, the probe.
func (c *vecHandling) run(t *testing.T, node *vecNode) {
	cfg := node.config(node.Now)
	cfg.Confirmations = false
	if c.Payload == nil {
		cfg.MinPoW = new(float64)
	}
	h := startHost(t, cfg)
	r := dial(t, h, c.Version, 0, nil)
	if c.Trusted {
		h.TrustPeer(r.id)
	}
	payload := c.payload(t, h)
	if err := r.send(c.Code, payload); err != nil {
		t.Fatal(err)
	}
	if got := r.packets(); len(got) != len(c.Replies) {
		t.Errorf("replies: got %v, want %v", got, c.Replies)
	}
	c.checkPooled(t, h)
	if c.malformed() {
		r.wantClosed(CloseMalformed)
		return
	}
	r.wantOpen()
	if c.State != nil {
		c.checkState(t, h.peerByID(r.id).view.Load())
	}
	probe := envelopeAt(h.Now(), 1, 1, testTopic(0), 1) // one second: enough proof of work without mining
	if err := r.sendEnvelopes(probe); err != nil {
		t.Fatal(err)
	}
	r.wantOpen()
	if h.pool.get(probe.Hash()) == nil {
		t.Error("the envelope after the packet was not pooled")
	}
}

// payload returns the packet. Large ones are given by their length; they hold
// one envelope without proof of work.
func (c *vecHandling) payload(t *testing.T, h *Host) []byte {
	t.Helper()
	if c.Payload != nil {
		return *c.Payload
	}
	return packetOfLength(t, h, c.PayloadLen)
}

// packetOfLength makes a Messages payload of n bytes with one valid envelope.
func packetOfLength(tb testing.TB, h *Host, n int) []byte {
	tb.Helper()
	data := n - 32
	for range 2 {
		env := envelopeAt(h.Now(), 0, 15, testTopic(0), data)
		payload := wire.EncodeMessages([]*wire.Envelope{env})
		if len(payload) == n {
			return payload
		}
		data += n - len(payload)
	}
	tb.Fatalf("no envelope fills %d bytes", n)
	return nil
}

func (c *vecHandling) checkPooled(t *testing.T, h *Host) {
	t.Helper()
	want := c.Pooled
	if c.Payload == nil {
		// Our limit of packets is above the one of envelopes.
		envs, err := wire.DecodeMessages(packetOfLength(t, h, c.PayloadLen))
		if err != nil {
			t.Fatal(err)
		}
		want = envs[0].Size() <= DefaultMaxMessageSize
		if got := h.pool.get(envs[0].Hash()) != nil; got != want {
			t.Errorf("envelope of %d bytes pooled: got %t, want %t", envs[0].Size(), got, want)
		}
		return
	}
	if got := poolLen(h) > 0; got != want {
		t.Errorf("envelope of the packet pooled: got %t, want %t", got, want)
	}
}

// malformed reports whether our policy closes the connection: a Messages
// packet that is not a list of envelopes. The reference only logs it.
func (c *vecHandling) malformed() bool {
	if c.Code != wire.CodeMessages || c.Payload == nil {
		return false
	}
	var list []struct {
		Expiry, TTL uint32
		Topic       [4]byte
		Data        []byte
		Nonce       uint64
	}
	return rlp.DecodeBytes(*c.Payload, &list) != nil
}

// checkState compares the options, with our rules for two updates that the
// reference half applies.
func (c *vecHandling) checkState(t *testing.T, got *peerView) {
	t.Helper()
	want := *c.State
	switch {
	case strings.Contains(c.Name, "_bad_") || strings.Contains(c.Name, "_nan"):
		want.PoW = wire.DefaultPeerPoW // all or nothing
	case strings.Contains(c.Name, "_unknown_"):
		known, err := wire.DecodeUpdate(c.Version, *c.Payload)
		if err != nil || known.PoW == nil {
			t.Fatalf("the pair after the unknown one is lost: %v", err)
		}
		want.PoW = *known.PoW // the unknown pair alone is skipped
	}
	want.check(t, got)
}

type vecUpdates struct {
	Name   string
	Topic  wire.Topic  `json:"topic_s1"`
	Bloom  vectors.Hex `json:"bloom_s2"`
	Closed bool        `json:"disconnected"`
	State  vecState    `json:"peer_state_after"`
}

func TestVectorPacketUpdateSequences(t *testing.T) {
	packets, _ := loadPackets(t)
	for _, c := range packets.Updates {
		t.Run(c.Name, func(t *testing.T) {
			bothVersions(t, func(t *testing.T, version uint) { c.run(t, version) })
		})
	}
	t.Logf("vectors: waku.json, section \"packets.update_sequences\": %d cases", len(packets.Updates))
}

// run sends the updates that the name lists.
func (c *vecUpdates) run(t *testing.T, version uint) {
	h := startHost(t, Config{})
	r := dial(t, h, version, 0, nil)
	for _, step := range strings.Split(c.Name, "_then_") {
		var o wire.StatusOptions
		switch step {
		case "topics":
			o.Topics = []wire.Topic{c.Topic}
		case "bloom":
			o.Bloom = c.Bloom
		case "pow":
			o.PoW = &c.State.PoW
		default:
			t.Fatalf("step %q is not known", step)
		}
		if err := r.update(o); err != nil {
			t.Fatal(err)
		}
	}
	if r.gone() != c.Closed {
		t.Fatalf("disconnected: got %t", !c.Closed)
	}
	c.State.check(t, h.peerByID(r.id).view.Load())
}

// TestPacketLimit: a packet is read up to one and a half times the largest
// envelope, and one byte more ends the connection.
func TestPacketLimit(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		const limit = 1_572_864
		h := startHost(t, Config{})
		r := dial(t, h, version, 0, nil)
		for i, n := range []int{limit - 1, limit} {
			if err := r.send(99, make([]byte, n)); err != nil {
				t.Fatalf("%d: %v", i, err)
			}
			r.wantOpen()
		}
		other := dial(t, h, version, 1, nil)
		_ = r.send(wire.CodeMessages, make([]byte, limit+1))
		r.wantClosed(CloseOversize)
		other.wantOpen()
	})
}
