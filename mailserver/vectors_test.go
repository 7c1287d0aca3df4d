package mailserver

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/internal/test/vectors"
	"statusd/waku/wire"
)

// TestVectorSections fails when mailserver.json has a section nobody tests.
func TestVectorSections(t *testing.T) {
	vectors.Load(t, "mailserver").Unknown(t,
		"kdf", "topic_bloom", "topics_bloom_union", "bloom_match", "request_payloads", "client_cursor_errors",
		"payload_shapes_server", "sealed_requests", "sealed_requests_special", "direct_requests",
		"request_complete", "p2p_messages",
		"archive", "archive_topics", "queries_leveldb", "queries_postgres", // server_vectors_test.go
		"db_keys", // package statusgo
	)
}

// name makes a subtest's name of a description.
func name[T any](description func(T) string) func(int, T) string {
	return func(i int, c T) string { return fmt.Sprintf("%d_%s", i, description(c)) }
}

func checkBytes(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", what, got, want)
	}
}

func topicsOf(raw []vectors.Hex) (topics []wire.Topic) {
	for _, t := range raw {
		topics = append(topics, wire.Topic(t))
	}
	return topics
}

func TestVectorKDF(t *testing.T) {
	type entry struct {
		Password vectors.Hex `json:"password_utf8_hex"`
		Key      vectors.Hex
	}
	vectors.Each(t, vectors.Load(t, "mailserver"), "kdf", name(func(c entry) string { return string(c.Password) }),
		func(t *testing.T, c entry) { checkBytes(t, "key", wire.SymKeyFromPassword(string(c.Password)), c.Key) })
}

func TestVectorBlooms(t *testing.T) {
	f := vectors.Load(t, "mailserver")
	type single struct {
		Bits  int `json:"bits_set"`
		Bloom vectors.Hex
		Topic vectors.Hex
	}
	vectors.Each(t, f, "topic_bloom", name(func(c single) string { return fmt.Sprintf("%x", c.Topic) }),
		func(t *testing.T, c single) {
			got := wire.SampleBloom(wire.Topic(c.Topic))
			checkBytes(t, "bloom", got[:], c.Bloom)
			if got.Ones() != c.Bits {
				t.Errorf("bits: got %d, want %d", got.Ones(), c.Bits)
			}
		})
	type union struct {
		Bloom  vectors.Hex
		Topics []vectors.Hex
	}
	vectors.Each(t, f, "topics_bloom_union", name(func(c union) string { return fmt.Sprint(len(c.Topics)) }),
		func(t *testing.T, c union) {
			var reference, own wire.Bloom
			for _, topic := range topicsOf(c.Topics) {
				sample := wire.SampleBloom(topic)
				reference.Merge(&sample)
			}
			checkBytes(t, "bloom", reference[:], c.Bloom)
			if own.Add(topicsOf(c.Topics)...); !own.Covers(&reference) {
				t.Error("our own bloom is not a superset")
			}
		})
	type match struct {
		Topic vectors.Hex `json:"envelope_topic"`
		Match bool
		Bloom vectors.Hex `json:"query_bloom"`
	}
	vectors.Each(t, f, "bloom_match", name(func(c match) string { return fmt.Sprintf("%x", c.Topic) }),
		func(t *testing.T, c match) {
			bloom := wire.Bloom(c.Bloom)
			if got := bloom.Contains(wire.Topic(c.Topic)); got != c.Match {
				t.Errorf("match: got %t, want %t", got, c.Match)
			}
		})
}

// vecPayload holds the fields of a request payload. Upper may be a text that
// says that the server fills in its time.
type vecPayload struct {
	Batch        bool
	Bloom        vectors.Hex
	Cursor       vectors.Hex
	Limit, Lower uint32
	Topics       []vectors.Hex
	Upper        json.RawMessage
}

func (v *vecPayload) payload(t *testing.T) *Payload {
	t.Helper()
	p := &Payload{Lower: v.Lower, Bloom: v.Bloom, Limit: v.Limit, Cursor: v.Cursor, Batch: v.Batch}
	if err := json.Unmarshal(v.Upper, &p.Upper); err != nil && !strings.Contains(string(v.Upper), "server time") {
		t.Fatal(err)
	}
	for _, topic := range v.Topics {
		p.Topics = append(p.Topics, topic)
	}
	return p
}

func checkPayload(t *testing.T, got, want *Payload) {
	t.Helper()
	if fmt.Sprintf("%v", *got) != fmt.Sprintf("%v", *want) {
		t.Errorf("payload: got %v, want %v", *got, *want)
	}
}

