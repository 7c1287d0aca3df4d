package mnemonic

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"statusd/internal/test/vectors"
)

func TestEntropyVector(t *testing.T) {
	type entry struct {
		Entropy  vectors.Hex
		Mnemonic string
		Language string
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "entropy_to_mnemonic", func(i int, _ entry) string { return fmt.Sprint(i) },
		func(t *testing.T, c entry) {
			language, ok := map[string]Language{"english": English}[c.Language]
			for _, l := range Languages() {
				if strings.EqualFold(l.String(), c.Language) {
					language, ok = l, true
				}
			}
			if !ok {
				t.Fatalf("unknown language %q", c.Language)
			}
			p, err := FromEntropy(c.Entropy, language)
			if err != nil || p.Reveal() != c.Mnemonic {
				t.Fatalf("phrase differs: %v", err)
			}
			back, err := Parse([]byte(c.Mnemonic))
			if err != nil || !bytes.Equal(back.Entropy(), c.Entropy) || back.Language() != language || !back.Checked() {
				t.Errorf("entropy %x, %v", back.Entropy(), err)
			}
		})
}

func TestSeedVector(t *testing.T) {
	type entry struct {
		Mnemonic   string
		Passphrase string
		Seed       vectors.Hex
		Words      int
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "mnemonics", func(i int, _ entry) string { return fmt.Sprint(i) }, func(t *testing.T, c entry) {
		p, err := Parse([]byte(c.Mnemonic))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Seed([]byte(c.Passphrase)); !bytes.Equal(got.Reveal(), c.Seed) {
			t.Errorf("seed %x", got.Reveal())
		}
		if p.Words() != c.Words || p.Reveal() != c.Mnemonic {
			t.Errorf("%d words, want %d, or another text", p.Words(), c.Words)
		}
	})
}

func TestUnnormalisedPhraseVector(t *testing.T) {
	type entry struct {
		Description   string
		Mnemonic      string
		Canonical     string
		CanonicalSeed vectors.Hex `json:"canonical_seed"`
		ReferenceSeed vectors.Hex `json:"reference_import_seed"`
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "mnemonic_unnormalised", func(_ int, c entry) string { return c.Description },
		func(t *testing.T, c entry) {
			canonical, err := Canonical([]byte(c.Mnemonic))
			if err != nil || string(canonical) != c.Canonical {
				t.Errorf("canonical form differs: %v", err)
			}
			p, err := Parse([]byte(c.Mnemonic))
			if err != nil || !bytes.Equal(p.Seed(nil).Reveal(), c.CanonicalSeed) {
				t.Errorf("seed differs: %v", err)
			}
			u, err := ParseUnchecked([]byte(c.Mnemonic))
			if err != nil || !bytes.Equal(u.Seed(nil).Reveal(), c.ReferenceSeed) || u.Checked() {
				t.Errorf("seed of the exact text differs: %v", err)
			}
		})
}

func TestInvalidPhraseVector(t *testing.T) {
	type entry struct {
		Description string
		Mnemonic    string
		Valid       bool `json:"reference_valid"`
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "mnemonic_invalid", func(_ int, c entry) string { return c.Description },
		func(t *testing.T, c entry) {
			p, err := Parse([]byte(c.Mnemonic))
			if c.Valid {
				if err != nil || p.IsZero() {
					t.Errorf("refused: %v", err)
				}
				return
			}
			is := func(target error) bool { return errors.Is(err, target) }
			if !slices.ContainsFunc([]error{ErrEmpty, ErrWordCount, ErrWord, ErrChecksum}, is) || !p.IsZero() {
				t.Fatalf("got %v, want a typed error", err)
			}
			for _, word := range strings.Fields(c.Mnemonic) {
				if len(word) > 3 && word != "word" && strings.Contains(err.Error(), word) {
					t.Errorf("the error shows a word: %v", err)
				}
			}
		})
}

func TestEveryLanguageBothWays(t *testing.T) {
	for _, l := range Languages() {
		for size := 16; size <= 32; size += 4 {
			entropy := bytes.Repeat([]byte{0x5a, byte(size), 0xff, 0}, size/4)
			p, err := FromEntropy(entropy, l)
			if err != nil {
				t.Fatal(err)
			}
			shown := p.Reveal()
			spaced := "\ufeff " + strings.ReplaceAll(shown, " ", "\t\n") + "\u00a0"
			for _, text := range []string{shown, strings.ToUpper(shown), norm.NFD.String(shown), spaced} {
				back, err := Parse([]byte(text))
				if err != nil {
					t.Fatalf("%s, %d bytes: %v", l, size, err)
				}
				if !back.Seed(nil).Equal(p.Seed(nil)) {
					t.Errorf("%s: another seed", l)
				}
				if back.Language() == l && !bytes.Equal(back.Entropy(), entropy) {
					t.Errorf("%s: entropy %x, want %x", l, back.Entropy(), entropy)
				}
			}
			if l == Japanese != strings.Contains(shown, "\u3000") {
				t.Errorf("%s: wrong separator", l)
			}
		}
	}
}

