package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"statusd/configs"
	"statusd/node"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Show, check and make configurations",
		RunE: needSubcommand,
	}
	cmd.AddCommand(a.configDump(), a.configCheck(), a.configDefault(), a.configPath())
	return cmd
}

// strictGroup makes a command of the library, and those in it, refuse
// arguments as ours do.
func strictGroup(group *cobra.Command) {
	group.Args, group.RunE = nil, needSubcommand
	for _, cmd := range group.Commands() {
		cmd.Args = noArguments
	}
}

// needSubcommand is what a command that only groups others does.
func needSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError(unknownCommand(cmd, args[0]))
	}
	return usageError(errors.New(cmd.CommandPath() + " needs a command; see " + cmd.CommandPath() + " --help"))
}

func (a *app) configDump() *cobra.Command {
	var flags *configFlags
	var showSecrets, bare bool
	cmd := &cobra.Command{
		Use: "dump", Short: "Print the effective value and the source of every key", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			loaded, err := flags.load()
			var invalid *configs.ValidationError
			if err != nil && !errors.As(err, &invalid) {
				return err
			}
			if printErr := a.dump(loaded, showSecrets, bare); printErr != nil {
				return fail(exitIO, printErr)
			}
			return err
		},
	}
	flags = addConfigFlags(cmd.Flags())
	cmd.Flags().BoolVar(&showSecrets, "show-secrets", false, "print keys and passwords in clear")
	cmd.Flags().BoolVar(&bare, "file", false, "print a configuration file instead")
	return cmd
}

func (a *app) dump(loaded *configs.Loaded, showSecrets, bare bool) error {
	if bare {
		return a.printConfig(loaded.Config, showSecrets)
	}
	entries := loaded.Entries(showSecrets)
	if a.output == outputJSON {
		for _, e := range entries {
			if err := a.printJSON(e); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, e := range entries {
		value, err := json.Marshal(e.Value)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", e.Key, value, e.Source)
	}
	return table.Flush()
}

func (a *app) printConfig(c *configs.Config, showSecrets bool) error {
	raw, err := c.JSON(showSecrets)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s\n", raw)
	return err
}

func (a *app) configCheck() *cobra.Command {
	var flags *configFlags
	cmd := &cobra.Command{
		Use: "check", Short: "Check a configuration without starting", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			loaded, err := flags.load()
			if loaded != nil {
				for _, w := range loaded.Warnings {
					fmt.Fprintln(a.err, "statusd: warning:", w)
				}
			}
			if err != nil {
				return err
			}
			if err := node.CheckConfig(loaded.Config); err != nil {
				return err
			}
			if a.output == outputJSON {
				return a.printJSON(map[string]any{"ok": true, "files": list(loaded.Files), "warnings": list(loaded.Warnings)})
			}
			fmt.Fprintln(a.out, "configuration is valid")
			return nil
		},
	}
	flags = addConfigFlags(cmd.Flags())
	return cmd
}

func (a *app) configDefault() *cobra.Command {
	return &cobra.Command{
		Use: "default", Short: "Print a configuration file with all defaults", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			c := configs.Default()
			return a.printConfig(&c, true)
		},
	}
}

func (a *app) configPath() *cobra.Command {
	var flags *configFlags
	cmd := &cobra.Command{
		Use: "path", Short: "Print the data directory and the files that are read", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			loaded, err := flags.load()
			if err != nil {
				return err
			}
			if a.output == outputJSON {
				return a.printJSON(map[string]any{"dir": loaded.Config.DataDir, "files": list(loaded.Files)})
			}
			fmt.Fprintln(a.out, "dir  ", loaded.Config.DataDir)
			for _, f := range loaded.Files {
				fmt.Fprintln(a.out, "file ", f)
			}
			return nil
		},
	}
	flags = addConfigFlags(cmd.Flags())
	return cmd
}

// list keeps an empty list from being printed as null.
func list(of []string) []string { return append([]string{}, of...) }

func (a *app) fleetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fleet", Short: "List and show network presets",
		RunE: needSubcommand,
	}
	var dir string
	cmd.PersistentFlags().StringVar(&dir, "dir", "", "data directory (default $HOME/.statusd)")
	where := func() (string, error) {
		loaded, err := configs.Load(configs.Input{Dir: dir, Environ: os.Environ(), SystemFile: configs.SystemFile})
		if loaded == nil {
			return "", err
		}
		return loaded.Config.DataDir, nil
	}
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "List the presets that can be named", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			dir, err := where()
			if err != nil {
				return err
			}
			return a.listFleets(dir)
		},
	}, &cobra.Command{
		Use: "show NAME", Short: "Print a preset", Args: exactly(1, "the name of a preset"),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := where()
			if err != nil {
				return err
			}
			f, err := configs.FindFleet(dir, args[0])
			if err != nil {
				return err
			}
			if f.Retired() {
				fmt.Fprintf(a.err, "statusd: fleet %s is retired: its nodes are gone; a file %s replaces it\n",
					f.Name, filepath.Join(dir, "fleets", f.Name+".json"))
			}
			_, err = fmt.Fprintf(a.out, "%s\n", f.JSON)
			return fail(exitIO, err)
		},
	})
	return cmd
}

func (a *app) listFleets(dir string) error {
	fleets, err := configs.Fleets(dir)
	if err != nil {
		return err
	}
	for _, f := range fleets {
		if a.output == outputJSON {
			if err := a.printJSON(f); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(a.out, "%-16s %s\n", f.Name, f.Source)
	}
	return nil
}
