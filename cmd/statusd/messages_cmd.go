package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// messagePage is the number of messages asked for at once.
const messagePage = 100

func (a *app) messagesCommand() frame.Command {
	return frame.Command{
		Use: "messages CHAT", Short: "Print the messages of a chat; resend, react to or delete one",
		Long: `Prints the last messages of a chat, oldest first. Marks behind own messages:
"…" on its way, "sent", "delivered", "not sent". With -o json each message is
one line.`,
		Example: "  statusd messages '#tea' --limit 50\n  statusd messages @ana -o json",
		Args:    frame.Exactly(1, "the chat, for instance '#tea'; see: statusd chats"),
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			fs.CompleteArgs(c.chats())
			most, seen := 20, false
			fs.Var(&most, "limit,n", "number of messages")
			fs.Var(&seen, "mark-read", "mark the chat as read")
			run := c.within(func(ctx context.Context, s *session, args []string) error {
				return a.lastMessages(ctx, s, args[0], most, seen)
			})
			return func(ctx context.Context, args []string) error {
				if err := wantLimit(most); err != nil {
					return err
				}
				return run(ctx, args)
			}
		},
		Commands: []frame.Command{
			a.onMessage("resend ID", "Send a message again", api.WakuextReSendChatMessage),
			a.onMessage("delete ID", "Delete a message from this device", api.WakuextDeleteMessage),
			a.inSession(frame.Command{
				Use: "show ID", Short: "Print all that is known of a message", Args: frame.Exactly(1, wantMessage),
			}, nil, a.showMessage),
			a.messagesReact(),
		},
	}
}

const wantMessage = "the id of the message, 0x…"

// wantLimit checks a number of messages to print.
func wantLimit(most int) error {
	if most < 1 {
		return usageError(fmt.Errorf("--limit %d: want 1 or more", most))
	}
	return nil
}

func (a *app) lastMessages(ctx context.Context, s *session, name string, most int, seen bool) error {
	chat, err := s.chat(ctx, name)
	if err != nil {
		return err
	}
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	var got []api.Message
	for cursor := ""; len(got) < most; {
		page, err := s.messages(ctx, chat.ID, cursor, most-len(got))
		if err != nil {
			return err
		}
		got = append(got, page.Messages...)
		if cursor = page.Cursor; cursor == "" || len(page.Messages) == 0 {
			break
		}
	}
	slices.Reverse(got)
	if err := a.printMessages(s, got, &chat); err != nil {
		return err
	}
	if seen {
		return onChatID(api.WakuextMarkAllRead)(ctx, s, chat)
	}
	return nil
}

// messages returns a page of a chat, the newest messages first, of as many as
// may be asked for at once at most.
func (s *session) messages(ctx context.Context, chat, cursor string, most int) (api.MessagePage, error) {
	return api.WakuextChatMessages.Call(ctx, s, api.PageArgs{
		ChatID: chat, Cursor: cursor, Limit: new(min(most, messagePage)),
	})
}

// printMessages prints messages of one chat, or of many when chat is nil.
func (a *app) printMessages(s *session, messages []api.Message, chat *api.Chat) error {
	a.silent = true
	for i := range messages {
		m := &messages[i]
		var err error
		switch {
		case a.output == outputJSON:
			err = a.printJSON(s.shownMessage(m))
		case chat == nil:
			_, err = fmt.Fprintln(a.out, s.line(m, chatOf(nil, m.LocalChatID)))
		default:
			_, err = fmt.Fprintf(a.out, "%s  %s%s\n", millisText(m.WhisperTimestamp), s.said(m), statusMark(m))
		}
		if err != nil {
			return fail(fault.IO, err)
		}
	}
	return nil
}

// statusMark says what became of an own message.
func statusMark(m *api.Message) string {
	switch m.OutgoingStatus {
	case "":
		return ""
	case api.OutgoingSending:
		return "  …"
	case api.OutgoingNotSent:
		return "  not sent"
	}
	return "  " + string(m.OutgoingStatus)
}

// onMessage is a command that does one thing with one message.
func (a *app) onMessage(use, short string, method api.Method[api.MessageIDArgs, api.None]) frame.Command {
	c := frame.Command{Use: use, Short: short, Args: frame.Exactly(1, wantMessage)}
	return a.inSession(c, nil, func(ctx context.Context, s *session, args []string) error {
		return done(method.Call(ctx, s, api.MessageIDArgs{ID: args[0]}))
	})
}

