package store

// Reaction is an emoji of somebody on a message.
type Reaction struct {
	ID        MessageID
	ChatKey   int64
	ChatID    string // of the chat it is filed in; read only
	Author    string // contact id
	MessageID string // as on the wire; the message need not exist
	WireChat  string
	Type      int
	Emoji     int
	Clock     uint64
	Retracted bool
	Guest     bool // only for Put: of somebody who is no contact, in a public chat
}

// MaxReactions is the most reactions that one page returns.
const MaxReactions = 1000

// Reactions are the reactions in a transaction.
type Reactions struct{ tx *Tx }

// Reactions returns the table of reactions.
func (tx *Tx) Reactions() Reactions { return Reactions{tx} }

const reactionColumns = `SELECT r.id, r.chat, c.id, a.id, r.message, r.wire_chat, r.type, r.emoji, r.clock, r.retracted
	FROM reaction r JOIN chat c ON c.key = r.chat JOIN contact a ON a.key = r.author `

func scanReaction(r Row) Reaction {
	e := Reaction{
		ChatKey: r.Int64(1), ChatID: r.Text(2), Author: contactText(r.Blob(3)), MessageID: r.Text(4),
		WireChat: r.Text(5), Type: int(r.Int64(6)), Emoji: int(r.Int64(7)), Clock: uint64(r.Int64(8)),
		Retracted: r.Bool(9),
	}
	copy(e.ID[:], r.Blob(0))
	return e
}

// ByID returns a reaction, also a retracted one.
func (s Reactions) ByID(id MessageID) (e Reaction, found bool, err error) {
	found, err = s.tx.Get(reactionColumns+`WHERE r.id = ?`, []any{id[:]}, func(r Row) { e = scanReaction(r) })
	return e, found, err
}

// Of returns the reactions to a message of a chat that were not retracted, at
// most limit.
func (s Reactions) Of(chat int64, message string, limit int) (list []Reaction, err error) {
	err = s.tx.Query(reactionColumns+`WHERE r.chat = ? AND r.message = ? AND NOT r.retracted
		ORDER BY r.clock, r.id LIMIT ?`,
		[]any{chat, message, limit}, func(r Row) error {
			list = append(list, scanReaction(r))
			return nil
		})
	return list, err
}

// To returns the reactions to a message of a chat by exactly this id, also
// retracted ones, the newest first and at most limit.
func (s Reactions) To(chat int64, message string, limit int) (list []Reaction, err error) {
	err = s.tx.Query(reactionColumns+`WHERE r.chat = ? AND r.message = ? ORDER BY r.clock DESC, r.id LIMIT ?`,
		[]any{chat, message, limit}, func(r Row) error {
			list = append(list, scanReaction(r))
			return nil
		})
	return list, err
}

// Move files a reaction under another id and message. Of two that have the id
// then the one with the higher clock stays. It goes on to count for whom it
// counted.
func (s Reactions) Move(e *Reaction, id MessageID, message string) error {
	old, found, err := s.ByID(id)
	if err != nil {
		return err
	}
	if found && old.Clock >= e.Clock {
		return s.Delete(e.ID)
	}
	if err := s.Delete(id); err != nil {
		return err
	}
	return s.tx.Exec(`UPDATE reaction SET id = ?, message = ? WHERE id = ?`, id[:], message, e.ID[:])
}

// Delete removes a reaction. It is no error if there is none.
func (s Reactions) Delete(id MessageID) error {
	return s.tx.Exec(`DELETE FROM reaction WHERE id = ?`, id[:])
}

// CountOf returns how many reactions a person has in a chat, counting no
// further than most.
func (s Reactions) CountOf(author string, chat int64, most int) (n int64, err error) {
	key, err := s.tx.Contacts().key(author)
	if err != nil {
		return 0, err
	}
	_, err = s.tx.Get(`SELECT count(*) FROM (SELECT 1 FROM reaction WHERE author = ? AND chat = ? LIMIT ?)`,
		[]any{key, chat, most}, func(r Row) { n = r.Int64(0) })
	return n, err
}

// Put inserts a reaction or replaces it.
func (s Reactions) Put(e *Reaction) error {
	author, err := s.tx.Contacts().key(e.Author)
	if err != nil {
		return err
	}
	guest := 0
	if e.Guest {
		guest = int(GuestReaction)
	}
	return s.tx.Exec(`INSERT INTO reaction (id, chat, author, message, wire_chat, type, emoji, clock, retracted, guest)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET chat = excluded.chat,
			wire_chat = excluded.wire_chat, type = excluded.type, clock = excluded.clock,
			retracted = excluded.retracted`,
		e.ID[:], e.ChatKey, author, e.MessageID, e.WireChat, e.Type, e.Emoji, e.Clock, e.Retracted, guest)
}
