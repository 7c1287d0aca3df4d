package api

import "slices"

// inChats is implemented by what tells of something in chats.
type inChats interface {
	// EventChats returns the ids of the chats, the one that it is about first;
	// empty ones and repetitions do no harm.
	EventChats() []string
}

// ChatsOf returns the ids of the chats that an event concerns, each once, the
// one that it is about first; none for events that have no chat.
func ChatsOf(e EventPayload) []string {
	of, ok := e.(inChats)
	if !ok {
		return nil
	}
	ids := of.EventChats()
	seen := make(map[string]bool, len(ids))
	return slices.DeleteFunc(ids, func(id string) bool {
		was := seen[id]
		seen[id] = true
		return was || id == ""
	})
}

// localChat is the chat here of something that was sent to a chat: in a
// one-to-one chat each side names it by the other.
func localChat(local, sent string) string {
	if local != "" {
		return local
	}
	return sent
}

// EventChats returns the chats of what is in chats, then the chats that changed.
func (c Changes) EventChats() (ids []string) {
	for i := range c.Messages {
		ids = append(ids, localChat(c.Messages[i].LocalChatID, c.Messages[i].ChatID))
	}
	for i := range c.EmojiReactions {
		ids = append(ids, localChat(c.EmojiReactions[i].LocalChatID, c.EmojiReactions[i].ChatID))
	}
	for i := range c.Invitations {
		ids = append(ids, c.Invitations[i].ChatID)
	}
	for i := range c.Chats {
		ids = append(ids, c.Chats[i].ID)
	}
	return ids
}

// EventChats returns the chat of the message.
func (e MessageDeliveredEvent) EventChats() []string { return []string{e.ChatID} }

// EventChats returns the chats that have a new place.
func (e FilterAddedEvent) EventChats() (ids []string) {
	for i := range e.Filters {
		ids = append(ids, e.Filters[i].ChatID)
	}
	return ids
}

// EventChats returns the chat of the reaction.
func (e ReactionAddedEvent) EventChats() []string { return e.Reaction.eventChats() }

// EventChats returns the chat of the reaction.
func (e ReactionRetractedEvent) EventChats() []string { return e.Reaction.eventChats() }

func (r *Reaction) eventChats() []string { return []string{localChat(r.LocalChatID, r.ChatID)} }

// EventChats returns the one-to-one chat with the contact.
func (e ContactRequestedEvent) EventChats() []string { return []string{e.Contact.ID} }

// EventChats returns the one-to-one chat with the contact.
func (e ContactUpdatedEvent) EventChats() []string { return []string{e.Contact.ID} }

// EventChats returns the group.
func (e GroupCreatedEvent) EventChats() []string { return []string{e.Chat.ID} }

// EventChats returns the group.
func (e GroupRenamedEvent) EventChats() []string { return []string{e.ChatID} }

// EventChats returns the group.
func (e MemberChanged) EventChats() []string { return []string{e.ChatID} }

// EventChats returns the group.
func (e GroupInvitationEvent) EventChats() []string { return []string{e.Invitation.ChatID} }

// EventChats returns the chat of the message.
func (e MessageEditedEvent) EventChats() []string {
	return []string{localChat(e.Message.LocalChatID, e.Message.ChatID)}
}

// EventChats returns the chat that the message was in.
func (e MessageDeletedEvent) EventChats() []string { return []string{e.ChatID} }

// EventChats returns the chat of the message.
func (e MessagePinnedEvent) EventChats() []string { return []string{e.ChatID} }
