package frame

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// tree is a program with commands of each kind. built counts the commands
// whose flags were made, and ran is what ran last.
type tree struct {
	*Program
	built []string
	ran   string
}

func newTree() *tree {
	t := &tree{}
	leaf := func(use string, args Args, add func(*Flags), below ...Command) Command {
		return Command{
			Use: use, Short: "Do " + use, Args: args, Commands: below,
			Build: func(fs *Flags) Run {
				t.built = append(t.built, use)
				if add != nil {
					add(fs)
				}
				return func(_ context.Context, args []string) error {
					t.ran = use + ":" + strings.Join(args, "|")
					return nil
				}
			},
		}
	}
	dir := func(fs *Flags) { fs.Var(new(string), "dir", "folder") }
	at := func(fs *Flags) { fs.Var(new(string), "at", "where") }
	as := func(fs *Flags) { fs.Var(new(string), "as", "name") }
	t.Program = &Program{Common: func(fs *Flags) {
		output := "plain"
		fs.Var(&output, "output,o", "form").Complete(OneOf("plain", "json"))
		fs.Var(new(bool), "help,h", "explain")
	}}
	t.Root = leaf("prog", Args{}, func(fs *Flags) {
		dir(fs)
		fs.Var(new(string), "log", "level")
		fs.Switch("mailserver", "archive", func() string { return "false" })
	},
		leaf("send TO...", AtLeast(1, "the recipient"), func(fs *Flags) {
			dir(fs)
			fs.Var(new(string), "message,m", "text")
			fs.Var(new(bool), "quiet,q", "say nothing")
			fs.CompleteArgs(OneOf("#tea\tpublic", "@ana"))
			wait := time.Second
			fs.Var(&wait, "wait", "how long")
		}),
		leaf("rpc METHOD", Args{Min: 1, Max: Any, Want: "the method"}, func(fs *Flags) {
			fs.Var(new(string), "url", "where")
		}),
		Command{Use: "key", Short: "Work with keys", Commands: []Command{leaf("inspect [FILE]", Optional(), at)}},
		leaf("chats", Args{}, nil, leaf("join NAME", Exactly(1, "the name"), as), leaf("leave", Args{}, nil)),
		leaf("version", Args{}, nil),
	)
	t.Root.Commands = append(t.Root.Commands, t.Builtin(func(s string) error { t.ran = s; return nil })...)
	return t
}

// shown is a call as text: path, flags that were given, arguments.
func shown(c *Call) string {
	words := []string{c.Path}
	for _, f := range c.Flags.All() {
		if f.Changed {
			words = append(words, "--"+f.Name+"="+f.Value)
		}
	}
	return strings.Join(append(append(words, "--"), c.Args...), "|")
}

func TestCommandLines(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "prog|--",
		"-dir|/x":                   "prog|--dir=/x|--",
		"-dir|-log|-log|debug":      "prog|--dir=-log|--log=debug|--",
		"-o|json|version":           "prog version|--output=json|--",
		"-ojson|version":            "prog version|--output=json|--",
		"--url|http://x|rpc|m|-1":   "prog rpc|--url=http://x|--|m|-1",
		"rpc|m|-.5|-o|json|-1e3":    "prog rpc|--output=json|--|m|-.5|-1e3",
		"rpc|m|--|-o|json":          "prog rpc|--|m|-o|json",
		"send|rpc|-m|-1":            "prog send|--message=-1|--|rpc",
		"send|-mrpc|#tea":           "prog send|--message=rpc|--|#tea",
		"send|-m=a=b|x":             "prog send|--message=a=b|--|x",
		"send|-qm|--|x":             "prog send|--message=--|--quiet=true|--|x",
		"send|-q=false|x":           "prog send|--quiet=false|--|x",
		"-mailserver":               "prog|--mailserver=true|--",
		"key|inspect|-":             "prog key inspect|--|-",
		"-help":                     "prog|--help=true|--",
		"chats|join|join":           "prog chats join|--|join",
		"send|x|chats":              "prog send|--|x|chats",
		"-m|hi|-dir=/x|send|x":      "prog send|--dir=/x|--message=hi|--|x",
		"send|--message=|x":         "prog send|--message=|--|x",
		"send|-message|--dir|x|-q":  "prog send|--message=--dir|--quiet=true|--|x",
		"send|-m|-hello|--|-o|json": "prog send|--message=-hello|--|-o|json",
	} {
		words := slices.DeleteFunc(strings.Split(in, "|"), func(s string) bool { return s == "" })
		call, err := newTree().Parse(words)
		if got := shown(call); err != nil || got != want {
			t.Errorf("%s: got %s, want %s: %v", in, got, want, err)
		}
	}
}

