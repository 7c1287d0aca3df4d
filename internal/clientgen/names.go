package main

import (
	"slices"
	"strings"
	"unicode"
)

// abbreviations are words whose capital letters would fall apart.
var abbreviations = strings.NewReplacer("IDs", "Ids", "PoW", "Pow", "URLs", "Urls", "OAuth", "Oauth")

// parts splits a name at its underscores, dots and hyphens, and where capital
// letters begin a word: wakuext_chatMessages is wakuext, chat, messages.
func parts(name string) (out []string) {
	runes := []rune(abbreviations.Replace(name))
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
		}
		word = nil
	}
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end()
			continue
		}
		if i > 0 && unicode.IsUpper(r) {
			afterLower := !unicode.IsUpper(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || beforeLower {
				end()
			}
		}
		word = append(word, r)
	}
	end()
	return out
}

// snake is snake_case.
func snake(name string) string { return strings.Join(parts(name), "_") }

// upper is UPPER_CASE.
func upper(name string) string { return strings.ToUpper(snake(name)) }

// camel is camelCase. The words of a method's name keep
// their capital letters: only what follows a separator changes.
func camel(name string) string {
	var b strings.Builder
	up := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			up = b.Len() > 0
			continue
		case up:
			r = unicode.ToUpper(r)
		}
		up = false
		b.WriteRune(r)
	}
	return b.String()
}

// identifier tells whether a name of the wire can be one of a program, as far
// as its letters go.
func identifier(name string) bool {
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return name != ""
}

// pythonWords are the keywords of Python, and self.
var pythonWords = strings.Fields(`False None True and as assert async await break class continue def del elif else
	except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield self`)

// pythonName is a parameter in Python.
func pythonName(name string) string {
	out := snake(name)
	if slices.Contains(pythonWords, out) {
		out += "_"
	}
	return out
}

// wrap breaks text into lines of at most width runes; its own line breaks
// stay.
func wrap(text string, width int) (lines []string) {
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
				lines = append(lines, line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
