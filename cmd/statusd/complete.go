package main

import (
	"context"
	"slices"
	"strings"

	"statusd/accounts/mnemonic"
	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/internal/termtext"
	"statusd/messenger/naming"
)

// What shells offer: what the daemon knows is asked for at the daemon that the
// flags of the line name. Where none answers, nothing is offered.

const languageUsage = "of the phrase, such as french; needed only if it is valid in several"

func languages(context.Context) (names []string) {
	for _, l := range mnemonic.Languages() {
		names = append(names, l.Key())
	}
	return names
}

// candidate is a word to offer, and what it stands for.
func candidate(word, means string) string {
	word = termtext.Line(word)
	if means = termtext.Line(means); means == "" || means == word {
		return word
	}
	return word + "\t" + means
}

// inNames lists what a session with names offers.
func (c *daemon) inNames(offer func(*session) []string) frame.Completer {
	return func(ctx context.Context) []string {
		s, err := c.open(ctx)
		if err != nil {
			return nil
		}
		defer s.Close()
		if s.readContacts(ctx) != nil {
			return nil
		}
		return offer(s)
	}
}

// chats offers the chats by what send and messages call them.
func (c *daemon) chats() frame.Completer { return c.inNames((*session).offerChats) }

// groups offers the private groups.
func (c *daemon) groups() frame.Completer {
	return c.inNames(func(s *session) []string { return s.offer(api.ChatPrivateGroup) })
}

// publicChats offers the public chats by their bare names.
func (c *daemon) publicChats() frame.Completer {
	return c.inNames(func(s *session) (found []string) {
		for _, word := range s.offer(api.ChatPublic) {
			found = append(found, strings.TrimPrefix(word, "#"))
		}
		return found
	})
}

// people offers the persons that have nicknames, and keys of the other
// contacts.
func (c *daemon) people() frame.Completer { return c.inNames((*session).offerPeople) }

// recipients offers chats and people.
func (c *daemon) recipients() frame.Completer {
	return c.inNames(func(s *session) []string { return unique(append(s.offerPeople(), s.offerChats()...)) })
}

// groupsAndPeople offers groups, and who may be in them.
func (c *daemon) groupsAndPeople() frame.Completer {
	return c.inNames(func(s *session) []string { return append(s.offer(api.ChatPrivateGroup), s.offerPeople()...) })
}

func (s *session) offerChats() []string {
	return s.offer(api.ChatPublic, api.ChatPrivateGroup, api.ChatOneToOne)
}

// offer lists chats of some kinds.
func (s *session) offer(kinds ...api.ChatType) (found []string) {
	chats := s.listed()
	for _, kind := range kinds {
		for i := range chats {
			if c := &chats[i]; c.ChatType == kind {
				found = append(found, candidate(s.callIt(c), s.chatName(c)))
			}
		}
	}
	return found
}

// callIt is by what a chat can be named: its name where that finds it, else
// its id.
func (s *session) callIt(c *api.Chat) string {
	word := c.ID
	switch c.ChatType {
	case api.ChatPublic:
		word = "#" + c.ID
	case api.ChatPrivateGroup:
		word = c.Name
	case api.ChatOneToOne:
		return s.callPerson(c.ID)
	}
	if found, err := s.names().Find(word); err != nil || found.ID != c.ID || termtext.Line(word) != word {
		return c.ID
	}
	return word
}

// callPerson is by what a person can be named: a nickname that finds him, or
// his key.
func (s *session) callPerson(id string) string {
	if nick := s.known()[id].LocalNickname; nick != "" {
		found, err := s.names().FindKind(naming.Person, "@"+nick)
		if err == nil && found.ID == id && termtext.Line(nick) == nick {
			return "@" + nick
		}
	}
	return naming.Key(id)
}

func (s *session) offerPeople() (found []string) {
	for id, c := range s.known() {
		if len(c.SystemTags) > 0 || c.LocalNickname != "" {
			found = append(found, candidate(s.callPerson(id), s.nameOf(id, "")))
		}
	}
	return unique(found)
}

// unique sorts words and leaves each out that was there before.
func unique(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

// accounts offers the accounts of the daemon by name, or by key-uid where that
// is not unique.
func (c *daemon) accounts() frame.Completer {
	return func(ctx context.Context) (found []string) {
		list, err := api.AccountList.Call(ctx, c, api.None{})
		if err != nil {
			return nil
		}
		times := make(map[string]int, len(list))
		for _, l := range list {
			times[l.Name]++
		}
		for _, l := range list {
			word := l.Name
			if word == "" || times[word] > 1 {
				word = l.KeyUID
			}
			found = append(found, candidate(word, naming.Short(l.CompressedKey)))
		}
		return found
	}
}

// tokens offers the tokens by name.
func (c *daemon) tokens() frame.Completer {
	return func(ctx context.Context) (found []string) {
		list, err := api.AdminTokenList.Call(ctx, c, api.None{})
		if err != nil {
			return nil
		}
		for _, t := range list {
			found = append(found, candidate(t.Name, joined(t.Scopes, ",")))
		}
		return found
	}
}

// devices offers the devices of the account by id.
func (c *daemon) devices() frame.Completer {
	return func(ctx context.Context) (found []string) {
		s, err := c.open(ctx)
		if err != nil {
			return nil
		}
		defer s.Close()
		list, err := s.devices(ctx)
		if err != nil {
			return nil
		}
		for _, d := range list {
			found = append(found, candidate(d.ID, deviceName(d)))
		}
		return found
	}
}
