package frame

import (
	"context"
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// The commands by which the scripts in shells ask what a line may go on with.
const (
	completeWord      = "__complete"
	completeWordPlain = "__completeNoDesc"
)

// What a shell does with an answer, in its last line.
const (
	thenFiles   = ":0" // names of files will do, if nothing was offered
	thenNothing = ":4" // nothing else
)

// maxCompletion is how long a person waits for an answer after a tab.
const maxCompletion = 2 * time.Second

// Completes answers a shell, if it is one that asks: one candidate in each
// line, with a tab and its description behind it, and a last line that says
// whether names of files will do as well.
func (p *Program) Completes(ctx context.Context, out io.Writer, args []string) (asked bool, err error) {
	if len(args) == 0 || args[0] != completeWord && args[0] != completeWordPlain {
		return false, nil
	}
	words := args[1:]
	if len(words) == 0 {
		words = []string{""}
	}
	ctx, cancel := context.WithTimeout(ctx, maxCompletion)
	defer cancel()
	found, then := p.complete(ctx, words[:len(words)-1], words[len(words)-1])
	for _, line := range found {
		line = strings.ReplaceAll(line, "\n", " ")
		if args[0] == completeWordPlain {
			line, _, _ = strings.Cut(line, "\t")
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return true, err
		}
	}
	_, err = fmt.Fprintln(out, then)
	return true, err
}

// complete lists what may stand in the place of a word that begins a line, or
// comes after others.
func (p *Program) complete(ctx context.Context, before []string, word string) (found []string, then string) {
	l := p.read(before)
	b := p.build(l.cmd)
	_ = l.apply(b.flags) // a line that is not finished
	if n := len(l.given); n > 0 && l.given[n-1].missing {
		return b.values(ctx, l.given[n-1].name, word)
	}
	if name, value, ok := strings.Cut(strings.TrimLeft(word, "-"), "="); ok && word[0] == '-' && !l.ended {
		found, then = b.values(ctx, name, value)
		for i := range found {
			found[i] = word[:strings.Index(word, "=")+1] + found[i]
		}
		return found, then
	}
	if strings.HasPrefix(word, "-") && !l.ended {
		for _, f := range b.flags.All() {
			found = append(found, "--"+f.Name+"\t"+f.Usage)
		}
		return matching(found, "--"+strings.TrimLeft(word, "-")), thenNothing
	}
	if len(l.rest) == 0 && !l.ended {
		for i := range l.cmd.Commands {
			found = append(found, l.cmd.Commands[i].Name()+"\t"+l.cmd.Commands[i].Short)
		}
	}
	if len(l.rest) < l.cmd.Args.Max {
		if b.flags.complete != nil {
			found = append(found, b.flags.complete(ctx)...)
		}
		if then = thenNothing; l.cmd.Files {
			then = thenFiles
		}
		return matching(found, word), then
	}
	return matching(found, word), thenNothing
}

// values lists the values of a flag.
func (b *built) values(ctx context.Context, name, word string) (found []string, then string) {
	f := b.flags.Lookup(name)
	if f == nil {
		f = b.flags.letter(name)
	}
	switch {
	case f == nil:
		return nil, thenNothing
	case f.complete != nil:
		return matching(f.complete(ctx), word), thenNothing
	case f.isBool():
		return matching([]string{"true", "false"}, word), thenNothing
	case f.Kind == "string" || f.Kind == kindArray:
		return nil, thenFiles
	}
	return nil, thenNothing
}

// matching are the candidates that begin as a word does, in either case.
func matching(all []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool {
		return len(s) < len(word) || !strings.EqualFold(s[:len(word)], word)
	})
}

//go:embed completion
var scripts embed.FS

// shells are those that there is a script for, and how it is used.
var shells = []struct{ name, file, install string }{
	{"bash", "bash", "source <(%[1]s completion bash), or write it to\n" +
		"~/.local/share/bash-completion/completions/%[1]s for all sessions to come."},
	{"fish", "fish", "%[1]s completion fish | source, or write it to\n" +
		"~/.config/fish/completions/%[1]s.fish for all sessions to come."},
	{"powershell", "ps1", "%[1]s completion powershell | Out-String | Invoke-Expression"},
	{"zsh", "zsh", "source <(%[1]s completion zsh), or write it to _%[1]s in a directory of\n" +
		"$fpath for all sessions to come. It needs: autoload -U compinit; compinit"},
}

// completionCommand prints the scripts.
func (p *Program) completionCommand(say func(string) error) Command {
	name := p.Root.Name()
	group := Command{
		Use: "completion", Short: "Print a script that completes command lines in a shell",
		Long: "Prints a script for a shell. With it the tab key completes commands, flags and\n" +
			"their values, and what the daemon knows: chats, contacts, accounts.",
	}
	for _, shell := range shells {
		group.Commands = append(group.Commands, Command{
			Use: shell.name, Short: "Print the script for " + shell.name,
			Long: "Prints the script for " + shell.name + ". To use it:\n" + fmt.Sprintf(shell.install, name),
			Build: func(fs *Flags) Run {
				bare := false
				fs.Var(&bare, "no-descriptions", "offer words without their descriptions")
				return func(context.Context, []string) error {
					raw, err := scripts.ReadFile("completion/statusd." + shell.file)
					if err != nil {
						return err
					}
					text := strings.ReplaceAll(string(raw), "statusd", name)
					if bare {
						text = strings.ReplaceAll(text, completeWord, completeWordPlain)
					}
					return say(text)
				}
			},
		})
	}
	return group
}

// Builtin are the commands that every program has. say prints to standard
// output.
func (p *Program) Builtin(say func(string) error) []Command {
	return []Command{p.completionCommand(say), p.helpCommand(say)}
}