func TestVectorRequestPayloads(t *testing.T) {
	type entry struct {
		Description string
		Fields      vecPayload
		RLP         vectors.Hex
	}
	vectors.Each(t, vectors.Load(t, "mailserver"), "request_payloads",
		name(func(c entry) string { return c.Description }), func(t *testing.T, c entry) {
			want := c.Fields.payload(t)
			raw, err := want.Encode()
			if err != nil {
				t.Fatal(err)
			}
			checkBytes(t, "rlp", raw, c.RLP)
			got, err := DecodePayload(c.RLP)
			if err != nil {
				t.Fatal(err)
			}
			checkPayload(t, got, want)
		})
}

func TestVectorPayloadShapes(t *testing.T) {
	type entry struct {
		Description   string
		Payload       vectors.Hex
		Target        string      `json:"our_target"`
		Decoded       *vecPayload `json:"decoded"`
		TargetDecoded *vecPayload `json:"our_target_decoded"`
		ErrorText     string      `json:"error_message_after_request_id"`
	}
	const now = 1_700_000_000
	vectors.Each(t, vectors.Load(t, "mailserver"), "payload_shapes_server",
		name(func(c entry) string { return c.Description }), func(t *testing.T, c entry) {
			s := newSealer(t)
			req, problem := s.rules.open(s.seal(t, c.Payload, now), s.peer, now, nil)
			if accepted := problem == nil; accepted != (c.Target == "accept") {
				t.Fatalf("accepted: got %t (%v), want %s", accepted, problem, c.Target)
			}
			if problem != nil {
				// Texts of decoders are their own; those of checks are fixed.
				decoder := "failed to decode data: "
				if strings.HasPrefix(c.ErrorText, decoder) && !strings.HasPrefix(problem.text, decoder) ||
					!strings.HasPrefix(c.ErrorText, decoder) && c.ErrorText != "" && problem.text != c.ErrorText {
					t.Errorf("text: got %q, want %q", problem.text, c.ErrorText)
				}
				return
			}
			want := c.TargetDecoded
			if want == nil {
				want = c.Decoded
			}
			p := want.payload(t)
			got, err := DecodePayload(c.Payload)
			if err != nil {
				t.Fatal(err)
			}
			checkPayload(t, got, p)
			if p.Upper == 0 && req.query.Upper != now+openEnd {
				t.Errorf("upper: got %d, want %d", req.query.Upper, now+openEnd)
			}
		})
}

func TestVectorClientCursorErrors(t *testing.T) {
	type entry struct{ Description, Cursor, Error string }
	vectors.Each(t, vectors.Load(t, "mailserver"), "client_cursor_errors",
		name(func(c entry) string { return c.Description }), func(t *testing.T, c entry) {
			if _, err := ParseCursorText(c.Cursor); err == nil || err.Error() != c.Error {
				t.Errorf("got %v, want %s", err, c.Error)
			}
		})
	if k, err := ParseCursorText(""); err != nil || k != nil {
		t.Errorf("empty cursor: got %v, %v", k, err)
	}
}

// vecSealed is one sealed request.
type vecSealed struct {
	Description    string
	Payload        vectors.Hex
	Plaintext      vectors.Hex
	Data           vectors.Hex
	RLP            vectors.Hex `json:"envelope_rlp"`
	Packet         vectors.Hex `json:"packet_payload"`
	ID             vectors.Hex `json:"request_id"`
	Nonce          uint64
	GCMNonce       vectors.Hex `json:"aes_gcm_nonce"`
	SymKey         vectors.Hex `json:"sym_key"`
	NodeKey        vectors.Hex `json:"node_private_key"`
	NodePub        vectors.Hex `json:"node_public_key"`
	Recipient      vectors.Hex `json:"recipient_private_key"`
	Password       string
	ServerPassword string  `json:"server_password"`
	ServerMinPoW   float64 `json:"server_min_pow"`
	PoW            float64
	Target         float64 `json:"pow_target"`
	Now            uint32
	Expiry, TTL    uint32
	Topic          vectors.Hex
	Decoded        *vecPayload
	PeerID         vectors.Hex `json:"peer_id"`
	ErrorText      string      `json:"expected_error"`
	Complete       vectors.Hex `json:"complete_payload"`
	Signed         bool
}

