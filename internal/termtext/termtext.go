// Package termtext makes foreign text fit to be shown on a terminal: characters
// that would steer the terminal, or show text in another order than it has,
// are replaced and not obeyed, and names stand in the place of the long ids by
// which messages mention people. Pure.
package termtext

import (
	"strings"
	"unicode"
)

// idLength is the length of the id of a person: 0x04 and 128 hex digits.
const idLength = 132

// Mentions returns text with "@" and a name in the place of "@" and the id of a
// person (spec 05 section 8.2).
func Mentions(text string, name func(id string) string) string {
	const begin = "@0x04"
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, begin)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if id := "0x04" + rest; len(id) >= idLength && isHex(id[2:idLength]) {
			b.WriteString("@" + name(id[:idLength]))
			text = id[idLength:]
			continue
		}
		b.WriteString(begin)
		text = rest
	}
}

func isHex(digits string) bool {
	for _, c := range []byte(digits) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Line returns text as one line.
func Line(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return ' '
		case steers(c):
			return unicode.ReplacementChar
		}
		return c
	}, text)
}

// Lines returns text with its line feeds.
func Lines(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n':
			return c
		case c == '\t':
			return ' '
		case steers(c):
			return unicode.ReplacementChar
		}
		return c
	}, text)
}

// steers reports whether a character does something else than being shown.
func steers(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029'
}
