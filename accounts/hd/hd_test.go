package hd

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"statusd/accounts/multibase"
)

// TestBIP32Text checks the first key of the public BIP32 test vectors.
func TestBIP32Text(t *testing.T) {
	seed, err := hex.DecodeString("000102030405060708090a0b0c0d0e0f")
	if err != nil {
		t.Fatal(err)
	}
	master, err := NewMaster(seed)
	if err != nil {
		t.Fatal(err)
	}
	const want = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJ" +
		"xWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"
	if text, err := master.Text(); err != nil || string(text.Reveal()) != want {
		t.Errorf("got %s, %v", text.Reveal(), err)
	}
}

func testMaster(t testing.TB) Private {
	t.Helper()
	master, err := NewMaster(bytes.Repeat([]byte{0x5a}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return master
}

func TestSeedSize(t *testing.T) {
	for n := range 70 {
		_, err := NewMaster(make([]byte, n))
		if valid := n >= 16 && n <= 64; valid && err != nil || !valid && !errors.Is(err, ErrSeedSize) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestPublicAndPrivateDerivationAgree(t *testing.T) {
	parent := testMaster(t)
	for number := range uint32(20) {
		k, err := parent.Child(number)
		if err != nil {
			t.Fatal(err)
		}
		p, err := parent.Public().Child(number)
		if err != nil || p.Text() != k.Public().Text() {
			t.Fatalf("child %d: got %v, %v", number, p, err)
		}
		parent = k
	}
}

func TestDepthEnds(t *testing.T) {
	k := testMaster(t)
	deepest, err := k.DerivePath("m" + strings.Repeat("/0", 255))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deepest.Child(0); !errors.Is(err, ErrDepth) {
		t.Errorf("private: %v", err)
	}
	if _, err := deepest.Public().Child(0); !errors.Is(err, ErrDepth) {
		t.Errorf("public: %v", err)
	}
	if _, err := k.DerivePath("m" + strings.Repeat("/0", 256)); !errors.Is(err, ErrDepth) {
		t.Errorf("path: %v", err)
	}
}

func TestAbsolutePathNeedsMaster(t *testing.T) {
	child, err := testMaster(t).Child(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"m", "m/0", PathChat} {
		if _, err := child.DerivePath(path); !errors.Is(err, ErrNotMaster) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"", ".", "./0", "0"} {
		if _, err := child.DerivePath(path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestWipeLeavesParentsAndDerivedKeys(t *testing.T) {
	master := testMaster(t)
	same, err := master.DerivePath("m")
	if err != nil {
		t.Fatal(err)
	}
	chat, err := master.DerivePath(PathChat)
	if err != nil {
		t.Fatal(err)
	}
	xpub := master.Public()
	master.Wipe()
	if !master.IsZero() || same.IsZero() || chat.IsZero() || !same.IsMaster() {
		t.Error("Wipe reached another key, or missed its own")
	}
	if _, err := xpub.Child(0); err != nil {
		t.Errorf("public key after Wipe: %v", err)
	}
	if _, err := master.Child(0); !errors.Is(err, ErrNoPrivateKey) {
		t.Errorf("Child of a wiped key: %v", err)
	}
	if _, err := master.DerivePath("m"); !errors.Is(err, ErrNoPrivateKey) {
		t.Errorf("Derive of a wiped key: %v", err)
	}
	if _, err := master.Text(); !errors.Is(err, ErrNoPrivateKey) {
		t.Errorf("Text of a wiped key: %v", err)
	}
}

func TestWalletPath(t *testing.T) {
	p, err := WalletPath(0)
	if err != nil || p.String() != PathWallet {
		t.Errorf("got %s, %v", p, err)
	}
	if _, err := WalletPath(Hardened); !errors.Is(err, ErrPathIndex) {
		t.Errorf("got %v", err)
	}
	if _, err := ParsePath(strings.Repeat("1", maxPathText+1)); !errors.Is(err, ErrPath) {
		t.Errorf("long text: %v", err)
	}
}

// TestMalformedExtendedKeys changes one part of a valid text at a time and
// mends the checksum.
func TestMalformedExtendedKeys(t *testing.T) {
	master := testMaster(t)
	text, err := master.Text()
	if err != nil {
		t.Fatal(err)
	}
	change := func(text string, at int, v byte) string {
		_, raw, err := multibase.Decode("z" + text)
		if err != nil {
			t.Fatal(err)
		}
		body := raw[:bodySize]
		body[at] = v
		out, err := multibase.Encode(multibase.Base58BTC, append(bytes.Clone(body), checksum(body)...))
		if err != nil {
			t.Fatal(err)
		}
		return out[1:]
	}
	private := string(text.Reveal())
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"another version", change(private, 0, 5), ErrVersion},
		{"key field starts with 1", change(private, 45, 1), ErrKey},
		{"master with a parent", change(private, 5, 1), ErrKey},
		{"master with a number", change(private, 12, 1), ErrKey},
		{"long", strings.Repeat("1", 200), ErrText},
	} {
		if _, err := ParsePrivate([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := ParsePublic(change(master.Public().Text(), 45, 4)); !errors.Is(err, ErrKey) {
		t.Errorf("public key field starts with 4: %v", err)
	}
	if _, err := ParsePublic(private); !errors.Is(err, ErrVersion) {
		t.Errorf("xprv as xpub: %v", err)
	}
}

func TestAddModN(t *testing.T) {
	n, _ := new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
	one := big.NewInt(1)
	last := new(big.Int).Sub(n, one)
	half := new(big.Int).Rsh(n, 1)
	top := new(big.Int).Sub(new(big.Int).Lsh(one, 256), one)
	numbers := []*big.Int{big.NewInt(0), one, half, new(big.Int).Add(half, one), last, n, top, new(big.Int).Lsh(one, 128)}
	for _, a := range numbers {
		for _, b := range numbers {
			if b.Cmp(n) >= 0 {
				continue
			}
			sum, ok := addModN([32]byte(a.FillBytes(make([]byte, 32))), [32]byte(b.FillBytes(make([]byte, 32))))
			if ok != (a.Cmp(n) < 0) {
				t.Errorf("%x + %x: ok is %v", a, b, ok)
			}
			want := new(big.Int).Add(a, b)
			want.Mod(want, n)
			if ok && want.Cmp(new(big.Int).SetBytes(sum[:])) != 0 {
				t.Errorf("%x + %x: got %x, want %x", a, b, sum, want)
			}
		}
	}
}

func TestExtendedKeysNeverPrint(t *testing.T) {
	k := testMaster(t)
	text, err := k.Text()
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		hidden Private
		public Public
	}
	j, err := json.Marshal(map[string]any{"k": k, "p": k.Public()})
	if err != nil {
		t.Fatal(err)
	}
	out := string(j)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		out += fmt.Sprintf(verb+verb+verb+verb, k, &k, holder{k, k.Public()}, k.Public())
	}
	chain, d := k.place.chain.Reveal(), k.Key().Reveal()
	for _, b := range [][]byte{chain, d} {
		for _, bad := range []string{fmt.Sprintf("%x", b[:4]), strings.Trim(fmt.Sprint(b[:4]), "[]")} {
			if strings.Contains(out, bad) {
				t.Errorf("%q shows in %q", bad, out)
			}
		}
	}
	if strings.Contains(out, string(text.Reveal()[:20])) {
		t.Error("the xprv shows")
	}
}