func TestWrongCommandLines(t *testing.T) {
	for in, want := range map[string][2]string{
		"-nonsense":          {"prog", "unknown flag: --nonsense"},
		"send|--mesage|x":    {"prog send", "unknown flag: --mesage; did you mean --message?"},
		"send|-x":            {"prog send", "unknown flag: -x"},
		"send|x|-m":          {"prog send", "-m needs a value"},
		"send|--wait|soon":   {"prog send", `--wait "soon": want a duration such as 30s or 1h30m`},
		"send|--quiet=much":  {"prog send", `--quiet "much": want true or false`},
		"send":               {"prog send", "missing argument: the recipient"},
		"vresion":            {"prog", `unknown command "vresion"; did you mean "version"?`},
		"chats|jion":         {"prog chats", `unknown command "jion"; did you mean "join"?`},
		"chats|join|a|b":     {"prog chats join", `unexpected argument "b"`},
		"key|inpsect|--at|x": {"prog key", `unknown command "inpsect"; did you mean "inspect"?`},
		"key|--at|x":         {"prog key", "prog key needs a command"},
		"chats|jion|--as=x":  {"prog chats", `unknown command "jion"; did you mean "join"?`},
		"chats|--as|x":       {"prog chats", "unknown flag: --as"},
		"key":                {"prog key", "prog key needs a command"},
		"version|--dir|x":    {"prog version", "unknown flag: --dir"},
		"help|chats|jion":    {"prog chats", `unknown command "jion"; did you mean "join"?`},
	} {
		call, err := newTree().Parse(strings.Split(in, "|"))
		if err == nil {
			err = call.Run(t.Context())
		}
		var usage *UsageError
		if !errors.As(err, &usage) || usage.Path != want[0] || err.Error() != want[1] {
			t.Errorf("%s: %v of %v, want %s", in, err, usage, want)
		}
	}
}

// TestFlagsAreSetInSpiteOfAnError: the form of an error is what the line says,
// wherever the mistake is.
func TestFlagsAreSetInSpiteOfAnError(t *testing.T) {
	for _, words := range [][]string{{"send", "--nonsense", "-o", "json"}, {"-o", "json", "send", "--wait", "x"}} {
		call, err := newTree().Parse(words)
		if f := call.Flags.Lookup("output"); err == nil || f.Value != "json" {
			t.Errorf("%q: %v, output %q", words, err, f.Value)
		}
	}
}

// TestOnlyTheCommandAtHandIsBuilt: a start costs nothing for the others.
func TestOnlyTheCommandAtHandIsBuilt(t *testing.T) {
	for in, want := range map[string]string{
		"version": "version", "-o|json|chats|leave": "prog,leave", "send|x|-m|y": "send TO...",
	} {
		tree := newTree()
		call, err := tree.Parse(strings.Split(in, "|"))
		if err != nil || call.Run(t.Context()) != nil {
			t.Fatal(err)
		}
		if got := strings.Join(tree.built, ","); got != want {
			t.Errorf("%s builds %s, want %s", in, got, want)
		}
	}
}

func TestCompletion(t *testing.T) {
	for in, want := range map[string]string{
		"ch":                "chats\tDo chats\n:4\n",
		"chats|":            "join\tDo join NAME\nleave\tDo leave\n:4\n",
		"chats|jo":          "join\tDo join NAME\n:4\n",
		"send|#":            "#tea\tpublic\n:4\n",
		"send|#tea|@A":      "@ana\n:4\n",
		"send|-m|":          ":0\n",
		"send|-o|":          "plain\njson\n:4\n",
		"send|--output=j":   "--output=json\n:4\n",
		"send|--me":         "--message\ttext\n:4\n",
		"send|-me":          "--message\ttext\n:4\n",
		"send|--|--me":      ":4\n",
		"send|--quiet=":     "--quiet=true\n--quiet=false\n:4\n",
		"send|--wait|":      ":4\n",
		"-dir|/x|vers":      "version\tDo version\n:4\n",
		"version|":          ":4\n",
		"completion|z":      "zsh\tPrint the script for zsh\n:4\n",
		"send|-nonsense|@":  "@ana\n:4\n",
		"chats|join|t":      ":4\n",
		"send|-m|-o|-o|pla": "plain\n:4\n",
	} {
		var out bytes.Buffer
		asked, err := newTree().Completes(t.Context(), &out, append([]string{"__complete"}, strings.Split(in, "|")...))
		if !asked || err != nil || out.String() != want {
			t.Errorf("%s: got %q, want %q", in, out.String(), want)
		}
	}
	var out bytes.Buffer
	if _, err := newTree().Completes(t.Context(), &out, []string{"__completeNoDesc", "send", "#"}); err != nil ||
		out.String() != "#tea\n:4\n" {
		t.Errorf("without descriptions: %q, %v", out.String(), err)
	}
	if asked, _ := newTree().Completes(t.Context(), &out, []string{"send", "__complete"}); asked {
		t.Error("an argument is taken for a question")
	}
}

