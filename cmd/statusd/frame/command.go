package frame

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Run does what a command is for.
type Run func(ctx context.Context, args []string) error

// Command is a command, or a group of commands.
type Command struct {
	Use     string // its name, and how its arguments are called: "join NAME"
	Short   string // one line, for lists
	Long    string // several, for its help; Short if empty
	Example string
	Args    Args
	// Build makes the flags and returns what the command does. It is nil for a
	// group that does nothing by itself.
	Build    func(*Flags) Run
	Commands []Command
	// Files says that arguments without completion may be names of files.
	Files bool
}

// Name is how the command is called.
func (c *Command) Name() string {
	name, _, _ := strings.Cut(c.Use, " ")
	return name
}

// sub returns the command below with a name, or nil.
func (c *Command) sub(name string) *Command {
	for i := range c.Commands {
		if c.Commands[i].Name() == name {
			return &c.Commands[i]
		}
	}
	return nil
}

// Args is how many arguments a command takes: none, unless it says so.
type Args struct {
	Min, Max int
	Want     string // what is missing when there are fewer than Min
}

// Any is for Args.Max: as many as there are.
const Any = 1 << 30

// Exactly are n arguments.
func Exactly(n int, want string) Args { return Args{n, n, want} }

// Optional is one argument, or none.
func Optional() Args { return Args{Max: 1} }

// AtLeast are n arguments or more.
func AtLeast(n int, want string) Args { return Args{n, Any, want} }

// check says what is wrong with the arguments of a command.
func (c *Command) check(args []string) error {
	switch {
	case len(args) < c.Args.Min:
		return errors.New("missing argument: " + c.Args.Want)
	case len(args) <= c.Args.Max:
		return nil
	case len(c.Commands) > 0 && c.Args.Max == 0:
		return c.unknown(args[0])
	}
	return fmt.Errorf("unexpected argument %q", args[c.Args.Max])
}

// unknown says that there is no such command, and which one is near.
func (c *Command) unknown(name string) error {
	names := make([]string, len(c.Commands))
	for i := range c.Commands {
		names[i] = c.Commands[i].Name()
	}
	if near := nearest(name, names); near != "" {
		return fmt.Errorf("unknown command %q; did you mean %q?", name, near)
	}
	return fmt.Errorf("unknown command %q", name)
}

// nearest returns the name that differs least from a word, at most in two
// letters, or that begins with it; "" if there is none.
func nearest(word string, names []string) (found string) {
	const most = 2
	best := most + 1
	for _, name := range names {
		d := distance(word, name)
		if len(word) > 1 && strings.HasPrefix(name, word) {
			d = 1
		}
		if d < best && d < len(name) {
			best, found = d, name
		}
	}
	return found
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to make one word of another. Long words are not compared.
func distance(a, b string) int {
	const longest = 40
	if len(a) > longest || len(b) > longest {
		return longest
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
		for j := 1; j <= len(b); j++ {
			if i == 0 {
				rows[i][j] = j
				continue
			}
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
