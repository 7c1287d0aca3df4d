package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/internal/termtext"
	"statusd/messenger/naming"
)

func (a *app) contactsCommand() frame.Command {
	return listing(a.inSession(frame.Command{
		Use: "contacts", Short: "List contacts; add, name, block or remove one",
		Long: `Lists the people you know something of: those you added, those who added you,
those you gave a nickname and those you blocked. A person is given as a public
key in any form, or as @ and the nickname that you gave. What people call
themselves is shown as ~name with the key behind it, and finds nobody: anybody may
take any name.`,
		Example: "  statusd contacts add zQ3sh… --nickname ana\n  statusd contacts -o json",
		Commands: []frame.Command{
			a.contactsAdd(),
			a.inSession(frame.Command{
				Use: "nickname PERSON NAME", Short: `Give somebody a nickname, which only you see; "" takes it away`,
				Args: frame.Exactly(2, "the person and the nickname"),
			}, (*daemon).people, nickname),
			a.onContact("show PERSON", "Print all that is known of somebody", a.showContact),
			a.onContact("remove PERSON", "Take somebody out of the contacts", removeContact),
			a.onContact("block PERSON", "Delete somebody's messages, and take no more", blockContact),
			a.onContact("unblock PERSON", "Take messages of somebody again", unblockContact),
		},
	}, nil, a.listContacts), "List contacts, those with nicknames in their order")
}

// wantPerson says what is missing.
const wantPerson = "the person: zQ3sh…, 0x04… or @ and a nickname"

// onContact is a command that does one thing with one person.
func (a *app) onContact(use, short string, do func(context.Context, *session, api.Contact) error) frame.Command {
	return on(a, use, short, frame.Exactly(1, wantPerson), (*daemon).people, (*session).contact, do)
}

// contact returns what is known of a person, which may be the id alone.
func (s *session) contact(ctx context.Context, text string) (api.Contact, error) {
	id, err := s.person(ctx, text)
	if err != nil {
		return api.Contact{}, err
	}
	known, err := api.WakuextGetContactByID.Call(ctx, s, api.ContactIDArgs{ID: id})
	if err != nil {
		return api.Contact{}, err
	}
	if known == nil {
		known = &api.Contact{ID: id}
	}
	return *known, nil
}

func (s *session) saveContact(ctx context.Context, c api.Contact) error {
	return done(api.WakuextSaveContact.Call(ctx, s, api.SaveContactArgs{Contact: c.Settings()}))
}

func without(tags []api.SystemTag, tag api.SystemTag) []api.SystemTag {
	return slices.DeleteFunc(slices.Clone(tags), func(t api.SystemTag) bool { return t == tag })
}

func removeContact(ctx context.Context, s *session, c api.Contact) error {
	if !slices.Contains(c.SystemTags, api.TagAdded) {
		return fail(fault.BadInput, errors.New("this person is not among your contacts"))
	}
	c.SystemTags = without(c.SystemTags, api.TagAdded)
	return s.saveContact(ctx, c)
}

func blockContact(ctx context.Context, s *session, c api.Contact) error {
	block := api.BlockedContact{ID: c.ID, LocalNickname: c.LocalNickname}
	return done(api.WakuextBlockContact.Call(ctx, s, api.BlockContactArgs{Contact: block}))
}

func unblockContact(ctx context.Context, s *session, c api.Contact) error {
	if !slices.Contains(c.SystemTags, api.TagBlocked) {
		return fail(fault.BadInput, errors.New("this person is not blocked"))
	}
	c.SystemTags = without(c.SystemTags, api.TagBlocked)
	return s.saveContact(ctx, c)
}

func (a *app) contactsAdd() frame.Command {
	return frame.Command{
		Use: "add PERSON", Short: "Add somebody to the contacts, and let them know", Args: frame.Exactly(1, wantPerson),
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			fs.CompleteArgs(c.people())
			var nickname, name string
			fs.Var(&nickname, "nickname", "what you call them; they do not see it")
			fs.Var(&name, "as", "the name that they see of you, ending in .eth")
			return c.within(func(ctx context.Context, s *session, args []string) error {
				known, err := s.contact(ctx, args[0])
				if err != nil {
					return err
				}
				known.SystemTags = append(without(known.SystemTags, api.TagAdded), api.TagAdded)
				if nickname != "" {
					known.LocalNickname = nickname
				}
				if err := s.saveContact(ctx, known); err != nil {
					return err
				}
				update := api.ContactUpdateArgs{ID: known.ID, EnsName: name}
				return done(api.WakuextSendContactUpdate.Call(ctx, s, update))
			})
		},
	}
}

func nickname(ctx context.Context, s *session, args []string) error {
	known, err := s.contact(ctx, args[0])
	if err != nil {
		return err
	}
	known.LocalNickname = args[1]
	return s.saveContact(ctx, known)
}

func (a *app) listContacts(ctx context.Context, s *session, _ []string) error {
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	var all []api.Contact
	for _, c := range s.known() {
		if len(c.SystemTags) > 0 || c.LocalNickname != "" || c.EnsVerified {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b api.Contact) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.LocalNickname), strings.ToLower(b.LocalNickname)),
			cmp.Compare(a.ID, b.ID))
	})
	shown := make([]api.ShownContact, len(all))
	for i := range all {
		shown[i] = s.shownContact(&all[i])
	}
	return printList(a, shown, "there are no contacts yet; add one with: statusd contacts add zQ3sh…",
		frame.Col("NAME", func(c api.ShownContact) string { return s.nameOf(c.ID, "") }),
		frame.Col("STATE", func(c api.ShownContact) string { return contactState(c.Contact) }),
		frame.IDs("KEY", func(c api.ShownContact) string { return naming.Key(c.ID) }),
	)
}

// contactState says how we and a person stand to each other.
func contactState(c *api.Contact) string {
	added := slices.Contains(c.SystemTags, api.TagAdded)
	asked := slices.Contains(c.SystemTags, api.TagRequestReceived)
	switch {
	case slices.Contains(c.SystemTags, api.TagBlocked):
		return "blocked"
	case added && asked:
		return "mutual"
	case added:
		return "added"
	case asked:
		return "added you"
	}
	return "-"
}

func (a *app) showContact(ctx context.Context, s *session, c api.Contact) error {
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	if a.output == outputJSON {
		return fail(fault.IO, a.printJSON(s.shownContact(&c)))
	}
	rows := [][]string{
		{"name", s.nameOf(c.ID, "")}, {"state", contactState(&c)}, {"key", naming.Key(c.ID)}, {"id", c.ID},
	}
	if c.Address != "" {
		rows = append(rows, []string{"address", c.Address})
	}
	if c.Name != "" {
		verified := "not verified"
		if c.EnsVerified {
			verified = "verified"
		}
		if warning := s.names().Warning(c.Name, c.ID); warning != "" && c.ID != s.me() {
			verified += "; " + warning
		}
		rows = append(rows, []string{"own name", fmt.Sprintf("~%s (%s)", termtext.Line(c.Name), verified)})
	}
	return a.raw(frame.Align(rows))
}
