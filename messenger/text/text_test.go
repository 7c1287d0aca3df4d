package text

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"statusd/api"
	"statusd/internal/test/vectors"
)

// someID is a contact id as a mention needs it.
var someID = "0x" + strings.Repeat("04", 65)

func inJSON(t testing.TB, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// sameTree compares a tree with what the reference made, which may be written
// with other spaces and in another order of members.
func sameTree(t testing.TB, text string, want json.RawMessage) {
	t.Helper()
	var a, b any
	for into, raw := range map[*any][]byte{&a: []byte(inJSON(t, Parse(text))), &b: want} {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%q:\n%s, want\n%s", text, inJSON(t, a), inJSON(t, b))
	}
}

func TestVectorText(t *testing.T) {
	type textCase struct {
		Text      string
		Mentions  []string
		Links     []string
		RTL       bool
		LineCount int             `json:"line_count"`
		Tree      json.RawMessage `json:"reference_parsed_text"`
	}
	cases := vectors.Cases[textCase](t, vectors.Load(t, "payloads"), "text")
	if len(cases) != 17 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		got := Describe(c.Text)
		if !slices.Equal(got.Mentions, c.Mentions) || !slices.Equal(got.Links, c.Links) ||
			got.RTL != c.RTL || got.LineCount != c.LineCount {
			t.Errorf("%q: %+v, want %+v", c.Text, got, c)
		}
		sameTree(t, c.Text, c.Tree)
	}
}

type treeCase struct {
	Text string
	Tree json.RawMessage
}

