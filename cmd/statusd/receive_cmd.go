package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/internal/termtext"
)

// receiveFlags say which events to read.
type receiveFlags struct {
	follow, ack, all bool
	since            int64
	consumer, chat   string
	most             int
	wait             time.Duration
}

// defaultConsumer is the reader whose position --ack moves unless named.
const defaultConsumer = "receive"

// Bounds of one reading.
const (
	eventPage = 200
	pollTime  = 30 * time.Second
)

func (a *app) receiveCommand() frame.Command {
	return frame.Command{
		Use: "receive", Short: "Print messages that have come in",
		Long: `Prints received messages from the daemon's event log, one on each line, oldest
first. Nothing is lost while nobody reads. With --ack the daemon remembers what
was printed, and the next run goes on after it; a name given with --consumer
keeps several readers apart. Without --ack a run changes nothing and prints the
same again.

With -o json each line is the event as the log has it: cursor, time, type, and
the message inside. --events prints all kinds of events.`,
		Example: "  statusd receive --ack\n  statusd receive --follow --consumer bot --ack -o json",
		Build: func(fs *frame.Flags) frame.Run {
			c, f := a.newClient(fs, time.Minute), &receiveFlags{consumer: defaultConsumer}
			fs.Var(&f.follow, "follow", "go on, and print what comes in as it comes")
			fs.Var(&f.ack, "ack", "remember what was printed")
			fs.Var(&f.all, "events", "print every kind of event, in JSON")
			fs.Var(&f.since, "since", "begin after this cursor, not where the consumer is")
			fs.Var(&f.consumer, "consumer", "name of the reader")
			fs.Var(&f.chat, "chat", "only messages of this chat").Complete(c.chats())
			fs.Var(&f.most, "max-messages", "stop after so many; 0: no limit")
			fs.Var(&f.wait, "wait", "if there is nothing, wait so long for something")
			return func(ctx context.Context, _ []string) error {
				ctx, stop := interruptible(ctx)
				defer stop()
				a.silent = true
				if !fs.Changed("since") {
					f.since = -1
				} else if f.since < 0 {
					return usageError(fmt.Errorf("--since %d: want a cursor, 0 or more", f.since))
				}
				return a.receive(ctx, c, f)
			}
		},
	}
}

// receiver is one run of the command.
type receiver struct {
	app     *app
	session *session
	flags   *receiveFlags
	query   api.EventsQuery
	printed int // events that were shown
	acked   int64
	asked   map[string]bool // people whose names were looked up when they wrote
}

func (a *app) receive(ctx context.Context, c *daemon, f *receiveFlags) error {
	if f.most < 0 || f.wait < 0 {
		return usageError(errors.New("--max-messages and --wait are 0 or more"))
	}
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	r := &receiver{app: a, session: s, flags: f, asked: map[string]bool{}}
	if !f.all {
		r.query.Types = []api.EventType{api.EventMessagesNew}
	}
	if f.since >= 0 {
		r.query.Since = &f.since
	} else {
		r.query.Consumer = f.consumer
	}
	if f.chat != "" {
		chat, err := s.chat(ctx, f.chat)
		if err != nil {
			return err
		}
		r.query.Chats = []string{chat.ID}
	}
	err = r.loop(ctx)
	if ctx.Err() != nil {
		return nil // the user has had enough; what was printed is acknowledged
	}
	return err
}

// events returns a page of the event log. If there is nothing yet, it waits.
func (s *session) events(ctx context.Context, query api.EventsQuery, wait time.Duration) (api.EventPage, error) {
	query.Wait = new(wait.Seconds())
	return api.StatusGetEvents.Call(ctx, s.within(s.timeout+wait), api.GetEventsArgs{Query: &query})
}

