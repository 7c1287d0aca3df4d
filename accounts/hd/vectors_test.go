package hd

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/accounts/mnemonic"
	"statusd/accounts/multibase"
	"statusd/internal/test/vectors"
)

// keyEntry is one key of the "mnemonics" section.
type keyEntry struct {
	Name       string
	Path       string
	XPrv       string
	XPub       string
	Private    vectors.Hex `json:"private_key"`
	Public     string      `json:"public_key"`
	Compressed vectors.Hex `json:"compressed_public_key"`
	Address    string
	UID        string `json:"key_uid"`
	Reference  string `json:"reference_path_parser_address"`
}

// check compares a key with an entry, and the entry's texts with the key.
func (c keyEntry) check(t *testing.T, k Private) {
	t.Helper()
	p := k.Key().Public()
	compressed := p.Compressed()
	if !bytes.Equal(k.Key().Reveal(), c.Private) || !bytes.Equal(compressed[:], c.Compressed) {
		t.Errorf("%s: another key", c.Path)
	}
	if p.ContactID() != c.Public || p.Address().String() != c.Address || p.UID().String() != c.UID {
		t.Errorf("%s: got %s, %s, %s", c.Path, p.ContactID(), p.Address(), p.UID())
	}
	text, err := k.Text()
	if err != nil || string(text.Reveal()) != c.XPrv {
		t.Errorf("%s: another xprv, %v", c.Path, err)
	}
	back, err := ParsePrivate([]byte(c.XPrv))
	if err != nil || !back.Key().Equal(k.Key()) || !back.place.chain.Equal(k.place.chain) {
		t.Errorf("%s: xprv reads as another key, %v", c.Path, err)
	}
	if c.XPub == "" {
		return
	}
	if k.Public().Text() != c.XPub {
		t.Errorf("%s: xpub %s", c.Path, k.Public().Text())
	}
	if public, err := ParsePublic(c.XPub); err != nil || public.Key() != p {
		t.Errorf("%s: xpub reads as another key, %v", c.Path, err)
	}
}

