package text

import (
	"sort"

	"statusd/api"
)

// emphasis takes what stands between stars, underscores or tildes. As many of
// them as begin it, from one to three, end it; if they do not, the first is
// plain text.
func (p *inline) emphasis(i int) int {
	mark, left := p.text[i], len(p.text)-i
	count := 1
	for count < min(4, left) && p.text[i+count] == mark {
		count++
	}
	from := i + count
	if count > 3 || left < count+2 || isSpace(p.text[from]) {
		return 0
	}
	if p.closer == nil {
		p.closer = newCloser(p.text)
	}
	var to int
	var kind api.TextType
	switch count {
	case 1:
		to, kind = p.closer.one(mark, from), api.TextEmph
	case 2:
		to, kind = p.closer.two(mark, from), api.TextStrong
	default:
		to, kind = p.closer.three(mark, from), api.TextStrongEmph
	}
	switch {
	case to < 0 || mark == '~' && count == 3:
		return 0
	case mark == '~':
		kind = api.TextDel
	}
	return p.take(i, to+count, leaf(kind, p.text[from:to]))
}

// closer finds the marks that end emphasis. It passes over code spans and
// links, after rules of its own that are not those of code spans elsewhere:
// see step. What it found once it remembers, so that many marks that begin
// something do not have the text searched by each of them.
type closer struct {
	text   string
	places [7][]int32 // of each of the bytes of slot
	first  [3]memo    // of find, for each mark
	pair   [3]memo    // of two, for each mark
	after  memo       // of pastSpaces
	steps  int        // how often step was called: tests count
}

// slot numbers the bytes that matter, the marks first; it is -1 for others.
func slot(b byte) int {
	switch b {
	case '*':
		return 0
	case '_':
		return 1
	case '~':
		return 2
	case '`':
		return 3
	case '[':
		return 4
	case ']':
		return 5
	case '(':
		return 6
	}
	return -1
}

// memo remembers a place, or -1, for each place of a text.
type memo []int32

func (m memo) get(i int) (at int, known bool) {
	if len(m) == 0 || m[i] == 0 {
		return 0, false
	}
	return int(m[i]) - 2, true
}

// set notes at for the places of a text of n bytes.
func (m *memo) set(n, at int, places ...int) {
	if *m == nil {
		*m = make(memo, n)
	}
	for _, i := range places {
		(*m)[i] = int32(at) + 2
	}
}

func newCloser(s string) *closer {
	c := closer{text: s}
	for i := range len(s) {
		if n := slot(s[i]); n >= 0 {
			c.places[n] = append(c.places[n], int32(i))
		}
	}
	return &c
}

// next returns the first place of a byte from i on, -1 if there is none.
func (c *closer) next(b byte, i int) int {
	list := c.places[slot(b)]
	n := sort.Search(len(list), func(n int) bool { return int(list[n]) >= i })
	if n == len(list) {
		return -1
	}
	return int(list[n])
}

// within is next for places before end; -1 as end is that of the text.
func (c *closer) within(b byte, i, end int) int {
	if at := c.next(b, i); end < 0 || at < end {
		return at
	}
	return -1
}

// one finds the single mark that ends what begins at i.
func (c *closer) one(mark byte, i int) int {
	at := c.find(mark, i)
	if at < 0 || isSpace(c.text[at-1]) {
		return -1
	}
	if at+1 == len(c.text) {
		return at
	}
	// Nor within a word.
	if next := c.text[at+1]; next == mark || !isSpace(next) && !isPunctuation(next) {
		return -1
	}
	return at
}

// two finds the two marks that end what begins at i. It passes over single
// ones.
func (c *closer) two(mark byte, i int) int {
	known := &c.pair[slot(mark)]
	var passed []int
	at := -1
	for i < len(c.text) {
		if found, ok := known.get(i); ok {
			at = found
			break
		}
		passed = append(passed, i)
		next := c.find(mark, i)
		if next < 0 {
			break
		}
		if next+1 < len(c.text) && c.text[next+1] == mark && !isSpace(c.text[next-1]) {
			at = next
			break
		}
		i = next + 1
	}
	known.set(len(c.text), at, passed...)
	return at
}

// three finds the three marks that end what begins at i.
func (c *closer) three(mark byte, i int) int {
	at := c.find(mark, i)
	if at < 0 || isSpace(c.text[at-1]) || at+2 >= len(c.text) || c.text[at+1] != mark || c.text[at+2] != mark {
		return -1
	}
	return at
}

// find returns the first mark after i that may end what begins there, -1 if
// there is none or if one stands at i.
func (c *closer) find(mark byte, i int) int {
	if i >= len(c.text) || c.text[i] == mark {
		return -1
	}
	known := &c.first[slot(mark)]
	var passed []int
	at := -1
	for {
		i = c.special(mark, i)
		if i < 0 {
			break
		}
		if found, ok := known.get(i); ok {
			at = found
			break
		}
		passed = append(passed, i)
		var more bool
		if at, i, more = c.step(mark, i); !more {
			break
		}
	}
	known.set(len(c.text), at, passed...)
	return at
}

// special returns the first mark, backtick or opening bracket from i on, -1 if
// there is none.
func (c *closer) special(mark byte, i int) int {
	first := -1
	for _, b := range [...]byte{mark, '`', '['} {
		if at := c.next(b, i); at >= 0 && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}

// step looks at the mark, backtick or bracket at i: it is what is sought, or
// something to pass over. What would be passed over but has no end is not, so
// that a mark in it counts.
func (c *closer) step(mark byte, i int) (at, next int, more bool) {
	c.steps++
	switch {
	case i > 0 && c.text[i-1] == '\\':
		return -1, i + 1, true
	case c.text[i] == mark:
		return i, 0, false
	case c.text[i] == '`':
		if end := c.next('`', i+1); end >= 0 {
			return -1, end + 1, true
		}
		return c.next(mark, i+1), 0, false
	}
	return c.bracket(mark, i)
}

// bracket is step for the opening bracket of a link [words][name] or
// [words](destination). The second half goes on up to another bracket that
// opens, and not to the one that closes.
func (c *closer) bracket(mark byte, i int) (at, next int, more bool) {
	end := c.next(']', i+1)
	inside := c.within(mark, i+1, end)
	if end < 0 {
		return inside, 0, false
	}
	half := c.pastSpaces(end + 1)
	switch {
	case half == len(c.text):
		return inside, 0, false
	case c.text[half] != '[' && c.text[half] != '(':
		return inside, half, inside < 0 // no link: what is inside counts
	}
	end = c.next(c.text[half], half+1)
	if inside < 0 {
		if at := c.within(mark, half+1, end); at >= 0 {
			return at, 0, false
		}
	}
	if end < 0 {
		return inside, 0, false
	}
	return -1, end + 1, true
}

// pastSpaces returns the first place from i on that is neither space nor line
// feed.
func (c *closer) pastSpaces(i int) int {
	if i == len(c.text) {
		return i
	}
	end, known := c.after.get(i)
	if !known {
		end = i
		for end < len(c.text) && (c.text[end] == ' ' || c.text[end] == '\n') {
			end++
		}
		c.after.set(len(c.text), end, i)
	}
	return end
}
