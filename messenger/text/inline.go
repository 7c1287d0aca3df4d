package text

import (
	"strings"

	"statusd/api"
)

// contactIDSize is the length of a contact id: 0x and 130 hex digits.
const contactIDSize = 132

// inline takes a paragraph apart.
type inline struct {
	text  string
	done  int // what is before is in out
	out   []api.TextNode
	nodes *counter

	codes  *codeSpans // nil: not needed yet
	closer *closer    // the same
	links  linkFinder
}

// inline returns the parts of a paragraph; the pointer is to nil for an empty
// one.
func (b *blocks) inline(s string) *[]api.TextNode {
	p := inline{text: s, nodes: b.nodes, links: linkFinder{text: s}}
	for i := 0; i < len(s) && p.nodes.left(); {
		if n := p.mark(i); n > 0 {
			i += n
		} else {
			i++
		}
	}
	if p.done < len(s) {
		p.add(leaf("", strings.TrimSuffix(s[p.done:], "\n")))
	}
	return &p.out
}

func (p *inline) add(n api.TextNode) {
	p.nodes.add()
	p.out = append(p.out, n)
}

// upTo adds the plain text before i, also if there is none, and notes that the
// text is done up to end.
func (p *inline) upTo(i, end int) {
	p.add(leaf("", p.text[p.done:i]))
	p.done = end
}

// take is upTo for a mark that becomes a node. It returns its length.
func (p *inline) take(i, end int, n api.TextNode) int {
	p.upTo(i, end)
	p.add(n)
	return end - i
}

// mark takes what stands at i if it is marked, and returns its length, 0 if it
// is not.
func (p *inline) mark(i int) int {
	switch p.text[i] {
	case ' ':
		return p.spaces(i)
	case '\\':
		return p.escape(i)
	case '`':
		return p.code(i)
	case '*', '_', '~':
		return p.emphasis(i)
	case '@':
		return p.mention(i)
	case '#':
		return p.tag(i)
	case 'h', 'H', 'm', 'M', 'f', 'F':
		return p.link(i)
	}
	return 0
}

// spaces drops those at the end of a line. Two and more are a hard break, with
// the line feed.
func (p *inline) spaces(i int) int {
	end := skip(p.text, i, ' ')
	switch {
	case end == len(p.text) || p.text[end] != '\n':
	case end-i == 1:
		p.upTo(i, end)
	default:
		return p.take(i, end+1, leaf("", ""))
	}
	return end - i // none of the spaces but the first can do anything else
}

// escape takes a backslash: one at the end disappears, one before a line feed
// is a hard break, one before a mark makes it plain.
func (p *inline) escape(i int) int {
	if i+1 == len(p.text) {
		p.upTo(i, i+1)
		return 1
	}
	switch c := p.text[i+1]; {
	case c == '\n':
		return p.take(i, i+2, leaf("", ""))
	case strings.IndexByte("\\`*_{}[]()#+-.!:|&<>~", c) >= 0:
		return p.take(i, i+2, leaf("", p.text[i+1:i+2]))
	}
	return 0
}

// mention takes @ and a contact id that ends with the text, white space or
// punctuation.
func (p *inline) mention(i int) int {
	from, end := i+1, i+1+contactIDSize
	if end > len(p.text) || p.text[from:from+2] != "0x" {
		return 0
	}
	for _, c := range []byte(p.text[from+2 : end]) {
		if !isDigit(c) && (c < 'a' || c > 'f') {
			return 0
		}
	}
	if end < len(p.text) && !isSpace(p.text[end]) && strings.IndexByte(".,:;", p.text[end]) < 0 {
		return 0
	}
	return p.take(i, end, leaf(api.TextMention, p.text[from:end]))
}

// tag takes # and the name of a public chat that ends with the text or with
// white space.
func (p *inline) tag(i int) int {
	end := i + 1
	for ; end < len(p.text) && !isSpace(p.text[end]); end++ {
		if c := p.text[end]; !isDigit(c) && (c < 'a' || c > 'z') && c != '-' {
			return 0
		}
	}
	if end == i+1 {
		return 0
	}
	return p.take(i, end, leaf(api.TextStatusTag, p.text[i+1:end]))
}

// code takes a code span.
func (p *inline) code(i int) int {
	if p.codes == nil {
		p.codes = newCodeSpans(p.text)
	}
	skipped, from, to, end := p.codes.find(i)
	if end == 0 {
		return skipped
	}
	words := strings.Trim(p.text[from:to], " ")
	if words == "" {
		p.upTo(i+skipped, end)
	} else {
		p.take(i+skipped, end, leaf(api.TextCode, words))
	}
	return end - i
}

// codeSpans finds code spans.
type codeSpans struct {
	text string
	runs []run
	next int // the first run that does not begin before the place at hand
}

// run is a row of backticks.
type run struct {
	at, count int
	later     int // the most that any later one has
}

func newCodeSpans(s string) *codeSpans {
	c := codeSpans{text: s}
	for i := strings.IndexByte(s, '`'); i >= 0; {
		end := skip(s, i, '`')
		c.runs = append(c.runs, run{at: i, count: end - i})
		n := strings.IndexByte(s[end:], '`')
		if n < 0 {
			break
		}
		i = end + n
	}
	for i := len(c.runs) - 2; i >= 0; i-- {
		c.runs[i].later = max(c.runs[i+1].count, c.runs[i+1].later)
	}
	return &c
}

// find finds the code span that begins in the backticks at i. It begins with as
// many of them as come together again later; skipped are those before that. end
// is 0 if there is none. Places must not go back from call to call.
func (c *codeSpans) find(i int) (skipped, from, to, end int) {
	for c.next < len(c.runs) && c.runs[c.next].at <= i {
		c.next++
	}
	from = skip(c.text, i, '`')
	count := min(from-i, c.runs[c.next-1].later)
	if count == 0 {
		return from - i, 0, 0, 0
	}
	for n := c.next; ; n++ {
		if c.runs[n].count >= count {
			to = c.runs[n].at
			return from - i - count, from, to, to + count
		}
	}
}
