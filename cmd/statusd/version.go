package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

// build describes the program.
type build struct {
	Version   string   `json:"version"`
	Commit    string   `json:"commit"`
	Go        string   `json:"go"`
	Platform  string   `json:"platform"`
	Protocols []string `json:"protocols"`
}

func (a *app) printVersion() error {
	b := build{version, commit, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, protocols()}
	if b.Commit == "" {
		b.Commit = vcsRevision()
	}
	if a.output == outputJSON {
		return a.printJSON(b)
	}
	_, err := fmt.Fprintf(a.out, "statusd %s (%s, %s, %s)\n", b.Version, b.Commit, b.Go, b.Platform)
	return err
}

// vcsRevision is the commit that the Go tool noted, for builds without make.
func vcsRevision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value[:min(len(s.Value), 12)]
			}
		}
	}
	return "unknown"
}

// printJSON writes one value on one line.
func (a *app) printJSON(v any) error { return writeJSON(a.out, v) }

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (a *app) manCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "man DIRECTORY", Short: "Write the manual pages into a directory",
		Args: exactly(1, "the directory to write to"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fail(exitCantCreate, err)
			}
			header := &doc.GenManHeader{Title: "STATUSD", Section: "1", Source: "statusd " + version, Manual: "statusd"}
			cmd.Root().DisableAutoGenTag = true
			return a.manPages(cmd.Context(), cmd.Root(), header, args[0], force)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace existing files")
	return cmd
}

// manPages writes the page of a command and those of its subcommands.
func (a *app) manPages(
	ctx context.Context, cmd *cobra.Command, header *doc.GenManHeader, dir string, force bool,
) error {
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := a.manPages(ctx, sub, header, dir, force); err != nil {
			return err
		}
	}
	own := *header // it is filled in for each page
	var page bytes.Buffer
	if err := doc.GenMan(cmd, &own, &page); err != nil {
		return fail(exitInternal, err)
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + "." + header.Section
	return a.writeOut(ctx, a.place(filepath.Join(dir, name), 0o644, force), page.Bytes())
}

// exactly checks the number of arguments and names what is missing.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < n:
			return usageError(fmt.Errorf("missing argument: %s", what))
		case len(args) > n:
			return usageError(fmt.Errorf("unexpected argument %q", args[n]))
		}
		return nil
	}
}
