package waku

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/internal/test/vectors"
	"statusd/waku/wire"
)

// The sections that need a Host; package wire has the others, and the test
// that no section is left out.

func TestVectorKeyPairID(t *testing.T) {
	type entry struct {
		ID           string      `json:"key_pair_id"`
		Private      vectors.Hex `json:"private_key"`
		Public       vectors.Hex `json:"public_key"`
		ByID         bool        `json:"has_key_pair_by_id"`
		ByPubkey     bool        `json:"has_key_pair_by_pubkey"`
		ByUnprefixed bool        `json:"has_key_pair_by_unprefixed_pubkey"`
	}
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "key_pair_id", func(_ int, c entry) string { return c.ID[:8] },
		func(t *testing.T, c entry) {
			key, err := crypto.ToECDSA(c.Private)
			if err != nil {
				t.Fatal(err)
			}
			keys := newHost(t, Config{}).NewGuest().Keys()
			if got, err := keys.AddKeyPair(key); got != c.ID || err != nil {
				t.Errorf("id: got %s, %v, want %s", got, err, c.ID)
			}
			if got := KeyPairID(&key.PublicKey); got != c.ID {
				t.Errorf("KeyPairID: got %s, want %s", got, c.ID)
			}
			public := hex.EncodeToString(c.Public)
			for _, by := range []struct {
				id   string
				want bool
			}{{c.ID, c.ByID}, {"0x" + public, c.ByPubkey}, {public, c.ByUnprefixed}} {
				got, ok := keys.KeyPair(by.id)
				if ok != by.want || ok && !got.Equal(key) {
					t.Errorf("KeyPair(%s): got %t, want %t", by.id, ok, by.want)
				}
			}
			if !keys.DeleteKeyPair("0x"+public) || keys.DeleteKeyPair(c.ID) {
				t.Error("the key pair could not be deleted, or twice")
			}
		})
}

// vecNumber is a JSON number or "+Inf".
type vecNumber float64

func (n *vecNumber) UnmarshalJSON(raw []byte) error {
	if strings.Contains(string(raw), "Inf") {
		*n = vecNumber(math.Inf(1))
		return nil
	}
	return json.Unmarshal(raw, (*float64)(n))
}

type vecEnvelope struct {
	Expiry  uint32
	TTL     uint32
	Topic   wire.Topic
	Nonce   uint64 `json:"nonce,string"`
	Hash    wire.Hash
	RLP     vectors.Hex
	DataLen int `json:"data_len"` // the data is not given: only sizes matter
}

func (v *vecEnvelope) envelope(t *testing.T) *wire.Envelope {
	t.Helper()
	if v.RLP == nil {
		return wire.NewEnvelope(v.Expiry, v.TTL, v.Topic, make([]byte, v.DataLen), v.Nonce)
	}
	env, err := wire.DecodeEnvelope(v.RLP)
	if err != nil {
		t.Fatal(err)
	}
	if env.Hash() != v.Hash {
		t.Errorf("hash: got %s, want %s", env.Hash(), v.Hash)
	}
	return env
}

type vecNode struct {
	Interest string
	MaxSize  uint32  `json:"max_message_size"`
	MinPoW   float64 `json:"min_pow"`
	Now      int64
}

// config sets the clock so that it shows at in this moment.
func (n *vecNode) config(at int64) Config {
	return Config{MinPoW: &n.MinPoW, MaxMessageSize: n.MaxSize, Now: clockAt(at), Confirmations: true}
}

// clockAt returns a clock that shows the Unix second now and goes on.
func clockAt(second int64) func() time.Time {
	shift := time.Until(time.Unix(second, 0))
	return func() time.Time { return time.Now().Add(shift) }
}

type vecAcceptance struct {
	Name     string
	Envelope vecEnvelope
	Errors   []struct {
		Hash wire.Hash
		Code uint64
	} `json:"envelope_errors"`
	Node   *vecNode
	Pooled bool
	PoW    vecNumber   `json:"pow_after_receipt"`
	TopicA *wire.Topic `json:"topic_A"`
	TopicB *wire.Topic `json:"topic_B"`
}

func TestVectorAcceptance(t *testing.T) {
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "acceptance", func(_ int, c vecAcceptance) string { return c.Name },
		func(t *testing.T, c vecAcceptance) {
			bothVersions(t, func(t *testing.T, version uint) {
				if c.Node != nil {
					c.runFixed(t, version)
				} else {
					c.runInterest(t, version)
				}
			})
		})
}

// runFixed hands the envelope to a fresh node at a fixed time.
func (c *vecAcceptance) runFixed(t *testing.T, version uint) {
	if c.Node.Interest != "everything" {
		t.Fatalf("interest %q is not known", c.Node.Interest)
	}
	h := startHost(t, c.Node.config(c.Node.Now))
	c.deliver(t, h, dial(t, h, version, 0, nil))
}

