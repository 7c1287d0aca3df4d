// Package text says what a message is shown with: its text as a tree of blocks
// and their parts, the people it mentions, its links, its direction.
//
// The tree is that of status-go of 2020, whose dialect of Markdown has fenced
// code, block quotes and paragraphs, and in paragraphs one level of marks. It
// also has oddities that programs of that time know and that are kept: a line
// that a line of = or - follows becomes a heading without its words, a line
// "[name]: link" disappears, and an even bracket at the end of a link does not
// belong to it.
//
// Texts come from strangers. Every function here takes time in proportion to
// the text, but for a logarithm, whatever it holds, and the size of a tree is
// bounded.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"statusd/api"
)

const (
	// MaxBytes and MaxNodes bound what is taken apart. A message has at most
	// 4096 characters, of four bytes each.
	MaxBytes = 32 << 10
	MaxNodes = 1000
)

// Info is what programs show a text with. It is computed when it is shown, and
// never on the wire.
type Info struct {
	// Tree is the text taken apart, never nil; see Parse.
	Tree []api.TextNode
	// Mentions are the contact ids mentioned, in order, without "@".
	Mentions []string
	// Links are the URLs, in order.
	Links []string
	// RTL says that the text begins in a script written from right to left.
	RTL bool
	// LineCount is the number of line feeds.
	LineCount int
}

// Describe takes a text apart and finds mentions and links in it.
func Describe(text string) Info {
	info := Info{Tree: Parse(text), RTL: isRTL(text), LineCount: strings.Count(text, "\n")}
	info.collect(info.Tree)
	return info
}

// collect gathers mentions and links.
func (i *Info) collect(nodes []api.TextNode) {
	for n := range nodes {
		node := &nodes[n]
		switch node.Type {
		case api.TextMention:
			i.Mentions = append(i.Mentions, *node.Literal)
		case api.TextLink:
			i.Links = append(i.Links, node.Destination)
		default:
			if node.Children != nil {
				i.collect(*node.Children)
			}
		}
	}
}

// Parse takes a text apart. A text of more than MaxBytes, or of which the tree
// would have more than MaxNodes nodes, is one paragraph with the whole text.
// The tree shares the memory of the text.
func Parse(text string) []api.TextNode {
	if len(text) <= MaxBytes {
		b := blocks{text: text, nodes: new(counter)}
		b.parse()
		if b.nodes.left() {
			return b.out
		}
	}
	whole := []api.TextNode{leaf("", text)}
	return []api.TextNode{{Type: api.TextParagraph, Children: &whole}}
}

// Weight estimates the bytes of trees in JSON, without the text in them.
func Weight(nodes []api.TextNode) int {
	const each = 30
	sum := each * len(nodes)
	for i := range nodes {
		if c := nodes[i].Children; c != nil {
			sum += Weight(*c)
		}
	}
	return sum
}

// counter counts nodes.
type counter int

// add counts one more.
func (c *counter) add() { *c++ }

// left tells whether the tree is small enough so far.
func (c *counter) left() bool { return *c <= MaxNodes }

// leaf is a node that is only text.
func leaf(t api.TextType, literal string) api.TextNode {
	return api.TextNode{Type: t, Literal: &literal}
}

// isRTL looks at the first code point: Hebrew, Arabic or the right-to-left
// mark.
func isRTL(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return r == '\u200f' || unicode.In(r, unicode.Hebrew, unicode.Arabic)
}

// White space and punctuation of the marks are those of ASCII alone.

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isPunctuation(c byte) bool {
	return c >= '!' && c <= '/' || c >= ':' && c <= '@' || c >= '[' && c <= '`' || c >= '{' && c <= '~'
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
