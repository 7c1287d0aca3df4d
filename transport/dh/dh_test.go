package dh

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"statusd/accounts/key"
)

func TestZeroKeysAreRefused(t *testing.T) {
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Shared(key.Private{}, k.Public()); !errors.Is(err, ErrNoKey) {
		t.Errorf("no private key: %v", err)
	}
	if _, err := Shared(k, key.Public{}); !errors.Is(err, ErrPoint) {
		t.Errorf("no public key: %v", err)
	}
	if _, err := Open(Secret{}, make([]byte, 40)); !errors.Is(err, ErrNoKey) {
		t.Errorf("no secret: %v", err)
	}
	if _, err := (Point{}).Parse(); !errors.Is(err, ErrPoint) {
		t.Errorf("zero point: %v", err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	s, err := NewSecret([]byte("correct horse battery staple 123"))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, v := range []any{s, &s, struct{ s Secret }{s}} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, "correct") || strings.Contains(got, "636f7272") || strings.Contains(got, "99 111") {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	}
	if _, err := NewSecret(nil); !errors.Is(err, ErrSecretSize) {
		t.Errorf("empty secret: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	s, err := NewSecret(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := Seal(s, [NonceSize]byte{}, []byte("text"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed[:NonceSize])
	f.Fuzz(func(t *testing.T, b []byte) {
		plain, err := Open(s, b)
		if err == nil && len(plain) != len(b)-Overhead {
			t.Errorf("%d bytes opened to %d", len(b), len(plain))
		}
	})
}
