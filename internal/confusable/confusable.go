// Package confusable tells names that look alike (Unicode Technical Standard
// 39): skeletons, which two names share that a reader takes for one another,
// and names that mix scripts. Pure.
//
// The table of the standard, version 15.0.0 as the tables of Go have it, is in
// confusables.txt and is read when it is needed first.
package confusable

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:generate ../../scripts/confusables.sh

//go:embed confusables.txt
var table string

// prototypes maps a character to what it looks like.
//
//nolint:gochecknoglobals // a constant that takes a millisecond to make
var prototypes = sync.OnceValue(func() map[rune]string {
	m := make(map[rune]string, 6500)
	for line := range strings.Lines(table) {
		from, to, found := strings.Cut(strings.TrimSpace(line), " ")
		source, err := strconv.ParseUint(from, 16, 32)
		if !found || err != nil {
			continue // a comment
		}
		var b strings.Builder
		for code := range strings.FieldsSeq(to) {
			if c, err := strconv.ParseUint(code, 16, 32); err == nil {
				b.WriteRune(rune(c))
			}
		}
		m[rune(source)] = b.String()
	}
	return m
})

// Skeleton is what a text looks like (UTS 39 section 4). Texts with the same
// skeleton are easily taken for one another. It is not meant to be shown.
func Skeleton(text string) string {
	m := prototypes()
	var b strings.Builder
	for _, c := range norm.NFD.String(text) {
		if Invisible(c) {
			continue
		}
		if to, ok := m[c]; ok {
			b.WriteString(to)
		} else {
			b.WriteRune(c)
		}
	}
	return norm.NFD.String(b.String())
}

// Invisible reports whether a character is one that is not shown, like those
// of no width.
func Invisible(c rune) bool {
	return c > unicode.MaxASCII && (unicode.Is(unicode.Cf, c) || unicode.Is(unicode.Variation_Selector, c) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, c))
}

// Keys are what a name is found by among names that look alike: its skeleton
// without case, accents, spaces, signs and pictures, in several ways, because
// large letters look like other small ones and the table leaves out some
// letters in other forms, as wide ones. A name without letters and digits has
// none.
func Keys(name string) []string {
	plain := norm.NFKC.String(name)
	keys := make([]string, 0, 4)
	for _, form := range []string{name, strings.ToLower(name), plain, strings.ToLower(plain)} {
		keys = append(keys, letters(Skeleton(form)))
	}
	slices.Sort(keys)
	return slices.DeleteFunc(slices.Compact(keys), func(k string) bool { return k == "" })
}

// letters leaves letters and digits, without case.
func letters(text string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return -1
		}
		return unicode.ToLower(c)
	}, text)
}

// Alike reports whether two names look alike.
func Alike(a, b string) bool {
	keys := Keys(b)
	return slices.ContainsFunc(Keys(a), func(k string) bool { return slices.Contains(keys, k) })
}

// MixesScripts reports whether a name has letters of scripts that one word does
// not have: more than the level "highly restrictive" of UTS 39 section 5.2
// allows, which is one script, or Latin with Chinese, Japanese or Korean.
func MixesScripts(name string) bool {
	found := map[string]bool{}
	for _, c := range name {
		if s := scriptOf(c); s != "" {
			found[s] = true
		}
	}
	if len(found) < 2 {
		return false
	}
	for _, allowed := range [][]string{
		{"Latin", "Han", "Hiragana", "Katakana"}, {"Latin", "Han", "Bopomofo"}, {"Latin", "Han", "Hangul"},
	} {
		rest := len(found)
		for _, s := range allowed {
			if found[s] {
				rest--
			}
		}
		if rest == 0 {
			return false
		}
	}
	return true
}

// scriptOf returns the script of a character, "" for those of all scripts.
func scriptOf(c rune) string {
	if c <= unicode.MaxASCII {
		if unicode.IsLetter(c) {
			return "Latin"
		}
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, c) {
			if name == "Common" || name == "Inherited" {
				return ""
			}
			return name
		}
	}
	return ""
}
