package messenger

import (
	"context"
	"slices"

	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/naming"
)

// Groups lists the private groups, in the words of signal-cli. id is that of
// the only one wanted, "" for all.
func (s *Mail) Groups(ctx context.Context, id string) ([]api.ListedGroup, error) {
	list, err := s.chats.List(ctx)
	out := []api.ListedGroup{}
	for _, c := range list {
		if c.ChatType != api.ChatPrivateGroup || id != "" && c.ID != id {
			continue
		}
		g := api.ListedGroup{
			ID: c.ID, Name: c.Name, IsMember: c.Active, Members: []api.GroupMember{}, PendingMembers: []api.GroupMember{},
			Admins: []api.GroupMember{},
		}
		for _, member := range c.Members {
			n := api.GroupMember{Number: member.ID}
			if member.Joined {
				g.Members = append(g.Members, n)
			} else {
				g.PendingMembers = append(g.PendingMembers, n)
			}
			if member.Admin {
				g.Admins = append(g.Admins, n)
			}
		}
		out = append(out, g)
	}
	return out, err
}

// Contacts lists people, in the words of signal-cli. id is that of the only
// one wanted, "" for all.
func (s *Mail) Contacts(ctx context.Context, id string) ([]api.ListedContact, error) {
	list, err := s.contacts.List(ctx)
	names := naming.New("", list, nil)
	out := []api.ListedContact{}
	for _, c := range list {
		if id != "" && c.ID != id {
			continue
		}
		name := c.LocalNickname
		if name == "" && c.Name != "" {
			name = names.Person(c.ID, "")
		}
		out = append(out, api.ListedContact{
			Number: c.ID, Name: name, NameGivenBy: c.NameGivenBy, Alias: c.Alias,
			IsBlocked: slices.Contains(c.SystemTags, api.TagBlocked), IsAdded: slices.Contains(c.SystemTags, api.TagAdded),
		})
	}
	return out, err
}

// known is what a transaction knows of people and chats.
type known struct {
	tx   *store.Tx
	self string // our own contact id
}

// Chat implements naming.Directory.
func (k known) Chat(id string) (naming.Kind, bool, error) {
	chat, found, err := k.tx.Chats().ByID(id)
	kind := naming.KindOf(api.ChatType(chat.Type))
	return kind, found && !chat.Deleted && kind != "", err
}

// Groups implements naming.Directory.
func (k known) Groups(name string) ([]naming.NamedGroup, error) {
	list, err := k.tx.Chats().GroupsNamed(name, maxNamed)
	out := make([]naming.NamedGroup, 0, len(list))
	for i := range list {
		joined := slices.ContainsFunc(list[i].Members, func(m store.Member) bool { return m.ID == k.self && m.Joined })
		out = append(out, naming.NamedGroup{ID: list[i].ID, Joined: joined})
	}
	return out, err
}

// maxNamed bounds the groups of one name that are looked at.
const maxNamed = 100

// Nicknamed implements naming.Directory.
func (k known) Nicknamed(nickname string) ([]string, error) {
	list, err := k.tx.Contacts().ByNickname(nickname)
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].ID
	}
	return out, err
}
