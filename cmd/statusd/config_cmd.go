package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/configs"
	"statusd/fault"
	"statusd/node"
)

func (a *app) configCommand() frame.Command {
	return frame.Command{
		Use: "config", Short: "Show, check and make configurations",
		Commands: []frame.Command{
			{Use: "dump", Short: "Print the effective value and the source of every key", Build: a.configDump},
			{
				Use: "check", Short: "Check a configuration without starting",
				Build: func(fs *frame.Flags) frame.Run {
					flags := addConfigFlags(fs)
					return func(context.Context, []string) error { return a.checkConfig(flags) }
				},
			},
			{
				Use: "default", Short: "Print a configuration file with all defaults",
				Build: func(*frame.Flags) frame.Run {
					return func(context.Context, []string) error {
						c := configs.Default()
						return a.printConfig(&c, true)
					}
				},
			},
			{
				Use: "path", Short: "Print the data directory and the files that are read",
				Build: func(fs *frame.Flags) frame.Run {
					flags := addConfigFlags(fs)
					return func(context.Context, []string) error { return a.configPath(flags) }
				},
			},
		},
	}
}

func (a *app) configDump(fs *frame.Flags) frame.Run {
	flags, showSecrets, bare := addConfigFlags(fs), false, false
	fs.Var(&showSecrets, "show-secrets", "print keys and passwords in clear")
	fs.Var(&bare, "file", "print a configuration file instead")
	return func(context.Context, []string) error {
		loaded, err := flags.load()
		var invalid *configs.ValidationError
		if err != nil && !errors.As(err, &invalid) {
			return err
		}
		if printErr := a.dump(loaded, showSecrets, bare); printErr != nil {
			return fail(fault.IO, printErr)
		}
		return err
	}
}

func (a *app) dump(loaded *configs.Loaded, showSecrets, bare bool) error {
	if bare {
		return a.printConfig(loaded.Config, showSecrets)
	}
	var entries []api.ConfigEntry
	for _, e := range loaded.Entries(showSecrets) {
		entries = append(entries, api.ConfigEntry(e))
	}
	return printList(a, entries, "",
		frame.Col("", func(e api.ConfigEntry) string { return e.Key }),
		frame.Col("", func(e api.ConfigEntry) string {
			value, err := json.Marshal(e.Value)
			if err != nil {
				return err.Error()
			}
			return string(value)
		}),
		frame.Col("", func(e api.ConfigEntry) string { return e.Source }),
	)
}

func (a *app) printConfig(c *configs.Config, showSecrets bool) error {
	raw, err := c.JSON(showSecrets)
	if err != nil {
		return err
	}
	return a.printFile(raw)
}

func (a *app) checkConfig(flags *configFlags) error {
	loaded, err := flags.load()
	if loaded != nil {
		for _, w := range loaded.Warnings {
			a.note("warning: %s", w)
		}
	}
	if err != nil {
		return err
	}
	if err := node.CheckConfig(loaded.Config); err != nil {
		return err
	}
	return a.say("configuration is valid", api.ConfigCheck{
		OK: true, Files: list(loaded.Files), Warnings: list(loaded.Warnings),
	})
}

func (a *app) configPath(flags *configFlags) error {
	loaded, err := flags.load()
	if err != nil {
		return err
	}
	text := "dir   " + loaded.Config.DataDir
	for _, f := range loaded.Files {
		text += "\nfile  " + f
	}
	return a.say(text, api.ConfigFiles{Dir: loaded.Config.DataDir, Files: list(loaded.Files)})
}

// list keeps an empty list from being printed as null.
func list(of []string) []string { return append([]string{}, of...) }

func (a *app) fleetCommand() frame.Command {
	group := frame.Command{
		Use: "fleet", Short: "List and show network presets",
		Build: func(fs *frame.Flags) frame.Run {
			dir := addFleetDir(fs)
			return func(context.Context, []string) error { return a.listFleets(dir) }
		},
		Commands: []frame.Command{{
			Use: "show NAME", Short: "Print a preset", Args: frame.Exactly(1, "the name of a preset"),
			Build: func(fs *frame.Flags) frame.Run {
				dir := addFleetDir(fs)
				fs.CompleteArgs(dir.fleets)
				return func(_ context.Context, args []string) error { return a.showFleet(dir, args[0]) }
			},
		}},
	}
	return listing(group, "List the presets that can be named")
}

func addFleetDir(fs *frame.Flags) *configFlags {
	f := &configFlags{fs: fs}
	fs.Var(&f.dir, "dir", "data directory (default $HOME/.statusd)")
	return f
}

// dataDir is the data directory, also of a configuration that is invalid.
func (f *configFlags) dataDir() (string, error) {
	loaded, err := configs.Load(configs.Input{Dir: f.dir, Environ: os.Environ(), SystemFile: configs.SystemFile})
	if loaded == nil {
		return "", err
	}
	return loaded.Config.DataDir, nil
}

func (a *app) showFleet(flags *configFlags, name string) error {
	dir, err := flags.dataDir()
	if err != nil {
		return err
	}
	f, err := configs.FindFleet(dir, name)
	if err != nil {
		return err
	}
	if f.Retired() {
		a.note("fleet %s is retired: its nodes are gone; a file %s replaces it",
			f.Name, filepath.Join(dir, "fleets", f.Name+".json"))
	}
	return a.printFile(f.JSON)
}

func (a *app) listFleets(flags *configFlags) error {
	dir, err := flags.dataDir()
	if err != nil {
		return err
	}
	fleets, err := configs.Fleets(dir)
	if err != nil {
		return err
	}
	presets := make([]api.NetworkPreset, len(fleets))
	for i, f := range fleets {
		presets[i] = api.NetworkPreset{Name: f.Name, Source: f.Source}
	}
	return printList(a, presets, "",
		frame.Col("NAME", func(p api.NetworkPreset) string { return p.Name }),
		frame.Col("SOURCE", func(p api.NetworkPreset) string { return p.Source }),
	)
}
