package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commandLine puts a command line in the order that the parser of flags reads
// without guessing: the names of the commands, the flags, "--", and what is
// neither. Flags with one dash and a name of several letters, as those of
// status-go are often written, get their second dash.
//
// It knows from the flags of each command which of them take a value. A value
// is passed on as it is, whatever it begins with. So are negative numbers,
// which are no flags, and all that follows "--".
func commandLine(root *cobra.Command, args []string) []string {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return args // a shell asks about a line that is not finished
	}
	root.InitDefaultHelpCmd()
	l := &lineReader{cmd: root, args: args}
	for len(l.args) > 0 {
		l.next()
	}
	out := append(l.path, l.flags...)
	if len(l.rest) > 0 {
		out = append(append(out, "--"), l.rest...)
	}
	return out
}

// lineReader is how far a command line has been read.
type lineReader struct {
	cmd               *cobra.Command
	args              []string // not read yet
	path, flags, rest []string
}

// next reads one flag with its value, or one other word.
func (l *lineReader) next() {
	word := l.args[0]
	l.args = l.args[1:]
	switch {
	case word == "--":
		l.rest = append(l.rest, l.args...)
		l.args = nil
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
func (l *lineReader) word(word string) {
	if len(l.rest) == 0 {
		for _, sub := range l.cmd.Commands() {
			if sub.Name() == word || sub.HasAlias(word) {
				l.cmd, l.path = sub, append(l.path, word)
				return
			}
		}
	}
	l.rest = append(l.rest, word)
}

// long reads a flag with two dashes.
func (l *lineReader) long(text string) {
	l.flags = append(l.flags, "--"+text)
	name, _, joined := strings.Cut(text, "=")
	if flag := longFlag(l.cmd, name); flag != nil && !joined && flag.NoOptDefVal == "" {
		l.value()
	}
}

// short reads a word with one dash: a long name, or letters of which the last
// may have a value, in the same word or the next.
func (l *lineReader) short(text string) {
	name, _, _ := strings.Cut(text, "=")
	if len(name) > 1 && (longFlag(l.cmd, name) != nil || ownFlag(l.cmd, letter(text[:1])) == nil) {
		l.long(text)
		return
	}
	l.flags = append(l.flags, "-"+text)
	for i := range len(text) {
		flag := findFlag(l.cmd, letter(text[i:i+1]))
		if flag == nil || strings.HasPrefix(text[i+1:], "=") {
			return
		}
		if flag.NoOptDefVal == "" {
			if i == len(text)-1 {
				l.value()
			}
			return
		}
	}
}

// value passes on the value of a flag.
func (l *lineReader) value() {
	if len(l.args) > 0 {
		l.flags = append(l.flags, l.args[0])
		l.args = l.args[1:]
	}
}

// longFlag finds a flag by its name.
func longFlag(cmd *cobra.Command, name string) *pflag.Flag {
	return findFlag(cmd, func(fs *pflag.FlagSet) *pflag.Flag { return fs.Lookup(name) })
}

// letter finds a flag by its letter.
func letter(letter string) func(*pflag.FlagSet) *pflag.Flag {
	return func(fs *pflag.FlagSet) *pflag.Flag { return fs.ShorthandLookup(letter) }
}

// findFlag finds a flag of a command or of one below it: flags may stand
// before the name of the command that they belong to.
func findFlag(cmd *cobra.Command, lookup func(*pflag.FlagSet) *pflag.Flag) *pflag.Flag {
	if flag := ownFlag(cmd, lookup); flag != nil {
		return flag
	}
	for _, sub := range cmd.Commands() {
		if flag := findFlag(sub, lookup); flag != nil {
			return flag
		}
	}
	return nil
}

// ownFlag finds a flag of a command.
func ownFlag(cmd *cobra.Command, lookup func(*pflag.FlagSet) *pflag.Flag) *pflag.Flag {
	cmd.InitDefaultHelpFlag()
	for _, fs := range []*pflag.FlagSet{cmd.Flags(), cmd.PersistentFlags(), cmd.InheritedFlags()} {
		if flag := lookup(fs); flag != nil {
			return flag
		}
	}
	return nil
}

// isNumber reports whether what follows a minus makes a number of it. No flag
// has a digit for its letter.
func isNumber(text string) bool {
	digits := strings.TrimLeft(text, ".")
	return digits != "" && slices.Contains([]byte("0123456789"), digits[0])
}
