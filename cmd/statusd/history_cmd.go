package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/waku/wire"
)

// historyFlags say what to fetch, and what to open it with.
type historyFlags struct {
	chat, topic            string
	passwordFile, symKeyID string
	from, to, server       string
	page                   uint32
	most                   int
	sink                   *endpoint
}

// defaultPage is the number of envelopes of one page: so few that all of them,
// at the usual largest size, fit into a filter.
const defaultPage = 60

func (a *app) historyCommand() frame.Command {
	return frame.Command{
		Use: "history", Short: "Fetch old messages from a mailserver and print them",
		Long: `Asks a mailserver for the messages of a public chat, or of any topic whose
password or key is known, and prints them, the newest first. The running daemon
does the asking: at its configured mailservers, or at --server.

Times are RFC 3339 (2026-01-31T15:04:05Z, or the date alone), Unix seconds, or
relative to now (90m, 24h, 7d).`,
		Example: "  statusd history --chat status --from 7d\n" +
			"  statusd history --topic 0x11223344 --password-file p.txt --from 24h --to 1h -o json",
		Build: func(fs *frame.Flags) frame.Run {
			f := &historyFlags{from: "24h", to: "now", page: defaultPage, sink: addEndpointFlags(fs, time.Minute)}
			fs.Var(&f.chat, "chat", "name of a public chat").Complete((&daemon{a, f.sink}).publicChats())
			fs.Var(&f.topic, "topic", "topic, 0x and 8 hex digits")
			fs.Var(&f.passwordFile, "password-file", "with --topic: file with the password, - for standard input")
			fs.Var(&f.symKeyID, "sym-key-id", "with --topic: id of a key in the daemon")
			fs.Var(&f.from, "from", "first time")
			fs.Var(&f.to, "to", "last time")
			fs.Var(&f.server, "server", "enode of the mailserver to ask, if not a configured one")
			fs.Var(&f.page, "page", "envelopes of one page, 1 to 1000")
			fs.Var(&f.most, "most", "stop after so many messages; 0: all")
			return func(ctx context.Context, _ []string) error {
				ctx, stop := interruptible(ctx)
				defer stop()
				a.silent = true
				return a.history(ctx, f)
			}
		},
	}
}

// parseWhen reads a time.
func parseWhen(text string, now time.Time) (uint32, error) {
	at, err := time.Time{}, error(nil)
	switch seconds, numErr := strconv.ParseInt(text, 10, 64); {
	case text == "now":
		at = now
	case numErr == nil:
		at = time.Unix(seconds, 0)
	case strings.ContainsAny(text, "-:"):
		if at, err = time.Parse(time.RFC3339, text); err != nil {
			at, err = time.Parse(time.DateOnly, text)
		}
	default:
		var ago time.Duration
		if days, ok := strings.CutSuffix(text, "d"); ok {
			var n float64
			n, err = strconv.ParseFloat(days, 64)
			if !(n >= 0 && n < 1e5) { // written so that NaN fails
				err = errors.Join(err, strconv.ErrRange)
			}
			ago = time.Duration(n * 24 * float64(time.Hour))
		} else {
			ago, err = time.ParseDuration(text)
		}
		if ago < 0 {
			err = errors.New("negative")
		}
		at = now.Add(-ago)
	}
	if err != nil || at.Unix() < 0 || at.Unix() > 1<<32-1 {
		return 0, fmt.Errorf("%q is no time: want for instance 2026-01-31T15:04:05Z, 2026-01-31, Unix seconds, 24h or 7d",
			text)
	}
	return uint32(at.Unix()), nil
}

// span reads the times of the flags.
func (f *historyFlags) span() (from, to uint32, err error) {
	now := time.Now()
	from, err = parseWhen(f.from, now)
	if err != nil {
		return 0, 0, usageError(fmt.Errorf("--from %w", err))
	}
	if to, err = parseWhen(f.to, now); err != nil {
		return 0, 0, usageError(fmt.Errorf("--to %w", err))
	}
	if from > to {
		return 0, 0, usageError(fmt.Errorf("--from %s is after --to %s", timeText(from), timeText(to)))
	}
	return from, to, nil
}

