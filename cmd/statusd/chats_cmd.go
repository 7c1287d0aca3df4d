package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"statusd/api"
)

// chatAction is a subcommand that does one thing with one chat.
type chatAction struct {
	use, short string
	do         func(context.Context, *session, api.Chat) error
}

func (a *app) chatsCommand() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "chats", Short: "List the chats; join, leave, mute or delete one", Args: noArguments,
		Example: "  statusd chats\n  statusd chats join '#tea'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.within(cmd, c, a.listChats)
		},
	}
	c = a.newClient(cmd, time.Minute)
	cmd.AddCommand(a.chatsJoin())
	for _, action := range []chatAction{
		{"leave CHAT", "Stop to listen to a public chat", leaveChat},
		{"mute CHAT", "Do not count a chat's messages as unread", chatCall("wakuext_muteChat")},
		{"unmute CHAT", "Take mute back", chatCall("wakuext_unmuteChat")},
		{"read CHAT", "Mark all messages of a chat as read", chatCall("wakuext_markAllRead")},
		{"delete CHAT", "Delete a chat with its messages from this device", deleteChat},
	} {
		cmd.AddCommand(a.chatAction(action))
	}
	return cmd
}

// within runs a command that needs a session.
func (a *app) within(cmd *cobra.Command, c *client, do func(context.Context, *session) error) error {
	ctx, stop := interruptible(cmd)
	defer stop()
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	return do(ctx, s)
}

func (a *app) chatAction(action chatAction) *cobra.Command {
	need := exactly(1, "the chat, for instance '#tea'; see: statusd chats")
	return actionOn(a, action.use, action.short, need, (*session).chat, action.do)
}

// actionOn makes a subcommand that finds what its argument names and does one
// thing with it.
func actionOn[T any](
	a *app, use, short string, need cobra.PositionalArgs, find func(*session, context.Context, string) (T, error),
	do func(context.Context, *session, T) error,
) *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: use, Short: short, Args: need,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.within(cmd, c, func(ctx context.Context, s *session) error {
				found, err := find(s, ctx, args[0])
				if err != nil {
					return err
				}
				return do(ctx, s, found)
			})
		},
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}

func chatCall(method string) func(context.Context, *session, api.Chat) error {
	return func(ctx context.Context, s *session, chat api.Chat) error { return s.call(ctx, nil, method, chat.ID) }
}

func leaveChat(ctx context.Context, s *session, chat api.Chat) error {
	if chat.ChatType == api.ChatPrivateGroup {
		return fail(exitUsage, errors.New("this is a private group: statusd groups leave"))
	}
	if err := s.call(ctx, nil, "wakuext_leave", chat); err != nil {
		return err
	}
	chat.Active = false
	return s.call(ctx, nil, "wakuext_saveChat", chat)
}

// deleteChat leaves first, so that nothing comes in any more.
func deleteChat(ctx context.Context, s *session, chat api.Chat) error {
	if chat.ChatType == api.ChatPrivateGroup {
		if err := s.call(ctx, nil, "wakuext_leaveGroupChat", chat.ID, true); err != nil {
			return err
		}
	} else if err := s.call(ctx, nil, "wakuext_leave", chat); err != nil {
		return err
	}
	if err := s.call(ctx, nil, "wakuext_deleteMessagesByChatID", chat.ID); err != nil {
		return err
	}
	return s.call(ctx, nil, "wakuext_deleteChat", chat.ID)
}

func (a *app) chatsJoin() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "join NAME", Short: "Join a public chat", Args: exactly(1, "the name of the chat, for instance '#tea'"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := strings.TrimPrefix(args[0], "#")
			if name == "" || strings.ContainsAny(name, " \t\n") {
				return usageError(fmt.Errorf("%q is no name of a public chat: want one word, for instance '#tea'", args[0]))
			}
			return a.within(cmd, c, func(ctx context.Context, s *session) error { return s.join(ctx, name) })
		},
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}

// join joins a public chat, which is saved first, as programs of the reference
// do.
func (s *session) join(ctx context.Context, name string) error {
	all, err := s.chats(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.ID == name && c.ChatType == api.ChatPublic {
			return nil
		}
	}
	chat := api.Chat{ID: name, Name: name, ChatType: api.ChatPublic, Active: true, Timestamp: time.Now().UnixMilli()}
	if err := s.call(ctx, nil, "wakuext_saveChat", chat); err != nil {
		return err
	}
	return s.call(ctx, nil, "wakuext_join", chat)
}

// recentFirst orders chats by their last activity.
func recentFirst(chats []api.Chat) {
	slices.SortStableFunc(chats, func(a, b api.Chat) int {
		return cmp.Or(cmp.Compare(b.Timestamp, a.Timestamp), cmp.Compare(a.ID, b.ID))
	})
}

func (a *app) listChats(ctx context.Context, s *session) error {
	chats, err := s.chats(ctx)
	if err != nil {
		return err
	}
	recentFirst(chats)
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	if a.output == outputJSON {
		for i := range chats {
			if err := a.printJSON(s.namedChat(&chats[i])); err != nil {
				return fail(exitIO, err)
			}
		}
		return nil
	}
	if len(chats) == 0 {
		fmt.Fprintln(a.err, "statusd: there are no chats yet; join one with: statusd chats join '#tea'")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CHAT\tUNREAD\tLAST\t")
	for i := range chats {
		chat, last := &chats[i], ""
		if m := chat.LastMessage; m != nil {
			last = millisText(m.WhisperTimestamp) + "  " + cut(s.said(m), 60)
		}
		muted := ""
		if chat.Muted {
			muted = " (muted)"
		}
		fmt.Fprintf(w, "%s%s\t%d\t%s\t\n", s.chatName(chat), muted, chat.UnviewedMessagesCount, last)
	}
	return fail(exitIO, w.Flush())
}

// cut shortens text to some characters.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
