package bundle

import (
	"bytes"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
	"statusd/transport/dh"
)

type vectorBundle struct {
	Identity  vectors.Hex `json:"identity"`
	Protobuf  vectors.Hex `json:"protobuf"`
	Signature vectors.Hex `json:"signature"`
	Timestamp int64       `json:"timestamp"`
	Prekeys   map[string]struct {
		Key      vectors.Hex `json:"signed_pre_key"`
		Version  uint32      `json:"version"`
		Protocol uint32      `json:"protocol_version"`
	} `json:"signed_pre_keys"`
}

func (v vectorBundle) check(t *testing.T, r Raw) {
	t.Helper()
	if !bytes.Equal(r.Identity, v.Identity) || !bytes.Equal(r.Signature, v.Signature) ||
		r.Timestamp != v.Timestamp || len(r.Prekeys) != len(v.Prekeys) {
		t.Errorf("decoded %+v, want %+v", r, v)
	}
	for _, p := range r.Prekeys {
		w, ok := v.Prekeys[p.Installation]
		if !ok || !bytes.Equal(p.Key, w.Key) || p.Version != w.Version || p.Protocol != w.Protocol {
			t.Errorf("entry %+v, want %+v", p, w)
		}
	}
}

// late is a time at which no vector lies in the future.
func late(timestamp int64) time.Time {
	return time.Unix(0, max(timestamp, firstTimestamp)).Add(time.Hour)
}

func TestVectorBundleSign(t *testing.T) {
	type row struct {
		Name     string       `json:"name"`
		Bundle   vectorBundle `json:"bundle"`
		Private  vectors.Hex  `json:"identity_private"`
		Digest   vectors.Hex  `json:"signature_digest"`
		Material vectors.Hex  `json:"signature_material"`
		Single   bool         `json:"single_entry"`
	}
	f := vectors.Load(t, "secure-transport")
	vectors.Each(t, f, "bundle_sign", func(_ int, c row) string { return c.Name }, func(t *testing.T, c row) {
		raw, err := Decode(c.Bundle.Protobuf)
		if err != nil {
			t.Fatal(err)
		}
		c.Bundle.check(t, raw)
		identity, err := key.NewPrivate(c.Private)
		if err != nil {
			t.Fatal(err)
		}
		b := Bundle{identity: identity.Public(), timestamp: c.Bundle.Timestamp}
		lengths := make(map[int]bool)
		for _, p := range raw.Prekeys {
			point, err := dh.ToPoint(p.Key)
			if err != nil {
				t.Fatal(err)
			}
			b.prekeys = append(b.prekeys, Prekey{p.Installation, point, p.Version, p.Protocol})
			lengths[len(p.Installation)] = true
		}
		arranged := b.arrange()
		if got := material(b.prekeys, b.timestamp); !bytes.Equal(got, c.Material) {
			t.Errorf("material %x, want %x", got, []byte(c.Material))
		}
		digest := b.digest()
		if !bytes.Equal(digest[:], c.Digest) {
			t.Errorf("digest %x, want %x", digest, []byte(c.Digest))
		}
		signature, err := identity.Sign(digest)
		if err != nil || !bytes.Equal(signature[:], c.Bundle.Signature) {
			t.Errorf("signature %x, %v, want %x", signature, err, []byte(c.Bundle.Signature))
		}
		b.signature = signature
		if c.Single && !bytes.Equal(b.Encode(), c.Bundle.Protobuf) {
			t.Errorf("encoded %x, want %x", b.Encode(), []byte(c.Bundle.Protobuf))
		}
		_, err = raw.Verify(late(raw.Timestamp))
		if (err == nil) != (len(lengths) == 1) || (arranged == nil) != (err == nil) {
			t.Errorf("verified: %v", err)
		}
	})
}

func TestVectorBundleVerify(t *testing.T) {
	type row struct {
		Name     string       `json:"name"`
		Bundle   vectorBundle `json:"bundle"`
		Required string       `json:"required"`
	}
	f := vectors.Load(t, "secure-transport")
	vectors.Each(t, f, "bundle_verify", func(_ int, c row) string { return c.Name }, func(t *testing.T, c row) {
		raw, err := Decode(c.Bundle.Protobuf)
		if err != nil {
			t.Fatal(err)
		}
		c.Bundle.check(t, raw)
		b, err := raw.Verify(late(raw.Timestamp))
		switch c.Required {
		case "accept":
			if err != nil {
				t.Errorf("refused: %v", err)
			} else if len(raw.Prekeys) == 1 && !bytes.Equal(b.Encode(), c.Bundle.Protobuf) {
				t.Errorf("encoded %x, want %x", b.Encode(), []byte(c.Bundle.Protobuf))
			}
		case "reject":
			if err == nil {
				t.Error("accepted")
			}
		default:
			t.Fatalf("unknown verdict %q", c.Required)
		}
	})
}

func FuzzDecode(f *testing.F) {
	type row struct {
		Bundle vectorBundle `json:"bundle"`
	}
	for _, c := range vectors.Section[[]row](f, vectors.Load(f, "secure-transport"), "bundle_verify") {
		f.Add([]byte(c.Bundle.Protobuf))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		raw, err := Decode(data)
		if err != nil {
			return
		}
		if len(raw.Prekeys) > MaxPrekeys {
			t.Fatalf("%d entries", len(raw.Prekeys))
		}
		b, err := raw.Verify(late(raw.Timestamp))
		if err != nil {
			return
		}
		again, err := Decode(b.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Verify(late(raw.Timestamp)); err != nil {
			t.Errorf("own encoding: %v", err)
		}
	})
}
