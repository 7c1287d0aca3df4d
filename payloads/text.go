package payloads

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// TextInfo is what programs show a text with. It is computed locally and never
// on the wire.
type TextInfo struct {
	// Mentions are the contact ids mentioned, in order, without "@".
	Mentions []string
	// Links are the URLs, in order.
	Links []string
	// RTL says that the text begins in a script written from right to left.
	RTL bool
	// LineCount is the number of line feeds.
	LineCount int
}

// DescribeText finds mentions and links (spec 05 section 8.2). What stands in
// code or in a block quote is neither.
func DescribeText(text string) TextInfo {
	info := TextInfo{RTL: isRTL(text), LineCount: strings.Count(text, "\n")}
	eachParagraph(text, func(p string) {
		for i := 0; i < len(p); {
			switch {
			case p[i] == '`':
				i += codeSpan(p[i:])
			case p[i] == '@':
				n := mention(p[i:])
				if n > 0 {
					info.Mentions = append(info.Mentions, p[i+1:i+n])
				}
				i += max(n, 1)
			default:
				n := link(p, i)
				if n > 0 {
					info.Links = append(info.Links, p[i:i+n])
				}
				i += max(n, 1)
			}
		}
	})
	return info
}

// isRTL looks at the first code point: Hebrew, Arabic or the right-to-left
// mark.
func isRTL(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return r == '\u200f' || unicode.In(r, unicode.Hebrew, unicode.Arabic)
}

// eachParagraph calls fn for each part of the text between blank lines, fenced
// code and block quotes.
func eachParagraph(text string, fn func(string)) {
	lines := strings.SplitAfter(text, "\n")
	var paragraph strings.Builder
	flush := func() {
		if paragraph.Len() > 0 {
			fn(paragraph.String())
			paragraph.Reset()
		}
	}
	for i := 0; i < len(lines); i++ {
		start := strings.TrimSpace(lines[i])
		switch {
		case start == "":
			flush()
		case strings.HasPrefix(start, "```") && fenceEnd(lines, i) > 0:
			flush()
			i = fenceEnd(lines, i)
		case strings.HasPrefix(start, ">") && paragraph.Len() == 0:
			for i+1 < len(lines) && strings.TrimSpace(lines[i+1]) != "" {
				i++
			}
		default:
			paragraph.WriteString(lines[i])
		}
	}
	flush()
}

// fenceEnd returns the line that closes the fence of line i, 0 if none does.
func fenceEnd(lines []string, i int) int {
	for j := i + 1; j < len(lines); j++ {
		if strings.HasPrefix(strings.TrimSpace(lines[j]), "```") {
			return j
		}
	}
	return 0
}

// codeSpan returns the length of a code span at the start of s, or of the
// backticks alone when nothing closes it.
func codeSpan(s string) int {
	ticks := len(s) - len(strings.TrimLeft(s, "`"))
	for i := ticks; i < len(s); i++ {
		run := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if run == ticks {
			return i + run
		}
		i += run
	}
	return ticks
}

// mention returns the length of a mention at the start of s: @, 0x and 130
// lower-case hex digits, and then the end, white space or punctuation.
func mention(s string) int {
	const size = 1 + contactIDSize
	if len(s) < size || !strings.HasPrefix(s, "@0x") {
		return 0
	}
	for _, c := range []byte(s[3:size]) {
		if !strings.ContainsRune("0123456789abcdef", rune(c)) {
			return 0
		}
	}
	if len(s) == size {
		return size
	}
	next, _ := utf8.DecodeRuneInString(s[size:])
	if unicode.IsSpace(next) || strings.ContainsRune(".,:;", next) {
		return size
	}
	return 0
}

// link returns the length of a URL at s[at:].
func link(s string, at int) int {
	scheme := linkScheme(s[at:])
	if scheme == 0 {
		return 0
	}
	if before, _ := utf8.DecodeLastRuneInString(s[:at]); unicode.IsLetter(before) || unicode.IsDigit(before) {
		return 0
	}
	end := strings.IndexFunc(s[at:], func(r rune) bool { return unicode.IsSpace(r) || r == '<' })
	if end < 0 {
		end = len(s) - at
	}
	url := s[at : at+end]
	for len(url) > scheme {
		last := url[len(url)-1:]
		// A closing bracket belongs to the URL only with its opening one.
		at := strings.Index(")]}", last)
		unopened := at >= 0 && strings.Count(url, "([{"[at:at+1]) < strings.Count(url, last)
		if !strings.Contains(".,;", last) && !unopened {
			break
		}
		url = url[:len(url)-1]
	}
	if host, _ := utf8.DecodeRuneInString(url[scheme:]); !unicode.IsLetter(host) && !unicode.IsDigit(host) && host != '[' {
		return 0
	}
	return len(url)
}

// linkScheme returns the length of the scheme that s starts with.
func linkScheme(s string) int {
	for _, scheme := range []string{"http://", "https://", "ftp://"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			return len(scheme)
		}
	}
	return 0
}
