package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"statusd/api"
	"statusd/cmd/statusd/frame"
)

func (a *app) versionCommand() frame.Command {
	return frame.Command{
		Use: "version", Short: "Print the version",
		Build: func(*frame.Flags) frame.Run {
			return func(context.Context, []string) error { return a.printVersion() }
		},
	}
}

func (a *app) printVersion() error {
	b := api.BuildInfo{VersionInfo: versionInfo(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if b.Commit == "" {
		b.Commit = vcsRevision()
	}
	return a.say(fmt.Sprintf("statusd %s (%s, %s, %s)", b.Version, b.Commit, b.Go, b.Platform), b)
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