// TestJapaneseSeed checks the first of the public Japanese test vectors.
func TestJapaneseSeed(t *testing.T) {
	p, err := FromEntropy(make([]byte, 16), Japanese)
	if err != nil {
		t.Fatal(err)
	}
	const want = "a262d6fb6122ecf45be09c50492b31f92e9beb7d9a845987a02cefda57a15f9c" +
		"467a17872029a9e92299b5cbdf306e3a0ee620245cbd508959b6cb7ca637bd55"
	if got := hex.EncodeToString(p.Seed([]byte("㍍ガバヴァぱばぐゞちぢ十人十色")).Reveal()); got != want {
		t.Errorf("got %s", got)
	}
}

func TestWordErrorNamesPositionAndLanguage(t *testing.T) {
	for _, c := range []struct {
		text     string
		position int
		language Language
	}{
		{"legal winner thank year wavy sausage worth useful legal winner thank yellow", 5, English},
		{"abaisser abandon abdiquer abeille abolir aborder aboutir aboyer abrasif abreuver abriter xxxx", 12, French},
		{strings.Repeat("q ", 12), 1, English},
	} {
		_, err := Parse([]byte(c.text))
		var word *WordError
		if !errors.As(err, &word) || word.Position != c.position || word.Language != c.language {
			t.Errorf("got %v, want word %d, %s", err, c.position, c.language)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", ErrEmpty},
		{"white space", " \t\u3000", ErrEmpty},
		{"not UTF-8", "\xff\xfe", ErrText},
		{"too long", strings.Repeat("a", MaxText+1), ErrText},
		{"a French word", "abaisser winner thank year wave sausage worth useful legal winner thank yellow", ErrWord},
	} {
		if _, err := Parse([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if c.want == ErrWord {
			continue
		}
		if _, err := ParseUnchecked([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s, unchecked: got %v, want %v", c.name, err, c.want)
		}
	}
	for _, n := range []int{0, 9, 11, 13, 27, -12} {
		if _, err := New(n); !errors.Is(err, ErrWordCount) {
			t.Errorf("New(%d): %v", n, err)
		}
	}
	for _, n := range []int{0, 12, 15, 17, 36} {
		if _, err := FromEntropy(make([]byte, n), English); !errors.Is(err, ErrEntropy) {
			t.Errorf("%d bytes of entropy: %v", n, err)
		}
	}
}

func TestNewPhrasesDifferAndAreValid(t *testing.T) {
	for words := minWords; words <= maxWords; words += 3 {
		a, err := New(words)
		if err != nil {
			t.Fatal(err)
		}
		b, err := New(words)
		if err != nil {
			t.Fatal(err)
		}
		if a.Reveal() == b.Reveal() || a.Words() != words {
			t.Errorf("%d words: equal phrases, or %d words", words, a.Words())
		}
		if _, err := Parse([]byte(a.Reveal())); err != nil {
			t.Errorf("%d words: %v", words, err)
		}
	}
}

func TestPhraseNeverPrints(t *testing.T) {
	p, err := Parse([]byte("legal winner thank year wave sausage worth useful legal winner thank yellow"))
	if err != nil {
		t.Fatal(err)
	}
	type holder struct{ hidden Phrase }
	j, err := json.Marshal(map[string]any{"p": p, "h": &p})
	if err != nil {
		t.Fatal(err)
	}
	out := string(j)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		out += fmt.Sprintf(verb+verb+verb, p, &p, holder{p})
	}
	if strings.Contains(out, "legal") || strings.Contains(out, "6c6567") {
		t.Errorf("the phrase shows in %q", out)
	}
	p.Wipe()
	if !p.IsZero() || p.Entropy() != nil || p.Reveal() != "" {
		t.Error("the phrase outlives Wipe")
	}
}

func FuzzCanonical(f *testing.F) {
	file := vectors.Load(f, "accounts")
	type entry struct{ Mnemonic string }
	for _, section := range []string{"mnemonic_unnormalised", "mnemonic_invalid", "entropy_to_mnemonic"} {
		for _, c := range vectors.Section[[]entry](f, file, section) {
			f.Add([]byte(c.Mnemonic))
		}
	}
	f.Add([]byte("\u0130\u1e9e\u212a\uff21\u3000x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		canonical, err := Canonical(text)
		if err != nil {
			return
		}
		if len(canonical) <= MaxText {
			again, err := Canonical(canonical)
			if err != nil || !bytes.Equal(again, canonical) {
				t.Fatalf("%q is not stable: %q, %v", canonical, again, err)
			}
		}
		if n := len(bytes.Fields(canonical)); !validCount(n) {
			return // Parse would only count the words
		}
		p, err := Parse(text)
		if err != nil {
			return
		}
		back, err := FromEntropy(p.Entropy(), p.Language())
		if err != nil || !back.text.Equal(p.text) {
			t.Fatalf("entropy gives another phrase: %v", err)
		}
	})
}

func BenchmarkParseEnglish(b *testing.B) {
	text := []byte("legal winner thank year wave sausage worth useful legal winner thank yellow")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSeed(b *testing.B) {
	p, err := New(DefaultWords)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Seed(nil)
	}
}
