package frame

import (
	"context"
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Help explains a command.
func (p *Program) Help(call *Call) string {
	c, b := call.Command, p.build(call.Command)
	var out strings.Builder
	out.WriteString(c.long() + "\n\nUsage:\n")
	for _, use := range c.usages(call.Path, b) {
		out.WriteString("  " + use + "\n")
	}
	if c.Example != "" {
		out.WriteString("\nExamples:\n" + c.Example + "\n")
	}
	if len(c.Commands) > 0 {
		var rows [][2]string
		for i := range c.Commands {
			rows = append(rows, [2]string{c.Commands[i].Name(), c.Commands[i].Short})
		}
		out.WriteString("\nCommands:\n" + twoColumns(rows))
	}
	var own, common [][2]string
	for _, f := range b.flags.All() {
		if row := [2]string{f.heading(), f.explained()}; f.common {
			common = append(common, row)
		} else {
			own = append(own, row)
		}
	}
	if len(own) > 0 {
		out.WriteString("\nFlags:\n" + twoColumns(own))
	}
	out.WriteString("\nFlags of all commands:\n" + twoColumns(common))
	if len(c.Commands) > 0 {
		fmt.Fprintf(&out, "\n%s COMMAND --help explains a command.\n", call.Path)
	}
	return out.String()
}

// long is the text about a command.
func (c *Command) long() string {
	if c.Long != "" {
		return c.Long
	}
	return c.Short + "."
}

// usages are the forms of a call.
func (c *Command) usages(path string, b *built) (forms []string) {
	_, args, _ := strings.Cut(c.Use, " ")
	if b.run != nil {
		if args != "" {
			args = " " + args
		}
		forms = append(forms, path+args+" [flags]")
	}
	if len(c.Commands) > 0 {
		forms = append(forms, path+" COMMAND")
	}
	return forms
}

// heading is a flag as it is written.
func (f *Flag) heading() string {
	text := "    --" + f.Name
	if f.Letter != "" {
		text = "-" + f.Letter + ", --" + f.Name
	}
	if word := f.word(); word != "" {
		text += " " + word
	}
	return text
}

// word says what a value of the flag is.
func (f *Flag) word() string {
	switch f.Kind {
	case kindBool:
		return ""
	case kindArray, "string":
		return "string"
	case kindSlice:
		return "strings"
	case "int64", "uint32", "uint64":
		return "int"
	case "float64":
		return "number"
	}
	return f.Kind
}

// explained is what a flag means, with its default if that is not nothing.
func (f *Flag) explained() string {
	shown := f.Default()
	switch {
	case shown == "" || shown == "false" || shown == "0" || shown == "0s" || shown == "[]" || shown == "-1":
		return f.Usage
	case strings.Contains(f.Usage, "(default"):
		return f.Usage
	case f.Kind == "string":
		return fmt.Sprintf("%s (default %q)", f.Usage, shown)
	}
	return fmt.Sprintf("%s (default %s)", f.Usage, shown)
}

// twoColumns lays out names and what they mean.
func twoColumns(rows [][2]string) string {
	width := 0
	for _, row := range rows {
		width = max(width, ansi.StringWidth(row[0]))
	}
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "  %s%s  %s\n", row[0], strings.Repeat(" ", width-ansi.StringWidth(row[0])), row[1])
	}
	return b.String()
}

// helpCommand explains the command that its arguments name.
func (p *Program) helpCommand(say func(string) error) Command {
	return Command{
		Use: "help [COMMAND...]", Short: "Explain a command", Args: Args{Max: Any},
		Build: func(fs *Flags) Run {
			fs.CompleteArgs(OneOf(p.names()...))
			return func(_ context.Context, args []string) error {
				c, path := &p.Root, p.Root.Name()
				for _, word := range args {
					sub := c.sub(word)
					if sub == nil {
						return &UsageError{path, c.unknown(word)}
					}
					c, path = sub, path+" "+word
				}
				return say(p.Help(&Call{Command: c, Path: path}))
			}
		},
	}
}

// names are those of the commands of the program.
func (p *Program) names() (names []string) {
	for i := range p.Root.Commands {
		names = append(names, p.Root.Commands[i].Name())
	}
	return names
}
