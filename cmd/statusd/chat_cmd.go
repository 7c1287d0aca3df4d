package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
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
	var last eventPageAnswer
	if err := s.call(ctx, &last, "status_getEvents", map[string]any{"since": -1, "limit": 1}); err != nil {
		return err
	}
	d.since = last.Next
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the calls that go on
	_, err := tea.NewProgram(chatui.New(ctx, d, first), tea.WithContext(ctx), tea.WithInput(a.in),
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
	return d.session.chats(ctx)
}

func (d *chatDaemon) Messages(
	ctx context.Context, chat, cursor string, limit int,
) ([]api.Message, string, error) {
	var page messagesAnswer
	err := d.session.call(ctx, &page, "wakuext_chatMessages", chat, cursor, limit)
	return page.Messages, page.Cursor, err
}

func (d *chatDaemon) Send(ctx context.Context, chat, text, replyTo string) error {
	m := api.Message{ChatID: chat, Text: text, ContentType: api.ContentText, ResponseTo: replyTo}
	return d.session.call(ctx, nil, "wakuext_sendChatMessage", m)
}

func (d *chatDaemon) Open(ctx context.Context, text string) (api.Chat, error) {
	chat, err := d.session.chat(ctx, text)
	if err == nil {
		return chat, nil
	}
	found, errFind := d.session.names().Find(text)
	var unknown *naming.UnknownError
	switch {
	case errors.As(errFind, &unknown):
		_, err = d.session.person(ctx, text) // says best what is missing
		return api.Chat{}, err
	case errFind != nil:
		return api.Chat{}, errFind
	case found.Kind == naming.Public:
		if strings.ContainsAny(found.ID, " \t") {
			return api.Chat{}, fmt.Errorf("%q is no name of a public chat", text)
		}
		if err := d.session.join(ctx, found.ID); err != nil {
			return api.Chat{}, err
		}
		return d.session.chat(ctx, found.Exact())
	case found.Kind != naming.Person:
		return api.Chat{}, err
	}
	id := found.ID
	chat = api.Chat{ID: id, Name: naming.Short(id), ChatType: api.ChatOneToOne, Active: true}
	chat.Timestamp = time.Now().UnixMilli()
	return chat, d.session.call(ctx, nil, "wakuext_saveChat", chat)
}

func (d *chatDaemon) MarkRead(ctx context.Context, chat string) error {
	return d.session.call(ctx, nil, "wakuext_markAllRead", chat)
}

func (d *chatDaemon) Resend(ctx context.Context, message string) error {
	return d.session.call(ctx, nil, "wakuext_reSendChatMessage", message)
}

func (d *chatDaemon) ChatName(c *api.Chat) string { return d.session.chatName(c) }

func (d *chatDaemon) PersonName(id, alias string) string { return d.session.nameOf(id, alias) }

// Next implements chatui.Daemon.
func (d *chatDaemon) Next(ctx context.Context) ([]chatui.Event, error) {
	var page eventPageAnswer
	query := map[string]any{"since": d.since, "limit": eventPage, "wait": pollTime.Seconds()}
	if err := d.session.callWithin(ctx, d.session.timeout+pollTime, &page, "status_getEvents", query); err != nil {
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
func chatEvent(e logEvent) (out chatui.Event, ok bool) {
	var body struct {
		api.Changes
		IDs       []string `json:"ids"`
		MessageID string   `json:"messageID"`
		Waiting   int      `json:"waiting"`
	}
	if json.Unmarshal(e.Event, &body) != nil {
		return out, false
	}
	out.Statuses = map[string]api.OutgoingStatus{}
	switch {
	case e.Type == "messages.new":
		out.News = body.Changes
	case e.Type == "envelope.sent":
		for _, id := range body.IDs {
			out.Statuses[id] = api.OutgoingSent
		}
	case e.Type == "envelope.expired":
		for _, id := range body.IDs {
			out.Statuses[id] = api.OutgoingNotSent
		}
	case e.Type == "message.delivered":
		if body.Waiting == 0 {
			out.Statuses[body.MessageID] = api.OutgoingDelivered
		}
	case strings.HasPrefix(e.Type, "group."), strings.HasPrefix(e.Type, "contact."), e.Type == "history.synced":
		out.Chats = true
	default:
		return out, false
	}
	return out, true
}