// masterOf returns the master key of a phrase.
func masterOf(t testing.TB, phrase, passphrase string) Private {
	t.Helper()
	p, err := mnemonic.Parse([]byte(phrase))
	if err != nil {
		t.Fatal(err)
	}
	master, err := NewMaster(p.Seed([]byte(passphrase)).Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return master
}

func TestPhraseToKeysVector(t *testing.T) {
	type entry struct {
		Mnemonic   string
		Passphrase string
		Master     keyEntry
		Derived    []keyEntry
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "mnemonics", func(i int, _ entry) string { return fmt.Sprint(i) }, func(t *testing.T, c entry) {
		master := masterOf(t, c.Mnemonic, c.Passphrase)
		if !master.IsMaster() {
			t.Error("not a master key")
		}
		c.Master.check(t, master)
		for _, d := range c.Derived {
			k, err := master.DerivePath(d.Path)
			if err != nil {
				t.Fatalf("%s: %v", d.Path, err)
			}
			d.check(t, k)
			if d.Path != PathEIP1581 || d.Reference == "" {
				continue
			}
			k, err = master.DerivePath(PathEIP1581Reference)
			if err != nil || k.Key().Public().Address().String() != d.Reference {
				t.Errorf("what the reference derives for %s: got %v, %v", d.Path, k, err)
			}
		}
	})
}

func TestPathVector(t *testing.T) {
	type entry struct {
		Path     string
		Mnemonic string
		Address  string
		Public   string `json:"public_key"`
		Err      string `json:"reference_error"`
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "paths", func(i int, c entry) string { return fmt.Sprintf("%d %s", i, c.Path) },
		func(t *testing.T, c entry) {
			master := masterOf(t, c.Mnemonic, "")
			k, err := master.DerivePath(c.Path)
			// Where the reference is wrong (spec 06 section 2) it accepts what
			// must be refused, or drops the last component.
			outOfRange := strings.HasSuffix(c.Path, "2147483648'")
			switch {
			case c.Err != "", outOfRange, strings.HasPrefix(c.Path, ".."):
				if !errors.Is(err, ErrPath) && !errors.Is(err, ErrPathIndex) {
					t.Errorf("got %v, want a typed error", err)
				}
				return
			case err != nil:
				t.Fatal(err)
			case strings.HasSuffix(c.Path, "'"):
				if k, err = master.DerivePath(c.Path[:max(strings.LastIndex(c.Path, "/"), 0)]); err != nil {
					t.Fatal(err)
				}
			}
			if p := k.Key().Public(); p.ContactID() != c.Public || p.Address().String() != c.Address {
				t.Errorf("got %s", p.Address())
			}
			parsed, err := ParsePath(c.Path)
			if err != nil {
				t.Fatal(err)
			}
			again, err := ParsePath(parsed.String())
			if err != nil || again.String() != parsed.String() || again.Absolute() != parsed.Absolute() {
				t.Errorf("%q writes as %q, %v", c.Path, parsed, err)
			}
		})
}

func TestPublicDerivationVector(t *testing.T) {
	type entry struct {
		Parent     string      `json:"parent_xpub"`
		Index      uint32      `json:"index"`
		Child      string      `json:"child_xpub"`
		Compressed vectors.Hex `json:"child_public_key_compressed"`
		Err        string      `json:"reference_error"`
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "bip32_public", func(_ int, c entry) string { return fmt.Sprint(c.Index) },
		func(t *testing.T, c entry) {
			parent, err := ParsePublic(c.Parent)
			if err != nil {
				t.Fatal(err)
			}
			child, err := parent.Child(c.Index)
			if c.Err != "" {
				if !errors.Is(err, ErrHardened) {
					t.Errorf("got %v, want ErrHardened", err)
				}
				return
			}
			if err != nil || child.Text() != c.Child {
				t.Fatalf("got %s, %v", child.Text(), err)
			}
			if got := child.Key().Compressed(); !bytes.Equal(got[:], c.Compressed) {
				t.Errorf("got %x", got)
			}
		})
}

func TestExtendedKeyTextVector(t *testing.T) {
	type entry struct {
		Description string
		String      string
		Result      string `json:"reference_result"`
		Err         string `json:"reference_error"`
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "extended_key_strings", func(_ int, c entry) string { return c.Description },
		func(t *testing.T, c entry) {
			private, errPrivate := ParsePrivate([]byte(c.String))
			public, errPublic := ParsePublic(c.String)
			// The reference wrongly takes the empty key, its zero marker and
			// points off the curve.
			offCurve := strings.HasPrefix(c.String, "xpub") && c.Result == "ok" && !onCurve(t, c.String)
			if c.Result == "ok" && !offCurve {
				if strings.HasPrefix(c.String, "xprv") {
					text, err := private.Text()
					if errPrivate != nil || err != nil || string(text.Reveal()) != c.String {
						t.Errorf("got %v, %v", private, errPrivate)
					}
				} else if errPublic != nil || public.Text() != c.String {
					t.Errorf("got %v, %v", public, errPublic)
				}
				return
			}
			for _, err := range []error{errPrivate, errPublic} {
				is := func(target error) bool { return errors.Is(err, target) }
				if !slices.ContainsFunc([]error{ErrText, ErrChecksum, ErrKey, ErrVersion}, is) {
					t.Errorf("got %v, want a typed error", err)
				}
			}
			if offCurve && !errors.Is(errPublic, ErrKey) {
				t.Errorf("got %v, want ErrKey", errPublic)
			}
		})
}

// onCurve tells, without the package's own reader, whether the X coordinate in
// an xpub has a Y.
func onCurve(t *testing.T, xpub string) bool {
	t.Helper()
	_, raw, err := multibase.Decode("z" + xpub)
	if err != nil || len(raw) != bodySize+checksumSize {
		t.Fatalf("not an xpub: %v", err)
	}
	p := crypto.S256().Params().P
	x := new(big.Int).SetBytes(raw[46:78])
	y2 := new(big.Int).Exp(x, big.NewInt(3), p)
	y2.Mod(y2.Add(y2, big.NewInt(7)), p)
	return x.Cmp(p) < 0 && new(big.Int).ModSqrt(y2, p) != nil
}

func FuzzParseExtended(f *testing.F) {
	type entry struct{ String string }
	for _, c := range vectors.Section[[]entry](f, vectors.Load(f, "accounts"), "extended_key_strings") {
		f.Add(c.String)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := ParsePrivate([]byte(text)); err == nil {
			again, err := k.Text()
			if err != nil || string(again.Reveal()) != text {
				t.Fatalf("%q writes as another text, %v", text, err)
			}
		}
		if p, err := ParsePublic(text); err == nil && p.Text() != text {
			t.Fatalf("%q writes as %q", text, p.Text())
		}
	})
}

func FuzzParsePath(f *testing.F) {
	type entry struct{ Path string }
	for _, c := range vectors.Section[[]entry](f, vectors.Load(f, "accounts"), "paths") {
		f.Add(c.Path)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePath(text)
		if err != nil {
			return
		}
		again, err := ParsePath(p.String())
		if err != nil || again.String() != p.String() || len(again.Indices()) != len(p.Indices()) {
			t.Fatalf("%q writes as %q, %v", text, p, err)
		}
	})
}

func BenchmarkChatKey(b *testing.B) {
	master := masterOf(b, strings.Repeat("abandon ", 11)+"about", "")
	b.ReportAllocs()
	for b.Loop() {
		k, err := master.DerivePath(PathChat)
		if err != nil {
			b.Fatal(err)
		}
		k.Wipe()
	}
}