// loop reads page after page.
func (r *receiver) loop(ctx context.Context) error {
	until := time.Now().Add(r.flags.wait)
	for {
		wait := time.Duration(0)
		if r.flags.follow {
			wait = pollTime
		} else if r.printed == 0 {
			wait = min(max(time.Until(until), 0), pollTime)
		}
		r.query.Limit = new(eventPage)
		if r.flags.most > 0 {
			r.query.Limit = new(min(eventPage, r.flags.most-r.printed))
		}
		page, err := r.session.events(ctx, r.query, wait)
		if err != nil {
			return err
		}
		if page.Gap {
			r.app.note("older events are gone; reading goes on at %d", page.From)
		}
		enough, err := r.page(ctx, page)
		if err != nil || enough {
			return err
		}
		r.query.Consumer, r.query.Since = "", &page.Next
		if len(page.Events) == 0 && !r.flags.follow && (r.printed > 0 || time.Until(until) <= 0) {
			return nil
		}
	}
}

// page prints a page and acknowledges what was printed, also when the output
// breaks in the middle.
func (r *receiver) page(ctx context.Context, page api.EventPage) (enough bool, err error) {
	done := int64(0)
	for _, e := range page.Events {
		var shown bool
		if shown, err = r.print(ctx, e); err != nil {
			break
		}
		done = e.Cursor
		if shown {
			r.printed++
		}
	}
	if err == nil {
		done = page.Next
	}
	if r.flags.ack && done > r.acked {
		_, ackErr := api.StatusAckEvents.Call(context.WithoutCancel(ctx), r.session, api.AckEventsArgs{
			Consumer: r.flags.consumer, Cursor: done,
		})
		if ackErr == nil {
			r.acked = done
		}
		err = errors.Join(err, ackErr)
	}
	return r.flags.most > 0 && r.printed >= r.flags.most, err
}

// print writes one event. It shows nothing of an event that has no message in
// it, a changed contact for instance: nobody waits for that one.
func (r *receiver) print(ctx context.Context, e api.Event) (shown bool, err error) {
	if r.app.output == outputJSON || r.flags.all {
		return true, fail(fault.IO, r.app.printJSON(e))
	}
	var news api.Changes
	if err := json.Unmarshal(e.Event, &news); err != nil {
		return shown, fail(fault.Protocol, fmt.Errorf("event %d: %w", e.Cursor, err))
	}
	for i := range news.Messages {
		m := &news.Messages[i]
		if !m.New {
			continue // an older one that is quoted
		}
		if m.From != r.session.me() && !r.asked[m.From] {
			r.asked[m.From] = true
			if err := r.session.refreshContacts(ctx); err != nil {
				return shown, err
			}
		}
		if _, err := fmt.Fprintln(r.app.out, r.session.line(m, chatOf(news.Chats, m.LocalChatID))); err != nil {
			return shown, fail(fault.IO, err)
		}
		shown = true
	}
	return shown, nil
}

func chatOf(chats []api.Chat, id string) *api.Chat {
	for i := range chats {
		if chats[i].ID == id {
			return &chats[i]
		}
	}
	return &api.Chat{ID: id, Name: id, ChatType: chatTypeOf(id)}
}

// chatTypeOf guesses the type of a chat from its id (spec 05 section 6).
func chatTypeOf(id string) api.ChatType {
	switch {
	case len(id) == 132 && id[:4] == "0x04":
		return api.ChatOneToOne
	case len(id) == 133 && id[0] == '@':
		return api.ChatProfile
	case len(id) > 132 && id[len(id)-133] == '-':
		return api.ChatPrivateGroup
	}
	return api.ChatPublic
}

// line shows a message on one line.
func (s *session) line(m *api.Message, chat *api.Chat) string {
	return fmt.Sprintf("%s  %s  %s", millisText(m.WhisperTimestamp), s.chatName(chat), s.said(m))
}

// said is who says what, on one line. What happened to a group says so itself.
func (s *session) said(m *api.Message) string {
	if m.MessageType == api.MessageSystem {
		return "* " + strings.TrimPrefix(s.messageText(m), "@")
	}
	return s.nameOf(m.From, m.Alias) + ": " + s.messageText(m)
}

// messageText is what a message says, on one line.
func (s *session) messageText(m *api.Message) string {
	text := termtext.Line(termtext.Mentions(m.Text, func(id string) string { return s.nameOf(id, "") }))
	switch {
	case m.Image != "":
		text += " [image]"
	case m.Audio != "":
		text += " [audio]"
	case m.Sticker != nil:
		text += " [sticker]"
	}
	return text
}
