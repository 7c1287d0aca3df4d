package text

import (
	"sort"
	"strings"

	"statusd/api"
)

// blocks cuts a text into blocks.
type blocks struct {
	text  string
	at    int // what is before is done
	out   []api.TextNode
	nodes *counter
	ends  map[fence][]int // starts of the lines that may end a block of code; nil: not looked for yet
}

// fence is the mark around a block of code: three or more of a character.
type fence struct {
	mark  byte
	count int
}

const (
	maxIndent = 3 // spaces before the mark of a block
	minFence  = 3
)

func (b *blocks) parse() {
	b.out = []api.TextNode{}
	for b.at < len(b.text) && b.nodes.left() {
		switch {
		case b.code():
		case quoteMark(b.text[b.at:]) > 0:
			b.quote()
		default:
			b.paragraph()
		}
	}
}

func (b *blocks) add(n api.TextNode) {
	b.nodes.add()
	b.out = append(b.out, n)
}

// lineEnd returns the place after the line that goes on at i, with its line
// feed.
func (b *blocks) lineEnd(i int) int {
	if n := strings.IndexByte(b.text[i:], '\n'); n >= 0 {
		return i + n + 1
	}
	return len(b.text)
}

// indent counts the spaces before the mark of a block.
func indent(s string) int {
	i := 0
	for i < maxIndent && i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}

// skip returns the first place from i on without c.
func skip(s string, i int, c byte) int {
	for i < len(s) && s[i] == c {
		i++
	}
	return i
}

// blank returns the length of the line that s begins with if it holds spaces
// and tabs alone, else 0.
func blank(s string) int {
	for i := range len(s) {
		switch s[i] {
		case ' ', '\t':
		case '\n':
			return i + 1
		default:
			return 0
		}
	}
	return len(s)
}

// openFence reads the mark that s begins with.
func openFence(s string) (f fence, rest int, ok bool) {
	i := indent(s)
	if i == len(s) || s[i] != '`' && s[i] != '~' {
		return fence{}, 0, false
	}
	end := skip(s, i, s[i])
	return fence{s[i], end - i}, end, end-i >= minFence
}

// lineDone returns the place after spaces and the end of the line, 0 if
// something else stands there.
func lineDone(s string, i int) int {
	switch i = skip(s, i, ' '); {
	case i == len(s):
		return i
	case s[i] == '\n':
		return i + 1
	}
	return 0
}

// language returns the place after what says in which language the code is
// written: a word, or something in braces.
func language(s string, i int) (end int, ok bool) {
	i = skip(s, i, ' ')
	if i < len(s) && s[i] == '{' {
		n := strings.IndexAny(s[i+1:], "}\n")
		if n < 0 || s[i+1+n] != '}' {
			return 0, false
		}
		return i + n + 2, true
	}
	for i < len(s) && !isSpace(s[i]) {
		i++
	}
	return i, true
}

// codeAt finds a block of code at i: where the code begins and ends, and where
// the block ends, 0 if there is none.
func (b *blocks) codeAt(i int) (from, to, end int) {
	f, rest, ok := openFence(b.text[i:])
	if !ok {
		return 0, 0, 0
	}
	rest, ok = language(b.text[i:], rest)
	if !ok {
		return 0, 0, 0
	}
	if from = lineDone(b.text[i:], rest); from == 0 {
		return 0, 0, 0
	}
	from += i
	if b.ends == nil {
		b.findEnds()
	}
	ends := b.ends[f]
	n := sort.SearchInts(ends, from)
	if n == len(ends) {
		return 0, 0, 0
	}
	return from, ends[n], b.lineEnd(ends[n])
}

// findEnds notes all lines that hold a mark and nothing else. Otherwise each
// line that may begin a block would have the rest of the text searched.
func (b *blocks) findEnds() {
	b.ends = make(map[fence][]int)
	for i := 0; i < len(b.text); i = b.lineEnd(i) {
		if f, rest, ok := openFence(b.text[i:]); ok && lineDone(b.text[i:], rest) > 0 {
			b.ends[f] = append(b.ends[f], i)
		}
	}
}

