package ens

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"statusd/internal/test/vectors"
)

func TestHashVector(t *testing.T) {
	type entry struct {
		Name string
		Hash vectors.Hex `json:"namehash"`
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "ens_namehash", func(_ int, c entry) string { return c.Name + "." }, func(t *testing.T, c entry) {
		for _, name := range []string{c.Name, strings.ToUpper(c.Name), " " + c.Name} {
			if got, err := Hash(name); err != nil || !bytes.Equal(got[:], c.Hash) {
				t.Errorf("%q: got %x, %v", name, got, err)
			}
		}
	})
}

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Alice.ETH": "alice.eth", "A\u0308b.eth": "äb.eth", "faß.eth": "faß.eth", "my_name.eth": "my_name.eth",
		"ＡＢ.eth": "ab.eth", "a。eth": "a.eth",
	} {
		if got, err := Normalize(in); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		".", ".eth", "a..eth", "a b.eth", "a\x00.eth", "eth.", strings.Repeat("a", 300) + ".eth", "xn--\xff.eth", "\xbc0",
	} {
		if got, err := Normalize(in); !errors.Is(err, ErrName) {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
		if _, err := Hash(in); !errors.Is(err, ErrName) {
			t.Errorf("hash of %q: %v", in, err)
		}
	}
	for in, want := range map[string]string{"Alice": "alice.stateofus.eth", "a.eth": "a.eth", "": ""} {
		if got, err := Qualify(in); err != nil || got != want {
			t.Errorf("Qualify %q: got %q, %v", in, got, err)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("alice.stateofus.eth")
	f.Add("ＡＢ.eth")
	f.Fuzz(func(t *testing.T, name string) {
		normal, err := Normalize(name)
		if err != nil {
			return
		}
		if again, err := Normalize(normal); err != nil || again != normal {
			t.Fatalf("%q normalises to %q, that to %q, %v", name, normal, again, err)
		}
	})
}
