package mnemonic

import (
	"embed"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// lists are the ten official word lists as bitcoin/bips publishes them under
// bip-0039, byte for byte: one word a line. A test holds their SHA-256.
//
//go:embed words/*.txt
var lists embed.FS

// Language is one of the official word lists.
type Language int

// The official lists. English comes first, so that a phrase which is valid in
// several lists with the same seed counts as English.
const (
	English Language = iota
	ChineseSimplified
	ChineseTraditional
	Czech
	French
	Italian
	Japanese
	Korean
	Portuguese
	Spanish
)

// languages has the name of each language and of its list.
var languages = [...]struct{ name, file string }{
	English:            {"English", "english"},
	ChineseSimplified:  {"Chinese (simplified)", "chinese_simplified"},
	ChineseTraditional: {"Chinese (traditional)", "chinese_traditional"},
	Czech:              {"Czech", "czech"},
	French:             {"French", "french"},
	Italian:            {"Italian", "italian"},
	Japanese:           {"Japanese", "japanese"},
	Korean:             {"Korean", "korean"},
	Portuguese:         {"Portuguese", "portuguese"},
	Spanish:            {"Spanish", "spanish"},
}

// Languages returns every language, English first.
func Languages() []Language {
	all := make([]Language, len(languages))
	for i := range all {
		all[i] = Language(i)
	}
	return all
}

// ParseLanguage returns the language of a name: that of String or of the
// official list, in any case. ok is false for another text.
func ParseLanguage(name string) (l Language, ok bool) {
	for i, known := range languages {
		if strings.EqualFold(name, known.name) || strings.EqualFold(name, known.file) {
			return Language(i), true
		}
	}
	return English, false
}

// String returns the English name of a language.
func (l Language) String() string {
	if l < 0 || int(l) >= len(languages) {
		return languages[English].name
	}
	return languages[l].name
}

// Key returns the name of the official list, such as chinese_simplified.
func (l Language) Key() string {
	if l < 0 || int(l) >= len(languages) {
		return languages[English].file
	}
	return languages[l].file
}

// words returns the 2048 words of a language as they are published.
func (l Language) words() []string {
	text, err := lists.ReadFile("words/" + l.Key() + ".txt")
	if err != nil {
		panic("mnemonic: a word list is not embedded: " + l.Key())
	}
	return strings.Fields(string(text))
}

// index maps the words of a language, in NFKD, to their numbers; where words
// are written in Latin letters also without their accents, which many people
// cannot type. It is built for each reading of a phrase, which is rare, rather
// than kept.
func (l Language) index() map[string]int {
	words := l.words()
	index := make(map[string]int, 2*len(words))
	for i, word := range words {
		index[norm.NFKD.String(word)] = i
	}
	if !l.latin() {
		return index
	}
	for i, word := range words {
		plain := plainLetters(norm.NFKD.String(word))
		if _, taken := index[plain]; !taken {
			index[plain] = i
		}
	}
	return index
}

// latin reports whether marks over letters can be left out. In Japanese they
// make another letter.
func (l Language) latin() bool {
	switch l {
	case English, Czech, French, Italian, Portuguese, Spanish:
		return true
	default:
		return false
	}
}

// plainLetters returns a decomposed word without the marks on its letters.
func plainLetters(word string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, word)
}
