package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"statusd/api"
)

// groupAction is a subcommand that changes a private group. people says that
// the arguments after the group are persons.
type groupAction struct {
	use, short, need string
	least            int // arguments after the group
	most             int
	people           bool
	do               func(ctx context.Context, s *session, group api.Chat, args []string) error
}

func (a *app) groupsCommand() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "groups", Short: "List private groups; create, invite, join, leave, rename", Args: noArguments,
		Long: `Works on private groups. Who was invited is a member at once, and takes part
after joining. A group is given by its id or, where that is unique, its name.`,
		Example: "  statusd groups create 'tea party' @ana zQ3sh…\n  statusd groups join 'tea party'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.within(cmd, c, a.listGroups)
		},
	}
	c = a.newClient(cmd, time.Minute)
	cmd.AddCommand(a.groupsCreate(), a.groupsLeave())
	const some = 1000
	for _, action := range []groupAction{
		{"members GROUP", "List the members", "the group", 0, 0, false, a.listMembers},
		{"join GROUP", "Accept the invitation to a group", "the group", 0, 0, false, joinGroup},
		{"invite GROUP PERSON...", "Invite people", "the group and the people", 1, some, true, inviteToGroup},
		{"remove GROUP PERSON", "Remove a member", "the group and the member", 1, 1, true, removeFromGroup},
		{"admin GROUP PERSON...", "Make members admins", "the group and the members", 1, some, true, makeAdmins},
		{"rename GROUP NAME", "Give a group another name", "the group and the name", 1, 1, false, renameGroup},
	} {
		cmd.AddCommand(a.groupAction(action))
	}
	return cmd
}

func (a *app) groupAction(action groupAction) *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: action.use, Short: action.short,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) < 1+action.least:
				return usageError(fmt.Errorf("missing argument: %s; see: statusd groups", action.need))
			case len(args) > 1+action.most:
				return usageError(fmt.Errorf("unexpected argument %q", args[1+action.most]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.within(cmd, c, func(ctx context.Context, s *session) error {
				group, err := s.group(ctx, args[0])
				if err != nil {
					return err
				}
				rest := args[1:]
				if action.people {
					if rest, err = s.people(ctx, rest); err != nil {
						return err
					}
				}
				return action.do(ctx, s, group, rest)
			})
		},
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}

func joinGroup(ctx context.Context, s *session, group api.Chat, _ []string) error {
	return s.call(ctx, nil, "wakuext_confirmJoiningGroup", group.ID)
}

func inviteToGroup(ctx context.Context, s *session, group api.Chat, people []string) error {
	return s.call(ctx, nil, "wakuext_addMembersToGroupChat", group.ID, people)
}

func removeFromGroup(ctx context.Context, s *session, group api.Chat, people []string) error {
	return s.call(ctx, nil, "wakuext_removeMemberFromGroupChat", group.ID, people[0])
}

func makeAdmins(ctx context.Context, s *session, group api.Chat, people []string) error {
	return s.call(ctx, nil, "wakuext_addAdminsToGroupChat", group.ID, people)
}

func renameGroup(ctx context.Context, s *session, group api.Chat, args []string) error {
	return s.call(ctx, nil, "wakuext_changeGroupChatName", group.ID, args[0])
}

func (a *app) groupsCreate() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "create NAME PERSON...", Short: "Make a group and invite people; prints its id",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "" {
				return usageError(errors.New("missing argument: the name of the group"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.within(cmd, c, func(ctx context.Context, s *session) error {
				members, err := s.people(ctx, args[1:])
				if err != nil {
					return err
				}
				var made api.Changes
				if err := s.call(ctx, &made, "wakuext_createGroupChatWithMembers", args[0], members); err != nil {
					return err
				}
				if len(made.Chats) != 1 {
					return fail(exitProtocol, errors.New("the daemon's answer has no group"))
				}
				if a.output == outputJSON {
					return fail(exitIO, a.printJSON(made.Chats[0]))
				}
				_, err = fmt.Fprintln(a.out, made.Chats[0].ID)
				return fail(exitIO, err)
			})
		},
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}

func (a *app) groupsLeave() *cobra.Command {
	var c *client
	var remove bool
	cmd := &cobra.Command{
		Use: "leave GROUP", Short: "Leave a group", Args: exactly(1, "the group; see: statusd groups"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.within(cmd, c, func(ctx context.Context, s *session) error {
				group, err := s.group(ctx, args[0])
				if err != nil {
					return err
				}
				return s.call(ctx, nil, "wakuext_leaveGroupChat", group.ID, remove)
			})
		},
	}
	c = a.newClient(cmd, time.Minute)
	cmd.Flags().BoolVar(&remove, "remove", false, "take it out of the list of chats, too")
	return cmd
}

func (a *app) listGroups(ctx context.Context, s *session) error {
	chats, err := s.chats(ctx)
	if err != nil {
		return err
	}
	recentFirst(chats)
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	shown := 0
	for i := range chats {
		g := &chats[i]
		if g.ChatType != api.ChatPrivateGroup {
			continue
		}
		if shown++; a.output == outputJSON {
			if err := a.printJSON(s.namedChat(g)); err != nil {
				return fail(exitIO, err)
			}
			continue
		}
		if shown == 1 {
			fmt.Fprintln(w, "NAME\tMEMBERS\tYOU\tUNREAD\tID\t")
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%s\t\n", s.chatName(g), len(g.Members), s.roleIn(g),
			g.UnviewedMessagesCount, g.ID)
	}
	if shown == 0 && a.output != outputJSON {
		fmt.Fprintln(a.err, "statusd: there are no groups yet; make one with: statusd groups create NAME PERSON...")
	}
	return fail(exitIO, w.Flush())
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
	if a.output == outputJSON {
		for _, m := range group.Members {
			if err := a.printJSON(s.namedMember(m)); err != nil {
				return fail(exitIO, err)
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATE\tKEY\t")
	for _, m := range group.Members {
		fmt.Fprintf(w, "%s\t%s\t%s\t\n", s.nameOf(m.ID, ""), memberState(m), keyText(m.ID))
	}
	return fail(exitIO, w.Flush())
}
