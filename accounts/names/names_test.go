package names

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
)

type nameEntry struct {
	Public  string      `json:"public_key"`
	Seed    vectors.Hex `json:"seed"`
	States  []vectors.Hex
	Indices [3]int
	Name    string
}

// partialLists puts the words that the vectors name at the places they name
// them, and fails when two vectors disagree about a word.
func partialLists(t *testing.T, cases []nameEntry) *Lists {
	l := &Lists{make([]string, adjectiveCount), make([]string, animalCount)}
	for _, c := range cases {
		words := strings.Split(c.Name, " ")
		if len(words) != 3 {
			t.Fatalf("name %q", c.Name)
		}
		for i, list := range [][]string{l.adjectives, l.adjectives, l.animals} {
			at := &list[c.Indices[i]]
			if *at != "" && *at != words[i] {
				t.Fatalf("index %d is both %s and %s", c.Indices[i], *at, words[i])
			}
			*at = words[i]
		}
	}
	return l
}

func TestNameVector(t *testing.T) {
	f := vectors.Load(t, "accounts")
	lists := partialLists(t, vectors.Section[[]nameEntry](t, f, "three_word_name"))
	vectors.Each(t, f, "three_word_name", func(_ int, c nameEntry) string { return c.Name },
		func(t *testing.T, c nameEntry) {
			seed := binary.BigEndian.Uint64(c.Seed)
			for i, got := range states(seed) {
				if want := binary.BigEndian.Uint64(c.States[i]); got != want {
					t.Errorf("state %d: %x, want %x", i, got, want)
				}
			}
			if got := Indices(seed); got != c.Indices {
				t.Errorf("indices %v, want %v", got, c.Indices)
			}
			if c.Public == "" {
				return
			}
			p, err := key.ParseContactID(c.Public)
			if err != nil {
				t.Fatal(err)
			}
			if Seed(p) != seed || lists.Name(p) != c.Name {
				t.Errorf("seed %x, name %q, want %q", Seed(p), lists.Name(p), c.Name)
			}
			if (*Lists)(nil).Name(p) != "" {
				t.Error("a name without lists")
			}
		})
}

func TestWordListsVector(t *testing.T) {
	f := vectors.Load(t, "accounts")
	want := vectors.Section[struct {
		Adjectives     int
		Animals        int
		AdjectivesHash string `json:"adjectives_sha256"`
		AnimalsHash    string `json:"animals_sha256"`
	}](t, f, "three_word_name_lists")
	if want.Adjectives != adjectiveCount || want.Animals != animalCount ||
		want.AdjectivesHash != adjectiveHash || want.AnimalsHash != animalHash {
		t.Errorf("got %+v", want)
	}
}

func TestLoadChecksCountAndHash(t *testing.T) {
	const three = "Able\nBald\nCalm"
	sum := sha256.Sum256([]byte(three))
	hash := hex.EncodeToString(sum[:])
	dir := t.TempDir()
	path := filepath.Join(dir, AdjectivesFile)
	if _, err := Load(dir); !errors.Is(err, ErrNoLists) {
		t.Errorf("empty folder: %v", err)
	}
	write := func(s string) {
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(three)
	if _, err := Load(dir); !errors.Is(err, ErrWrongList) {
		t.Errorf("three words: %v", err)
	}
	if _, err := loadList(path, 3, animalHash); !errors.Is(err, ErrWrongList) {
		t.Errorf("wrong hash: %v", err)
	}
	for _, text := range []string{three, three + "\n", strings.ReplaceAll(three, "\n", "\r\n") + "\r\n"} {
		write(text)
		words, err := loadList(path, 3, hash)
		if err != nil || len(words) != 3 || words[2] != "Calm" {
			t.Errorf("%q: got %q, %v", text, words, err)
		}
	}
	write(strings.Repeat("a\n", maxFile))
	if _, err := loadList(path, maxFile, hash); !errors.Is(err, ErrWrongList) {
		t.Errorf("huge file: %v", err)
	}
}