// runInterest builds the situation that the name and the description say.
func (c *vecAcceptance) runInterest(t *testing.T, version uint) {
	node := vecNode{MaxSize: DefaultMaxMessageSize, MinPoW: DefaultMinPoW}
	sent := int64(c.Envelope.Expiry) - int64(c.Envelope.TTL)
	cfg := node.config(sent - 30)
	cfg.BloomMode = strings.HasPrefix(c.Name, "bloom_")
	cfg.FullNode = c.Name == "full_node_any"
	h := startHost(t, cfg)
	r := dial(t, h, version, 0, nil)
	want := func(topic *wire.Topic) FilterID {
		id, err := h.InstallFilter(FilterSpec{SymKey: testKey(1), Topics: []wire.Topic{*topic}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	switch {
	case c.Name == "topic_interest_nil":
		time.Sleep(30 * time.Second)
	case strings.Contains(c.Name, "_tolerance_") && !strings.Contains(c.Name, "before_first"):
		a := want(c.TopicA)
		time.Sleep(30 * time.Second)
		want(c.TopicB)
		h.UninstallFilter(a)
		if strings.HasSuffix(c.Name, "_after_10s") {
			time.Sleep(settingTolerance + time.Second)
		}
	default:
		time.Sleep(30 * time.Second)
		want(c.TopicA)
	}
	r.packets()
	c.deliver(t, h, r)
}

// deliver sends the envelope and compares the outcome.
func (c *vecAcceptance) deliver(t *testing.T, h *Host, r *remote) {
	env := c.Envelope.envelope(t)
	if err := r.sendEnvelopes(env); err != nil {
		t.Fatal(err)
	}
	packets := r.packets()
	r.wantOpen()
	e := h.pool.get(env.Hash())
	if (e != nil) != c.Pooled {
		t.Fatalf("pooled: got %t, want %t", e != nil, c.Pooled)
	}
	if e != nil && c.Node != nil && c.Envelope.RLP != nil && e.pow != float64(c.PoW) {
		t.Errorf("pow: got %v, want %v", e.pow, c.PoW)
	}
	got := confirmation(t, packets, r, wire.EncodeMessages([]*wire.Envelope{env}))
	if strings.HasPrefix(c.Name, "ttl_zero") {
		return // refused as such; the reference looks at other things first
	}
	if len(got) != len(c.Errors) {
		t.Fatalf("error entries: got %v, want %v", got, c.Errors)
	}
	for i, e := range c.Errors {
		hash := e.Hash
		if c.Envelope.RLP == nil {
			hash = env.Hash()
		}
		code := wantCode(e.Code, env, h.Now())
		if got[i].Hash != hash || got[i].Code != code {
			t.Errorf("error entry %d: got %v, want %s code %d", i, got[i], hash, code)
		}
	}
}

// wantCode turns the code that the reference sends for every rejection into
// the one of spec 01 section 3.3.
func wantCode(code uint64, env *wire.Envelope, now time.Time) uint64 {
	if code != wire.ResponseLegacyTime {
		return code
	}
	second := now.Unix()
	sent := int64(uint32(env.Expiry() - env.TTL()))
	if sent > second+10 || int64(env.Expiry())+20 < second {
		return wire.ResponseTimeError
	}
	return wire.ResponseOther
}

// confirmation checks that packets hold a Message Response and a Batch Ack of
// the batch, in this order, and returns the error entries.
func confirmation(t *testing.T, packets []wirePacket, r *remote, batch []byte) []wire.EnvelopeError {
	t.Helper()
	if len(packets) != 2 || packets[0].code != wire.CodeMessageResponse || packets[1].code != wire.CodeBatchAck {
		t.Fatalf("want codes 12 and 11, got %v", packets)
	}
	response, err := wire.DecodeMessageResponse(packets[0].payload)
	if err != nil {
		t.Fatal(err)
	}
	hash := wire.Hash(crypto.Keccak256Hash(batch))
	if response.Batch != hash {
		t.Errorf("batch hash of the response: got %s, want %s", response.Batch, hash)
	}
	if want := append([]byte{0xa0}, hash[:]...); !bytes.Equal(packets[1].payload, want) {
		t.Errorf("batch ack: got %x, want %x", packets[1].payload, want)
	}
	return response.Errors
}

func TestVectorForwarding(t *testing.T) {
	type entry struct {
		Name     string
		Envelope vecEnvelope
		Status   vectors.Hex `json:"peer_status_payload"` // waku/1 form; absent: the relay cases
		Messages vectors.Hex `json:"messages_payload"`
		PoW      float64
		Sent     bool
		Light    bool
		Relayed  bool `json:"relayed_to_other_peer"`
		Echoed   bool `json:"echoed_to_sender"`
	}
	f := vectors.Load(t, "waku")
	name := func(_ int, c entry) string {
		if c.Light {
			return c.Name + "_light"
		}
		return c.Name
	}
	vectors.Each(t, f, "forwarding", name, func(t *testing.T, c entry) {
		bothVersions(t, func(t *testing.T, version uint) {
			env := c.Envelope.envelope(t)
			h := startHost(t, Config{Now: clockAt(int64(env.Expiry()) - 15), LightNode: c.Light, FullNode: !c.Light})
			if c.Status != nil {
				options, err := wire.DecodeStatus(1, c.Status)
				if err != nil {
					t.Fatal(err)
				}
				r := dial(t, h, version, 0, options)
				if err := h.Submit(env); err != nil {
					t.Fatal(err)
				}
				checkForwarded(t, r, env, c.Sent, c.Messages)
				if got := h.pool.get(env.Hash()).pow; got != c.PoW {
					t.Errorf("pow: got %v, want %v", got, c.PoW)
				}
				return
			}
			// A light node gets only what it wants.
			if _, err := h.InstallFilter(FilterSpec{SymKey: testKey(0), Topics: []wire.Topic{env.Topic()}}, nil); err != nil {
				t.Fatal(err)
			}
			from, other := dial(t, h, version, 0, nil), dial(t, h, version, 1, nil)
			if err := from.sendEnvelopes(env); err != nil {
				t.Fatal(err)
			}
			checkForwarded(t, from, env, c.Echoed, nil)
			// Ours never relays as a light node; the reference does.
			checkForwarded(t, other, env, c.Relayed && !c.Light, nil)
			if h.pool.get(env.Hash()) == nil {
				t.Error("the envelope was not pooled")
			}
		})
	})
}

// checkForwarded checks whether a remote got an envelope, once, and if payload
// is given, in exactly this packet.
func checkForwarded(t *testing.T, r *remote, env *wire.Envelope, want bool, payload []byte) {
	t.Helper()
	var got []wirePacket
	for _, pkt := range r.packets() {
		if pkt.code == wire.CodeMessages {
			got = append(got, pkt)
		}
	}
	if !want {
		if len(got) > 0 {
			t.Errorf("got %d packets of envelopes, want none", len(got))
		}
		return
	}
	if payload == nil {
		payload = wire.EncodeMessages([]*wire.Envelope{env})
	}
	if len(got) != 1 || !bytes.Equal(got[0].payload, payload) {
		t.Errorf("got %v, want one packet %x", got, payload)
	}
}

func TestVectorFilters(t *testing.T) {
	type entry struct {
		Name     string
		Envelope vecEnvelope
		Filter   struct {
			AllowP2P bool    `json:"allow_p2p"`
			MinPoW   float64 `json:"min_pow"`
			SymKey   vectors.Hex
			Private  vectors.Hex `json:"private_key"`
			Src      vectors.Hex
			Topics   []wire.Topic
		}
		P2P       bool
		Delivered bool
	}
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "filters", func(_ int, c entry) string { return c.Name }, func(t *testing.T, c entry) {
		bothVersions(t, func(t *testing.T, version uint) {
			env := c.Envelope.envelope(t)
			h := startHost(t, Config{Now: clockAt(int64(env.Expiry()) - 15), FullNode: true})
			spec := FilterSpec{
				SymKey: c.Filter.SymKey, Topics: c.Filter.Topics, MinPoW: c.Filter.MinPoW, AllowP2P: c.Filter.AllowP2P,
			}
			var err error
			if c.Filter.Private != nil {
				if spec.PrivateKey, err = crypto.ToECDSA(c.Filter.Private); err != nil {
					t.Fatal(err)
				}
			}
			if c.Filter.Src != nil {
				if spec.Src, err = crypto.UnmarshalPubkey(c.Filter.Src); err != nil {
					t.Fatal(err)
				}
			}
			polled, err := h.InstallFilter(spec, nil)
			if err != nil {
				t.Fatal(err)
			}
			pushed := new(recorder)
			if _, err := h.InstallFilter(spec, pushed); err != nil {
				t.Fatal(err)
			}
			r := dial(t, h, version, 0, nil)
			code := uint64(wire.CodeMessages)
			if c.P2P {
				h.TrustPeer(r.id)
				code = wire.CodeP2PMessage
			}
			if err := r.send(code, wire.EncodeMessages([]*wire.Envelope{env})); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			want := 0
			// Ours ignores the minimum proof of work of p2p envelopes.
			if c.Delivered || c.Name == "p2p_minpow" {
				want = 1
			}
			got, err := h.FilterMessages(polled)
			if err != nil || len(got) != want {
				t.Errorf("polled: got %d messages, want %d (%v)", len(got), want, err)
			}
			got = append(got, pushed.take()...)
			if len(got) != 2*want {
				t.Errorf("pushed: got %d messages in all, want %d", len(got), 2*want)
			}
			for _, m := range got {
				if m.Hash != c.Envelope.Hash || m.Sent != env.Expiry()-env.TTL() || m.P2P != c.P2P ||
					(m.Dst != nil) != (spec.PrivateKey != nil) || spec.Src != nil && !spec.Src.Equal(m.Src) {
					t.Errorf("message does not fit the envelope: %+v", m)
				}
			}
			if pooled := h.pool.get(env.Hash()) != nil; pooled == c.P2P {
				t.Errorf("pooled: got %t", pooled)
			}
		})
	})
}
