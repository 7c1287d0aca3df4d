package wire

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/internal/test/vectors"
)

// addPackets seeds a target with the payloads of one packet code.
func addPackets(f *testing.F, code uint64) {
	f.Helper()
	packets := vectors.Section[map[string]json.RawMessage](f, vectors.Load(f, "waku"), "packets")
	for _, section := range []string{"encodings", "handling"} {
		var cases []struct {
			Code    uint64
			Payload vectors.Hex
		}
		if err := json.Unmarshal(packets[section], &cases); err != nil {
			f.Fatal(err)
		}
		for _, c := range cases {
			if c.Code == code {
				f.Add([]byte(c.Payload))
			}
		}
	}
}

// unchanged fails when a decoder wrote to its input.
func unchanged(t *testing.T, before, after []byte) {
	t.Helper()
	if !bytes.Equal(before, after) {
		t.Fatal("the decoder changed its input")
	}
}

func FuzzEnvelope(f *testing.F) {
	for _, c := range vectors.Section[[]vecSealing](f, vectors.Load(f, "waku"), "envelopes") {
		f.Add([]byte(c.Envelope.RLP))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before := slices.Clone(in)
		env, err := DecodeEnvelope(in)
		unchanged(t, before, in)
		if err != nil {
			return
		}
		clear(in)
		if !bytes.Equal(env.RLP(), before) {
			t.Fatal("the encoding is not kept as it was")
		}
		again := NewEnvelope(env.Expiry(), env.TTL(), env.Topic(), env.Data(), env.Nonce())
		if !bytes.Equal(again.RLP(), before) || again.Hash() != env.Hash() ||
			again.zeroBits != env.zeroBits || again.prefixLen != env.prefixLen {
			t.Fatalf("encodes as %x, not %x", again.RLP(), before)
		}
		search := NewNonceSearch(env.Expiry(), env.TTL(), env.Topic(), env.Data())
		if got := search.ZeroBits(env.Nonce()); got != int(env.zeroBits) {
			t.Fatalf("nonce search: %d zero bits, envelope: %d", got, env.zeroBits)
		}
	})
}

func FuzzMessages(f *testing.F) {
	addPackets(f, CodeMessages)
	addPackets(f, CodeP2PMessage)
	f.Fuzz(func(t *testing.T, in []byte) {
		before := slices.Clone(in)
		envs, err := DecodeMessages(in)
		unchanged(t, before, in)
		if err != nil {
			return
		}
		if got := EncodeMessages(envs); !bytes.Equal(got, before) {
			t.Fatalf("encodes as %x, not %x", got, before)
		}
		size := 0
		for _, env := range envs {
			size += len(env.RLP())
		}
		if MessagesSize(size) != len(before) {
			t.Fatalf("size: got %d, want %d", MessagesSize(size), len(before))
		}
	})
}

func fuzzOptions(f *testing.F, version uint, decode func(uint, []byte) (*StatusOptions, error)) {
	f.Helper()
	for _, c := range vectors.Section[[]vecStatus](f, vectors.Load(f, "waku"), "status_decode") {
		if c.Version == version {
			f.Add([]byte(c.Payload))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before := slices.Clone(in)
		got, err := decode(version, in)
		unchanged(t, before, in)
		if err != nil {
			return
		}
		first := describe(got)
		clear(in)
		if describe(got) != first {
			t.Fatal("the options refer to the input")
		}
		status, err := DecodeStatus(version, got.EncodeStatus(version))
		if err != nil || describe(status) != first {
			t.Fatalf("status again: %v, got %s, want %s", err, describe(status), first)
		}
		update, err := DecodeUpdate(version, got.EncodeUpdate(version))
		if err != nil || describe(update) != first {
			t.Fatalf("update again: %v, got %s, want %s", err, describe(update), first)
		}
	})
}

func FuzzStatusV0(f *testing.F) { fuzzOptions(f, 0, DecodeStatus) }
func FuzzStatusV1(f *testing.F) { fuzzOptions(f, 1, DecodeStatus) }
func FuzzUpdate(f *testing.F) {
	addPackets(f, CodeStatusUpdate)
	fuzzOptions(f, 1, DecodeUpdate)
}

