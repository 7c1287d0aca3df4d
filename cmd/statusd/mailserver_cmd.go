package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/configs"
	"statusd/fault"
	"statusd/mailserver/leveldb"
	"statusd/mailserver/statusgo"
	"statusd/node"
)

func (a *app) mailserverCommand() frame.Command {
	return frame.Command{
		Use: "mailserver", Short: "List the mailservers that are asked; check and maintain mailservers",
		Build: a.mailserverStatus,
		Commands: []frame.Command{
			a.checkCommand("check"),
			{
				Use: "stats", Short: "Print what the running mailserver has archived, and whether it still does",
				Build: a.mailserverStats,
			},
			{
				Use: "status", Short: "Print the mailservers that the running daemon asks, the best one first",
				Build: a.mailserverStatus,
			},
			a.mailserverBackfill(), a.mailserverImport(), a.mailserverRepair(),
		},
	}
}

func (a *app) mailserverStats(fs *frame.Flags) frame.Run {
	return question(a, fs, api.MailserverStats, func(s api.ArchiveReport) error {
		state := "archiving"
		if !s.Health.OK {
			state = s.Health.Reason
		}
		return a.raw(fmt.Sprintf("state      %s\n%s"+
			"this run   %d stored, %d pruned, %d dropped, %d refused, %d damaged, %d pending, %s in the spill file\n",
			state, archiveText(s.Archive), s.Recorder.Stored, s.Recorder.Pruned, s.Recorder.Dropped,
			s.Recorder.Refused, s.Recorder.Damaged, s.Recorder.Pending, bytesText(s.Recorder.SpillBytes)))
	})
}

// archiveText describes what an archive holds.
func archiveText(s *api.ArchiveStats) string {
	if s == nil {
		return "envelopes  not known now\n"
	}
	disk, oldest, newest := "not known", "-", "-"
	if s.DiskBytes >= 0 {
		disk = bytesText(s.DiskBytes)
	}
	if s.Envelopes > 0 {
		oldest, newest = timeText(s.Oldest), timeText(s.Newest)
	}
	return fmt.Sprintf("envelopes  %d in %d topics, %s, on disk %s\nfrom       %s\nto         %s\n",
		s.Envelopes, s.Topics, bytesText(s.Bytes), disk, oldest, newest)
}

func (a *app) mailserverStatus(fs *frame.Flags) frame.Run {
	return question(a, fs, api.MailserverStatus, func(s api.MailserversStatus) error {
		for _, m := range s.Servers {
			state := "not connected"
			if m.Connected {
				state = "connected"
			}
			fmt.Fprintf(a.out, "%s\n  %s, %d pages with %d envelopes in %s each, %d failures\n", m.Enode, state, m.Pages,
				m.Envelopes, m.Latency.Round(time.Millisecond), m.Failures)
			if m.LastError != "" {
				fmt.Fprintf(a.out, "  last error: %s\n", m.LastError)
			}
		}
		_, err := fmt.Fprintf(a.out, "%d mailservers, %d requests outstanding\n", len(s.Servers), len(s.Outstanding))
		return fail(fault.IO, err)
	})
}

// question makes one call without parameters, about nothing that is secret; plain
// prints the answer for people.
func question[R any](a *app, fs *frame.Flags, method api.Method[api.None, R], plain func(R) error) frame.Run {
	e := addEndpointFlags(fs, time.Minute)
	return func(ctx context.Context, _ []string) error {
		conn, err := e.dial(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		answer, err := method.Call(ctx, conn, api.None{})
		if err != nil {
			return err
		}
		if a.output == outputJSON {
			return fail(fault.IO, a.printJSON(answer))
		}
		return plain(answer)
	}
}

func bytesText(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, u := float64(n), 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	if u == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[u])
}

func timeText(unix uint32) string {
	if unix == 0 {
		return "-"
	}
	return time.Unix(int64(unix), 0).UTC().Format(time.RFC3339)
}

func (a *app) mailserverImport() frame.Command {
	return frame.Command{
		Use: "import --from DIR", Short: "Copy the archive of a status-go mailserver into ours",
		Long: `Copies the LevelDB archive of a status-go mailserver into the archive of the
configuration, which may be the embedded one or PostgreSQL. The daemons on both
must be stopped. An import that was interrupted goes on when it is run again;
envelopes that are there already are skipped.`,
		Example: "  statusd mailserver import --from /var/lib/status-go/wnode --dir /var/lib/statusd",
		Build: func(fs *frame.Flags) frame.Run {
			flags, from := addConfigFlags(fs), ""
			fs.Var(&from, "from", "directory of the archive, or data directory of status-go")
			return func(ctx context.Context, _ []string) error {
				if from == "" {
					return usageError(errors.New("missing flag: --from DIR, the archive of status-go"))
				}
				loaded, err := flags.load()
				if err != nil {
					return err
				}
				source := statusgoArchive(from)
				if source == "" {
					return fail(fault.NoInput, fmt.Errorf("no archive of status-go in %s", from))
				}
				ctx, stop := interruptible(ctx)
				defer stop()
				return a.importArchive(ctx, loaded.Config, source)
			}
		},
	}
}

