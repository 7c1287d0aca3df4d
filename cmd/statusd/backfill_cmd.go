package main

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// maxPageTime is how long one page may take, unless --timeout says otherwise: a
// daemon gives each of its servers two tries.
const maxPageTime = 10 * time.Minute

// maxRestarts is how often the daemon may begin anew for one time because the
// server that had been answering failed.
const maxRestarts = 3

// mailPage is what a daemon answers about one page of history.
type mailPage struct {
	Server, Cursor    string
	Envelopes         int
	Archived, Skipped int // of a backfill
	Done, Restarted   bool
}

// askPage asks for the page at a cursor of a server.
type askPage func(ctx context.Context, server, cursor string, restart bool) (mailPage, error)

// mailPager asks for page after page of one time. A cursor counts at the
// server it comes from, so all pages come from one; when it fails, the daemon
// begins anew at another one, unless the user chose the server.
type mailPager struct {
	ask      askPage
	server   string // the user's choice; empty: any
	last     mailPage
	restarts int
}

// next returns the next page.
func (p *mailPager) next(ctx context.Context) (mailPage, error) {
	from := p.last.Server
	if p.server != "" {
		from = p.server
	}
	page, err := p.ask(ctx, from, p.last.Cursor, p.server == "")
	if err != nil {
		return page, err
	}
	if page.Restarted {
		if p.restarts++; p.restarts > maxRestarts {
			return page, fail(fault.NoMailserver, errors.New("one mailserver after the other failed before its last page"))
		}
	}
	p.last = page
	return page, nil
}

// sharePassed is how much of a time lies behind a cursor, which begins with the
// time of the last envelope; pages come newest first. It is -1 if unknown.
func sharePassed(cursor string, from, to uint32) float64 {
	raw, err := hex.DecodeString(cursor)
	if err != nil || len(raw) < 4 || to == from {
		return -1
	}
	at := min(max(binary.BigEndian.Uint32(raw), from), to)
	return float64(to-at) / float64(to-from)
}

// backfillRun is one backfill that goes on.
type backfillRun struct {
	app                     *app
	conn                    api.Caller
	from, to                uint32
	server                  string
	came, archived, skipped int
	bar                     *progress
}

func (a *app) mailserverBackfill() frame.Command {
	return frame.Command{
		Use: "backfill", Short: "Archive what this mailserver missed, from another mailserver",
		Long: `Asks another mailserver for everything of a time, day by day, the newest first,
and archives it. The running daemon, which has to be a mailserver, does the
asking: at its configured mailservers, or at --server. What it has already is
left out, so running it twice does no harm.

Times are RFC 3339 (2026-01-31T15:04:05Z, or the date alone), Unix seconds, or
relative to now (90m, 24h, 7d).`,
		Example: "  statusd mailserver backfill --from 3d --server enode://…:password@192.0.2.7:30303",
		Build: func(fs *frame.Flags) frame.Run {
			e, server := addEndpointFlags(fs, maxPageTime), ""
			times := &historyFlags{from: "24h", to: "now"}
			fs.Var(&times.from, "from", "first time")
			fs.Var(&times.to, "to", "last time")
			fs.Var(&server, "server", "enode of the mailserver to ask, if not a configured one")
			return func(ctx context.Context, _ []string) error {
				first, last, err := times.span()
				if err != nil {
					return err
				}
				ctx, stop := interruptible(ctx)
				defer stop()
				conn, err := e.dial(ctx)
				if err != nil {
					return err
				}
				defer conn.Close()
				r := &backfillRun{app: a, from: first, to: last, server: server, conn: conn, bar: a.newProgress("backfill")}
				return r.run(ctx)
			}
		},
	}
}

// day is the length of the times that are asked for one after the other.
const day = 86400

// run archives day after day.
func (r *backfillRun) run(ctx context.Context) error {
	for to := r.to; ; {
		from := r.from
		if to-r.from >= day {
			from = to - day + 1
		}
		if err := r.fill(ctx, from, to); err != nil {
			r.bar.clear()
			return r.unfinished(ctx, err, to)
		}
		if from == r.from {
			break
		}
		to = from - 1
	}
	r.bar.clear()
	if r.app.output == outputJSON {
		return r.app.printJSON(api.BackfillReport{
			From: r.from, To: r.to, Envelopes: r.came, Archived: r.archived, Skipped: r.skipped,
		})
	}
	_, err := fmt.Fprintf(r.app.out, "%d envelopes from %s to %s came, %d are in the archive, %d were not fit for it\n",
		r.came, timeText(r.from), timeText(r.to), r.archived, r.skipped)
	return fail(fault.IO, err)
}

// fill archives a time of at most a day.
func (r *backfillRun) fill(ctx context.Context, from, to uint32) error {
	ask := func(ctx context.Context, server, cursor string, restart bool) (mailPage, error) {
		page, err := api.MailserverBackfill.Call(ctx, r.conn, api.BackfillArgs{Request: api.BackfillRequest{
			From: from, To: to, Server: server, Cursor: cursor, Restart: restart,
		}})
		return mailPage{
			page.Server, page.Cursor, page.Envelopes, page.Archived, page.Skipped, page.Done, page.Restarted,
		}, err
	}
	pager := &mailPager{ask: ask, server: r.server}
	for {
		page, err := pager.next(ctx)
		if err != nil {
			return err
		}
		r.came, r.archived, r.skipped = r.came+page.Envelopes, r.archived+page.Archived, r.skipped+page.Skipped
		if page.Done {
			return nil
		}
		r.bar.show(sharePassed(page.Cursor, r.from, r.to), "%d envelopes", r.came)
	}
}

// unfinished says how to go on.
func (r *backfillRun) unfinished(ctx context.Context, err error, to uint32) error {
	if ctx.Err() != nil {
		err = fault.New(fault.Interrupted, "interrupted", "")
	}
	if to == r.to && r.came == 0 {
		return err
	}
	server := ""
	if r.server != "" {
		server = " and the same --server"
	}
	return fmt.Errorf("%w\n%d envelopes came; go on with --from %d --to %d%s", err, r.came, r.from, to, server)
}
