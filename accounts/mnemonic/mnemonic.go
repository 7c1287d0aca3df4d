// Package mnemonic has the seed phrases of BIP39 (spec 06 section 1).
//
//	bits    entropy ‖ first (entropy bits / 32) bits of SHA-256(entropy)
//	words   groups of 11 bits, most significant first, each an index in a list
//	seed    PBKDF2-HMAC-SHA512(NFKD(phrase), NFKD("mnemonic" + passphrase), 2048 rounds, 64 bytes)
//
// A phrase that was read is brought to its canonical form first: NFKD, lower
// case, no invisible characters, one space between words. Words and checksum are
// checked in that form and the seed is computed from the words of the list, so
// that an extra space, a capital letter or a missing accent cannot give another
// account. Errors name the position of a word, never a word. English phrases
// are created; all ten official lists are read.
//
// Pure but for the random bytes of New. No goroutines. The package knows
// nothing of keys.
package mnemonic

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/pbkdf2"
	"golang.org/x/text/unicode/norm"

	"statusd/accounts/secret"
	"statusd/fault"
)

const (
	// DefaultWords is the length of a new phrase.
	DefaultWords = 12
	// SeedSize is the length of a seed in bytes.
	SeedSize = 64
	// MaxText bounds the text of a phrase in bytes. 24 of the longest words,
	// decomposed, need fewer than 900.
	MaxText = 2048

	minWords, maxWords = 12, 24
	seedRounds         = 2048
	bitsPerWord        = 11
)

// Errors of Parse and New. A word that is unknown is a *WordError.
var (
	ErrEmpty     = fault.New(fault.InvalidParams, "no phrase", "")
	ErrWordCount = fault.New(fault.InvalidParams, "a phrase has 12, 15, 18, 21 or 24 words", "")
	ErrChecksum  = fault.New(fault.InvalidParams,
		"the words are valid but do not belong together; one is wrong or out of place", "")
	ErrEntropy = errors.New("entropy is not 16, 20, 24, 28 or 32 bytes long")
	ErrText    = fault.New(fault.InvalidParams,
		fmt.Sprintf("phrase is not UTF-8 text of at most %d bytes", MaxText), "")
	ErrWord      = fault.New(fault.InvalidParams, "a word is in none of the lists", "")
	ErrAmbiguous = fault.New(fault.InvalidParams, "the phrase is valid in several languages, with different accounts",
		"say which with language, or --language")
)

// AmbiguousError names the languages in which a phrase is valid with different
// seeds. It wraps ErrAmbiguous; ParseIn settles it.
type AmbiguousError struct{ Languages []Language }

// Error implements error.
func (e *AmbiguousError) Error() string {
	names := make([]string, len(e.Languages))
	for i, l := range e.Languages {
		names[i] = l.String()
	}
	return fmt.Sprintf("%v: %s", ErrAmbiguous, strings.Join(names, ", "))
}

// Unwrap returns ErrAmbiguous.
func (e *AmbiguousError) Unwrap() error { return ErrAmbiguous }

// WordError says which word of a phrase is in no list. It wraps ErrWord.
type WordError struct {
	Position int      // counted from 1
	Language Language // of the list that knows most of the other words
}

// Error implements error. It does not show the word.
func (e *WordError) Error() string {
	return fmt.Sprintf("word %d is not in the %s list", e.Position, e.Language)
}

// Unwrap returns ErrWord.
func (e *WordError) Unwrap() error { return ErrWord }

// Phrase is a seed phrase. It prints as "[redacted]".
type Phrase struct {
	text     secret.Bytes // what is seeded: NFKD
	language Language
	valid    bool
}

// New returns a random English phrase of 12, 15, 18, 21 or 24 words. Errors:
// ErrWordCount.
func New(words int) (Phrase, error) {
	if !validCount(words) {
		return Phrase{}, fmt.Errorf("%w, not %d", ErrWordCount, words)
	}
	entropy := secret.Random(words / 3 * 4)
	defer entropy.Wipe()
	return FromEntropy(entropy.Reveal(), English)
}

// validCount reports whether a phrase may have n words.
func validCount(n int) bool { return n >= minWords && n <= maxWords && n%3 == 0 }

