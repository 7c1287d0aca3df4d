package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/rlp"

	"statusd/internal/test/vectors"
)

type vecOptions struct {
	PoW     *float64
	PoWBits floatBits    `json:"pow_bits"`
	Bloom   *vectors.Hex // nil: absent
	Light   *bool        `json:"light_node"`
	Confirm *bool        `json:"confirmations"`
	Packets *[3]uint64   `json:"packet_rate_limits"`
	Topics  *[]Topic     `json:"topic_interest"`
	Bytes   *[3]uint64   `json:"bytes_rate_limits"`
}

func vecLimits(v *[3]uint64) *Limits {
	if v == nil {
		return nil
	}
	return &Limits{v[0], v[1], v[2]}
}

func (v *vecOptions) options() *StatusOptions {
	o := &StatusOptions{
		LightNode: v.Light, Confirmations: v.Confirm,
		PacketLimits: vecLimits(v.Packets), ByteLimits: vecLimits(v.Bytes),
	}
	if v.PoW != nil {
		pow := v.PoWBits.float()
		o.PoW = &pow
	}
	if v.Bloom != nil {
		o.Bloom = *v.Bloom
	}
	if v.Topics != nil {
		o.Topics = *v.Topics
	}
	return o
}

func TestVectorStatusEncode(t *testing.T) {
	type packets struct {
		StatusCode uint64      `json:"status_code"`
		Status     vectors.Hex `json:"status_payload"`
		UpdateCode uint64      `json:"status_update_code"`
		Update     vectors.Hex `json:"status_update_payload"`
	}
	type entry struct {
		Name    string
		Options vecOptions
		V0, V1  packets
	}
	f := vectors.Load(t, "waku")
	vectors.Each(t, f, "status_encode", func(_ int, c entry) string { return c.Name },
		func(t *testing.T, c entry) {
			o := c.Options.options()
			for version, want := range []packets{c.V0, c.V1} {
				checkBytes(t, fmt.Sprintf("v%d status", version), o.EncodeStatus(uint(version)), want.Status)
				checkBytes(t, fmt.Sprintf("v%d update", version), o.EncodeUpdate(uint(version)), want.Update)
				if want.StatusCode != CodeStatus || want.UpdateCode != CodeStatusUpdate {
					t.Errorf("v%d codes: %d %d", version, want.StatusCode, want.UpdateCode)
				}
				status, err := DecodeStatus(uint(version), want.Status)
				if err != nil {
					t.Fatal(err)
				}
				update, err := DecodeUpdate(uint(version), want.Update)
				if err != nil {
					t.Fatal(err)
				}
				checkBytes(t, "status again", status.EncodeStatus(uint(version)), want.Status)
				checkBytes(t, "update again", update.EncodeUpdate(uint(version)), want.Update)
				wantOptions := *o
				if version == 0 {
					wantOptions.ByteLimits = nil
				}
				if got, want := describe(status), describe(&wantOptions); got != want {
					t.Errorf("v%d options: got %s, want %s", version, got, want)
				}
			}
		})
}