func (a *app) showMessage(ctx context.Context, s *session, args []string) error {
	m, err := api.WakuextMessageByID.Call(ctx, s, api.MessageIDArgs{ID: args[0]})
	if err != nil {
		return err
	}
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	if a.output == outputJSON {
		return fail(fault.IO, a.printJSON(s.shownMessage(&m)))
	}
	var b strings.Builder
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-10s %s\n", name, value)
		}
	}
	row("id", m.ID)
	row("chat", s.chatName(chatOf(nil, m.LocalChatID)))
	row("from", s.nameOf(m.From, m.Alias))
	row("key", m.From)
	row("time", millisText(m.WhisperTimestamp))
	row("status", string(m.OutgoingStatus))
	row("answers", m.ResponseTo)
	for _, id := range m.DeliveredTo {
		row("delivered", s.nameOf(id, ""))
	}
	row("text", s.messageText(&m))
	return a.raw(b.String())
}

// emojis are the reactions that the protocol has (spec 05 section 3).
var emojis = []struct {
	name, sign string
	id         api.Emoji
}{
	{"love", "❤️", api.EmojiLove},
	{"thumbs-up", "👍", api.EmojiThumbsUp},
	{"thumbs-down", "👎", api.EmojiThumbsDown},
	{"laugh", "😂", api.EmojiLaugh},
	{"sad", "😢", api.EmojiSad},
	{"angry", "😠", api.EmojiAngry},
}

func (a *app) messagesReact() frame.Command {
	return frame.Command{
		Use: "react ID EMOJI", Short: "React to a message: love, thumbs-up, thumbs-down, laugh, sad or angry",
		Args: frame.Exactly(2, "the id of the message and the reaction"),
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			fs.CompleteArgs(emojiNames)
			return func(ctx context.Context, args []string) error {
				emoji := api.Emoji(0)
				for _, e := range emojis {
					if args[1] == e.name || args[1] == e.sign {
						emoji = e.id
					}
				}
				if emoji == 0 {
					return usageError(errors.New("the reactions are love, thumbs-up, thumbs-down, laugh, sad and angry"))
				}
				return c.within(func(ctx context.Context, s *session, _ []string) error {
					m, err := api.WakuextMessageByID.Call(ctx, s, api.MessageIDArgs{ID: args[0]})
					if err != nil {
						return err
					}
					reaction := api.ReactArgs{ChatID: m.LocalChatID, MessageID: m.ID, EmojiType: emoji}
					return done(api.WakuextSendEmojiReaction.Call(ctx, s, reaction))
				})(ctx, args)
			}
		},
	}
}

func emojiNames(context.Context) (names []string) {
	for _, e := range emojis {
		names = append(names, e.name+"\t"+e.sign)
	}
	return names
}

func (a *app) searchCommand() frame.Command {
	return frame.Command{
		Use: "search TEXT", Short: "Find messages that contain a text, the newest first",
		Args:    frame.Exactly(1, "the text to look for"),
		Example: "  statusd search teapot\n  statusd search --chat '#tea' milk",
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			chat, most := "", 20
			fs.Var(&chat, "chat", "only in this chat").Complete(c.chats())
			fs.Var(&most, "limit,n", "number of messages")
			run := c.within(func(ctx context.Context, s *session, args []string) error {
				return a.search(ctx, s, args[0], chat, most)
			})
			return func(ctx context.Context, args []string) error {
				if err := wantLimit(most); err != nil {
					return err
				}
				return run(ctx, args)
			}
		},
	}
}

func (a *app) search(ctx context.Context, s *session, text, chat string, most int) error {
	id := ""
	if chat != "" {
		found, err := s.chat(ctx, chat)
		if err != nil {
			return err
		}
		id = found.ID
	}
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	for cursor, printed := "", 0; printed < most; {
		page, err := api.WakuextSearchMessages.Call(ctx, s, api.SearchArgs{
			ChatID: id, Text: text, Cursor: cursor, Limit: new(min(most-printed, messagePage)),
		})
		if err != nil {
			return err
		}
		if err := a.printMessages(s, page.Messages, nil); err != nil {
			return err
		}
		printed += len(page.Messages)
		if cursor = page.Cursor; cursor == "" || len(page.Messages) == 0 {
			break
		}
	}
	return nil
}
