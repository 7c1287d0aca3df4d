package text

import (
	"strings"

	"statusd/api"
)

// link takes a URL, or what is left of an HTML anchor.
func (p *inline) link(i int) int {
	if !likeScheme(p.text[i:]) {
		return 0
	}
	if end := p.links.anchor(i); end > 0 {
		return p.take(i, end, leaf("", p.text[i:end]))
	}
	end := p.links.end(i)
	if end == 0 {
		return 0
	}
	url := unescape(p.text[i:end])
	p.nodes.add()
	return p.take(i, end, api.TextNode{
		Type: api.TextLink, Children: &[]api.TextNode{leaf("", url)}, Literal: new(string), Title: new(string),
		Destination: url,
	})
}

// likeScheme tells whether s begins with a scheme of which something is made
// before an anchor or a link. Control characters pass for ":" and "/" as
// letters do in upper case.
func likeScheme(s string) bool {
	for _, scheme := range [...]string{"http://", "https://", "ftp://", "file://", "mailto:"} {
		if len(s) < len(scheme) {
			continue
		}
		like := true
		for i := range len(scheme) {
			like = like && (s[i] == scheme[i] || s[i] == scheme[i]-('a'-'A'))
		}
		if like {
			return true
		}
	}
	return false
}

// linkFinder finds where anchors and links end. Places must not go back from
// call to call.
type linkFinder struct {
	text string

	seen, opened int // the last "<" before seen is at opened-1
	anchorEnd    int // of the anchor that begins there, 0 if none does

	counted int    // brackets before it are counted
	depth   [3]int // those of each kind that are open on the line
}

// anchor returns the end of the HTML anchor <a href="URL">URL</a> around i, 0
// if there is none.
func (l *linkFinder) anchor(i int) int {
	if n := strings.LastIndexByte(l.text[l.seen:i], '<'); n >= 0 {
		l.opened = l.seen + n + 1
		l.anchorEnd = 0
		if n := anchor(l.text[l.opened-1:]); n > 0 {
			l.anchorEnd = l.opened - 1 + n
		}
	}
	l.seen = i
	return l.anchorEnd
}

// anchor returns the length of the HTML anchor that s begins with, 0 if it does
// not.
func anchor(s string) int {
	rest, ok := strings.CutPrefix(s, "<a")
	rest, ok = cutSpace(rest, ok)
	rest, ok = cut(rest, `href="`, ok)
	rest, ok = cutURL(rest, ok)
	rest, ok = cut(rest, `"`, ok)
	if !ok {
		return 0
	}
	if title, ok := cutSpace(rest, true); ok {
		if title, ok = cut(title, `title="`, true); ok {
			if n := strings.IndexAny(title, `"<>`); n > 0 && title[n] == '"' {
				rest = title[n+1:]
			}
		}
	}
	rest, _ = cutSpace(rest, true)
	rest, ok = cut(rest, ">", true)
	rest, ok = cutURL(rest, ok)
	rest, ok = cut(rest, "</a>", ok)
	if !ok {
		return 0
	}
	return len(s) - len(rest)
}

// cut takes a prefix away if what was before it was there too.
func cut(s, prefix string, ok bool) (string, bool) {
	if !ok {
		return s, false
	}
	return strings.CutPrefix(s, prefix)
}

// cutSpace takes away one character of white space.
func cutSpace(s string, ok bool) (string, bool) {
	if ok && s != "" && isSpace(s[0]) && s[0] != '\v' {
		return s[1:], true
	}
	return s, false
}

// cutURL takes away the URL of an anchor, which may be a path.
func cutURL(s string, ok bool) (string, bool) {
	if !ok {
		return s, false
	}
	found := false
	for _, scheme := range [...]string{"http://", "https://", "ftp://", "/"} {
		if rest, ok := strings.CutPrefix(s, scheme); ok {
			s, found = rest, true
			break
		}
	}
	n := 0
	for n < len(s) && (isLetter(s[n]) || isDigit(s[n]) || strings.IndexByte("-+&@#/%?=~_|!:,.;()", s[n]) >= 0) {
		n++
	}
	return s[n:], found && n > 0
}

// end returns the end of the link that begins at i, 0 if none does.
func (l *linkFinder) end(i int) int {
	if i > 0 && isLetter(l.text[i-1]) || !isLink(l.text[i:]) {
		return 0
	}
	end := i
	for end < len(l.text) && !isSpace(l.text[end]) && l.text[end] != '<' {
		end++
	}
	s := l.text
	if (s[end-1] == '.' || s[end-1] == ',') && s[end-2] != '\\' {
		end--
	}
	if s[end-1] == ';' && s[end-2] != '\\' && !endsWithEntity(s[i:end]) {
		end--
	}
	if l.closes(end - 1) {
		end--
	}
	return end
}

// isLink tells whether s begins with a link: a scheme, and a letter or digit.
func isLink(s string) bool {
	for _, scheme := range [...]string{"http://", "https://", "ftp://", "mailto://"} {
		n := len(scheme)
		if len(s) > n && strings.EqualFold(s[:n], scheme) && (isLetter(s[n]) || isDigit(s[n])) {
			return true
		}
	}
	return false
}

// endsWithEntity tells whether s ends with an HTML entity: & and two to five
// small letters before the semicolon that it ends with.
func endsWithEntity(s string) bool {
	i := len(s) - 1
	for i > 0 && s[i-1] >= 'a' && s[i-1] <= 'z' {
		i--
	}
	n := len(s) - 1 - i
	return i > 0 && s[i-1] == '&' && n >= 2 && n <= 5
}

// closes tells whether the byte at i is a bracket that closes one on the same
// line, within the link or before it.
func (l *linkFinder) closes(i int) bool {
	kind := strings.IndexByte(")]}", l.text[i])
	if kind < 0 {
		return false
	}
	for ; l.counted < i; l.counted++ {
		b := l.text[l.counted]
		if b == '\n' {
			l.depth = [3]int{}
		} else if k := strings.IndexByte("([{", b); k >= 0 {
			l.depth[k]++
		} else if k := strings.IndexByte(")]}", b); k >= 0 {
			l.depth[k] = max(0, l.depth[k]-1)
		}
	}
	return l.depth[kind] > 0
}

// unescape takes the backslashes of escapes away.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i++; i == len(s) {
				break
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}
