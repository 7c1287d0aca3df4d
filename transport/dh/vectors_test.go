package dh

import (
	"bytes"
	"testing"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
)

func private(t *testing.T, b []byte) key.Private {
	t.Helper()
	k, err := key.NewPrivate(b)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestVectorECDH(t *testing.T) {
	type row struct {
		Name    string      `json:"name"`
		Private vectors.Hex `json:"private"`
		Peer    vectors.Hex `json:"peer_public_compressed"`
		Shared  vectors.Hex `json:"shared"`
	}
	f := vectors.Load(t, "secure-transport")
	vectors.Each(t, f, "ecdh", func(_ int, c row) string { return c.Name }, func(t *testing.T, c row) {
		p, err := ToPoint(c.Peer)
		if err != nil {
			t.Fatal(err)
		}
		pub, err := p.Parse()
		if err != nil {
			t.Fatal(err)
		}
		s, err := Shared(private(t, c.Private), pub)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(s.Reveal(), c.Shared) {
			t.Errorf("got %x, want %x", s.Reveal(), []byte(c.Shared))
		}
	})
}

func TestVectorFallback(t *testing.T) {
	type row struct {
		Name      string      `json:"name"`
		Ephemeral vectors.Hex `json:"ephemeral_private"`
		Public    vectors.Hex `json:"ephemeral_public"`
		Key       vectors.Hex `json:"key"`
		Nonce     vectors.Hex `json:"nonce"`
		Plaintext vectors.Hex `json:"plaintext"`
		Payload   vectors.Hex `json:"payload"`
		Recipient vectors.Hex `json:"recipient_identity_private"`
	}
	f := vectors.Load(t, "secure-transport")
	vectors.Each(t, f, "dh_fallback", func(_ int, c row) string { return c.Name }, func(t *testing.T, c row) {
		e, r := private(t, c.Ephemeral), private(t, c.Recipient)
		if got := PointOf(e.Public()); !bytes.Equal(got[:], c.Public) {
			t.Errorf("ephemeral key %x, want %x", got[:], []byte(c.Public))
		}
		out, err := Shared(e, r.Public())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Reveal(), c.Key) {
			t.Errorf("key %x, want %x", out.Reveal(), []byte(c.Key))
		}
		sealed, err := Seal(out, [NonceSize]byte(c.Nonce), c.Plaintext)
		if err != nil || !bytes.Equal(sealed, c.Payload) {
			t.Errorf("sealed %x, %v, want %x", sealed, err, []byte(c.Payload))
		}
		in, err := Shared(r, e.Public())
		if err != nil {
			t.Fatal(err)
		}
		plain, err := Open(in, c.Payload)
		if err != nil || plain == nil || !bytes.Equal(plain, c.Plaintext) {
			t.Errorf("opened %x, %v, want %x", plain, err, []byte(c.Plaintext))
		}
		for i := range c.Payload {
			bad := bytes.Clone(c.Payload)
			bad[i] ^= 1
			if _, err := Open(in, bad); err == nil {
				t.Errorf("byte %d changed: opened", i)
			}
		}
	})
}

func TestVectorFallbackErrors(t *testing.T) {
	type row struct {
		Name      string      `json:"name"`
		Public    vectors.Hex `json:"ephemeral_public"`
		Payload   vectors.Hex `json:"payload"`
		Recipient vectors.Hex `json:"recipient_identity_private"`
	}
	f := vectors.Load(t, "secure-transport")
	vectors.Each(t, f, "dh_fallback_errors", func(_ int, c row) string { return c.Name }, func(t *testing.T, c row) {
		plain, err := func() ([]byte, error) {
			p, err := ToPoint(c.Public)
			if err != nil {
				return nil, err
			}
			pub, err := p.Parse()
			if err != nil {
				return nil, err
			}
			k, err := Shared(private(t, c.Recipient), pub)
			if err != nil {
				return nil, err
			}
			return Open(k, c.Payload)
		}()
		if err == nil {
			t.Errorf("opened to %x", plain)
		}
	})
}
