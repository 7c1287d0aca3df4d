package main

import (
	"context"
	"os"
	"path/filepath"

	"statusd/cmd/statusd/frame"
	"statusd/docs"
)

func (a *app) manCommand(program *frame.Program) frame.Command {
	return frame.Command{
		Use: "man DIRECTORY", Short: "Write the manual pages into a directory",
		Args: frame.Exactly(1, "the directory to write to"), Files: true,
		Long: `Writes the manual pages into a directory: of the commands (section 1), of the
configuration and the events (5), and of JSON-RPC (7). Read one with:
man DIRECTORY/statusd.1`,
		Build: func(fs *frame.Flags) frame.Run {
			force := false
			fs.Var(&force, "force", "replace existing files")
			return func(ctx context.Context, args []string) error {
				if err := os.MkdirAll(args[0], 0o755); err != nil {
					return cannotCreate(err)
				}
				for _, page := range manual(program) {
					place := a.place(filepath.Join(args[0], page.File()), 0o644, force)
					if err := a.writeOut(ctx, place, []byte(page.Text)); err != nil {
						return err
					}
				}
				return nil
			}
		},
	}
}

// manual is all pages.
func manual(program *frame.Program) []frame.Page {
	book := frame.Book{
		Source: "statusd " + version, Manual: "statusd",
		Also: []string{"statusd-config(5)", "statusd-events(5)", "statusd-rpc(7)"},
	}
	return append(program.Pages(book),
		frame.Document(book, "statusd-config", 5, "keys of the configuration, and where values come from",
			docs.Configuration),
		frame.Document(book, "statusd-events", 5, "what the event log of an account says", docs.Events),
		frame.Document(book, "statusd-rpc", 7, "how programs drive the daemon", docs.RPC),
	)
}