// describe writes options as JSON, so that pointers compare by value.
func describe(o *StatusOptions) string {
	b, err := json.Marshal(o)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

type vecPeerState struct {
	PoW       float64
	Bloom     vectors.Hex
	FullNode  bool `json:"full_node"`
	Confirm   bool `json:"confirmations"`
	Topics    *[]Topic
	TopicsSet *[]Topic  `json:"topic_interest_sorted"`
	Limits    [3]uint64 `json:"rateLimits"` // waku/0
	Packets   [3]uint64 `json:"packetRateLimits"`
	Bytes     [3]uint64 `json:"bytesRateLimits"`
}

type vecStatus struct {
	Name       string
	Version    uint
	Code       uint64
	Payload    vectors.Hex
	PayloadLen int         `json:"payload_len"`
	PayloadSHA vectors.Hex `json:"payload_sha256"`
	Accepted   bool
	OwnLight   *bool         `json:"own_light"`
	State      *vecPeerState `json:"peer_state"`
}

// payload returns the packet, built from the name when it is not written out.
func (c *vecStatus) payload(t *testing.T) []byte {
	t.Helper()
	if c.PayloadSHA == nil {
		return c.Payload
	}
	n, err := strconv.Atoi(strings.TrimPrefix(c.Name, "topics_"))
	if err != nil {
		t.Fatalf("no rule to build %s", c.Name)
	}
	key := byte(keyTopicInterest)
	if c.Version == 0 {
		key += '0'
	}
	topics := bytes.Repeat([]byte{0x84, 0, 0, 0, 0}, n)
	out := wrapList(wrapList(append([]byte{key}, wrapList(topics)...)))
	if c.Version == 0 {
		out = wrapList(append([]byte{0x80}, out...))
	}
	if sum := sha256.Sum256(out); len(out) != c.PayloadLen || !bytes.Equal(sum[:], c.PayloadSHA) {
		t.Fatalf("built payload differs from the vector's digest")
	}
	return out
}

// check compares decoded options, with defaults filled in, with the state that
// the reference keeps of the peer.
func (s *vecPeerState) check(t *testing.T, o *StatusOptions, version uint) {
	t.Helper()
	pow := DefaultPeerPoW
	if o.PoW != nil {
		pow = *o.PoW
	}
	if pow != s.PoW {
		t.Errorf("pow: got %v, want %v", pow, s.PoW)
	}
	if got := o.Confirmations != nil && *o.Confirmations; got != s.Confirm {
		t.Errorf("confirmations: got %t, want %t", got, s.Confirm)
	}
	packets := s.Packets
	if version == 0 {
		packets = s.Limits
	}
	checkLimits(t, "packet limits", o.PacketLimits, packets)
	checkLimits(t, "byte limits", o.ByteLimits, s.Bytes)
	if (o.Topics != nil) != (s.TopicsSet != nil) {
		t.Fatalf("topic interest: got %v, want %v", o.Topics, s.TopicsSet)
	}
	if o.Topics != nil {
		set := slices.Clone(o.Topics)
		slices.SortFunc(set, func(a, b Topic) int { return bytes.Compare(a[:], b[:]) })
		if set = slices.Compact(set); !slices.Equal(set, *s.TopicsSet) {
			t.Errorf("topic interest: got %v, want %v", set, *s.TopicsSet)
		}
		return // the bloom is ignored then
	}
	full := FullBloom()
	bloom := full[:]
	if o.Bloom != nil {
		bloom = o.Bloom
	}
	checkBytes(t, "bloom", bloom, s.Bloom)
	if got := len(bloom) == 0 || bytes.Equal(bloom, full[:]); got != s.FullNode {
		t.Errorf("full node: got %t, want %t", got, s.FullNode)
	}
}

func checkLimits(t *testing.T, what string, got *Limits, want [3]uint64) {
	t.Helper()
	if got == nil {
		got = new(Limits)
	}
	if *got != *vecLimits(&want) {
		t.Errorf("%s: got %v, want %v", what, *got, want)
	}
}

// withoutUnknown removes the pairs whose key no option has, as our rule says:
// the reference loses what follows them, or refuses the packet.
func withoutUnknown(t *testing.T, version uint, payload []byte) []byte {
	t.Helper()
	list, err := wholeList(payload, false)
	if err == nil && version == 0 {
		list, err = wholeList(list[1:], false)
	}
	if err != nil {
		t.Fatal(err)
	}
	var kept []byte
	for len(list) > 0 {
		pair, rest, err := rlp.SplitList(list)
		if err != nil {
			t.Fatal(err)
		}
		key := pair[0] &^ 0x80
		if version == 0 {
			key = pair[0] - '0'
			if pair[0] >= 0x80 {
				key = 255
			}
		}
		if key <= keyByteLimits && !(version == 0 && key == keyByteLimits) {
			kept = append(kept, list[:len(list)-len(rest)]...)
		}
		list = rest
	}
	if version == 0 {
		return wrapList(append([]byte{0x80}, wrapList(kept)...))
	}
	return wrapList(kept)
}

func TestVectorStatusDecode(t *testing.T) {
	name := func(i int, c vecStatus) string { return fmt.Sprintf("v%d_%s_%d", c.Version, c.Name, i) }
	vectors.Each(t, vectors.Load(t, "waku"), "status_decode", name, func(t *testing.T, c vecStatus) {
		if c.Code != CodeStatus {
			t.Skip("the order of packets is tested in package waku")
		}
		payload := c.payload(t)
		got, err := DecodeStatus(c.Version, payload)
		if strings.HasPrefix(c.Name, "unknown_key") {
			// Expected deviation: skip the pair whatever its length and go on.
			if err != nil {
				t.Fatal(err)
			}
			known, err := DecodeStatus(c.Version, withoutUnknown(t, c.Version, payload))
			if err != nil {
				t.Fatal(err)
			}
			if a, b := describe(got), describe(known); a != b || a == describe(new(StatusOptions)) {
				t.Errorf("options: got %s, without unknown keys %s", a, b)
			}
			return
		}
		if c.OwnLight != nil {
			// Whether two light nodes may connect is decided in package waku.
			if err != nil || got.LightNode == nil {
				t.Fatalf("light node: got %v, %v", got, err)
			}
			return
		}
		if (err == nil) != c.Accepted {
			t.Fatalf("accepted: got %v, want %t", err, c.Accepted)
		}
		if err == nil {
			c.State.check(t, got, c.Version)
		}
	})
}

func TestVectorCompleteParsing(t *testing.T) {
	type entry struct {
		Payload vectors.Hex
		Length  int
		OK      bool
		ID      Hash `json:"request_id"`
		Last    Hash `json:"last_envelope_hash"`
		Cursor  vectors.Hex
		Error   *string
	}
	packets := vectors.Section[map[string]json.RawMessage](t, vectors.Load(t, "waku"), "packets")
	var cases []entry
	if err := json.Unmarshal(packets["p2p_complete_parsing"], &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		t.Run(fmt.Sprintf("%d_%d", i, c.Length), func(t *testing.T) {
			got, err := ParseRequestComplete(c.Payload)
			if (err == nil) != c.OK {
				t.Fatalf("parses: got %v, want %t", err, c.OK)
			}
			packet, packetErr := DecodeRequestComplete(appendString(nil, c.Payload))
			if (packetErr == nil) != c.OK {
				t.Fatalf("packet parses: got %v, want %t", packetErr, c.OK)
			}
			if err != nil {
				return
			}
			if fmt.Sprint(*got) != fmt.Sprint(*packet) {
				t.Errorf("packet: got %v, want %v", packet, got)
			}
			if got.ID != c.ID || got.Last != c.Last || got.Failed != (c.Error != nil) {
				t.Errorf("got %+v, want %+v", got, c)
			}
			if c.Error != nil && got.Text != *c.Error {
				t.Errorf("text: got %q, want %q", got.Text, *c.Error)
			}
			checkBytes(t, "cursor", got.Cursor, c.Cursor)
		})
	}
	t.Logf("vectors: waku.json, section %q: %d cases", "packets.p2p_complete_parsing", len(cases))
}

type vecFields struct {
	Batch     Hash            `json:"batch_hash"`
	Envelopes json.RawMessage // envelopes or their hashes
	Envelope  Hash
	Version   uint64
	Errors    []struct {
		Code        uint64
		Description string
		Hash        Hash
	}
	ID     vectors.Hex
	From   uint32
	To     uint32
	Limit  uint32
	Cursor vectors.Hex
	Bloom  vectors.Hex
	Topics []vectors.Hex

	RequestID Hash `json:"request_id"`
	Last      Hash `json:"last_envelope_hash"`
	Error     *string
}

func TestVectorPacketEncodings(t *testing.T) {
	type entry struct {
		Name    string
		Code    uint64
		Payload vectors.Hex
		Fields  vecFields
	}
	check := map[uint64]func(*testing.T, []byte, *vecFields){
		CodeMessages:        checkMessages,
		CodeP2PMessage:      checkMessages,
		CodeBatchAck:        checkBatchAck,
		CodeMessageResponse: checkResponse,
		CodeP2PRequest:      checkRequest,
		CodeRequestComplete: checkComplete,
	}
	packets := vectors.Section[map[string]json.RawMessage](t, vectors.Load(t, "waku"), "packets")
	var cases []entry
	if err := json.Unmarshal(packets["encodings"], &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		t.Run(fmt.Sprintf("%d_%s", i, c.Name), func(t *testing.T) {
			fn, ok := check[c.Code]
			if !ok {
				t.Fatalf("no test for code %d", c.Code)
			}
			fn(t, c.Payload, &c.Fields)
		})
	}
	t.Logf("vectors: waku.json, section %q: %d cases", "packets.encodings", len(cases))
}

func checkMessages(t *testing.T, payload []byte, f *vecFields) {
	t.Helper()
	envs, err := DecodeMessages(slices.Clone(payload))
	if err != nil {
		t.Fatal(err)
	}
	checkBytes(t, "payload", EncodeMessages(envs), payload)
	var full []vecEnvelope
	if json.Unmarshal(f.Envelopes, &full) == nil {
		if len(full) != len(envs) {
			t.Fatalf("got %d envelopes, want %d", len(envs), len(full))
		}
		for i := range full {
			full[i].check(t, envs[i])
		}
		if got := BatchHash(payload); got != f.Batch {
			t.Errorf("batch hash: got %s, want %s", got, f.Batch)
		}
		return
	}
	var hashes []Hash
	if err := json.Unmarshal(f.Envelopes, &hashes); err != nil {
		t.Fatal(err)
	}
	got := make([]Hash, len(envs))
	for i, env := range envs {
		got[i] = env.Hash()
	}
	if !slices.Equal(got, hashes) {
		t.Errorf("hashes: got %v, want %v", got, hashes)
	}
}

func checkBatchAck(t *testing.T, payload []byte, f *vecFields) {
	t.Helper()
	checkBytes(t, "payload", EncodeBatchAck(f.Batch), payload)
	got, err := DecodeBatchAck(payload)
	if err != nil || got != f.Batch {
		t.Errorf("got %s, %v, want %s", got, err, f.Batch)
	}
}

func checkResponse(t *testing.T, payload []byte, f *vecFields) {
	t.Helper()
	want := &MessageResponse{Batch: f.Batch}
	for _, e := range f.Errors {
		want.Errors = append(want.Errors, EnvelopeError{e.Hash, e.Code, e.Description})
	}
	checkBytes(t, "payload", want.Encode(), payload)
	got, err := DecodeMessageResponse(payload)
	if err != nil {
		t.Fatal(err)
	}
	if got.Batch != want.Batch || !slices.Equal(got.Errors, want.Errors) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func checkRequest(t *testing.T, payload []byte, f *vecFields) {
	t.Helper()
	if f.ID == nil { // one bare envelope
		env, err := DecodeEnvelope(payload)
		if err != nil || env.Hash() != f.Envelope {
			t.Fatalf("got %v, %v", env, err)
		}
		checkBytes(t, "payload", env.RLP(), payload)
		return
	}
	if _, err := DecodeEnvelope(payload); err == nil {
		t.Error("a request list decodes as an envelope")
	}
	want := &DirectRequest{
		ID: f.ID, From: f.From, To: f.To, Limit: f.Limit, Cursor: f.Cursor, Bloom: f.Bloom,
	}
	for _, topic := range f.Topics {
		want.Topics = append(want.Topics, topic)
	}
	checkBytes(t, "payload", want.Encode(), payload)
	got, err := DecodeDirectRequest(payload)
	if err != nil {
		t.Fatal(err)
	}
	checkBytes(t, "again", got.Encode(), payload)
	if fmt.Sprintf("%x", *got) != fmt.Sprintf("%x", *want) {
		t.Errorf("got %x, want %x", *got, *want)
	}
}

func checkComplete(t *testing.T, payload []byte, f *vecFields) {
	t.Helper()
	want := &RequestComplete{ID: f.RequestID, Last: f.Last, Cursor: f.Cursor}
	if f.Error != nil {
		want = &RequestComplete{ID: f.RequestID, Failed: true, Text: *f.Error}
	}
	checkBytes(t, "payload", want.Encode(), payload)
	got, err := DecodeRequestComplete(payload)
	if err != nil {
		t.Fatal(err)
	}
	checkBytes(t, "again", got.Encode(), payload)
	if fmt.Sprintf("%v", *got) != fmt.Sprintf("%v", *want) {
		t.Errorf("got %v, want %v", *got, *want)
	}
}
