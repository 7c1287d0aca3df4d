package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/term"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// Output forms. In JSON a list is one object a line, and everything else one
// object; keys and values are those of the methods' results. Errors are one
// object, too, on standard error. docs/commands.md promises that.
const (
	outputPlain = "plain"
	outputJSON  = "json"
)

// answer is standard output, and whether something was written to it.
type answer struct {
	io.Writer
	wrote bool
}

func (w *answer) Write(p []byte) (int, error) {
	w.wrote = true
	return w.Writer.Write(p)
}

// behind returns what a stream writes to.
func behind(w io.Writer) io.Writer {
	if a, ok := w.(*answer); ok {
		return a.Writer
	}
	return w
}

func isTerminal(w io.Writer) bool {
	f, ok := behind(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// complain prints an error, one line for each problem.
func (a *app) complain(err error, code int) {
	kind, hint := fault.Of(err)
	text, help := err.Error(), ""
	if kind == fault.Usage && a.at != "" {
		help = a.at + " --help"
	}
	if a.output == outputJSON {
		shown := api.CommandError{Error: text, Kind: api.Kind(kind), Hint: hint, ExitCode: code, Help: help}
		if err := writeJSON(a.err, shown); err != nil {
			fmt.Fprintln(a.err, "statusd:", text)
		}
		return
	}
	a.tell(text)
	if hint != "" {
		a.tell(hint)
	}
	if help != "" {
		a.tell("see " + help)
	}
}

// tell writes lines for people to standard error.
func (a *app) tell(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(a.err, "statusd:", line)
	}
}

// crashed reports a mistake in the program.
func (a *app) crashed(p any) int {
	shown := api.CommandError{
		Error: fmt.Sprintf("internal error %s: %v", crashID(p), p), Kind: api.KindInternal,
		ExitCode: exitInternal, Stack: string(debug.Stack()),
	}
	if a.output == outputJSON && writeJSON(a.err, shown) == nil {
		return exitInternal
	}
	fmt.Fprintf(a.err, "statusd: %s\n%s", shown.Error, shown.Stack)
	return exitInternal
}

// note tells people something that is neither a result nor an error.
func (a *app) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if a.output == outputJSON {
		_ = writeJSON(a.err, api.CommandNote{Note: text}) // as little as on a terminal
		return
	}
	fmt.Fprintln(a.err, "statusd:", text)
}

// raw prints a text as it is.
func (a *app) raw(text string) error {
	_, err := io.WriteString(a.out, text)
	return fail(fault.IO, err)
}

// printJSON writes one value on one line.
func (a *app) printJSON(v any) error { return writeJSON(a.out, v) }

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// say prints a sentence for people, or a value as JSON.
func (a *app) say(text string, value any) error {
	if a.output == outputJSON {
		return fail(fault.IO, a.printJSON(value))
	}
	_, err := fmt.Fprintln(a.out, text)
	return fail(fault.IO, err)
}

// printList prints a list: a table for people, one object a line for programs.
// none is what people are told when there is nothing in it.
func printList[T any](a *app, items []T, none string, columns ...frame.Column[T]) error {
	a.silent = true
	if a.output == outputJSON {
		for _, item := range items {
			if err := a.printJSON(item); err != nil {
				return fail(fault.IO, err)
			}
		}
		return nil
	}
	if len(items) == 0 {
		if none != "" {
			a.note("%s", none)
		}
		return nil
	}
	return a.raw(frame.Table(items, a.wide, columns...))
}

// printResult prints a result as the daemon gave it: indented for people, on
// one line as JSON. Plain strings come without quotes for people.
func (a *app) printResult(raw json.RawMessage) error {
	var text string
	if a.output == outputPlain && json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		_, err := fmt.Fprintln(a.out, text)
		return fail(fault.IO, err)
	}
	var b bytes.Buffer
	var err error
	if a.output == outputJSON {
		err = json.Compact(&b, raw)
	} else {
		err = json.Indent(&b, raw, "", "  ")
	}
	if err != nil {
		return fail(fault.Protocol, fmt.Errorf("the daemon's answer is not JSON: %w", err))
	}
	_, err = fmt.Fprintln(a.out, b.String())
	return fail(fault.IO, err)
}

// printFile prints a file in JSON as it is, for programs on one line.
func (a *app) printFile(raw []byte) error {
	if a.output == outputJSON {
		return a.printResult(raw)
	}
	return a.raw(string(raw) + "\n")
}

// badChoice refuses the value of a flag that has only a few.
func badChoice(flag, value string, choices ...string) error {
	want := strings.Join(choices[:len(choices)-1], ", ") + " or " + choices[len(choices)-1]
	return usageError(fmt.Errorf("--%s %q: want %s", flag, value, want))
}
