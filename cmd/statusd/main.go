// Command statusd is a private-messaging node: relay, mailserver and client of
// the Status network in one daemon, with the commands to operate it.
//
// This package is wiring: flags, commands, signals and exit codes. What the
// daemon does lives in the packages it puts together.
package main

import (
	"context"
	"errors"
	"io"
	"os"

	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// Set by the linker (see Makefile).
var (
	version = "dev"
	commit  = ""
)

func main() {
	os.Exit(realMain(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// app is what commands share: the streams and the output form.
type app struct {
	in     io.Reader
	out    io.Writer
	err    io.Writer
	output string // "plain" or "json"
	wide   bool   // tables show ids whole
	silent bool   // nothing has to be printed, also if nothing was
	at     string // the command at hand, as "statusd chats join"

	wordLists string // folder of the lists for names; empty: in the data directory
}

// realMain runs one command and returns its exit code.
func realMain(args []string, in io.Reader, out, errOut io.Writer) (code int) {
	answer := &answer{Writer: out}
	a := &app{in: in, out: answer, err: errOut, output: outputPlain}
	defer func() {
		if p := recover(); p != nil {
			code = a.crashed(p)
		}
	}()
	err := a.execute(context.Background(), args)
	if err == nil && a.output == outputJSON && !a.silent && !answer.wrote {
		err = fail(fault.IO, a.printJSON(struct{}{})) // one object, also where there is nothing to say
	}
	if err == nil {
		return exitOK
	}
	var usage *frame.UsageError
	if errors.As(err, &usage) {
		err = usageError(err)
	}
	code = exitCode(err)
	var silent *silentError
	if !errors.As(err, &silent) {
		a.complain(err, code)
	}
	return code
}

// execute runs the command that a command line names.
func (a *app) execute(ctx context.Context, args []string) error {
	program := a.program()
	if asked, err := program.Completes(ctx, a.out, args); asked {
		return fail(fault.IO, err)
	}
	call, err := program.Parse(args)
	a.at = call.Path
	switch {
	case call.Flags.Changed("help"):
		return a.raw(program.Help(call))
	case a.output != outputPlain && a.output != outputJSON:
		wrong := a.output
		a.output = outputPlain
		return badChoice("output", wrong, outputPlain, outputJSON)
	case err != nil:
		return err
	}
	return call.Run(ctx)
}
