// Command statusd is a private-messaging node: relay, mailserver and client of
// the Status network in one daemon, with the commands to operate it.
//
// This package is wiring: flags, commands, signals and exit codes. What the
// daemon does lives in the packages it puts together.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
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

	wordLists string // folder of the lists for names; empty: in the data directory
}

// realMain runs one command and returns its exit code.
func realMain(args []string, in io.Reader, out, errOut io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			id := crashID(p)
			fmt.Fprintf(errOut, "statusd: internal error %s: %v\n%s", id, p, debug.Stack())
			code = exitInternal
		}
	}()
	a := &app{in: in, out: out, err: errOut}
	root := a.rootCommand()
	root.SetArgs(commandLine(root, args))
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return exitOK
	}
	code = exitCode(err)
	var silent *silentError
	if !errors.As(err, &silent) {
		a.complain(err, code)
	}
	return code
}

// complain prints an error, one line for each problem.
func (a *app) complain(err error, code int) {
	text := strings.TrimSpace(userText(err))
	if a.output == outputJSON {
		if err := writeJSON(a.err, map[string]any{"error": text, "exitCode": code}); err != nil {
			fmt.Fprintln(a.err, "statusd:", text)
		}
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(a.err, "statusd:", line)
	}
	var own *exitError
	if errors.As(err, &own) && own.usage && !strings.Contains(text, "--help") {
		fmt.Fprintln(a.err, "statusd: see statusd --help")
	}
}

// Output forms.
const (
	outputPlain = "plain"
	outputJSON  = "json"
)

func (a *app) rootCommand() *cobra.Command {
	root := a.runCommand("statusd [command]")
	root.Short = "A private-messaging node: relay, mailserver and client"
	root.Long = `statusd is a node of a Waku v1 messaging network. Without a command it runs
the daemon in the foreground; the other commands configure it or talk to it.`
	root.SilenceErrors, root.SilenceUsage = true, true
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError(unknownCommand(cmd, args[0]))
		}
		return nil
	}
	root.PersistentFlags().StringVarP(&a.output, "output", "o", outputPlain, "form of the output: plain or json")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if a.output != outputPlain && a.output != outputJSON {
			return usageError(fmt.Errorf("--output %q: want plain or json", a.output))
		}
		return nil
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err) })
	root.AddCommand(a.runCommand("run"), a.configCommand(), a.fleetCommand(), a.keyCommand(), a.rpcCommand(),
		a.accountCommand(), a.tokenCommand(), a.backupCommand(), a.restoreCommand(), a.dbCommand(),
		a.sendCommand(), a.receiveCommand(), a.chatsCommand(), a.messagesCommand(), a.searchCommand(),
		a.contactsCommand(), a.groupsCommand(), a.devicesCommand(), a.exportCommand(), a.chatCommand(), a.devnetCommand(),
		a.attachCommand(), a.mailserverCommand(), a.historyCommand(), a.initCommand(), a.dnsCommand(), a.bootnodeCommand(),
		a.canaryCommand(), a.peersCommand(), a.discoverCommand(), a.versionCommand(), a.manCommand())
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			strictGroup(cmd)
		}
	}
	return root
}

// unknownCommand names the nearest command.
func unknownCommand(cmd *cobra.Command, name string) error {
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		return fmt.Errorf("unknown command %q; did you mean %q?", name, near[0])
	}
	return fmt.Errorf("unknown command %q", name)
}