// FromEntropy returns the phrase that encodes entropy in a language. Errors:
// ErrEntropy.
func FromEntropy(entropy []byte, language Language) (Phrase, error) {
	words := len(entropy) / 4 * 3
	if len(entropy)%4 != 0 || !validCount(words) {
		return Phrase{}, ErrEntropy
	}
	sum := sha256.Sum256(entropy)
	bits := append(bytes.Clone(entropy), sum[0])
	defer clear(bits)
	at := make([]int, words)
	for i := range at {
		at[i] = bits11(bits, i)
	}
	return language.phrase(at), nil
}

// bits11 returns the i-th group of 11 bits. Groups end within len(b) bytes.
func bits11(b []byte, i int) int {
	at := i * bitsPerWord
	var v uint32
	for j := range 3 {
		v <<= 8
		if at/8+j < len(b) {
			v |= uint32(b[at/8+j])
		}
	}
	return int(v >> (24 - bitsPerWord - at%8) & (1<<bitsPerWord - 1))
}

// Canonical returns the canonical form of a phrase: NFKD, lower case, without
// invisible characters, words separated by one space. It checks no words. Errors: ErrText. The result is
// secret and the caller's to clear.
func Canonical(text []byte) ([]byte, error) {
	if len(text) > MaxText || !utf8.Valid(text) {
		return nil, ErrText
	}
	lower := bytes.ToLower(norm.NFKD.Bytes(text))
	defer clear(lower)
	whole := norm.NFKD.Bytes(lower) // lower case of a few letters is composed
	defer clear(whole)
	out := make([]byte, 0, len(whole))
	for _, word := range bytes.FieldsFunc(whole, unicode.IsSpace) {
		start := len(out)
		if start > 0 {
			out = append(out, ' ')
		}
		first := len(out)
		for _, r := range string(word) {
			if !unicode.Is(unicode.Cf, r) { // soft hyphens, marks of direction, of the start of a file
				out = utf8.AppendRune(out, r)
			}
		}
		if len(out) == first {
			out = out[:start]
		}
	}
	return out, nil
}

// Parse reads a phrase in any official language, whatever its case, accents and
// white space, and checks words and checksum. text stays the caller's to clear.
// Errors: ErrText, ErrEmpty, ErrWordCount, *WordError, ErrChecksum,
// *AmbiguousError.
func Parse(text []byte) (Phrase, error) { return parse(text, Languages()) }

// ParseIn is Parse for a phrase in a given language.
func ParseIn(language Language, text []byte) (Phrase, error) {
	return parse(text, []Language{language})
}

func parse(text []byte, among []Language) (Phrase, error) {
	canonical, err := Canonical(text)
	if err != nil {
		return Phrase{}, err
	}
	defer clear(canonical)
	words := strings.Fields(string(canonical))
	if len(words) == 0 {
		return Phrase{}, ErrEmpty
	}
	if !validCount(len(words)) {
		return Phrase{}, fmt.Errorf("%w, this one has %d", ErrWordCount, len(words))
	}
	return recognise(words, among)
}

// ParseUnchecked takes a phrase as status-go's import does: no word is looked
// up and the seed is computed from NFKD of the exact text, white space and
// case included. It is for accounts that were made from such a phrase. Errors:
// ErrText, ErrEmpty.
func ParseUnchecked(text []byte) (Phrase, error) {
	if len(text) > MaxText || !utf8.Valid(text) {
		return Phrase{}, ErrText
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return Phrase{}, ErrEmpty
	}
	exact := norm.NFKD.Bytes(text)
	defer clear(exact)
	return Phrase{text: secret.New(exact)}, nil
}

