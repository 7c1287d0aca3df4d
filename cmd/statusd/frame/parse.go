package frame

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Program is a tree of commands.
type Program struct {
	Root Command
	// Common makes the flags that all commands have.
	Common func(*Flags)

	flags map[*Command]*built
}

// built is a command whose flags were made.
type built struct {
	flags *Flags
	run   Run
}

// build makes the flags of a command, once.
func (p *Program) build(c *Command) *built {
	if b := p.flags[c]; b != nil {
		return b
	}
	if p.flags == nil {
		p.flags = make(map[*Command]*built)
	}
	b := &built{flags: new(Flags)}
	if c.Build != nil {
		b.run = c.Build(b.flags)
	}
	own := len(b.flags.all)
	p.Common(b.flags)
	for _, f := range b.flags.all[own:] {
		f.common = true
	}
	p.flags[c] = b
	return b
}

// Call is a command line that was read.
type Call struct {
	Command *Command
	Path    string // of names: "statusd chats join"
	Flags   *Flags
	Args    []string
	run     Run
}

// Each visits all commands, those above others first.
func (p *Program) Each(visit func(*Call)) { p.each(&p.Root, p.Root.Name(), visit) }

func (p *Program) each(c *Command, path string, visit func(*Call)) {
	b := p.build(c)
	visit(&Call{Command: c, Path: path, Flags: b.flags, run: b.run})
	for i := range c.Commands {
		p.each(&c.Commands[i], path+" "+c.Commands[i].Name(), visit)
	}
}

// UsageError says what is wrong with a command line.
type UsageError struct {
	Path string // of the command at hand
	Err  error
}

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// errNeedsCommand is what a group answers that does nothing by itself.
var errNeedsCommand = errors.New("needs a command")

// Run does what the command is for.
func (c *Call) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return &UsageError{c.Path, err}
	}
	return c.run(ctx, c.Args)
}

// check says what is wrong with the command that is called, and its arguments.
func (c *Call) check() error {
	if err := c.Command.check(c.Args); err != nil {
		return err
	}
	if c.run == nil {
		return fmt.Errorf("%s %w", c.Path, errNeedsCommand)
	}
	return nil
}

// Parse reads a command line. The values of flags are taken as they are,
// whatever they begin with. Flags and arguments may stand in any order; flags
// may also stand before the names of commands. A flag with a long name may
// have one dash. Negative numbers are no flags, and neither is what follows
// "--".
//
// The call is never nil: with an error it says what was understood, and those
// flags are set that could be.
func (p *Program) Parse(args []string) (*Call, error) {
	l := p.read(args)
	b := p.build(l.cmd)
	call := &Call{Command: l.cmd, Path: strings.Join(l.path, " "), Flags: b.flags, Args: l.rest, run: b.run}
	err := l.apply(b.flags)
	if err != nil && l.below(b.flags) { // the flag is right, and the name before it wrong or missing
		err = cmp.Or(call.check(), err)
	}
	if err != nil {
		return call, &UsageError{call.Path, err}
	}
	return call, nil
}

// below reports whether a flag belongs to a command below the one at hand only.
func (l *line) below(fs *Flags) bool {
	return slices.ContainsFunc(l.given, func(g given) bool { return g.flag != nil && !slices.Contains(fs.all, g.flag) })
}

// line is how far a command line has been read.
type line struct {
	program *Program
	cmd     *Command
	path    []string
	args    []string // not read yet
	given   []given
	rest    []string
	ended   bool // by "--"
}

// given is a flag of a command line.
type given struct {
	flag    *Flag // of some command, which need not be the one at hand; nil: unknown
	name    string
	letter  bool
	value   string
	missing bool // there was no value
}

func (p *Program) read(args []string) *line {
	l := &line{program: p, cmd: &p.Root, path: []string{p.Root.Name()}, args: args}
	for len(l.args) > 0 {
		l.next()
	}
	return l
}

