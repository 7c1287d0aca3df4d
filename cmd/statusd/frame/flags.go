package frame

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Flag is one flag of a command.
type Flag struct {
	Name, Letter string // without dashes; Letter may be empty
	Usage        string
	Kind         string // of its values, as "string" or "duration"
	Changed      bool   // it was given
	Value        string // as it was given last
	shown        func() string
	set          func(string) error
	complete     Completer
	common       bool // all commands have it
}

// isBool reports whether the flag can stand without a value.
func (f *Flag) isBool() bool { return f.Kind == kindBool }

// Common reports whether all commands have the flag.
func (f *Flag) Common() bool { return f.common }

// Default is the value of the flag when it is not given, as text.
func (f *Flag) Default() string { return f.shown() }

// Complete says what values the flag may have, for shells.
func (f *Flag) Complete(c Completer) *Flag {
	f.complete = c
	return f
}

// Completer lists what may stand at a place of the command line. What it
// returns may have a tab and a description behind it. What does not begin as
// the word on the line does is left out by the caller.
type Completer func(context.Context) []string

// OneOf is a completer with fixed words.
func OneOf[T ~string](words ...T) Completer {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return func(context.Context) []string { return texts }
}

// Flags are the flags of a command.
type Flags struct {
	all      []*Flag
	complete Completer // of arguments
}

// CompleteArgs says what arguments the command may have, for shells.
func (fs *Flags) CompleteArgs(c Completer) { fs.complete = c }

// All lists the flags in the order of their names.
func (fs *Flags) All() []*Flag {
	all := slices.Clone(fs.all)
	slices.SortFunc(all, func(a, b *Flag) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Lookup finds a flag by its name; nil if there is none.
func (fs *Flags) Lookup(name string) *Flag {
	for _, f := range fs.all {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Changed reports whether a flag was given.
func (fs *Flags) Changed(name string) bool {
	f := fs.Lookup(name)
	return f != nil && f.Changed
}

// letter finds a flag by its letter.
func (fs *Flags) letter(letter string) *Flag {
	for _, f := range fs.all {
		if f.Letter == letter {
			return f
		}
	}
	return nil
}

// Kinds of values.
const (
	kindBool  = "bool"
	kindArray = "stringArray"
	kindSlice = "stringSlice"
)

// Var makes a flag that sets a variable, whose value is the default. names is
// the name of the flag, or name and letter: "message,m". The variable is a
// string, a bool, a number, a duration, or a list, to which each use of the
// flag adds.
func (fs *Flags) Var(target any, names, usage string) *Flag {
	kind, shown, set := variable(target)
	return fs.add(&Flag{Usage: usage, Kind: kind, shown: func() string { return shown }, set: set}, names)
}

// List makes a flag that adds the words between its commas to a list.
func (fs *Flags) List(target *[]string, names, usage string) *Flag {
	return fs.add(&Flag{
		Usage: usage, Kind: kindSlice, shown: func() string { return "[" + strings.Join(*target, ",") + "]" },
		set: func(text string) error {
			*target = append(*target, strings.Split(text, ",")...)
			return nil
		},
	}, names)
}

// Text makes a flag whose value is only kept as text, in Flag.Value. Its
// default is asked for when somebody wants to see it.
func (fs *Flags) Text(name, usage string, shown func() string) *Flag {
	return fs.add(&Flag{Usage: usage, Kind: "string", shown: shown, set: func(string) error { return nil }}, name)
}

// Switch is Text for a flag that is true or false.
func (fs *Flags) Switch(name, usage string, shown func() string) *Flag {
	var on bool
	kind, _, set := variable(&on)
	return fs.add(&Flag{Usage: usage, Kind: kind, shown: shown, set: set}, name)
}

func (fs *Flags) add(f *Flag, names string) *Flag {
	f.Name, f.Letter, _ = strings.Cut(names, ",")
	fs.all = append(fs.all, f)
	return f
}

// give sets the value of a flag.
func (f *Flag) give(text string) error {
	if err := f.set(text); err != nil {
		return fmt.Errorf("--%s %q: %w", f.Name, text, err)
	}
	if f.isBool() {
		on, _ := strconv.ParseBool(text) // was checked
		text = strconv.FormatBool(on)
	}
	f.Changed, f.Value = true, text
	return nil
}

// What values of flags have to be.
var (
	errWantBool     = errors.New("want true or false")
	errWantInt      = errors.New("want a whole number")
	errWantUint     = errors.New("want a whole number, 0 or more")
	errWantNumber   = errors.New("want a number")
	errWantDuration = errors.New("want a duration such as 30s or 1h30m")
)

// variable is how a variable is set and shown.
func variable(target any) (kind, shown string, set func(string) error) {
	switch p := target.(type) {
	case *string:
		return "string", *p, func(text string) error { *p = text; return nil }
	case *[]string:
		return kindArray, "[" + strings.Join(*p, ",") + "]", func(text string) error { *p = append(*p, text); return nil }
	case *bool:
		return kindBool, strconv.FormatBool(*p), setting(p, strconv.ParseBool, errWantBool)
	case *int:
		return "int", strconv.Itoa(*p), setting(p, func(s string) (int, error) {
			v, err := strconv.ParseInt(s, 0, strconv.IntSize)
			return int(v), err
		}, errWantInt)
	case *int64:
		return "int64", strconv.FormatInt(*p, 10), setting(p, func(s string) (int64, error) {
			return strconv.ParseInt(s, 0, 64)
		}, errWantInt)
	case *uint32:
		return "uint32", fmt.Sprint(*p), setting(p, func(s string) (uint32, error) {
			v, err := strconv.ParseUint(s, 0, 32)
			return uint32(v), err
		}, errWantUint)
	case *uint64:
		return "uint64", fmt.Sprint(*p), setting(p, func(s string) (uint64, error) {
			return strconv.ParseUint(s, 0, 64)
		}, errWantUint)
	case *float64:
		return "float64", strconv.FormatFloat(*p, 'g', -1, 64), setting(p, func(s string) (float64, error) {
			return strconv.ParseFloat(s, 64)
		}, errWantNumber)
	case *time.Duration:
		return "duration", p.String(), setting(p, time.ParseDuration, errWantDuration)
	}
	panic(fmt.Sprintf("frame: a flag cannot set a %T", target))
}

// setting sets a variable to what a text is read as.
func setting[T any](p *T, parse func(string) (T, error), want error) func(string) error {
	return func(text string) error {
		v, err := parse(text)
		if err != nil {
			return want
		}
		*p = v
		return nil
	}
}
