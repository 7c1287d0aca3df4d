package messenger

import (
	"context"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/payloads"
)

// keyOf reads a stored public key.
func keyOf(raw [key.UncompressedSize]byte) (key.Public, error) { return key.ParsePublic(raw[:]) }

// match returns the chat that a message or reaction belongs to (spec 05
// section 6). A new one-to-one chat is not stored yet.
func (c *core) match(tx *store.Tx, r *received, kind payloads.MessageType, id string) (store.Chat, error) {
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
func (c *core) matchPublic(tx *store.Tx, r *received, id string) (store.Chat, error) {
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

func (c *core) matchOneToOne(tx *store.Tx, r *received, id string) (store.Chat, error) {
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
func (c *core) fromPerson(tx *store.Tx, r *received) (store.Chat, error) {
	chat, err := c.oneToOne(tx, r.author)
	if err != nil {
		return chat, err
	}
	contact, err := c.contactOf(tx, r.author)
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
	return chat, c.admit(tx, &chat, len(r.parcel.Data))
}

// matchGroup requires that author and we have joined.
func (c *core) matchGroup(tx *store.Tx, r *received, id string) (store.Chat, error) {
	chat, found, err := tx.Chats().ByID(id)
	switch {
	case err != nil:
		return chat, err
	case !found:
		return chat, c.unknownGroup(tx, r, id)
	case chat.Type != store.ChatPrivateGroup:
		return chat, drop("unknown_chat")
	case !hasJoined(&chat, r.author) || !hasJoined(&chat, c.id):
		return chat, c.notJoined(tx, r, &chat)
	}
	gone, err := c.removedAuthor(tx, r)
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

// receiveMessage handles a chat message.
func (c *core) receiveMessage(_ context.Context, tx *store.Tx, r *received, body *payloads.ChatMessage) error {
	chat, err := c.match(tx, r, body.MessageType, body.ChatID)
	if err != nil {
		return err
	}
	if chat.Type == store.ChatProfile && chat.ID != payloads.ProfileChat(r.msg.Author) {
		return drop("not_profile_owner") // others may react only
	}
	if body.Clock <= chat.DeletedClock {
		return drop("deleted")
	}
	if known, err := tx.Messages().Exists(r.msg.ID); err != nil || known {
		return err
	}
	m := store.Message{
		ID: r.msg.ID, Author: r.author, Clock: body.Clock, Timestamp: body.Timestamp, Received: r.sentMillis(),
		Type: int(body.MessageType), Content: int(body.ContentType), Text: body.Text, WireChat: body.ChatID,
		ENSName: body.ENSName, ReplyTo: body.ResponseTo, Media: mediaOf(body),
	}
	if body.Sticker != nil && body.ContentType == payloads.ContentSticker {
		m.Extra.StickerHash, m.Extra.StickerPack = body.Sticker.Hash, body.Sticker.Pack
	}
	m.Guest = guestClass(r, &chat, &m)
	if r.own {
		m.Status, m.Seen = store.StatusSent, true
		if err := c.meet(tx, &chat); err != nil {
			return err
		}
	}
	if err := c.claimName(tx, r.author, body.ENSName, body.Clock); err != nil {
		return err
	}
	return c.fileReceived(tx, &chat, &m)
}

// mediaOf returns the picture or recording that a message's type promises.
func mediaOf(body *payloads.ChatMessage) *store.Media {
	switch {
	case body.ContentType == payloads.ContentImage && body.Image != nil:
		return &store.Media{Image: true, Format: int32(body.Image.Format), Bytes: body.Image.Bytes}
	case body.ContentType == payloads.ContentAudio && body.Audio != nil:
		return &store.Media{
			Format: int32(body.Audio.Format), Duration: body.Audio.DurationMillis, Bytes: body.Audio.Bytes,
		}
	}
	return nil
}

// fileReceived files a message that came and tells of it.
func (c *core) fileReceived(tx *store.Tx, chat *store.Chat, m *store.Message) error {
	if err := c.file(tx, chat, m); err != nil {
		return err
	}
	if m.Guest != 0 {
		if err := c.trimMessages(tx, chat, m); err != nil {
			return err
		}
	}
	if m.Status == store.StatusNone { // else one of ours, from another device
		if err := c.count(tx, OutcomeReceived, m.ChatID); err != nil {
			return err
		}
	}
	return c.tell(tx, chat, m)
}

// tell appends the event about a message that is new here.
func (c *core) tell(tx *store.Tx, chat *store.Chat, m *store.Message) error {
	news, err := c.news(tx, chat, m, false)
	if err != nil {
		return err
	}
	news.Messages[0].New = true
	original, found, err := c.original(tx, m)
	if err != nil {
		return err
	}
	if found {
		v, err := c.viewOf(tx, &original, detailText)
		if err != nil {
			return err
		}
		news.Messages = append(news.Messages, v)
	}
	if err := c.append(tx, api.MessagesNewEvent{Changes: news}); err != nil {
		return err
	}
	if m.Media != nil && (m.Guest != 0 || chat.Stranger) {
		return tx.BindEvent(m.Seq)
	}
	return nil
}

// claimName stores the name that somebody claims to own, unverified.
func (c *core) claimName(tx *store.Tx, id, name string, clock uint64) error {
	if name == "" {
		return nil
	}
	contact, err := c.contactOf(tx, id)
	if err != nil || !payloads.ENSNameChanged(contact.Name, contact.ENSClock, name, clock) {
		return err
	}
	contact.Name, contact.ENSClock = name, clock
	contact.ENSVerified, contact.ENSVerifiedAt, contact.ENSRetries = false, 0, 0
	return tx.Contacts().Save(&contact)
}

// receiveReaction handles a reaction or its retraction.
func (c *core) receiveReaction(_ context.Context, tx *store.Tx, r *received, body *payloads.EmojiReaction) error {
	chat, err := c.match(tx, r, body.MessageType, body.ChatID)
	if err != nil {
		return err
	}
	if body.Clock <= chat.DeletedClock {
		return drop("deleted")
	}
	message, _, err := c.ids(tx, &chat, body.MessageID)
	if err != nil {
		return err
	}
	id := payloads.ReactionID(r.author, message, body.Emoji)
	old, found, err := tx.Reactions().ByID(id)
	switch {
	case err != nil:
		return err
	case found && body.Clock <= old.Clock:
		return drop("old_clock")
	case !found && chat.Key != 0:
		if err := c.fewReactions(tx, &chat, r.author); err != nil {
			return err
		}
	}
	c.raise(&chat, body.Clock)
	if chat.Deleted {
		chat.Deleted, chat.Active = false, true
	}
	if err := tx.Chats().Save(&chat); err != nil {
		return err
	}
	e := store.Reaction{
		ID: id, ChatKey: chat.Key, ChatID: chat.ID, Author: r.author, MessageID: message,
		WireChat: body.ChatID, Type: int(body.MessageType), Emoji: int(body.Emoji), Clock: body.Clock,
		Retracted: body.Retracted, Guest: !r.own && !r.added && isPublic(&chat),
	}
	if err := tx.Reactions().Put(&e); err != nil {
		return err
	}
	if e.Guest && !found {
		if _, err := c.trim(tx, r.author, store.GuestReaction, c.policy.GuestReactions); err != nil {
			return err
		}
	}
	return c.tellReaction(tx, &chat, &e)
}

// maxReactionsOf bounds the reactions of one person in a chat: the messages
// need not exist.
const maxReactionsOf = 5000

func (c *core) fewReactions(tx *store.Tx, chat *store.Chat, author string) error {
	limit := maxReactionsOf
	if chat.Stranger {
		limit = c.policy.MaxStrangerMessages
	}
	n, err := tx.Reactions().CountOf(author, chat.Key, limit)
	if err == nil && n >= int64(limit) {
		err = drop("too_many_reactions")
	}
	return err
}

// tellReaction appends the events about a reaction: that of the reference, and
// our own.
func (c *core) tellReaction(tx *store.Tx, chat *store.Chat, e *store.Reaction) error {
	cv, err := c.chatView(tx, chat, false)
	if err != nil {
		return err
	}
	v := reactionView(e)
	news := api.Changes{Chats: []api.Chat{cv}, EmojiReactions: []api.Reaction{v}}
	if err := c.append(tx, api.MessagesNewEvent{Changes: news}); err != nil {
		return err
	}
	if e.Retracted {
		return c.append(tx, api.ReactionRetractedEvent{Reaction: v})
	}
	return c.append(tx, api.ReactionAddedEvent{Reaction: v})
}