// next reads one flag with its value, or one other word.
func (l *line) next() {
	word := l.args[0]
	l.args = l.args[1:]
	switch {
	case word == "--":
		l.rest, l.args, l.ended = append(l.rest, l.args...), nil, true
	case len(word) < 2 || word[0] != '-' || isNumber(word[1:]):
		l.word(word)
	case word[1] == '-':
		l.long(word[2:])
	default:
		l.short(word[1:])
	}
}

// word reads what is no flag: the name of a command as long as there are only
// such.
func (l *line) word(word string) {
	if sub := l.cmd.sub(word); sub != nil && len(l.rest) == 0 {
		l.cmd, l.path = sub, append(l.path, word)
		return
	}
	l.rest = append(l.rest, word)
}

// long reads a flag by its name.
func (l *line) long(text string) {
	name, value, joined := strings.Cut(text, "=")
	flag := l.find(func(fs *Flags) *Flag { return fs.Lookup(name) })
	g := given{flag: flag, name: name, value: value}
	if !joined && flag != nil {
		l.value(&g)
	}
	l.given = append(l.given, g)
}

// short reads a word with one dash: a long name, or letters of which the last
// may have a value, in the same word or the next.
func (l *line) short(text string) {
	byLetter := func(letter string) func(*Flags) *Flag {
		return func(fs *Flags) *Flag { return fs.letter(letter) }
	}
	name, _, _ := strings.Cut(text, "=")
	if len(name) > 1 && (l.find(func(fs *Flags) *Flag { return fs.Lookup(name) }) != nil ||
		byLetter(text[:1])(l.program.build(l.cmd).flags) == nil) {
		l.long(text)
		return
	}
	for i := range len(text) {
		g := given{flag: l.find(byLetter(text[i : i+1])), name: text[i : i+1], letter: true}
		after := text[i+1:]
		switch {
		case strings.HasPrefix(after, "="):
			g.value, after = after[1:], ""
		case g.flag == nil:
			after = ""
		case !g.flag.isBool() && after != "":
			g.value, after = after, ""
		default:
			l.value(&g)
		}
		l.given = append(l.given, g)
		if after == "" {
			return
		}
	}
}

// value takes the value of a flag from the words that follow.
func (l *line) value(g *given) {
	switch {
	case g.flag.isBool():
		g.value = "true"
	case len(l.args) > 0:
		g.value = l.args[0]
		l.args = l.args[1:]
	default:
		g.missing = true
	}
}

// find finds a flag of the command at hand or of one below it.
func (l *line) find(lookup func(*Flags) *Flag) *Flag { return l.program.find(l.cmd, lookup) }

func (p *Program) find(c *Command, lookup func(*Flags) *Flag) *Flag {
	if f := lookup(p.build(c).flags); f != nil {
		return f
	}
	for i := range c.Commands {
		if f := p.find(&c.Commands[i], lookup); f != nil {
			return f
		}
	}
	return nil
}

// apply sets the flags of the command at hand. It goes on after an error and
// returns the first.
func (l *line) apply(fs *Flags) (first error) {
	for _, g := range l.given {
		flag, shown := fs.Lookup(g.name), "--"+g.name
		if g.letter {
			flag, shown = fs.letter(g.name), "-"+g.name
		}
		var err error
		switch {
		case flag == nil:
			err = fmt.Errorf("unknown flag: %s%s", shown, fs.meant(g.name))
		case g.missing:
			err = fmt.Errorf("%s needs a value", shown)
		default:
			err = flag.give(g.value)
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// meant names the flag that is nearest to a wrong name.
func (fs *Flags) meant(name string) string {
	names := make([]string, len(fs.all))
	for i, f := range fs.all {
		names[i] = f.Name
	}
	if near := nearest(name, names); near != "" {
		return "; did you mean --" + near + "?"
	}
	return ""
}

// isNumber reports whether what follows a minus makes a number of it. No flag
// has a digit for its letter.
func isNumber(text string) bool {
	digits := strings.TrimLeft(text, ".")
	return digits != "" && slices.Contains([]byte("0123456789"), digits[0])
}
