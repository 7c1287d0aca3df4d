package mnemonic

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// TestListsAreTheOfficialOnes holds the SHA-256 of the files of bitcoin/bips.
func TestListsAreTheOfficialOnes(t *testing.T) {
	for l, want := range map[Language]string{
		English:            "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda",
		ChineseSimplified:  "5c5942792bd8340cb8b27cd592f1015edf56a8c5b26276ee18a482428e7c5726",
		ChineseTraditional: "417b26b3d8500a4ae3d59717d7011952db6fc2fb84b807f3f94ac734e89c1b5f",
		Czech:              "7e80e161c3e93d9554c2efb78d4e3cebf8fc727e9c52e03b83b94406bdcc95fc",
		French:             "ebc3959ab7801a1df6bac4fa7d970652f1df76b683cd2f4003c941c63d517e59",
		Italian:            "d392c49fdb700a24cd1fceb237c1f65dcc128f6b34a8aacb58b59384b5c648c2",
		Japanese:           "2eed0aef492291e061633d7ad8117f1a2b03eb80a29d0e4e3117ac2528d05ffd",
		Korean:             "9e95f86c167de88f450f0aaf89e87f6624a57f973c67b516e338e8e8b8897f60",
		Portuguese:         "2685e9c194c82ae67e10ba59d9ea5345a23dc093e92276fc5361f6667d79cd3f",
		Spanish:            "46846a5a0139d1e3cb77293e521c2865f7bcdb82c44e8d0a06a2cd0ecba48c0b",
	} {
		text, err := lists.ReadFile("words/" + l.Key() + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s: the list has the hash %x", l, sum)
		}
		words := l.words()
		distinct := map[string]bool{}
		for _, word := range words {
			distinct[norm.NFKD.String(word)] = true
		}
		if len(words) != 2048 || len(distinct) != 2048 {
			t.Errorf("%s: %d words, %d different ones", l, len(words), len(distinct))
		}
		for _, name := range []string{l.String(), l.Key(), strings.ToUpper(l.Key())} {
			if got, ok := ParseLanguage(name); !ok || got != l {
				t.Errorf("%q is %s, %v", name, got, ok)
			}
		}
	}
	if len(Languages()) != 10 {
		t.Errorf("%d languages", len(Languages()))
	}
}

// TestAccentsCanBeLeftOut: every word without its accents is still that word,
// and the seed is that of the word in the list.
func TestAccentsCanBeLeftOut(t *testing.T) {
	left := 0
	for _, l := range Languages() {
		index := l.index()
		for i, word := range l.words() {
			decomposed := norm.NFKD.String(word)
			if l.latin() && index[plainLetters(decomposed)] != i {
				t.Errorf("%s: word %d without accents is word %d", l, i, index[plainLetters(decomposed)])
			}
			if l.latin() && plainLetters(decomposed) != decomposed {
				left++
			}
		}
	}
	if left < 300 {
		t.Errorf("%d words have accents", left)
	}
	for with, without := range map[string]string{
		strings.Repeat("ábaco ", 11) + "abierto":  strings.Repeat("abaco ", 11) + "abierto",
		strings.Repeat("abacate ", 11) + "abater": strings.Repeat("abácate ", 11) + "abater", // none in the list
	} {
		a, err := Parse([]byte(with))
		b, err2 := Parse([]byte(without))
		if err != nil || err2 != nil || !a.Seed(nil).Equal(b.Seed(nil)) || a.Reveal() != b.Reveal() {
			t.Errorf("%q and %q differ: %v, %v", with, without, err, err2)
		}
	}
}

func TestInvisibleCharactersAreSkipped(t *testing.T) {
	const text = "legal winner thank year wave sausage worth useful legal winner thank yellow"
	want, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{"\u200b", "\u00ad", "\u200f", "\u200e", "\u2060", "\ufeff", "\u202a", "\u202c"} {
		for _, pasted := range []string{
			mark + text, text + mark, strings.ReplaceAll(text, " ", " "+mark), strings.ReplaceAll(text, " ", " "+mark+" "),
			strings.ReplaceAll(text, "legal", "le"+mark+"gal"),
		} {
			got, err := Parse([]byte(pasted))
			if err != nil || !got.Seed(nil).Equal(want.Seed(nil)) {
				t.Errorf("with %U: %v", []rune(mark)[0], err)
			}
		}
	}
}

// TestPhraseOfSeveralLanguages: what is the same text in both needs no choice,
// what is not does.
func TestPhraseOfSeveralLanguages(t *testing.T) {
	english := English.index()
	var shared, bare []string // English words that are French ones, and French ones without accents
	for _, word := range French.words() {
		word = norm.NFKD.String(word)
		plain := plainLetters(word)
		switch _, ok := english[plain]; {
		case ok && plain == word:
			shared = append(shared, plain)
		case ok:
			bare = append(bare, plain)
		}
	}
	same, err := Parse(validInBoth(t, shared))
	if err != nil || same.Language() != English {
		t.Errorf("the same text in both languages: %s, %v", same.Language(), err)
	}
	other := validInBoth(t, bare)
	var both *AmbiguousError
	if _, err := Parse(other); !errors.As(err, &both) || !slices.Equal(both.Languages, []Language{English, French}) {
		t.Errorf("two accounts: %v", err)
	}
	a, err := ParseIn(English, other)
	b, err2 := ParseIn(French, other)
	if err != nil || err2 != nil || a.Seed(nil).Equal(b.Seed(nil)) {
		t.Errorf("with a language: %v, %v", err, err2)
	}
}

// validInBoth makes a phrase of the words whose checksum is right in English
// and in French.
func validInBoth(t *testing.T, words []string) []byte {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	english, french := English.index(), French.index()
	phrase, at, bt := make([]string, 12), make([]int, 12), make([]int, 12)
	for range 100_000 {
		for i := range phrase {
			phrase[i] = words[random.IntN(len(words))]
			at[i], bt[i] = english[phrase[i]], french[phrase[i]]
		}
		if checkedEntropy(at) != nil && checkedEntropy(bt) != nil {
			return []byte(strings.Join(phrase, " "))
		}
	}
	t.Fatal("no phrase found")
	return nil
}