// source is the topic to fetch and the password of its key, if that is known
// here.
func (f *historyFlags) source(a *app) (topic wire.Topic, password string, err error) {
	chat := strings.TrimPrefix(f.chat, "#")
	switch {
	case (chat == "") == (f.topic == ""):
		return topic, "", usageError(errors.New("give either --chat or --topic"))
	case f.page < 1 || f.page > wire.MaxRequestLimit:
		return topic, "", usageError(fmt.Errorf("--page %d: want 1 to %d", f.page, wire.MaxRequestLimit))
	case f.most < 0:
		return topic, "", usageError(fmt.Errorf("--most %d: want 0 or more", f.most))
	case chat != "":
		if f.passwordFile != "" || f.symKeyID != "" {
			return topic, "", usageError(errors.New("--chat needs no key: its name is the password"))
		}
		copy(topic[:], crypto.Keccak256([]byte(chat)))
		return topic, chat, nil
	case (f.passwordFile == "") == (f.symKeyID == ""):
		return topic, "", usageError(errors.New("--topic needs a key: give either --password-file or --sym-key-id"))
	}
	if err := topic.UnmarshalText([]byte(f.topic)); err != nil {
		return topic, "", usageError(fmt.Errorf("--topic %q: want 0x and 8 hex digits", f.topic))
	}
	if f.passwordFile != "" {
		password, err = a.readSecret(f.passwordFile)
	}
	return topic, password, err
}

// historyRun is one fetch that goes on.
type historyRun struct {
	app      *app
	flags    *historyFlags
	session  *session
	topic    wire.Topic
	chat     string // id of the public chat; empty: a topic
	from, to uint32
	filter   string
	seen     map[api.EncodedBytes]bool // hashes of what was printed
	printed  int
	fetched  int
	bar      *progress
}

func (a *app) history(ctx context.Context, f *historyFlags) error {
	from, to, err := f.span()
	if err != nil {
		return err
	}
	topic, password, err := f.source(a)
	if err != nil {
		return err
	}
	conn, err := f.sink.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	r := &historyRun{
		app: a, flags: f, session: &session{connection: conn}, topic: topic, chat: strings.TrimPrefix(f.chat, "#"),
		from: from, to: to, seen: make(map[api.EncodedBytes]bool), bar: a.newProgress("history"),
	}
	r.bar.quiet = true
	if r.chat != "" {
		_ = r.session.readContacts(ctx) // without an account people are shown by their keys
	}
	key := f.symKeyID
	// What is made in the daemon goes again, also when the user interrupts.
	cleanup := context.WithoutCancel(ctx)
	if key == "" {
		key, err = api.WakuGenerateSymKeyFromPassword.Call(ctx, conn, api.KeyPasswordArgs{Password: password})
		if err != nil {
			return err
		}
		defer func() { _, _ = api.WakuDeleteSymKey.Call(cleanup, conn, api.SymKeyArgs{ID: key}) }()
	}
	r.filter, err = api.WakuNewMessageFilter.Call(ctx, conn, api.FilterCriteriaArgs{Criteria: api.FilterCriteria{
		SymKeyID: key, Topics: []api.Topic{api.Topic(topic)}, AllowP2P: true,
	}})
	if err != nil {
		return err
	}
	defer func() { _, _ = api.WakuDeleteMessageFilter.Call(cleanup, conn, api.FilterArgs{ID: r.filter}) }()
	err = r.pages(ctx)
	r.bar.clear()
	if ctx.Err() != nil {
		return fail(fault.Interrupted, fmt.Errorf("interrupted after %d messages", r.printed))
	}
	return err
}