// FuzzParse: no word is lost, and nothing panics, on whole lines and on those
// that a shell asks about.
func FuzzParse(f *testing.F) {
	f.Add("send\x00#tea\x00-m\x00-hello")
	f.Add("-dir\x00/x\x00--\x00-o")
	f.Add("-qmo\x00-=\x00--=\x00-\x00")
	f.Fuzz(func(t *testing.T, text string) {
		words := strings.Split(text, "\x00")
		if words[0] == "help" || words[0] == "completion" {
			return
		}
		call, err := newTree().Parse(words)
		if err == nil {
			for _, arg := range call.Args {
				if !slices.Contains(words, arg) {
					t.Errorf("%q: argument %q comes from nowhere", words, arg)
				}
			}
			for _, flag := range call.Flags.All() {
				if flag.Changed && !strings.Contains(text, flag.Value) && flag.Kind != kindBool {
					t.Errorf("%q: value %q comes from nowhere", words, flag.Value)
				}
			}
		}
		words = append([]string{"__complete"}, words...)
		if _, err := newTree().Completes(t.Context(), new(bytes.Buffer), words); err != nil {
			t.Error(err)
		}
	})
}

func TestTablesAreAligned(t *testing.T) {
	type row struct{ name, id string }
	rows := []row{
		{"ana", "0x0123456789abcdef0123456789abcdef"}, {"日本語", "short"}, {"👩‍👩‍👧 x", ""}, {"e\u0301a", "x"},
	}
	columns := []Column[row]{
		Col("NAME", func(r row) string { return r.name }), IDs("ID", func(r row) string { return r.id }),
	}
	want := "NAME    ID\nana     0x01234567…abcdef\n日本語  short\n👩‍👩‍👧 x\ne\u0301a      x\n"
	if got := Table(rows, false, columns...); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if got := Table(rows, true, columns...); !strings.Contains(got, rows[0].id) {
		t.Errorf("a wide table shortens ids:\n%s", got)
	}
	if got := Cut("日本語日本語", 7); got != "日本語…" {
		t.Errorf("cut to 7 cells: %q", got)
	}
}

func TestManualPages(t *testing.T) {
	book := Book{Source: "prog 1", Manual: "prog", Also: []string{"prog-rpc(7)"}}
	pages := newTree().Pages(book)
	i := slices.IndexFunc(pages, func(p Page) bool { return p.File() == "prog-chats-join.1" })
	if i < 0 {
		t.Fatal("no page of chats join")
	}
	for _, want := range []string{
		`.TH "PROG\-CHATS\-JOIN" 1 "" "prog 1" "prog"`, `prog\-chats\-join \- Do join NAME`,
		".B prog chats join NAME [flags]", `.B \-o, \-\-output string`, `prog\-chats(1), prog\-rpc(7)`,
	} {
		if !strings.Contains(pages[i].Text, want+"\n") {
			t.Errorf("the page lacks %q:\n%s", want, pages[i].Text)
		}
	}
	text := "# Title\n\nSome `-code` and [a link](x.md),\nin **two** lines…\n\n## Part one\n\n- .first\n- second\n" +
		"  goes on\n\n| Key | Means | Default |\n|---|---|---|\n| `a\\|b` | what | 1 |\n| `c` | | |\n\n" +
		"```\n.x\\y\n```\n\n### Inner\n\nEnd.\n"
	want := ".SH \"DESCRIPTION\"\n.PP\nSome \\-code and a link, in two lines\\[u2026]\n.SH \"PART ONE\"\n" +
		".IP \\(bu 2\n\\&.first\n.IP \\(bu 2\nsecond goes on\n.TP\n.B a|b\nMeans: what; Default: 1\n" +
		".TP\n.B c\n\n.PP\n.RS 4\n.nf\n\\&.x\\ey\n.fi\n.RE\n.SS \"Inner\"\n.PP\nEnd.\n.SH \"SEE ALSO\"\n"
	if page := Document(book, "prog-x", 7, "some text", text); !strings.Contains(page.Text, want) {
		t.Errorf("got\n%s\nwant\n%s", page.Text, want)
	}
}

func TestHelp(t *testing.T) {
	tree := newTree()
	call, err := tree.Parse([]string{"chats"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Do chats.\n", "  prog chats [flags]\n  prog chats COMMAND\n", "  join   Do join NAME\n", "Flags of all commands:\n",
		`-o, --output string  form (default "plain")`,
	} {
		if got := tree.Help(call); !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
	if call, err = tree.Parse([]string{"help", "chats", "join"}); err != nil || call.Run(t.Context()) != nil ||
		!strings.Contains(tree.ran, "prog chats join NAME [flags]") {
		t.Errorf("help of a command: %v, %s", err, tree.ran)
	}
}

func ExampleAlign() {
	fmt.Print(Align([][]string{{"name", "ana"}, {"key", "zQ3sh"}}))
	// Output:
	// name  ana
	// key   zQ3sh
}
