package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/messenger/naming"
)

func (a *app) groupsCommand() frame.Command {
	return listing(a.inSession(frame.Command{
		Use: "groups", Short: "List private groups; create, invite, join, leave, rename",
		Long: `Works on private groups. Who was invited is a member at once, and takes part
after joining. A group is given by its id or, where that is unique, its name.`,
		Example: "  statusd groups create 'tea party' @ana zQ3sh…\n  statusd groups join 'tea party'",
		Commands: []frame.Command{
			a.inSession(frame.Command{
				Use: "create NAME [PERSON...]", Short: "Make a group and invite people; prints its id",
				Args: frame.AtLeast(1, "the name of the group"),
			}, (*daemon).people, a.createGroup),
			a.groupsLeave(),
			a.onGroup("members GROUP", "List the members", frame.Exactly(1, wantGroup), a.listMembers),
			a.onGroup("join GROUP", "Accept the invitation to a group", frame.Exactly(1, wantGroup), joinGroup),
			a.onGroup("invite GROUP PERSON...", "Invite people", frame.AtLeast(2, "the group and the people"+seeGroups),
				withPeople(inviteToGroup)),
			a.onGroup("remove GROUP PERSON", "Remove a member", frame.Exactly(2, "the group and the member"+seeGroups),
				withPeople(removeFromGroup)),
			a.onGroup("admin GROUP PERSON...", "Make members admins", frame.AtLeast(2, "the group and the members"+seeGroups),
				withPeople(makeAdmins)),
			a.onGroup("rename GROUP NAME", "Give a group another name", frame.Exactly(2, "the group and the name"+seeGroups),
				renameGroup),
		},
	}, nil, a.listGroups), "List private groups, the one last used first")
}

// What is missing where a group was not named.
const (
	seeGroups = "; see: statusd groups"
	wantGroup = "the group" + seeGroups
)

// groupWork does one thing with a group. args are what stands behind it.
type groupWork func(ctx context.Context, s *session, group api.Chat, args []string) error

// onGroup is a command that does one thing with a group.
func (a *app) onGroup(use, short string, want frame.Args, do groupWork) frame.Command {
	c := frame.Command{Use: use, Short: short, Args: want}
	return a.inSession(c, (*daemon).groupsAndPeople, func(ctx context.Context, s *session, args []string) error {
		group, err := s.group(ctx, args[0])
		if err != nil {
			return err
		}
		return do(ctx, s, group, args[1:])
	})
}

// withPeople is for work whose arguments are persons: it gets their ids.
func withPeople(do groupWork) groupWork {
	return func(ctx context.Context, s *session, group api.Chat, args []string) error {
		ids, err := s.people(ctx, args)
		if err != nil {
			return err
		}
		return do(ctx, s, group, ids)
	}
}

func joinGroup(ctx context.Context, s *session, group api.Chat, _ []string) error {
	return done(api.WakuextConfirmJoiningGroup.Call(ctx, s, api.GroupArgs{ChatID: group.ID}))
}

func inviteToGroup(ctx context.Context, s *session, group api.Chat, people []string) error {
	return done(api.WakuextAddMembersToGroupChat.Call(ctx, s, api.GroupMembersArgs{ChatID: group.ID, IDs: people}))
}

func removeFromGroup(ctx context.Context, s *session, group api.Chat, people []string) error {
	gone := api.GroupMemberArgs{ChatID: group.ID, ID: people[0]}
	return done(api.WakuextRemoveMemberFromGroupChat.Call(ctx, s, gone))
}

func makeAdmins(ctx context.Context, s *session, group api.Chat, people []string) error {
	return done(api.WakuextAddAdminsToGroupChat.Call(ctx, s, api.GroupMembersArgs{ChatID: group.ID, IDs: people}))
}

func renameGroup(ctx context.Context, s *session, group api.Chat, args []string) error {
	return done(api.WakuextChangeGroupChatName.Call(ctx, s, api.RenameGroupArgs{ChatID: group.ID, Name: args[0]}))
}

func (a *app) createGroup(ctx context.Context, s *session, args []string) error {
	if args[0] == "" {
		return usageError(errors.New("missing argument: the name of the group"))
	}
	members, err := s.people(ctx, args[1:])
	if err != nil {
		return err
	}
	made, err := api.WakuextCreateGroupChatWithMembers.Call(ctx, s, api.CreateGroupArgs{Name: args[0], IDs: members})
	if err != nil {
		return err
	}
	if len(made.Chats) != 1 {
		return fail(fault.Protocol, errors.New("the daemon's answer has no group"))
	}
	return a.say(made.Chats[0].ID, made.Chats[0])
}

func (a *app) groupsLeave() frame.Command {
	return frame.Command{
		Use: "leave GROUP", Short: "Leave a group", Args: frame.Exactly(1, wantGroup),
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			fs.CompleteArgs(c.groups())
			remove := false
			fs.Var(&remove, "remove", "take it out of the list of chats, too")
			return c.within(func(ctx context.Context, s *session, args []string) error {
				group, err := s.group(ctx, args[0])
				if err != nil {
					return err
				}
				leave := api.LeaveGroupArgs{ChatID: group.ID, Remove: remove}
				return done(api.WakuextLeaveGroupChat.Call(ctx, s, leave))
			})
		},
	}
}

func (a *app) listGroups(ctx context.Context, s *session, _ []string) error {
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	chats := recentFirst(s.listed())
	var shown []api.ShownChat
	for i := range chats {
		if chats[i].ChatType == api.ChatPrivateGroup {
			shown = append(shown, s.shownChat(&chats[i]))
		}
	}
	return printList(a, shown, "there are no groups yet; make one with: statusd groups create NAME PERSON",
		frame.Col("NAME", func(c api.ShownChat) string { return c.DisplayName }),
		frame.Col("MEMBERS", func(c api.ShownChat) string { return fmt.Sprint(len(c.Members)) }),
		frame.Col("YOU", func(c api.ShownChat) string { return s.roleIn(c.Chat) }),
		frame.Col("UNREAD", func(c api.ShownChat) string { return fmt.Sprint(c.UnviewedMessagesCount) }),
		frame.IDs("ID", func(c api.ShownChat) string { return c.ID }),
	)
}

// roleIn says what we are in a group.
func (s *session) roleIn(group *api.Chat) string {
	for _, m := range group.Members {
		if m.ID == s.me() {
			return memberState(m)
		}
	}
	return "not a member"
}

func memberState(m api.Member) string {
	switch {
	case m.Admin:
		return "admin"
	case m.Joined:
		return "member"
	}
	return "invited"
}

func (a *app) listMembers(ctx context.Context, s *session, group api.Chat, _ []string) error {
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	shown := make([]api.ShownMember, len(group.Members))
	for i, m := range group.Members {
		shown[i] = s.shownMember(m)
	}
	return printList(a, shown, "",
		frame.Col("NAME", func(m api.ShownMember) string { return m.DisplayName }),
		frame.Col("STATE", func(m api.ShownMember) string { return memberState(m.Member) }),
		frame.IDs("KEY", func(m api.ShownMember) string { return naming.Key(m.ID) }),
	)
}