// code takes a block of code, with its caption if it has one.
func (b *blocks) code() bool {
	from, to, end := b.codeAt(b.at)
	if end == 0 {
		return false
	}
	b.at = end
	node := leaf(api.TextCodeBlock, b.text[from:to])
	words, ok := b.caption()
	if !ok {
		b.add(node)
		return true
	}
	b.nodes.add()
	b.nodes.add()
	empty := ""
	caption := api.TextNode{Children: b.inline(words), Literal: &empty}
	b.add(api.TextNode{Children: &[]api.TextNode{node, caption}, Literal: &empty})
	return true
}

// caption takes the caption of a block of code: the lines after "Figure: " up
// to a blank one, which belongs to it. A name {#in such braces} at its end is
// left out.
func (b *blocks) caption() (words string, ok bool) {
	const intro = "Figure: "
	if !strings.HasPrefix(b.text[b.at:], intro) {
		return "", false
	}
	start := b.at + len(intro)
	for b.at = start; b.at < len(b.text); {
		n := blank(b.text[b.at:])
		b.at = b.lineEnd(b.at)
		if n > 0 {
			break
		}
	}
	words = b.text[start:b.at]
	open := strings.Index(words, "{#")
	if open <= 0 {
		return words, true
	}
	name, after, _ := strings.Cut(words[open+1:], "}")
	if len(name) < len("#x") || strings.TrimFunc(after, func(r rune) bool { return r < 0x80 && isSpace(byte(r)) }) != "" {
		return words, true
	}
	return words[:open], true
}

// quoteMark returns the length of the mark of a block quote, 0 if s does not
// begin with one.
func quoteMark(s string) int {
	i := indent(s)
	if i == len(s) || s[i] != '>' {
		return 0
	}
	if i++; i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}

// quote takes a block quote. It ends with a blank line, unless another or a
// quote follows that.
func (b *blocks) quote() {
	var words strings.Builder
	for b.at < len(b.text) {
		start, end := b.at, b.lineEnd(b.at)
		mark := quoteMark(b.text[start:end])
		b.at = end
		if mark == 0 && blank(b.text[start:end]) > 0 && quoteMark(b.text[end:]) == 0 && blank(b.text[end:]) == 0 {
			break
		}
		words.WriteString(b.text[start+mark : end])
	}
	literal := words.String()
	b.add(api.TextNode{Type: api.TextBlockQuote, Children: new([]api.TextNode), Literal: &literal})
}

// paragraph takes a paragraph and what ends it: a blank line, a definition of a
// link, or a line under a heading. A block of code ends it too.
func (b *blocks) paragraph() {
	start, before := b.at, b.at
	for i := start; i < len(b.text); {
		rest := b.text[i:]
		if n := definition(rest); n > 0 {
			b.at = i + n
			b.words(start, i)
			return
		}
		if n := blank(rest); n > 0 {
			b.at = i + n
			b.words(start, i)
			return
		}
		if level, n := underline(rest); level > 0 && i > start {
			b.at = i + n
			b.words(start, before)
			b.add(api.TextNode{
				Type: api.TextHeading, Children: new([]api.TextNode), Literal: new(string), Level: level, IsTitleBlock: new(bool),
			})
			return
		}
		if _, _, end := b.codeAt(i); end > 0 && i > start {
			b.at = i
			b.words(start, i)
			return
		}
		before, i = i, b.lineEnd(i)
	}
	b.at = len(b.text)
	b.words(start, b.at)
}

// words adds a paragraph of these lines, if there are any.
func (b *blocks) words(from, to int) {
	if from == to {
		return
	}
	s := strings.Trim(strings.TrimSuffix(b.text[from:to], "\n"), " ")
	b.add(api.TextNode{Type: api.TextParagraph, Children: b.inline(s)})
}

// underline tells whether s begins with a line under a heading, and how long
// that is without its line feed.
func underline(s string) (level, length int) {
	switch {
	case s == "":
		return 0, 0
	case s[0] == '=':
		level = 1
	case s[0] == '-':
		level = 2
	default:
		return 0, 0
	}
	i := skip(s, skip(s, 0, s[0]), ' ')
	if i == len(s) || s[i] != '\n' {
		return 0, 0
	}
	return level, i
}
