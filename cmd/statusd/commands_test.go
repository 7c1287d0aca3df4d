package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"statusd/cmd/statusd/frame"
)

var updateCommands = flag.Bool("update-commands", false, "write the list in testdata/commands.txt")

// TestCommandsAndFlags compares the commands, and the names, letters and
// defaults of their flags, with the list that scripts rely on: what is on it
// stays.
func TestCommandsAndFlags(t *testing.T) {
	const path = "testdata/commands.txt"
	got := strings.Join(listCommands((&app{output: outputPlain}).program()), "\n") + "\n"
	if *updateCommands {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil { //nolint:gosec // a list
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	have, wanted := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for _, line := range wanted {
		if !slices.Contains(have, line) {
			t.Errorf("is gone: %s", line)
		}
	}
	for _, line := range have {
		if !slices.Contains(wanted, line) {
			t.Errorf("is new: %s (run this test with -update-commands)", line)
		}
	}
}

// listCommands writes all commands and their flags, one in each line.
func listCommands(p *frame.Program) (lines []string) {
	p.Each(func(call *frame.Call) {
		_, args, _ := strings.Cut(call.Command.Use, " ")
		lines = append(lines, strings.TrimSpace(call.Path+" "+args))
		for _, f := range call.Flags.All() {
			if f.Common() && call.Command != &p.Root {
				continue
			}
			letter := ""
			if f.Letter != "" {
				letter = " -" + f.Letter
			}
			lines = append(lines, fmt.Sprintf("%s --%s%s %s %q", call.Path, f.Name, letter, f.Kind, f.Default()))
		}
	})
	return lines
}
