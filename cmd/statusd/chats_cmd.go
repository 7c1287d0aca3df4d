package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

func (a *app) chatsCommand() frame.Command {
	return listing(a.inSession(frame.Command{
		Use: "chats", Short: "List the chats; join, leave, mute or delete one",
		Example: "  statusd chats\n  statusd chats join '#tea'",
		Commands: []frame.Command{
			a.inSession(frame.Command{
				Use: "join NAME", Short: "Join a public chat", Args: frame.Exactly(1, "the name of the chat, for instance '#tea'"),
			}, nil, joinChat),
			a.onChat("leave CHAT", "Stop to listen to a public chat", leaveChat),
			a.onChat("mute CHAT", "Do not count a chat's messages as unread", onChatID(api.WakuextMuteChat)),
			a.onChat("unmute CHAT", "Take mute back", onChatID(api.WakuextUnmuteChat)),
			a.onChat("read CHAT", "Mark all messages of a chat as read", onChatID(api.WakuextMarkAllRead)),
			a.onChat("delete CHAT", "Delete a chat with its messages from this device", onChatID(api.StatusDeleteChat)),
		},
	}, nil, a.listChats), "List the chats, the one last used first")
}

// onChat is a command that does one thing with one chat.
func (a *app) onChat(use, short string, do func(context.Context, *session, api.Chat) error) frame.Command {
	want := frame.Exactly(1, "the chat, for instance '#tea'; see: statusd chats")
	return on(a, use, short, want, (*daemon).chats, (*session).chat, do)
}

// onChatID calls a method that needs to know the chat alone.
func onChatID(method api.Method[api.ChatIDArgs, api.None]) func(context.Context, *session, api.Chat) error {
	return func(ctx context.Context, s *session, chat api.Chat) error {
		return done(method.Call(ctx, s, api.ChatIDArgs{ChatID: chat.ID}))
	}
}

func leaveChat(ctx context.Context, s *session, chat api.Chat) error {
	if chat.ChatType == api.ChatPrivateGroup {
		return fail(fault.Usage, errors.New("this is a private group: statusd groups leave"))
	}
	if _, err := api.WakuextLeave.Call(ctx, s, api.ChatArgs{Chat: api.ChatRef{ID: chat.ID}}); err != nil {
		return err
	}
	chat.Active = false
	return done(api.WakuextSaveChat.Call(ctx, s, api.SaveChatArgs{Chat: chat.Settings()}))
}

func joinChat(ctx context.Context, s *session, args []string) error {
	name := strings.TrimPrefix(args[0], "#")
	if name == "" || strings.ContainsAny(name, " \t\n") {
		return usageError(fmt.Errorf("%q is no name of a public chat: want one word, for instance '#tea'", args[0]))
	}
	return s.join(ctx, name)
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
	chat := api.ChatSettings{ID: name, Name: name, ChatType: api.ChatPublic, Active: true}
	if _, err := api.WakuextSaveChat.Call(ctx, s, api.SaveChatArgs{Chat: chat}); err != nil {
		return err
	}
	return done(api.WakuextJoin.Call(ctx, s, api.ChatArgs{Chat: api.ChatRef{ID: name}}))
}

// recentFirst returns chats in the order of their last activity.
func recentFirst(chats []api.Chat) []api.Chat {
	chats = slices.Clone(chats)
	slices.SortStableFunc(chats, func(a, b api.Chat) int {
		return cmp.Or(cmp.Compare(b.Timestamp, a.Timestamp), cmp.Compare(a.ID, b.ID))
	})
	return chats
}

func (a *app) listChats(ctx context.Context, s *session, _ []string) error {
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	chats := recentFirst(s.listed())
	shown := make([]api.ShownChat, len(chats))
	for i := range chats {
		shown[i] = s.shownChat(&chats[i])
	}
	return printList(a, shown, "there are no chats yet; join one with: statusd chats join '#tea'",
		frame.Col("CHAT", func(c api.ShownChat) string {
			if c.Muted {
				return c.DisplayName + " (muted)"
			}
			return c.DisplayName
		}),
		frame.Col("UNREAD", func(c api.ShownChat) string { return fmt.Sprint(c.UnviewedMessagesCount) }),
		frame.Col("LAST", func(c api.ShownChat) string {
			if c.LastMessage == nil {
				return ""
			}
			return millisText(c.LastMessage.WhisperTimestamp) + "  " + frame.Cut(s.said(c.LastMessage), 60)
		}),
	)
}