// statusgoArchive finds the archive in the data directory of status-go, empty
// when there is none.
func statusgoArchive(dir string) string {
	for _, sub := range []string{"", "waku", "wnode"} {
		if _, err := os.Stat(filepath.Join(dir, sub, "CURRENT")); err == nil {
			return filepath.Join(dir, sub)
		}
	}
	return ""
}

func (a *app) importArchive(ctx context.Context, cfg *configs.Config, from string) error {
	archive, name, err := node.OpenArchive(ctx, cfg, nil)
	if err != nil {
		return err
	}
	p := a.newProgress("import")
	report, err := statusgo.Import(ctx, from, archive, statusgo.Options{
		State: filepath.Join(cfg.DataDir, "import.json"),
		Progress: func(r statusgo.Report) {
			p.show(r.Share, "%d read, %d new, %d invalid", r.Read, r.Added, r.Invalid)
		},
	})
	p.clear()
	err = errors.Join(err, archive.Close())
	if ctx.Err() != nil {
		return fail(fault.Interrupted, fmt.Errorf("interrupted after %d envelopes; run the same command to go on",
			report.Read))
	}
	if err != nil {
		return err
	}
	if a.output == outputJSON {
		return a.printJSON(api.ImportReport{
			Archive: name, Read: report.Read, Added: report.Added, Invalid: report.Invalid, Resumed: report.Resumed,
		})
	}
	resumed := ""
	if report.Resumed {
		resumed = " (continued from an earlier run)"
	}
	_, err = fmt.Fprintf(a.out, "%d envelopes read%s, %d new in %s, %d invalid and left out\n", report.Read, resumed,
		report.Added, name, report.Invalid)
	return fail(fault.IO, err)
}

func (a *app) mailserverRepair() frame.Command {
	return frame.Command{
		Use: "repair", Short: "Rebuild a damaged embedded archive from what can be read",
		Long: `Searches every readable part of the embedded archive for envelopes and builds
a new archive of them, which takes the place of the old one. It needs as much
free disk space as the archive takes. The daemon must be stopped. A repair that
was interrupted can be run again.`,
		Build: func(fs *frame.Flags) frame.Run {
			flags := addConfigFlags(fs)
			return func(ctx context.Context, _ []string) error {
				loaded, err := flags.load()
				if err != nil {
					return err
				}
				cfg := loaded.Config
				if cfg.WakuConfig.DatabaseConfig.PGConfig.Enabled {
					return usageError(errors.New("the archive is in PostgreSQL; only the embedded one can be repaired"))
				}
				dir := cfg.MailServerPath()
				if _, err := os.Stat(dir); err != nil {
					if _, err := os.Stat(dir + ".damaged"); err != nil {
						return fail(fault.NoInput, fmt.Errorf("there is no archive in %s", dir))
					}
				}
				ctx, stop := interruptible(ctx)
				defer stop()
				return a.repair(ctx, dir, leveldb.Options{MinFree: uint64(cfg.WakuConfig.MinFreeDisk)})
			}
		},
	}
}

func (a *app) repair(ctx context.Context, dir string, o leveldb.Options) error {
	p := a.newProgress("repair")
	report, err := leveldb.Repair(ctx, dir, o, func(r leveldb.RepairReport) {
		p.show(-1, "%d envelopes kept, %d dropped, %d damaged files", r.Envelopes, r.Dropped, r.DamagedFiles)
	})
	p.clear()
	if ctx.Err() != nil {
		return fail(fault.Interrupted, errors.New("interrupted; the archive is as it was, run the same command again"))
	}
	if err != nil {
		return err
	}
	if a.output == outputJSON {
		return a.printJSON(api.RepairReport{
			Archive: dir, Envelopes: report.Envelopes, Pruned: report.Pruned, Dropped: report.Dropped,
			DamagedFiles: report.DamagedFiles,
		})
	}
	_, err = fmt.Fprintf(a.out, "%d envelopes kept, %d dropped, %d damaged files; the archive in %s is sound again\n",
		report.Envelopes, report.Dropped, report.DamagedFiles, dir)
	return fail(fault.IO, err)
}
