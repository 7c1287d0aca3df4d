package messenger

import (
	"statusd/accounts/key"
	"statusd/internal/store"
	"statusd/payloads"
)

// places says which chat received payloads belong to.
type places struct{ *core }

// keyOf reads a stored public key.
func keyOf(raw [key.UncompressedSize]byte) (key.Public, error) { return key.ParsePublic(raw[:]) }

// match returns the chat that a message or reaction belongs to (spec 05
// section 6). A new one-to-one chat is not stored yet.
func (c *places) match(tx *store.Tx, r *received, kind payloads.MessageType, id string) (store.Chat, error) {
	switch kind {
	case payloads.PublicGroup:
		return c.matchPublic(tx, r, id)
	case payloads.OneToOne:
		return c.matchOneToOne(tx, r, id)
	case payloads.PrivateGroup:
		return c.matchGroup(tx, r, id)
	}
	return store.Chat{}, drop("message_type")
}

// matchPublic requires that the payload came on the chat's own topic: whoever
// knows the id of a private group could write into it otherwise.
func (c *places) matchPublic(tx *store.Tx, r *received, id string) (store.Chat, error) {
	chat, found, err := tx.Chats().ByID(id)
	switch {
	case err != nil:
		return chat, err
	case !found || chat.Deleted || !chat.Active:
		return chat, drop("unknown_chat")
	case chat.Type != store.ChatPublic && chat.Type != store.ChatProfile:
		return chat, drop("not_public")
	case !r.arrivedIn(id):
		return chat, drop("not_in_public")
	}
	return chat, nil
}

func (c *places) matchOneToOne(tx *store.Tx, r *received, id string) (store.Chat, error) {
	if !r.direct() {
		return store.Chat{}, drop("not_direct")
	}
	if r.own {
		if _, err := key.ParseContactID(id); err != nil {
			return store.Chat{}, drop("chat_id")
		}
		return c.oneToOne(tx, id)
	}
	return c.fromPerson(tx, r)
}

// fromPerson returns the one-to-one chat with the author, or refuses the author
// by what the policy says of strangers.
func (c *places) fromPerson(tx *store.Tx, r *received) (store.Chat, error) {
	chat, err := c.oneToOne(tx, r.author)
	if err != nil {
		return chat, err
	}
	contact, err := c.contacts.contactOf(tx, r.author)
	if err != nil || contact.Added {
		return chat, err
	}
	if chat.Key != 0 && !chat.Deleted && !chat.Stranger {
		return chat, nil // we wrote to this person
	}
	if c.policy.ContactsOnly {
		return chat, notYet("not_a_contact", wait{reason: store.ReasonContact, subject: r.author})
	}
	chat.Stranger = true
	return chat, c.strangers.admit(tx, &chat, len(r.parcel.Data))
}

// matchGroup requires that author and we have joined.
func (c *places) matchGroup(tx *store.Tx, r *received, id string) (store.Chat, error) {
	chat, found, err := tx.Chats().ByID(id)
	switch {
	case err != nil:
		return chat, err
	case !found:
		return chat, c.held.unknownGroup(tx, r, id)
	case chat.Type != store.ChatPrivateGroup:
		return chat, drop("unknown_chat")
	case !hasJoined(&chat, r.author) || !hasJoined(&chat, c.id):
		return chat, c.held.notJoined(tx, r, &chat)
	}
	gone, err := c.held.removedAuthor(tx, r)
	if err == nil && gone {
		err = noRoom("author_removed")
	}
	return chat, err
}

func hasJoined(chat *store.Chat, id string) bool {
	for i := range chat.Members {
		if chat.Members[i].ID == id {
			return chat.Members[i].Joined
		}
	}
	return false
}

// commandChat returns the chat of a received command. One of another device of
// ours names no chat, so it can be filed only by what it answers.
func (c *places) commandChat(tx *store.Tx, r *received, answers string) (store.Chat, error) {
	if !r.direct() {
		return store.Chat{}, drop("not_direct")
	}
	if !r.own {
		return c.fromPerson(tx, r)
	}
	id, err := payloads.ParseMessageID(answers)
	if err != nil {
		return store.Chat{}, drop("own_transaction")
	}
	m, found, err := tx.Messages().ByID(id)
	if err != nil {
		return store.Chat{}, err
	}
	if !found {
		return store.Chat{}, drop("own_transaction")
	}
	chat, _, err := tx.Chats().ByKey(m.ChatKey)
	return chat, err
}

// isOneToOne tells whether a chat is with a person.
func isOneToOne(chat *store.Chat) bool { return chat.Type == store.ChatOneToOne }