// pages fetches page after page and prints what it brings.
func (r *historyRun) pages(ctx context.Context) error {
	pager := &mailPager{ask: r.page, server: r.flags.server}
	for {
		page, err := pager.next(ctx)
		if err != nil {
			return err
		}
		r.fetched += page.Envelopes
		r.bar.clear()
		if err := r.drain(ctx); err != nil {
			return err
		}
		switch {
		case r.flags.most > 0 && r.printed >= r.flags.most:
			return nil
		case page.Done && r.fetched > 0 && len(r.seen) == 0:
			r.app.note("%d envelopes came, but the key opens none of them", r.fetched)
			return nil
		case page.Done:
			return nil
		}
		r.bar.show(sharePassed(page.Cursor, r.from, r.to), "%d messages", r.printed)
	}
}

// page asks the daemon for a page.
func (r *historyRun) page(ctx context.Context, server, cursor string, restart bool) (mailPage, error) {
	page, err := api.MailserverFetch.Call(ctx, r.session, api.FetchArgs{Request: api.FetchRequest{
		Topics: []api.Topic{api.Topic(r.topic)}, From: r.from, To: r.to, Limit: r.flags.page, Server: server,
		Cursor: cursor, Restart: restart,
	}})
	return mailPage{
		Server: page.Server, Cursor: page.Cursor, Envelopes: page.Envelopes, Done: page.Done, Restarted: page.Restarted,
	}, err
}

// drain prints what the filter holds and belongs to the time asked for. Live
// messages and repetitions are left out.
func (r *historyRun) drain(ctx context.Context) error {
	got, err := api.WakuGetFilterMessages.Call(ctx, r.session, api.FilterArgs{ID: r.filter})
	if err != nil {
		return err
	}
	slices.SortFunc(got, func(a, b api.WakuMessage) int {
		return cmp.Or(cmp.Compare(b.Timestamp, a.Timestamp), cmp.Compare(a.Hash, b.Hash))
	})
	for _, m := range got {
		if m.Timestamp < r.from || m.Timestamp > r.to || r.seen[m.Hash] {
			continue
		}
		r.seen[m.Hash] = true
		if err := r.print(m); err != nil {
			return err
		}
		if r.printed++; r.flags.most > 0 && r.printed >= r.flags.most {
			return nil
		}
	}
	return nil
}

// print shows a message: one of the chat asked for as messages shows it.
func (r *historyRun) print(m api.WakuMessage) error {
	var said *api.Message
	if r.chat != "" {
		said = openedMessage(&m, r.chat)
	}
	switch {
	case r.app.output == outputJSON:
		out := api.FetchedMessage{WakuMessage: m, Time: timeText(m.Timestamp)}
		if said != nil {
			out.Message = new(r.session.shownMessage(said))
		}
		return fail(fault.IO, r.app.printJSON(out))
	case said != nil:
		_, err := fmt.Fprintf(r.app.out, "%s  %s\n", millisText(said.WhisperTimestamp), r.session.said(said))
		return fail(fault.IO, err)
	}
	return fail(fault.IO, r.app.printEnvelope(m))
}

// printEnvelope shows a message whose content is not a chat's.
func (a *app) printEnvelope(m api.WakuMessage) error {
	sender := "-"
	if key, err := m.Sig.Decode(); err == nil && len(key) > 8 {
		sender = "0x" + hex.EncodeToString(key[:4]) + "…" + hex.EncodeToString(key[len(key)-2:])
	}
	payload, err := m.Payload.Decode()
	if err != nil {
		return fail(fault.Protocol, err)
	}
	_, err = fmt.Fprintf(a.out, "%s  %s  %s\n", timeText(m.Timestamp), sender, readable(payload))
	return err
}

// readable shows a payload on one line: as text if it is text.
func readable(b []byte) string {
	text := string(b)
	if !utf8.ValidString(text) {
		return "0x" + hex.EncodeToString(b)
	}
	for _, c := range text {
		if !unicode.IsPrint(c) && c != '\n' && c != '\t' {
			return "0x" + hex.EncodeToString(b)
		}
	}
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(text)
}

// firstLine reads a password.
func firstLine(in io.Reader) (string, error) {
	line, err := passwordLine(in)
	if err == nil && len(line) == 0 {
		err = fail(fault.BadInput, errors.New("the password is empty"))
	}
	return string(line), err
}
