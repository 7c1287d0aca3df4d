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

	"statusd/accounts/contact"
	"statusd/api"
	"statusd/internal/termtext"
)

func (a *app) contactsCommand() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "contacts", Short: "List contacts; add, name, block or remove one", Args: noArguments,
		Long: `Lists the people you know something of: those you added, those who added you,
those you gave a nickname and those you blocked. A person is given as a public
key in any form, or as @ and the nickname that you gave. What people call
themselves is shown as ~name with the key behind it, and finds nobody: anybody may
take any name.`,
		Example: "  statusd contacts add zQ3sh… --nickname ana\n  statusd contacts -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.within(cmd, c, a.listContacts)
		},
	}
	c = a.newClient(cmd, time.Minute)
	cmd.AddCommand(a.contactsAdd(), a.contactsName())
	for _, action := range []contactAction{
		{"show PERSON", "Print all that is known of somebody", a.showContact},
		{"remove PERSON", "Take somebody out of the contacts", removeContact},
		{"block PERSON", "Delete somebody's messages, and take no more", blockContact},
		{"unblock PERSON", "Take messages of somebody again", unblockContact},
	} {
		cmd.AddCommand(a.contactAction(action))
	}
	return cmd
}

// contactAction is a subcommand that does one thing with one person.
type contactAction struct {
	use, short string
	do         func(context.Context, *session, api.Contact) error
}

// needPerson names what is missing.
func needPerson() cobra.PositionalArgs {
	return exactly(1, "the person: zQ3sh…, 0x04… or @ and a nickname")
}

func (a *app) contactAction(action contactAction) *cobra.Command {
	return actionOn(a, action.use, action.short, needPerson(), (*session).contact, action.do)
}

// contact returns what is known of a person, which may be the id alone.
func (s *session) contact(ctx context.Context, text string) (api.Contact, error) {
	id, err := s.person(ctx, text)
	if err != nil {
		return api.Contact{}, err
	}
	var known *api.Contact
	if err := s.call(ctx, &known, "wakuext_getContactByID", id); err != nil {
		return api.Contact{}, err
	}
	if known == nil {
		known = &api.Contact{ID: id}
	}
	return *known, nil
}

func without(tags []api.SystemTag, tag api.SystemTag) []api.SystemTag {
	return slices.DeleteFunc(slices.Clone(tags), func(t api.SystemTag) bool { return t == tag })
}

func removeContact(ctx context.Context, s *session, c api.Contact) error {
	if !slices.Contains(c.SystemTags, api.TagAdded) {
		return fail(exitData, errors.New("this person is not among your contacts"))
	}
	c.SystemTags = without(c.SystemTags, api.TagAdded)
	return s.call(ctx, nil, "wakuext_saveContact", c)
}

func blockContact(ctx context.Context, s *session, c api.Contact) error {
	c.SystemTags = append(without(without(c.SystemTags, api.TagAdded), api.TagBlocked), api.TagBlocked)
	return s.call(ctx, nil, "wakuext_blockContact", c)
}

func unblockContact(ctx context.Context, s *session, c api.Contact) error {
	if !slices.Contains(c.SystemTags, api.TagBlocked) {
		return fail(exitData, errors.New("this person is not blocked"))
	}
	c.SystemTags = without(c.SystemTags, api.TagBlocked)
	return s.call(ctx, nil, "wakuext_saveContact", c)
}

func (a *app) contactsAdd() *cobra.Command {
	var c *client
	var nickname, name string
	cmd := &cobra.Command{
		Use: "add PERSON", Short: "Add somebody to the contacts, and let them know", Args: needPerson(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.within(cmd, c, func(ctx context.Context, s *session) error {
				known, err := s.contact(ctx, args[0])
				if err != nil {
					return err
				}
				known.SystemTags = append(without(known.SystemTags, api.TagAdded), api.TagAdded)
				if nickname != "" {
					known.LocalNickname = nickname
				}
				if err := s.call(ctx, nil, "wakuext_saveContact", known); err != nil {
					return err
				}
				return s.call(ctx, nil, "wakuext_sendContactUpdate", known.ID, name, "")
			})
		},
	}
	c = a.newClient(cmd, time.Minute)
	cmd.Flags().StringVar(&nickname, "nickname", "", "what you call them; they do not see it")
	cmd.Flags().StringVar(&name, "as", "", "the name that they see of you, ending in .eth")
	return cmd
}

func (a *app) contactsName() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "nickname PERSON NAME", Short: `Give somebody a nickname, which only you see; "" takes it away`,
		Args: exactly(2, "the person and the nickname"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.within(cmd, c, func(ctx context.Context, s *session) error {
				known, err := s.contact(ctx, args[0])
				if err != nil {
					return err
				}
				known.LocalNickname = args[1]
				return s.call(ctx, nil, "wakuext_saveContact", known)
			})
		},
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}

func (a *app) listContacts(ctx context.Context, s *session) error {
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
	if a.output == outputJSON {
		for i := range all {
			if err := a.printJSON(s.namedContact(&all[i])); err != nil {
				return fail(exitIO, err)
			}
		}
		return nil
	}
	if len(all) == 0 {
		fmt.Fprintln(a.err, "statusd: there are no contacts yet; add one with: statusd contacts add zQ3sh…")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATE\tKEY\t")
	for i := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t\n", s.nameOf(all[i].ID, ""), contactState(&all[i]), keyText(all[i].ID))
	}
	return fail(exitIO, w.Flush())
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

// keyText is a contact id in the form that people exchange.
func keyText(id string) string {
	if c, err := contact.Parse(id); err == nil && c.Name == "" {
		return contact.Text(c.Key)
	}
	return id
}

func (a *app) showContact(ctx context.Context, s *session, c api.Contact) error {
	if err := s.readContacts(ctx); err != nil {
		return err
	}
	if a.output == outputJSON {
		return fail(exitIO, a.printJSON(s.namedContact(&c)))
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "name\t%s\nstate\t%s\nkey\t%s\nid\t%s\n", s.nameOf(c.ID, ""), contactState(&c), keyText(c.ID), c.ID)
	if c.Address != "" {
		fmt.Fprintf(w, "address\t%s\n", c.Address)
	}
	if c.Name != "" {
		verified := "not verified"
		if c.EnsVerified {
			verified = "verified"
		}
		if warning := s.names().Warning(c.Name, c.ID); warning != "" && c.ID != s.me() {
			verified += "; " + warning
		}
		fmt.Fprintf(w, "own name\t~%s (%s)\n", termtext.Line(c.Name), verified)
	}
	return fail(exitIO, w.Flush())
}
