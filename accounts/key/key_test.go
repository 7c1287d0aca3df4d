package key

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/internal/test/vectors"
)

func TestPrivateKeyTextVector(t *testing.T) {
	type entry struct {
		Input  string `json:"input"`
		Public string `json:"public_key"`
		Addr   string `json:"address"`
		UID    string `json:"key_uid"`
		Err    string `json:"reference_error"`
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "private_key_import", func(i int, _ entry) string { return fmt.Sprint(i) },
		func(t *testing.T, c entry) {
			k, err := ParsePrivate([]byte(c.Input))
			if c.Err != "" {
				if !errors.Is(err, ErrPrivateText) && !errors.Is(err, ErrPrivateRange) {
					t.Fatalf("got %v, want a typed error", err)
				}
				if digits := strings.TrimSpace(c.Input); len(digits) > 8 && strings.Contains(err.Error(), digits[:8]) {
					t.Error("the error shows the input")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			p := k.Public()
			if p.ContactID() != c.Public || p.Address().String() != c.Addr || p.UID().String() != c.UID {
				t.Errorf("got %s %s %s", p.ContactID(), p.Address(), p.UID())
			}
			if want := strings.ToLower(strings.TrimPrefix(c.Input, "0x")); hex.EncodeToString(k.Reveal()) != want {
				t.Error("bytes do not encode back")
			}
		})
}

func TestAddressChecksumVector(t *testing.T) {
	type entry struct{ Address, Checksummed string }
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "eip55", func(_ int, c entry) string { return c.Address }, func(t *testing.T, c entry) {
		for _, in := range []string{c.Address, "0x" + c.Address, c.Checksummed, strings.ToUpper(c.Address)} {
			a, err := ParseAddress(in)
			if err != nil {
				t.Fatalf("%s: %v", in, err)
			}
			if a.String() != c.Checksummed || a.Hex() != c.Address {
				t.Errorf("%s: got %s", in, a)
			}
		}
		flipped := swapCaseOfOneLetter(c.Checksummed)
		if flipped == strings.ToLower(flipped) || flipped[2:] == strings.ToUpper(flipped[2:]) {
			return // no letters, or now all of one case
		}
		if _, err := ParseAddress(flipped); !errors.Is(err, ErrAddressChecksum) {
			t.Errorf("%s: got %v, want ErrAddressChecksum", flipped, err)
		}
	})
}

// swapCaseOfOneLetter changes the case of the last letter of an address.
func swapCaseOfOneLetter(s string) string {
	b := []byte(s)
	for i := len(b) - 1; i > 1; i-- {
		if b[i] > '9' {
			b[i] ^= 0x20
			break
		}
	}
	return string(b)
}

func TestInstallationIDVector(t *testing.T) {
	type entry struct {
		Public string `json:"public_key"`
		ID     string `json:"installation_id"`
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "installation_id_from_key", func(_ int, c entry) string { return c.ID },
		func(t *testing.T, c entry) {
			p, err := ParseContactID(c.Public)
			if err != nil {
				t.Fatal(err)
			}
			if p.InstallationID() != c.ID {
				t.Errorf("got %s", p.InstallationID())
			}
		})
}

func TestPublicForms(t *testing.T) {
	k, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	u, c := k.Public().Uncompressed(), k.Public().Compressed()
	for _, raw := range [][]byte{u[:], c[:]} {
		p, err := ParsePublic(raw)
		if err != nil || p != k.Public() {
			t.Fatalf("%x: got %v, %v", raw, p, err)
		}
	}
	if got := crypto.CompressPubkey(k.Public().ECDSA()); !bytes.Equal(got, c[:]) {
		t.Errorf("compressed %x, want %x", c, got)
	}
	alter := func(raw []byte, i int, v byte) []byte {
		b := bytes.Clone(raw)
		b[i] = v
		return b
	}
	bad := bytes.Repeat([]byte{0xff}, 33)
	bad[0] = 2
	for _, tc := range []struct {
		name string
		in   []byte
		want error
	}{
		{"empty", nil, ErrPublicSize},
		{"infinity", []byte{0}, ErrPublicSize},
		{"short", u[:64], ErrPublicSize},
		{"long", append(bytes.Clone(u[:]), 0), ErrPublicSize},
		{"hybrid", alter(u[:], 0, 6), ErrPublicForm},
		{"compressed with 04", alter(c[:], 0, 4), ErrPublicForm},
		{"uncompressed with 02", alter(u[:], 0, 2), ErrPublicForm},
		{"off the curve", alter(u[:], 64, u[64]^1), ErrPublicPoint},
		{"x not below p", bad, ErrPublicPoint},
		{"coordinates not below p", append([]byte{4}, bytes.Repeat([]byte{0xff}, 64)...), ErrPublicPoint},
	} {
		if _, err := ParsePublic(tc.in); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
	off := &ecdsa.PublicKey{Curve: crypto.S256(), X: big.NewInt(1), Y: big.NewInt(1)}
	if _, err := PublicFromECDSA(off); !errors.Is(err, ErrPublicPoint) {
		t.Errorf("off the curve: %v", err)
	}
	if p, err := PublicFromECDSA(k.Public().ECDSA()); err != nil || p != k.Public() {
		t.Errorf("from ECDSA: %v", err)
	}
}

func TestPrivateFromECDSA(t *testing.T) {
	e, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	k, err := FromECDSA(e)
	if err != nil {
		t.Fatal(err)
	}
	back, err := k.ECDSA()
	if err != nil || back.D.Cmp(e.D) != 0 {
		t.Fatalf("round trip: %v", err)
	}
	if _, err := FromECDSA(nil); !errors.Is(err, ErrNoKey) {
		t.Errorf("nil: %v", err)
	}
	for _, d := range []*big.Int{big.NewInt(0), big.NewInt(-1), new(big.Int).Lsh(big.NewInt(1), 300)} {
		if _, err := FromECDSA(&ecdsa.PrivateKey{D: d}); !errors.Is(err, ErrPrivateRange) {
			t.Errorf("%v: got %v", d, err)
		}
	}
}

func TestWipedKeyIsUseless(t *testing.T) {
	k, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	p := k.Public()
	c := k
	k.Wipe()
	if !c.IsZero() || c.Public() != p {
		t.Error("the copy kept its secret, or lost its public key")
	}
	if _, err := c.Sign([32]byte{}); !errors.Is(err, ErrNoKey) {
		t.Errorf("Sign: %v", err)
	}
	if _, err := c.ECDSA(); !errors.Is(err, ErrNoKey) {
		t.Errorf("ECDSA: %v", err)
	}
}

func TestPrivateKeyNeverPrintsItsBytes(t *testing.T) {
	k, err := ParsePrivate([]byte(strings.Repeat("5a", 32)))
	if err != nil {
		t.Fatal(err)
	}
	type holder struct{ hidden Private }
	j, err := json.Marshal(map[string]any{"k": k, "h": holder{k}})
	if err != nil {
		t.Fatal(err)
	}
	out := string(j)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		out += fmt.Sprintf(verb+verb+verb, k, &k, holder{k})
	}
	for _, bad := range []string{"5a5a", "5A5A", "90 90"} {
		if strings.Contains(out, bad) {
			t.Errorf("%q shows in %q", bad, out)
		}
	}
	if !strings.Contains(out, "private key of 0x") {
		t.Errorf("no fingerprint in %q", out)
	}
}

func TestTextForms(t *testing.T) {
	k, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	type all struct {
		P Public
		A Address
		U UID
	}
	in := all{k.Public(), k.Public().Address(), k.Public().UID()}
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out all
	if err := json.Unmarshal(raw, &out); err != nil || out != in {
		t.Errorf("got %+v, %v", out, err)
	}
	if s := fmt.Sprintf("%v %x", in.P, in.P); len(s) > 40 {
		t.Errorf("a public key prints in full: %s", s)
	}
	id := in.P.ContactID()
	bad := []string{"", "0x", "0x04", id[2:], strings.ToUpper(id), id + "0", "0x04" + strings.Repeat("zz", 64)}
	for _, s := range bad {
		if _, err := ParseContactID(s); !errors.Is(err, ErrContactID) {
			t.Errorf("contact id %q: %v", s, err)
		}
	}
	for _, s := range []string{"", "0x", "0X" + in.A.Hex(), in.A.Hex() + "00", strings.Repeat("zz", 20)} {
		if _, err := ParseAddress(s); !errors.Is(err, ErrAddressText) {
			t.Errorf("address %q: %v", s, err)
		}
	}
	for _, s := range []string{"", "0x", in.U.Hex()[1:], strings.Repeat("zz", 32)} {
		if _, err := ParseUID(s); !errors.Is(err, ErrUIDText) {
			t.Errorf("key-uid %q: %v", s, err)
		}
	}
}