// treeCases are texts and the trees that the library of status-go v0.63.12
// makes of them.
func treeCases(t testing.TB) []treeCase {
	t.Helper()
	raw, err := os.ReadFile("testdata/trees.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []treeCase
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTreesAreThoseOfStatusGo(t *testing.T) {
	for _, c := range treeCases(t) {
		sameTree(t, c.Text, c.Tree)
		// The order of the members, too, is that of status-go.
		if got := inJSON(t, Parse(c.Text)); got != string(c.Tree) {
			t.Errorf("%q: %s, want %s", c.Text, got, c.Tree)
		}
		// A program that reads it with our types can hand it on as it is.
		var nodes []api.TextNode
		if err := json.Unmarshal(c.Tree, &nodes); err != nil || inJSON(t, nodes) != string(c.Tree) {
			t.Errorf("%q: read and written again: %s, %v", c.Text, inJSON(t, nodes), err)
		}
	}
}

func TestDescribe(t *testing.T) {
	id := someID
	for text, want := range map[string]Info{
		"a `@" + id + "` b @" + id:             {Mentions: []string{id}},
		"``@" + id + "` ``@" + id:              {Mentions: []string{id}},
		"unclosed ` @" + id:                    {Mentions: []string{id}},
		"> quote @" + id + "\nlazy @" + id:     {LineCount: 1},
		"> quote\n\n@" + id:                    {Mentions: []string{id}, LineCount: 2},
		"text\n> no quote @" + id:              {Mentions: []string{id}, LineCount: 1},
		"```\n@" + id + "\n\n@" + id + "\n```": {LineCount: 4},
		"```\n@" + id:                          {Mentions: []string{id}, LineCount: 1},
		"```\nx\n```\nFigure: @" + id:          {Mentions: []string{id}, LineCount: 3},
		"*not in marks @" + id + "*":           {},
		"@" + id + "0":                         {},
		"@" + id[:131]:                         {},
		"(https://a.b/c_(d))":                  {Links: []string{"https://a.b/c_(d)"}},
		"http://":                              {},
		"http://.":                             {},
		"HTTPS://A.b; x":                       {Links: []string{"HTTPS://A.b"}},
		"xhttp://a.b":                          {},
		`http://a.b/\_c`:                       {Links: []string{"http://a.b/_c"}},
		"":                                     {},
		"\xff`@":                               {},
		"\u200fhttp://a.b\n@" + id + ", @" + id: {
			RTL: true, LineCount: 1, Mentions: []string{id, id}, Links: []string{"http://a.b"},
		},
	} {
		if got := Describe(text); !slices.Equal(got.Mentions, want.Mentions) ||
			!slices.Equal(got.Links, want.Links) || got.RTL != want.RTL || got.LineCount != want.LineCount {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

// measure counts the nodes and levels of a tree.
func measure(nodes []api.TextNode) (count, depth int) {
	for _, n := range nodes {
		count, depth = count+1, max(depth, 1)
		if n.Children != nil {
			c, d := measure(*n.Children)
			count, depth = count+c, max(depth, d+1)
		}
	}
	return count, depth
}

// whole tells whether a tree is one paragraph with the whole text.
func whole(nodes []api.TextNode, text string) bool {
	if len(nodes) != 1 || nodes[0].Type != api.TextParagraph {
		return false
	}
	parts := *nodes[0].Children
	return len(parts) == 1 && parts[0].Type == "" && *parts[0].Literal == text
}

func TestTreesAreBounded(t *testing.T) {
	many := strings.Repeat("#a ", MaxNodes/2-1) // a paragraph, and two nodes for each
	tooMany := many + "#a"
	if n, _ := measure(Parse(many)); n != MaxNodes-1 {
		t.Errorf("%d nodes at the bound", n)
	}
	if !whole(Parse(tooMany), tooMany) || len(Describe(tooMany+" http://a.b").Links) > 0 {
		t.Error("a tree with too many nodes is not one paragraph")
	}
	blocks := strings.Repeat("> \n\n\na\n\n", MaxNodes)
	if !whole(Parse(blocks), blocks) {
		t.Error("too many blocks are not one paragraph")
	}
	long := strings.Repeat("a*", MaxBytes/2) + "*"
	if !whole(Parse(long), long) {
		t.Error("a text that is too long is not one paragraph")
	}
	if whole(Parse("*a* "+long[:MaxBytes-4]), "*a* "+long[:MaxBytes-4]) {
		t.Error("the longest text is not taken apart")
	}
}

// hostile are texts each of whose marks could make a careless parser search the
// rest of the text.
func hostile(size int) map[string]string {
	out := make(map[string]string)
	for _, part := range []string{
		"*", "**", "*a", "**a", "***a", "_*~", "*[", "*a[", "**a*[", "*`", "`", "`a", "[", "](", "*[*](", "*[*](( ",
		"*a[*](", "[a](", "~a~~", "]", "[] ", "*[]    ", " ", "a ", " \n", "#", "#a", "@", "@0x", "@0x0",
		"http://", "http://a", "http://a)", "(http://a", "http://a) (", "http://a&", "mailto:", "hhhh",
		"<a href=\"http://a", "<a href=\"/a\">/", "<http://a", "```\n", "~~~\n", "```a\n", ">", "> ", ">\n\n", "\n",
		"[a]:", "[a]: b\n", "[a]: b\n(", "a\n-", "-\n", "a\n=", "\\", "\\*", "Figure: ", "{#", "\t", "\r\n", "\u00a0", "😀",
	} {
		out[part] = strings.Repeat(part, size/len(part))
	}
	ticks := ""
	for n := 1; len(ticks)+n < size; n++ {
		ticks += strings.Repeat("`", n) + "a"
	}
	out["rising ticks"] = ticks
	b := []byte(ticks)
	slices.Reverse(b)
	out["falling ticks"] = string(b)
	out["code with captions"] = strings.Repeat("```\n```\nFigure: ", size/16)
	return out
}

func TestHostileTextsAreLookedThroughOnce(t *testing.T) {
	for name, text := range hostile(MaxBytes) {
		check(t, text)
		for _, cut := range []int{4095, 4096} {
			check(t, text[:min(cut, len(text))])
		}
		// Emphasis is what would have the rest of a text searched again and again.
		text = text[:min(MaxBytes/4, len(text))]
		for _, mark := range []byte("*_~") {
			c := newCloser(text)
			for i := range len(text) {
				c.one(mark, i)
				c.two(mark, i)
				c.three(mark, i)
			}
			if c.steps > len(text) {
				t.Errorf("%s: %d steps for %d bytes", name, c.steps, len(text))
			}
		}
	}
}

// check tests what holds for every tree.
func check(t *testing.T, text string) {
	t.Helper()
	info := Describe(text)
	count, depth := measure(info.Tree)
	if info.Tree == nil || depth > 4 || count > max(MaxNodes, 2) {
		t.Fatalf("%q: %d nodes, %d levels", text, count, depth)
	}
	for _, id := range info.Mentions {
		if len(id) != contactIDSize || !strings.Contains(text, "@"+id) {
			t.Fatalf("%q: mentions %q", text, id)
		}
	}
	for _, url := range info.Links {
		if !isLink(url) || !strings.Contains(unescape(text), url) && !strings.Contains(text, `\`) {
			t.Fatalf("%q: link %q", text, url)
		}
	}
	size := 0
	checkNodes(t, text, info.Tree, &size)
	if size > len(text) {
		t.Fatalf("%q: %d bytes of literals", text, size)
	}
	out, err := json.Marshal(info.Tree)
	if err != nil {
		t.Fatal(err)
	}
	if utf8.ValidString(text) {
		var again []api.TextNode
		if err := json.Unmarshal(out, &again); err != nil || len(again) != len(info.Tree) {
			t.Fatalf("%q: %v", out, err)
		}
	}
}

// checkNodes tests that nothing is made up: each literal is a part of the text,
// but for what block quotes and links leave out.
func checkNodes(t *testing.T, text string, nodes []api.TextNode, size *int) {
	t.Helper()
	for _, n := range nodes {
		if n.Type != "" && !slices.Contains(api.TextType("").Values(), n.Type) {
			t.Fatalf("%q: type %q", text, n.Type)
		}
		if n.Literal != nil {
			*size += len(*n.Literal)
			inLink := strings.Contains(text, `\`) && strings.Contains(*n.Literal, "://")
			if n.Type != api.TextBlockQuote && !inLink && !strings.Contains(text, *n.Literal) {
				t.Fatalf("%q: %s %q", text, n.Type, *n.Literal)
			}
		}
		if n.Children != nil {
			checkNodes(t, text, *n.Children, size)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range treeCases(f) {
		f.Add(c.Text)
	}
	for _, text := range hostile(200) {
		f.Add(text)
	}
	f.Fuzz(check)
}

func BenchmarkDescribe(b *testing.B) {
	texts := hostile(4096)
	for name, text := range map[string]string{
		"plain": "Common abcd efgh ijkl mnop qrst uvwx yzab cdef ghij klmn",
		"marks": "*a* **b** `c` #tag http://a.b/c @" + someID,
		"stars": texts["*a["], "brackets": texts["*[*]("], "links": texts["http://a) ("], "fences": texts["```a\n"],
		"ticks": texts["falling ticks"],
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Describe(text)
			}
		})
	}
}
