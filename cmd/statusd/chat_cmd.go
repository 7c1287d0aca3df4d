package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/term"

	"statusd/api"
	"statusd/cmd/statusd/chatui"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/messenger/naming"
)

func (a *app) chatCommand() frame.Command {
	return frame.Command{
		Use: "chat [CHAT]", Short: "Read and write in the terminal", Args: frame.Optional(),
		Long: `Shows the chats, and the messages of one as they come, with a line to write on.
It is a client of the running daemon: to leave it stops nothing.`,
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			fs.CompleteArgs(c.chats())
			run := c.within(func(ctx context.Context, s *session, args []string) error {
				return a.chat(ctx, s, strings.Join(args, ""))
			})
			return func(ctx context.Context, args []string) error {
				if in, ok := a.in.(*os.File); !ok || !term.IsTerminal(int(in.Fd())) || !isTerminal(a.out) {
					return usageError(errors.New("chat needs a terminal; scripts use: statusd send, statusd receive"))
				}
				return run(ctx, args)
			}
		},
	}
}

func (a *app) chat(ctx context.Context, s *session, first string) error {
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	d := &chatDaemon{session: s}
	last, err := s.events(ctx, api.EventsQuery{Since: new(int64(-1)), Limit: new(1)}, 0)
	if err != nil {
		return err
	}
	d.since = last.Next
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the calls that go on
	_, err = tea.NewProgram(chatui.New(ctx, d, first), tea.WithContext(ctx), tea.WithInput(a.in),
		tea.WithOutput(behind(a.out))).Run()
	if errors.Is(err, tea.ErrProgramKilled) || errors.Is(err, tea.ErrInterrupted) {
		return nil
	}
	return fail(fault.IO, err)
}

// chatDaemon is the daemon as the terminal client sees it.
type chatDaemon struct {
	session *session
	since   int64 // belongs to the one caller of Next
}

func (d *chatDaemon) Chats(ctx context.Context) ([]api.Chat, error) {
	if err := d.session.refreshContacts(ctx); err != nil { // names may be new
		return nil, err
	}
	return slices.Clone(d.session.listed()), nil // the screen orders and changes its own
}

func (d *chatDaemon) Messages(
	ctx context.Context, chat, cursor string, limit int,
) ([]api.Message, string, error) {
	page, err := d.session.messages(ctx, chat, cursor, limit)
	return page.Messages, page.Cursor, err
}

func (d *chatDaemon) Send(ctx context.Context, chat, text, replyTo string) error {
	m := api.OutgoingMessage{ChatID: chat, Text: text, ContentType: api.ContentText, ResponseTo: replyTo}
	return done(api.WakuextSendChatMessage.Call(ctx, d.session, api.SendMessageArgs{Message: m}))
}

func (d *chatDaemon) Open(ctx context.Context, text string) (api.Chat, error) {
	found, err := d.session.resolve(ctx, text, "")
	if err != nil {
		return api.Chat{}, err
	}
	chat, err := d.session.chatOf(ctx, text, found)
	switch {
	case err == nil:
		return chat, nil
	case found.Kind == api.NamePublic:
		if strings.ContainsAny(found.ID, " \t") {
			return api.Chat{}, fmt.Errorf("%q is no name of a public chat", text)
		}
		if err := d.session.join(ctx, found.ID); err != nil {
			return api.Chat{}, err
		}
		return d.session.chatOf(ctx, text, found)
	case found.Kind != api.NamePerson:
		return api.Chat{}, err
	}
	fresh := api.ChatSettings{ID: found.ID, Name: naming.Short(found.ID), ChatType: api.ChatOneToOne, Active: true}
	if _, err := api.WakuextSaveChat.Call(ctx, d.session, api.SaveChatArgs{Chat: fresh}); err != nil {
		return api.Chat{}, err
	}
	return d.session.chatOf(ctx, text, found)
}

func (d *chatDaemon) MarkRead(ctx context.Context, chat string) error {
	return done(api.WakuextMarkAllRead.Call(ctx, d.session, api.ChatIDArgs{ChatID: chat}))
}

func (d *chatDaemon) Resend(ctx context.Context, message string) error {
	return done(api.WakuextReSendChatMessage.Call(ctx, d.session, api.MessageIDArgs{ID: message}))
}

func (d *chatDaemon) ChatName(c *api.Chat) string { return d.session.chatName(c) }

func (d *chatDaemon) PersonName(id, alias string) string { return d.session.nameOf(id, alias) }

// Next implements chatui.Daemon.
func (d *chatDaemon) Next(ctx context.Context) ([]chatui.Event, error) {
	page, err := d.session.events(ctx, api.EventsQuery{Since: &d.since, Limit: new(eventPage)}, pollTime)
	if err != nil {
		return nil, err
	}
	d.since = page.Next
	events := make([]chatui.Event, 0, len(page.Events))
	for _, e := range page.Events {
		if shown, ok := chatEvent(e); ok {
			events = append(events, shown)
		}
	}
	return events, nil
}

// chatEvent is what an event means to the terminal client.
func chatEvent(e api.Event) (out chatui.Event, ok bool) {
	payload, err := e.Decode()
	if err != nil {
		return out, false
	}
	out.Statuses = map[string]api.OutgoingStatus{}
	switch told := payload.(type) {
	case api.MessagesNewEvent:
		out.News = told.Changes
	case api.EnvelopeSentEvent:
		for _, id := range told.IDs {
			out.Statuses[id] = api.OutgoingSent
		}
	case api.EnvelopeExpiredEvent:
		for _, id := range told.IDs {
			out.Statuses[id] = api.OutgoingNotSent
		}
	case api.MessageDeliveredEvent:
		if told.Waiting == 0 {
			out.Statuses[told.MessageID] = api.OutgoingDelivered
		}
	case api.HistorySyncedEvent, api.ContactRequestedEvent, api.ContactUpdatedEvent, api.GroupCreatedEvent,
		api.GroupRenamedEvent, api.GroupInvitationEvent, api.MemberAddedEvent, api.MemberJoinedEvent, api.MemberLeftEvent,
		api.MemberRemovedEvent, api.AdminAddedEvent, api.AdminRemovedEvent:
		out.Chats = true
	default:
		return out, false
	}
	return out, true
}
