package signedtext

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
)

func TestSignedTextVector(t *testing.T) {
	type entry struct {
		Message   string
		Private   string      `json:"private_key"`
		Hash      vectors.Hex `json:"hash"`
		Signature vectors.Hex `json:"signature"`
		Address   string      `json:"address"`
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "eip191", func(i int, _ entry) string { return fmt.Sprint(i) }, func(t *testing.T, c entry) {
		k, err := key.ParsePrivate([]byte(c.Private))
		if err != nil {
			t.Fatal(err)
		}
		hash := PersonalHash(c.Message)
		if !bytes.Equal(hash[:], c.Hash) {
			t.Fatalf("hash %x", hash)
		}
		sig, err := PersonalSign(k, c.Message)
		if err != nil || !bytes.Equal(sig[:], c.Signature) {
			t.Errorf("signature %x, %v", sig, err)
		}
		for _, v := range []byte{0, legacyV} {
			s := bytes.Clone(c.Signature)
			s[64] = s[64] - legacyV + v
			p, err := Recover(hash, s)
			if err != nil || p.Address().String() != c.Address {
				t.Errorf("V %d: signer %v, %v", s[64], p.Address(), err)
			}
		}
		tampered := hash
		tampered[0] ^= 1
		if p, err := Recover(tampered, c.Signature); err == nil && p == k.Public() {
			t.Error("a flipped hash gives the same signer")
		}
	})
}

func TestSignTakesTextThatLooksLikeHexAsText(t *testing.T) {
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	sig, err := Sign(k, "0x1122")
	if err != nil || sig[64] > 1 {
		t.Fatalf("V %d, %v", sig[64], err)
	}
	if p, err := Recover(Hash([]byte("0x1122")), sig[:]); err != nil || p != k.Public() {
		t.Errorf("signer %v, %v", p, err)
	}
	if Hash([]byte("0x1122")) == PersonalHash("0x1122") {
		t.Error("both conventions give one hash")
	}
}

func TestRecoverRefuses(t *testing.T) {
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	sig, err := Sign(k, "x")
	if err != nil {
		t.Fatal(err)
	}
	withV := func(v byte) []byte { return append(bytes.Clone(sig[:64]), v) }
	zero := make([]byte, 65)
	long := append(bytes.Clone(sig[:]), 0)
	for _, s := range [][]byte{nil, sig[:64], long, withV(2), withV(3), withV(26), withV(29), withV(255), zero} {
		if _, err := Recover(Hash([]byte("x")), s); !errors.Is(err, ErrSignature) {
			t.Errorf("%x: got %v", s, err)
		}
	}
}
