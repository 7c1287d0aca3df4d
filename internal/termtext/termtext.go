// Package termtext makes foreign text safe to show on a terminal: characters
// that would steer the terminal, or show text in another order than it has,
// are replaced and not obeyed. Pure.
package termtext

import (
	"strings"
	"unicode"
)

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
