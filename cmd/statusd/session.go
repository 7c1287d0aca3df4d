package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"statusd/accounts/contact"
	"statusd/api"
	"statusd/fault"
	"statusd/messenger/naming"
)

// session is one connection to the daemon, for commands about people and
// chats, which make several calls.
type session struct {
	*connection

	mu       sync.RWMutex
	contacts map[string]api.Contact // by id; nil before they are read
	chatList []api.Chat             // those that are not closed
	self     string                 // our own id
	called   *naming.Names          // what they are called
}

// open connects to the daemon. What these commands carry is private: they do
// not go where others could read them.
func (c *daemon) open(ctx context.Context) (*session, error) {
	if err := c.private("messages are not sent to %s, where others could read them"); err != nil {
		return nil, err
	}
	conn, err := c.endpoint.dial(ctx)
	if err != nil {
		return nil, err
	}
	return &session{connection: conn}, nil
}

// chats asks for the chats that are not closed.
func (s *session) chats(ctx context.Context) ([]api.Chat, error) {
	all, err := api.WakuextChats.Call(ctx, s, api.None{})
	if err != nil {
		return nil, err
	}
	active := all[:0]
	for _, c := range all {
		if c.Active {
			active = append(active, c)
		}
	}
	return active, nil
}

// resolve asks the daemon what a name means. kind is what it has to mean, ""
// for anything.
func (s *session) resolve(ctx context.Context, text string, kind api.NameKind) (api.Resolved, error) {
	return api.StatusResolve.Call(ctx, s, api.ResolveArgs{Name: text, Kind: kind})
}

// person returns the contact id of somebody: a public key in any form, or @
// and the nickname that we gave. What people call themselves finds nobody.
func (s *session) person(ctx context.Context, text string) (string, error) {
	found, err := s.resolve(ctx, text, api.NamePerson)
	return found.ID, err
}

// people resolves several persons.
func (s *session) people(ctx context.Context, texts []string) ([]string, error) {
	ids := make([]string, len(texts))
	for i, text := range texts {
		id, err := s.person(ctx, text)
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return ids, nil
}

// chat finds a chat by what people call it: #name, the id or the name of a
// group, a person.
func (s *session) chat(ctx context.Context, text string) (api.Chat, error) {
	found, err := s.resolve(ctx, text, "")
	if err != nil {
		return api.Chat{}, err
	}
	return s.chatOf(ctx, text, found)
}

// group finds a private group.
func (s *session) group(ctx context.Context, text string) (api.Chat, error) {
	found, err := s.resolve(ctx, text, api.NameGroup)
	if kind, _ := fault.Of(err); kind == fault.InvalidRecipient {
		err = fault.WithHint(err, "see: statusd groups")
	}
	if err != nil {
		return api.Chat{}, err
	}
	return s.chatOf(ctx, text, found)
}

// chatOf returns the chat that a name means, if there is one already.
func (s *session) chatOf(ctx context.Context, text string, found api.Resolved) (api.Chat, error) {
	if err := s.refreshContacts(ctx); err != nil {
		return api.Chat{}, err
	}
	ids := []string{found.ID}
	if found.Kind == api.NameProfile { // "@0x04…" means the person as well
		ids = append(ids, strings.TrimPrefix(found.ID, "@"))
	}
	for _, id := range ids {
		for _, c := range s.listed() {
			if c.ID == id {
				return c, nil
			}
		}
	}
	return api.Chat{}, fail(fault.BadInput, fmt.Errorf("there is no chat %q; see: statusd chats", text))
}

// readContacts reads contacts, chats and who we are, unless that was done.
func (s *session) readContacts(ctx context.Context) error {
	if s.known() != nil {
		return nil
	}
	return s.refreshContacts(ctx)
}

// refreshContacts reads contacts, chats and who we are.
func (s *session) refreshContacts(ctx context.Context) error {
	all, err := api.WakuextContacts.Call(ctx, s, api.None{})
	if err != nil {
		return err
	}
	contacts := make(map[string]api.Contact, len(all))
	for _, c := range all {
		contacts[c.ID] = c
	}
	self := ""
	accounts, _ := api.AccountList.Call(ctx, s, api.None{}) // without it our own messages show our key
	for _, l := range accounts {
		if own, err := contact.Parse(l.CompressedKey); l.LoggedIn && err == nil {
			self = own.Key.ContactID()
		}
	}
	chats, err := s.chats(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contacts, s.self, s.chatList = contacts, self, chats
	s.called = naming.New(self, all, chats)
	return nil
}

// names says what people and chats are called, as far as that was read.
func (s *session) names() *naming.Names {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.called == nil {
		return naming.New("", nil, nil)
	}
	return s.called
}

// known returns the contacts that were read. The map is not changed any more.
func (s *session) known() map[string]api.Contact {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.contacts
}

// listed returns the chats that were read with the contacts. The list is not
// changed any more.
func (s *session) listed() []api.Chat {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.chatList
}

// me returns our own id.
func (s *session) me() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.self
}

// nameOf says who somebody is, and who gave that name.
func (s *session) nameOf(id, alias string) string { return s.names().Person(id, alias) }

// chatName says what a chat is called, and of which kind it is.
func (s *session) chatName(c *api.Chat) string { return s.names().Chat(c) }

// millisText writes Unix milliseconds for people, in their time zone.
func millisText(ms uint64) string {
	if ms == 0 || ms > 1<<52 {
		return "-"
	}
	return time.UnixMilli(int64(ms)).Format(time.DateTime)
}

// message reads what to send: the flag, or standard input for "-" and where
// something is piped in.
func (a *app) message(flag string, given, attachment bool) (string, error) {
	if given && flag != "-" {
		return flag, nil
	}
	in, isFile := a.in.(*os.File)
	if !given {
		if attachment || isFile && term.IsTerminal(int(in.Fd())) {
			if attachment {
				return "", nil
			}
			return "", usageError(errors.New("missing flag: -m TEXT, or -m - to read the message from standard input"))
		}
	}
	raw, err := io.ReadAll(io.LimitReader(a.in, maxMessage+1))
	switch {
	case err != nil:
		return "", fail(fault.IO, fmt.Errorf("read standard input: %w", err))
	case len(raw) > maxMessage:
		return "", fail(fault.BadInput, errors.New("standard input holds more than a message may: 4096 characters"))
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

// maxMessage bounds the text that is read: the daemon counts characters.
const maxMessage = 1 << 20
