package store

// Guest is the class of what somebody who is no contact keeps in a public chat;
// 0 for everything else, which is not counted.
type Guest int

// Classes of what guests keep. Each has limits of its own, so that pictures do
// not push out texts.
const (
	GuestText     Guest = 1
	GuestMedia    Guest = 2 // messages with a picture or recording
	GuestReaction Guest = 3
)

const (
	// rowWeight is what a message takes beside its content, in bytes, and
	// textWeight how often a text is stored, the index of the search among it.
	rowWeight      = 512
	textWeight     = 4
	reactionWeight = 256

	// guestsAtOnce bounds what makes room for one item: a database that is far
	// above its limits comes down to them bit by bit.
	guestsAtOnce = 64
)

// GuestLimits bound one class in bytes.
type GuestLimits struct {
	Author int64 // of one author
	All    int64
}

// Guests is what people who are no contacts keep in public chats. The sums are
// kept by triggers, so nothing is counted when something comes.
type Guests struct{ tx *Tx }

// Guests returns the bookkeeping of what guests keep.
func (tx *Tx) Guests() Guests { return Guests{tx} }

// weight is about what a message takes in the database.
func (m *Message) weight() int64 {
	n := rowWeight + textWeight*len(m.Text) + len(m.WireChat) + len(m.ENSName) + len(m.ReplyTo)
	if m.Media != nil {
		n += len(m.Media.Bytes)
	}
	return int64(n)
}

// Weight returns how many bytes an author keeps of a class; author "" is
// everybody.
func (g Guests) Weight(author string, class Guest) (n int64, err error) {
	key := int64(0)
	if author != "" {
		if key, err = g.tx.Contacts().key(author); err != nil {
			return 0, err
		}
	}
	return g.weight(key, class)
}

func (g Guests) weight(author int64, class Guest) (n int64, err error) {
	_, err = g.tx.Get(`SELECT weight FROM guest_weight WHERE author = ? AND class = ?`, []any{author, int(class)},
		func(r Row) { n = r.Int64(0) })
	return n, err
}

// Trim removes the oldest items of an author, and then of everybody, until what
// is left is within the limits, and returns how many. Chats that show or count a
// removed message are corrected. What was just added may be the oldest.
func (g Guests) Trim(author string, class Guest, limits GuestLimits) (removed int, err error) {
	key, err := g.tx.Contacts().key(author)
	if err != nil {
		return 0, err
	}
	for _, bound := range []struct{ author, limit int64 }{{key, limits.Author}, {0, limits.All}} {
		for ; removed < guestsAtOnce; removed++ {
			weight, err := g.weight(bound.author, class)
			if err != nil {
				return removed, err
			}
			if weight <= bound.limit {
				break
			}
			if found, err := g.removeOldest(bound.author, class); err != nil || !found {
				return removed, err
			}
		}
	}
	return removed, nil
}

// removeOldest removes the oldest item of an author, or of everybody for 0.
func (g Guests) removeOldest(author int64, class Guest) (found bool, err error) {
	where, args := `guest > 0 AND guest = ?1`, []any{int(class)} // for the indexes, which have those only
	if author != 0 {
		where, args = where+` AND author = ?2`, append(args, author)
	}
	var from int64
	if class == GuestReaction {
		found, err = g.tx.Get(`DELETE FROM reaction WHERE rowid = (SELECT rowid FROM reaction WHERE `+where+
			` ORDER BY rowid LIMIT 1) RETURNING author`, args, func(r Row) { from = r.Int64(0) })
	} else {
		var seq, chat int64
		var seen bool
		found, err = g.tx.Get(`SELECT seq, chat, seen, author FROM message WHERE `+where+` ORDER BY seq LIMIT 1`, args,
			func(r Row) { seq, chat, seen, from = r.Int64(0), r.Int64(1), r.Bool(2), r.Int64(3) })
		if err == nil && found {
			err = g.removeMessage(seq, chat, seen)
		}
	}
	if err != nil || !found {
		return false, err
	}
	return true, g.forget(from)
}

// removeMessage removes a message, and what its chat has of it, without reading
// the chat's other messages.
func (g Guests) removeMessage(seq, chat int64, seen bool) error {
	if err := g.tx.Exec(`DELETE FROM message WHERE seq = ?`, seq); err != nil {
		return err
	}
	if !seen {
		if err := g.tx.Exec(`UPDATE chat SET unread = max(unread - 1, 0) WHERE key = ?`, chat); err != nil {
			return err
		}
	}
	return g.tx.Exec(`UPDATE chat SET last = (SELECT seq FROM message WHERE chat = ?1 AND NOT hidden AND type <> 4
		ORDER BY seq DESC LIMIT 1) WHERE key = ?1 AND last = ?2`, chat, seq)
}

// forget removes the row of a person who left nothing else behind: keys cost
// nothing, and neither may they here.
func (g Guests) forget(author int64) error {
	return g.tx.Exec(`DELETE FROM contact WHERE key = ?1 AND NOT listed AND NOT added AND NOT blocked AND updated = 0
		AND photo = '' AND NOT EXISTS (SELECT 1 FROM message WHERE author = ?1)
		AND NOT EXISTS (SELECT 1 FROM reaction WHERE author = ?1)
		AND NOT EXISTS (SELECT 1 FROM chat WHERE id = '0x' || lower(hex(contact.id)))`, author)
}

// release stops counting what somebody keeps who is a contact now.
func (g Guests) release(id []byte) error {
	for _, table := range []string{"message", "reaction"} {
		err := g.tx.Exec(`UPDATE `+table+` SET guest = 0
			WHERE author = (SELECT key FROM contact WHERE id = ?) AND guest > 0`, id)
		if err != nil {
			return err
		}
	}
	return nil
}
