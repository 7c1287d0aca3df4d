package x3dh

import (
	"bytes"
	"testing"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
	"statusd/transport/dh"
)

func private(tb testing.TB, b []byte) key.Private {
	tb.Helper()
	k, err := key.NewPrivate(b)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestVectorX3DH(t *testing.T) {
	type row struct {
		Name           string      `json:"name"`
		DH1            vectors.Hex `json:"dh1"`
		DH2            vectors.Hex `json:"dh2"`
		DH3            vectors.Hex `json:"dh3"`
		Ephemeral      vectors.Hex `json:"initiator_ephemeral_private"`
		EphemeralPoint vectors.Hex `json:"initiator_ephemeral_public"`
		Initiator      vectors.Hex `json:"initiator_identity_private"`
		Responder      vectors.Hex `json:"responder_identity_private"`
		Prekey         vectors.Hex `json:"responder_prekey_private"`
		PrekeyPoint    vectors.Hex `json:"responder_prekey_public"`
		Shared         vectors.Hex `json:"shared_key"`
	}
	f := vectors.Load(t, "secure-transport")
	vectors.Each(t, f, "x3dh", func(_ int, c row) string { return c.Name }, func(t *testing.T, c row) {
		ik, ek := private(t, c.Initiator), private(t, c.Ephemeral)
		rk, spk := private(t, c.Responder), private(t, c.Prekey)
		for _, p := range []struct {
			got  dh.Point
			want []byte
		}{{dh.PointOf(ek.Public()), c.EphemeralPoint}, {dh.PointOf(spk.Public()), c.PrekeyPoint}} {
			if !bytes.Equal(p.got[:], p.want) {
				t.Errorf("point %x, want %x", p.got[:], p.want)
			}
		}
		for i, e := range []struct {
			a    key.Private
			b    key.Public
			want []byte
		}{{ik, spk.Public(), c.DH1}, {ek, rk.Public(), c.DH2}, {ek, spk.Public(), c.DH3}} {
			if s, err := dh.Shared(e.a, e.b); err != nil || !bytes.Equal(s.Reveal(), e.want) {
				t.Errorf("dh%d differs: %v", i+1, err)
			}
		}
		a, err := Initiate(ik, ek, rk.Public(), spk.Public())
		if err != nil || !bytes.Equal(a.Reveal(), c.Shared) {
			t.Errorf("initiator: %v, want %x", err, []byte(c.Shared))
		}
		b, err := Respond(rk, spk, ik.Public(), ek.Public())
		if err != nil || !bytes.Equal(b.Reveal(), c.Shared) {
			t.Errorf("responder: %v, want %x", err, []byte(c.Shared))
		}
	})
}

func TestMissingKeysAreRefused(t *testing.T) {
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Initiate(key.Private{}, k, k.Public(), k.Public()); err == nil {
		t.Error("agreed without an identity")
	}
	if _, err := Respond(k, k, k.Public(), key.Public{}); err == nil {
		t.Error("agreed without an ephemeral key")
	}
}