// recognise returns the phrase in the first language that has all words with a
// right checksum. Most phrases that are valid in two languages are the same
// text in both, which the seed is made of; if it is not, the owner must choose.
func recognise(words []string, among []Language) (Phrase, error) {
	best, bestKnown, checksum := &WordError{}, -1, false
	var found []Phrase
	var valid []Language
	for _, language := range among {
		at, unknown, known := indices(words, language)
		switch {
		case unknown == 0 && checkedEntropy(at) != nil:
			valid = append(valid, language)
			p := language.phrase(at)
			if len(found) > 0 && found[0].text.Equal(p.text) {
				p.Wipe()
				continue
			}
			found = append(found, p)
		case unknown == 0:
			checksum = true
		case known > bestKnown:
			best, bestKnown = &WordError{unknown, language}, known
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		for _, p := range found {
			p.Wipe()
		}
		return Phrase{}, &AmbiguousError{valid}
	case checksum:
		return Phrase{}, ErrChecksum
	}
	return Phrase{}, best
}

// phrase returns the phrase of the words with the given numbers.
func (l Language) phrase(at []int) Phrase {
	list := l.words()
	var text []byte
	for i, v := range at {
		if i > 0 {
			text = append(text, ' ')
		}
		text = norm.NFKD.AppendString(text, list[v])
	}
	defer clear(text)
	return Phrase{secret.New(text), l, true}
}

// indices looks words up in a list. unknown is the position of the first word
// that is not there, from 1, or 0; known counts those that are.
func indices(words []string, l Language) (at []int, unknown, known int) {
	index := l.index()
	at = make([]int, len(words))
	for i, word := range words {
		v, ok := index[word]
		if !ok && l.latin() {
			v, ok = index[plainLetters(word)]
		}
		if ok {
			known++
		} else if unknown == 0 {
			unknown = i + 1
		}
		at[i] = v
	}
	return at, unknown, known
}

// checkedEntropy returns what word indices encode, or nil when the checksum is
// wrong. There must be a valid number of words.
func checkedEntropy(at []int) []byte {
	out := make([]byte, 0, len(at)*bitsPerWord/8+1)
	var acc, held uint
	for _, v := range at {
		acc, held = acc<<bitsPerWord|uint(v), held+bitsPerWord
		for held >= 8 {
			held -= 8
			out = append(out, byte(acc>>held))
			acc &= 1<<held - 1
		}
	}
	sumBits := uint(len(at) / 3) // 4 to 8
	last := byte(acc)
	entropy := out
	if held == 0 { // 24 words: the checksum is the last whole byte
		last, entropy = out[len(out)-1], out[:len(out)-1]
	}
	sum := sha256.Sum256(entropy)
	if sum[0]>>(8-sumBits) != last {
		return nil
	}
	return entropy
}

// Language returns the language of a checked phrase.
func (p Phrase) Language() Language { return p.language }

// Checked reports whether words and checksum are known to be valid.
func (p Phrase) Checked() bool { return p.valid }

// IsZero reports whether there is no phrase, or it was wiped.
func (p Phrase) IsZero() bool { return p.text.Len() == 0 }

// Words returns the number of words.
func (p Phrase) Words() int { return len(bytes.Fields(p.text.Reveal())) }

// Entropy returns what a checked phrase encodes, nil for an unchecked one. The
// result is secret and the caller's to clear.
func (p Phrase) Entropy() []byte {
	if !p.valid || p.IsZero() {
		return nil
	}
	at, _, _ := indices(strings.Fields(string(p.text.Reveal())), p.language)
	return checkedEntropy(at)
}

// Reveal returns the text to show to the owner: composed characters, Japanese
// with ideographic spaces. Parse reads it back. For an unchecked phrase it is
// the text that is seeded.
func (p Phrase) Reveal() string {
	if !p.valid {
		return string(p.text.Reveal())
	}
	text := norm.NFC.String(string(p.text.Reveal()))
	if p.language == Japanese {
		text = strings.ReplaceAll(text, " ", "\u3000")
	}
	return text
}

// Seed returns the 64-byte seed. passphrase is empty for ordinary accounts.
func (p Phrase) Seed(passphrase []byte) secret.Bytes {
	salt := norm.NFKD.Append([]byte("mnemonic"), passphrase...)
	defer clear(salt)
	seed := pbkdf2.Key(p.text.Reveal(), salt, seedRounds, SeedSize, sha512.New)
	defer clear(seed)
	return secret.New(seed)
}

// Wipe overwrites the phrase, and so every copy of it.
func (p Phrase) Wipe() { p.text.Wipe() }

// String implements fmt.Stringer without showing the phrase.
func (p Phrase) String() string { return p.text.String() }

// GoString implements fmt.GoStringer without showing the phrase.
func (p Phrase) GoString() string { return p.text.GoString() }

// Format implements fmt.Formatter without showing the phrase.
func (p Phrase) Format(f fmt.State, verb rune) { p.text.Format(f, verb) }

// MarshalJSON implements json.Marshaler without showing the phrase.
func (p Phrase) MarshalJSON() ([]byte, error) { return p.text.MarshalJSON() }

// MarshalText implements encoding.TextMarshaler without showing the phrase.
func (p Phrase) MarshalText() ([]byte, error) { return p.text.MarshalText() }