func FuzzBatchAck(f *testing.F) {
	addPackets(f, CodeBatchAck)
	f.Fuzz(func(t *testing.T, in []byte) {
		if batch, err := DecodeBatchAck(in); err == nil && !bytes.Equal(EncodeBatchAck(batch), in) {
			t.Fatalf("encodes as %x, not %x", EncodeBatchAck(batch), in)
		}
	})
}

func FuzzMessageResponse(f *testing.F) {
	addPackets(f, CodeMessageResponse)
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := DecodeMessageResponse(in)
		if err != nil {
			return
		}
		for _, e := range got.Errors {
			if len(e.Description) == maxResponseDescription {
				return // cut
			}
		}
		if !bytes.Equal(got.Encode(), in) {
			t.Fatalf("encodes as %x, not %x", got.Encode(), in)
		}
	})
}

func FuzzDirectRequest(f *testing.F) {
	addPackets(f, CodeP2PRequest)
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := DecodeDirectRequest(in)
		if err != nil {
			return
		}
		if !bytes.Equal(got.Encode(), in) {
			t.Fatalf("encodes as %x, not %x", got.Encode(), in)
		}
		if got.Validate() == nil && (len(got.ID) != RequestIDLength || got.From > got.To) {
			t.Fatalf("validates: %+v", got)
		}
	})
}

func FuzzRequestComplete(f *testing.F) {
	addPackets(f, CodeRequestComplete)
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := DecodeRequestComplete(in)
		if err != nil {
			return
		}
		again, err := DecodeRequestComplete(got.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != again.ID || got.Last != again.Last || got.Failed != again.Failed ||
			got.Text != again.Text || !bytes.Equal(got.Cursor, again.Cursor) {
			t.Fatalf("got %+v, then %+v", got, again)
		}
	})
}

func FuzzPlain(f *testing.F) {
	type entry struct{ Plaintext vectors.Hex }
	for _, c := range vectors.Section[[]entry](f, vectors.Load(f, "waku"), "data_field") {
		f.Add([]byte(c.Plaintext))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := DecodePlain(in)
		if err != nil {
			return
		}
		if n := len(got.Payload) + len(got.Padding); n >= len(in) {
			t.Fatalf("%d bytes of payload and padding in %d", n, len(in))
		}
		plain, err := EncodePlain(got.Payload, got.Padding, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodePlain(plain)
		if err != nil || !bytes.Equal(again.Payload, got.Payload) || !bytes.Equal(again.Padding, got.Padding) {
			t.Fatalf("again: %+v, %v", again, err)
		}
	})
}

func FuzzOpenSymmetric(f *testing.F) {
	type entry struct{ SymKey, Data vectors.Hex }
	for _, section := range []string{"data_field", "symmetric_invalid"} {
		for _, c := range vectors.Section[[]entry](f, vectors.Load(f, "waku"), section) {
			f.Add([]byte(c.SymKey), []byte(c.Data))
		}
	}
	f.Fuzz(func(t *testing.T, key, data []byte) {
		c, err := NewSymCipher(key)
		if err != nil {
			return
		}
		before := slices.Clone(data)
		plain, err := c.Open(data)
		unchanged(t, before, data)
		if err == nil {
			nonce := [SymNonceLength]byte(data[len(data)-SymNonceLength:])
			if got := c.Seal(nonce, plain); !bytes.Equal(got, data) {
				t.Fatalf("seals as %x, not %x", got, data)
			}
		}
		sealed := c.Seal([SymNonceLength]byte{}, data)
		if got, err := c.Open(sealed); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("own seal does not open: %v", err)
		}
	})
}

func FuzzOpenAsymmetric(f *testing.F) {
	type entry struct {
		Private    vectors.Hex `json:"private_key"`
		Ciphertext vectors.Hex
	}
	for _, c := range vectors.Section[[]entry](f, vectors.Load(f, "waku"), "ecies_invalid") {
		f.Add([]byte(c.Private), []byte(c.Ciphertext))
	}
	f.Fuzz(func(t *testing.T, raw, data []byte) {
		key, err := crypto.ToECDSA(raw)
		if err != nil {
			return
		}
		before := slices.Clone(data)
		plain, err := OpenAsymmetric(key, data)
		unchanged(t, before, data)
		if err == nil && len(plain) != len(data)-eciesMin {
			t.Fatalf("plaintext of %d bytes from %d", len(plain), len(data))
		}
	})
}
