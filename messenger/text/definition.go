package text

import "strings"

// definition returns the length of the definition of a link that s begins
// with,
//
//	[name]: link "title"
//
// without the end of its line; 0 if it begins otherwise. It is not shown. Its
// link may stand on the next line, and so may the title.
func definition(s string) int {
	i := indent(s)
	if len(s) < 4 || s[i] != '[' {
		return 0
	}
	i++
	n := strings.IndexAny(s[i:], "]\n\r")
	if n < 1 || s[i+n] != ']' {
		return 0
	}
	if i += n + 1; i == len(s) || s[i] != ':' {
		return 0
	}
	i = skipBlanks(s, i+1)
	i = skipBlanks(s, i+lineFeed(s[i:]))
	if i == len(s) {
		return 0
	}
	for i < len(s) && !isBlank(s[i]) && !endsLine(s[i]) {
		i++
	}
	i = skipBlanks(s, i)
	if i == len(s) || endsLine(s[i]) {
		return afterTitle(s, i)
	}
	return titleEnd(s, i)
}

// afterTitle returns the end of a definition whose first line ends at i: that
// of its second line if this is a title.
func afterTitle(s string, i int) int {
	if strings.HasPrefix(s[i:], "\r\n") {
		i++
	}
	if i == len(s) {
		return i
	}
	if end := titleEnd(s, skipBlanks(s, i+1)); end > 0 {
		return end
	}
	return i
}

// titleEnd returns the end of the line that a title fills from i on, 0 if there
// is none: something in quotes or brackets.
func titleEnd(s string, i int) int {
	if i >= len(s) || !strings.ContainsRune(`'"(`, rune(s[i])) {
		return 0
	}
	i++
	end := len(s)
	if n := strings.IndexAny(s[i:], "\r\n"); n >= 0 {
		end = i + n
	}
	last := end - 1
	for last > i && isBlank(s[last]) {
		last--
	}
	if last <= i || !strings.ContainsRune(`'")`, rune(s[last])) {
		return 0
	}
	if strings.HasPrefix(s[end:], "\n\r") {
		end++
	}
	return end
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func endsLine(c byte) bool { return c == '\n' || c == '\r' }

func skipBlanks(s string, i int) int {
	for i < len(s) && isBlank(s[i]) {
		i++
	}
	return i
}

// lineFeed returns the length of the end of a line that s begins with.
func lineFeed(s string) int {
	switch {
	case strings.HasPrefix(s, "\r\n"):
		return 2
	case s != "" && endsLine(s[0]):
		return 1
	}
	return 0
}