func key(t *testing.T, raw []byte) *ecdsa.PrivateKey {
	t.Helper()
	k, err := crypto.ToECDSA(raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rulesFor(t *testing.T, password string) *rules {
	t.Helper()
	c, err := wire.NewSymCipher(wire.SymKeyFromPassword(password))
	if err != nil {
		t.Fatal(err)
	}
	return &rules{password: c}
}

func TestVectorSealedRequests(t *testing.T) {
	vectors.Each(t, vectors.Load(t, "mailserver"), "sealed_requests",
		name(func(c vecSealed) string { return c.Description }), func(t *testing.T, c vecSealed) {
			node := key(t, c.NodeKey)
			// Encode: payload, plaintext, signature, envelope.
			raw, err := c.Decoded.payload(t).Encode()
			if err != nil {
				t.Fatal(err)
			}
			checkBytes(t, "payload", raw, c.Payload)
			parsed, err := wire.DecodePlain(c.Plaintext)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := wire.EncodePlain(raw, parsed.Padding, node)
			if err != nil {
				t.Fatal(err)
			}
			checkBytes(t, "plaintext", plain, c.Plaintext)
			sym, err := wire.NewSymCipher(wire.SymKeyFromPassword(c.Password))
			if err != nil {
				t.Fatal(err)
			}
			data := sym.Seal([wire.SymNonceLength]byte(c.GCMNonce), plain)
			checkBytes(t, "data", data, c.Data)
			env := wire.NewEnvelope(c.Expiry, c.TTL, wire.Topic(c.Topic), data, c.Nonce)
			checkBytes(t, "envelope", env.RLP(), c.RLP)
			checkBytes(t, "packet", c.Packet, c.RLP)
			if env.PoW(0) != c.PoW {
				t.Errorf("pow: got %v, want %v", env.PoW(0), c.PoW)
			}
			// Decode: as a server does.
			in, err := parsePacket(c.Packet)
			if err != nil {
				t.Fatal(err)
			}
			checkBytes(t, "request id", in.id[:], c.ID)
			peer := enode.PubkeyToIDV4(&node.PublicKey)
			req, problem := rulesFor(t, c.Password).open(in, peer, c.Now, nil)
			if problem != nil {
				t.Fatal(problem)
			}
			want := c.Decoded.payload(t)
			if req.batch != want.Batch || req.query.Lower != want.Lower || req.query.Upper != want.Upper ||
				req.limit != int(want.Limit) || len(req.query.Topics) != len(want.Topics) {
				t.Errorf("request: got %+v, want %+v", req, want)
			}
		})
}

func TestVectorSealedRequestsSpecial(t *testing.T) {
	vectors.Each(t, vectors.Load(t, "mailserver"), "sealed_requests_special",
		name(func(c vecSealed) string { return c.Description }), func(t *testing.T, c vecSealed) {
			password := c.ServerPassword
			if password == "" {
				password = DefaultPassword
			}
			r := rulesFor(t, password)
			r.minPoW = c.ServerMinPoW
			in, err := parsePacket(c.Packet)
			if err != nil {
				t.Fatal(err)
			}
			checkBytes(t, "request id", in.id[:], c.ID)
			var peer enode.ID
			if c.NodeKey != nil {
				peer = enode.PubkeyToIDV4(&key(t, c.NodeKey).PublicKey)
			}
			want := c.ErrorText
			if c.PeerID != nil {
				// The reference lets a foreign signer pass; so do we when told to.
				peer, want = enode.ID(c.PeerID), "signer is not the requesting peer"
				r.allowForeign = true
				if _, problem := r.open(in, peer, c.Now, nil); problem != nil {
					t.Errorf("foreign signer allowed: got %v", problem)
				}
				r.allowForeign = false
			}
			_, problem := r.open(in, peer, c.Now, nil)
			if problem == nil || problem.text != want {
				t.Fatalf("got %v, want %q", problem, want)
			}
			if c.PeerID == nil && strings.HasPrefix(string(c.Complete), "ERROR=") {
				complete := &wire.RequestComplete{ID: in.id, Failed: true, Text: problem.text}
				got := complete.Encode()
				checkBytes(t, "completion", got[len(got)-len(c.Complete):], c.Complete)
			}
			if c.Recipient != nil {
				r.nodeKey = key(t, c.Recipient)
				if _, problem := r.open(in, peer, c.Now, nil); problem != nil {
					t.Errorf("sealed to the node: got %v", problem)
				}
			}
		})
}

func TestVectorRequestComplete(t *testing.T) {
	type entry struct {
		Description string
		Packet      vectors.Hex `json:"packet_payload"`
		Payload     vectors.Hex
		ParseError  string      `json:"parse_error"`
		PacketError string      `json:"packet_decode_error"`
		ID          vectors.Hex `json:"request_id"`
		Last        vectors.Hex `json:"last_envelope_hash"`
		Cursor      vectors.Hex
		Error       *string
	}
	vectors.Each(t, vectors.Load(t, "mailserver"), "request_complete",
		name(func(c entry) string { return c.Description }), func(t *testing.T, c entry) {
			got, err := wire.DecodeRequestComplete(c.Packet)
			if fails := c.ParseError != "" || c.PacketError != ""; fails != (err != nil) {
				t.Fatalf("decodes: got %v, want failure %t", err, fails)
			}
			if err != nil {
				return
			}
			checkBytes(t, "id", got.ID[:], c.ID)
			checkBytes(t, "last hash", got.Last[:], c.Last)
			checkBytes(t, "cursor", got.Cursor, c.Cursor)
			if got.Failed != (c.Error != nil) {
				t.Errorf("failed: got %t", got.Failed)
			}
			// Texts that are no UTF-8 are written in hex.
			if c.Error != nil && got.Text != *c.Error && fmt.Sprintf("%x", got.Text) != *c.Error {
				t.Errorf("text: got %q, want %q", got.Text, *c.Error)
			}
			if full := 2*len(wire.Hash{}) + len(c.Cursor); got.Failed || len(c.Payload) == full {
				checkBytes(t, "packet", got.Encode(), c.Packet)
			}
		})
}

func TestVectorP2PMessages(t *testing.T) {
	type entry struct {
		Description string
		Packet      vectors.Hex   `json:"packet_payload"`
		Hashes      []vectors.Hex `json:"envelope_hashes"`
		Error       string        `json:"decode_error"`
	}
	vectors.Each(t, vectors.Load(t, "mailserver"), "p2p_messages",
		name(func(c entry) string { return c.Description }), func(t *testing.T, c entry) {
			envs, err := wire.DecodeMessages(slices.Clone(c.Packet))
			if (err != nil) != (c.Error != "") {
				t.Fatalf("decodes: got %v, want %q", err, c.Error)
			}
			if err != nil {
				return
			}
			if len(envs) != len(c.Hashes) {
				t.Fatalf("got %d envelopes, want %d", len(envs), len(c.Hashes))
			}
			for i, env := range envs {
				hash := env.Hash()
				checkBytes(t, "hash", hash[:], c.Hashes[i])
			}
			checkBytes(t, "packet", wire.EncodeMessages(envs), c.Packet)
		})
}

func TestVectorDirectRequests(t *testing.T) {
	type entry struct {
		Description string
		Packet      vectors.Hex `json:"packet_payload"`
		ID          vectors.Hex
		From, To    uint32
		Limit       uint32
		Cursor      vectors.Hex
		Bloom       vectors.Hex
		Topics      []vectors.Hex
		AsEnvelope  bool          `json:"decodes_as_envelope"`
		AsDirect    bool          `json:"decodes_as_direct_request"`
		ClientError string        `json:"client_validate_error"`
		Completions []vectors.Hex `json:"complete_payloads"`
	}
	r := rulesFor(t, DefaultPassword)
	vectors.Each(t, vectors.Load(t, "mailserver"), "direct_requests",
		name(func(c entry) string { return c.Description }), func(t *testing.T, c entry) {
			want := wire.DirectRequest{
				ID: c.ID, From: c.From, To: c.To, Limit: c.Limit, Cursor: c.Cursor, Bloom: c.Bloom,
			}
			for _, topic := range c.Topics {
				want.Topics = append(want.Topics, topic)
			}
			checkBytes(t, "packet", want.Encode(), c.Packet)
			if got := want.Validate() != nil; got != (c.ClientError != "") {
				t.Errorf("client check fails: got %t, want %q", got, c.ClientError)
			}
			in, err := parsePacket(c.Packet)
			if err != nil || (in.sealed != nil) != c.AsEnvelope || (in.direct != nil) != c.AsDirect {
				t.Fatalf("got %+v, %v", in, err)
			}
			r.allowDirect = false
			if _, problem := r.open(in, enode.ID{}, 0, nil); problem == nil ||
				problem.text != "unsealed requests are not accepted" {
				t.Errorf("switched off: got %v", problem)
			}
			r.allowDirect = true
			req, problem := r.open(in, enode.ID{}, 0, nil)
			answer, err := wire.ParseRequestComplete(c.Completions[0])
			if err != nil {
				t.Fatal(err)
			}
			if in.id != answer.ID {
				t.Errorf("id: got %s, want %s", in.id, answer.ID)
			}
			switch {
			case len(c.Bloom) == 0 && len(c.Topics) > 0: // we answer these
				if problem != nil || len(req.query.Topics) != len(c.Topics) {
					t.Errorf("topics only: got %+v, %v", req, problem)
				}
			case answer.Failed:
				if problem == nil || problem.text != answer.Text {
					t.Errorf("got %v, want %q", problem, answer.Text)
				}
			case problem != nil:
				t.Errorf("refused: %v", problem)
			default:
				if req.query.Lower != c.From || req.query.Upper != c.To || req.limit != int(c.Limit) || !req.batch {
					t.Errorf("got %+v", req)
				}
			}
		})
}
