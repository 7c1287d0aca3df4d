package messenger

import (
	"statusd/internal/store"
	"statusd/payloads"
)

// Guests are people who were not added and write in public chats. Everybody may,
// and keys cost nothing, so what they keep here is bounded: of one, and of all
// together. The oldest make room.

// guestClass returns the class of what an author files in a chat, 0 when it is
// not counted.
func guestClass(r *received, chat *store.Chat, m *store.Message) store.Guest {
	switch {
	case r.own || r.added || !isPublic(chat):
		return 0
	case m.Media != nil:
		return store.GuestMedia
	}
	return store.GuestText
}

func isPublic(chat *store.Chat) bool {
	return chat.Type == store.ChatPublic || chat.Type == store.ChatProfile
}

// guests keeps what people may have in public chats whom we did not add.
type guests struct{ *core }

// trimMessages makes room for a message that was just filed, and corrects what
// is known of its chat. It refuses a message that was itself the oldest.
func (c *guests) trimMessages(tx *store.Tx, chat *store.Chat, m *store.Message) error {
	limits := c.policy.GuestTexts
	if m.Guest == store.GuestMedia {
		limits = c.policy.GuestMedia
	}
	n, err := c.trim(tx, m.Author, m.Guest, limits)
	if err != nil || n == 0 {
		return err
	}
	if *chat, _, err = tx.Chats().ByKey(chat.Key); err != nil {
		return err
	}
	if there, err := tx.Messages().Exists(m.ID); err != nil || !there {
		return dropOr(err, "guest_too_old")
	}
	return nil
}

// trimEdited makes room for what a guest added to a message. It refuses that if
// the message itself had to go.
func (c *guests) trimEdited(tx *store.Tx, r *received, m *store.Message) error {
	if r.own || r.added || m.Type != int(payloads.PublicGroup) {
		return nil
	}
	if _, err := c.trim(tx, r.author, store.GuestText, c.policy.GuestTexts); err != nil {
		return err
	}
	if _, err := c.trim(tx, r.author, store.GuestMedia, c.policy.GuestMedia); err != nil {
		return err
	}
	if there, err := tx.Messages().Exists(m.ID); err != nil || !there {
		return dropOr(err, "guest_too_old")
	}
	return nil
}

// trim is store.Guests.Trim that counts.
func (c *guests) trim(tx *store.Tx, author string, class store.Guest, limits store.GuestLimits) (int, error) {
	n, err := tx.Guests().Trim(author, class, limits)
	if err == nil && n > 0 {
		tx.OnFinish(func(committed bool) {
			if committed {
				c.drops.add("guest_oldest", uint64(n)) //nolint:gosec // it is positive
			}
		})
	}
	return n, err
}

// dropOr returns an error of this machine, or else refuses the payload.
func dropOr(err error, reason string) error {
	if err != nil {
		return err
	}
	return drop(reason)
}

// checkRoom refuses, on a disk that is nearly full, what people write whom we do
// not know. It may come again when there is room: it is neither acknowledged nor
// remembered.
func (c *guests) checkRoom(tx *store.Tx, r *received) error {
	if r.own || r.added || c.policy.Room() {
		return nil
	}
	w := wait{}
	if group, _ := writesInto(&r.msg); group != "" {
		w = wait{reason: store.ReasonGroup, subject: group}
	}
	known, err := c.held.knows(tx, r.author, &w)
	if err != nil || known {
		return err
	}
	return noRoom("disk_full")
}
