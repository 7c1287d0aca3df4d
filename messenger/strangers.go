package messenger

import (
	"statusd/internal/store"
	"statusd/payloads"
)

// What strangers may have here is bounded, all of them together and each alone.
// Since keys cost nothing, whoever wants to can be as many strangers as there
// are places: so a new one never finds the door closed, and the one that has
// been unread for the longest time makes room.

const (
	// strangerGroups: one of so many strangers may begin a group that we have
	// not joined. All groups are listed together, with their events.
	strangerGroups = 20
	// groupsOfStranger bounds those that one stranger sent us, and those that one
	// stranger created.
	groupsOfStranger = 5
	// requestsOfStranger bounds the requests of one stranger to be let into
	// groups of ours.
	requestsOfStranger = 10

	// evictedAtOnce bounds how many strangers make room for one: more than one
	// does after the limit was lowered.
	evictedAtOnce = 8
)

// strangers keeps what people may have here whom we neither added nor wrote to.
type strangers struct{ *core }

// admit bounds what a stranger can store here: the oldest messages make room
// for a new one, so that what comes last from somebody whom nobody ever answers
// is always there.
func (c *strangers) admit(tx *store.Tx, chat *store.Chat, size int) error {
	if size > c.policy.MaxStrangerBytes {
		return noRoom("stranger_full")
	}
	if chat.Key == 0 {
		return c.makeRoom(tx, 0, c.policy.MaxStrangers)
	}
	for trimmed := false; ; trimmed = true {
		messages, bytes, err := tx.Messages().Weight(chat.Key)
		if err != nil {
			return err
		}
		if messages < c.policy.MaxStrangerMessages && bytes+size <= c.policy.MaxStrangerBytes || messages == 0 {
			if trimmed {
				return tx.Chats().Refresh(chat)
			}
			return nil
		}
		oldest := 1 + messages/8
		if err := tx.Messages().DeleteOldest(chat.Key, oldest); err != nil {
			return err
		}
		c.drops.add("stranger_oldest", uint64(min(oldest, messages)))
	}
}

// makeRoom lets strangers go until there are fewer chats of a kind, or of all
// for 0, than a limit.
func (c *strangers) makeRoom(tx *store.Tx, kind, limit int) error {
	n, err := tx.Chats().Strangers(kind)
	if err != nil {
		return err
	}
	for range min(n-int64(limit)+1, evictedAtOnce) {
		chat, found, err := tx.Chats().OldestStranger(kind)
		if err != nil || !found {
			return err
		}
		if err := c.evict(tx, &chat); err != nil {
			return err
		}
	}
	return nil
}

// evict forgets the chat that a stranger began, and what the stranger said of
// himself.
func (c *strangers) evict(tx *store.Tx, chat *store.Chat) error {
	c.drops.count("stranger_made_room")
	tx.Forget()
	if chat.Type == store.ChatOneToOne {
		k, err := c.contacts.contactOf(tx, chat.ID)
		if err != nil {
			return err
		}
		if !k.Added && !k.Blocked && k.Nickname == "" {
			if err := tx.Contacts().Save(&store.Contact{ID: k.ID}); err != nil {
				return err
			}
		}
	}
	return tx.Chats().Remove(chat)
}

// admitGroup bounds the groups of strangers that we have not joined, all of
// them and those of one author.
func (c *strangers) admitGroup(tx *store.Tx, chat *store.Chat, author string, g *payloads.Group) error {
	chat.BegunBy = author
	for _, id := range []string{author, g.Events[0].From} {
		n, err := tx.Chats().StrangerGroupsOf(id)
		if err != nil {
			return err
		}
		if n >= groupsOfStranger {
			return noRoom("too_many_groups")
		}
	}
	limit := max(1, c.policy.MaxStrangers/strangerGroups)
	if err := c.makeRoom(tx, store.ChatPrivateGroup, limit); err != nil {
		return err
	}
	return c.makeRoom(tx, 0, c.policy.MaxStrangers)
}

// mayAsk tells whether somebody may ask to be let into a group: one that we
// administer. Of strangers there are only so many requests; those that were
// answered make room first, then the oldest.
func (c *strangers) mayAsk(tx *store.Tx, author, group string, isNew bool) error {
	chat, found, err := tx.Chats().ByID(group)
	switch {
	case err != nil:
		return err
	case !found || chat.Deleted || chat.Type != store.ChatPrivateGroup || !isAdmin(&chat, c.id):
		return drop("not_our_group")
	case !isNew:
		return nil
	}
	contact, err := c.contacts.contactOf(tx, author)
	if err != nil || contact.Added {
		return err
	}
	if c.policy.ContactsOnly {
		return notYet("not_a_contact", wait{reason: store.ReasonContact, subject: author})
	}
	if n, err := tx.Invitations().Count(author); err != nil || n >= requestsOfStranger {
		if err == nil {
			err = noRoom("too_many_requests")
		}
		return err
	}
	n, err := tx.Invitations().Count("")
	if err != nil {
		return err
	}
	if excess := n - int64(c.policy.MaxStrangers) + 1; excess > 0 {
		c.drops.count("request_made_room")
		return tx.Invitations().DeleteOldest(min(excess, evictedAtOnce))
	}
	return nil
}

// isAdmin reports whether somebody is an admin of a group.
func isAdmin(chat *store.Chat, id string) bool {
	for i := range chat.Members {
		if chat.Members[i].ID == id {
			return chat.Members[i].Admin
		}
	}
	return false
}

// looked notes that the user looked at a chat: a stranger who was read makes
// room after those who were not.
func (c *strangers) looked(tx *store.Tx, chat *store.Chat) error {
	if !chat.Stranger || chat.Looked {
		return nil
	}
	chat.Looked = true
	return tx.Chats().Save(chat)
}
