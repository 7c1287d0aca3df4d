package mnemonic

import (
	"github.com/tyler-smith/go-bip39/wordlists"
	"golang.org/x/text/unicode/norm"
)

// Language is one of the official word lists.
type Language int

// The official lists. English comes first, so that a phrase which is valid in
// several lists counts as English.
const (
	English Language = iota
	ChineseSimplified
	ChineseTraditional
	Czech
	French
	Italian
	Japanese
	Korean
	Spanish
)

// Languages returns every language, English first.
func Languages() []Language {
	return []Language{
		English, ChineseSimplified, ChineseTraditional, Czech, French, Italian, Japanese, Korean, Spanish,
	}
}

// String returns the English name of a language.
func (l Language) String() string {
	switch l {
	case ChineseSimplified:
		return "Chinese (simplified)"
	case ChineseTraditional:
		return "Chinese (traditional)"
	case Czech:
		return "Czech"
	case French:
		return "French"
	case Italian:
		return "Italian"
	case Japanese:
		return "Japanese"
	case Korean:
		return "Korean"
	case Spanish:
		return "Spanish"
	}
	return "English"
}

// words returns the 2048 words of a language as they are published.
func (l Language) words() []string {
	switch l {
	case ChineseSimplified:
		return wordlists.ChineseSimplified
	case ChineseTraditional:
		return wordlists.ChineseTraditional
	case Czech:
		return wordlists.Czech
	case French:
		return wordlists.French
	case Italian:
		return wordlists.Italian
	case Japanese:
		return wordlists.Japanese
	case Korean:
		return wordlists.Korean
	case Spanish:
		return wordlists.Spanish
	}
	return wordlists.English
}

// index maps the words of a language, in NFKD, to their numbers. It is built
// for each reading of a phrase, which is rare, rather than kept.
func (l Language) index() map[string]int {
	words := l.words()
	index := make(map[string]int, len(words))
	for i, word := range words {
		index[norm.NFKD.String(word)] = i
	}
	return index
}
