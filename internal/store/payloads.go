package store

import (
	"time"
)

const (
	// SeenAge is how long it is remembered what was handled (spec 05 section 4),
	// SentAge how long wrappers are, to send them again.
	SeenAge = 90 * 24 * time.Hour
	SentAge = 30 * 24 * time.Hour

	// prunedAtOnce bounds what one insertion removes.
	prunedAtOnce = 4
)

// Sent is a wrapper that was handed to the transport.
type Sent struct {
	ID         MessageID
	Chat       string // chat id, "" for none
	Route      int    // the caller's
	Wrapper    []byte
	Recipients [][contactBytes]byte // uncompressed public keys
	At         time.Time
}

// SentPayloads are the sent wrappers in a transaction.
type SentPayloads struct{ tx *Tx }

// Sent returns the table of sent wrappers.
func (tx *Tx) Sent() SentPayloads { return SentPayloads{tx} }

// Put stores a wrapper, and removes some that are too old.
func (s SentPayloads) Put(p *Sent) error {
	recipients := make([]byte, 0, contactBytes*len(p.Recipients))
	for i := range p.Recipients {
		recipients = append(recipients, p.Recipients[i][:]...)
	}
	if _, err := s.tx.bodies().put(p.ID, p.Wrapper); err != nil {
		return err
	}
	err := s.tx.Exec(`INSERT INTO sent (id, chat, route, recipients, at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET recipients = excluded.recipients, at = excluded.at`,
		p.ID[:], p.Chat, p.Route, recipients, p.At.UnixMilli())
	if err != nil {
		return err
	}
	return s.prune(p.At.Add(-SentAge))
}

// prune forgets some of what was sent before a time.
func (s SentPayloads) prune(before time.Time) error {
	var old []MessageID
	err := s.tx.Query(`SELECT id FROM sent WHERE at < ? LIMIT ?`, []any{before.UnixMilli(), prunedAtOnce},
		func(r Row) error {
			old = append(old, MessageID{})
			return copyBlob(old[len(old)-1][:], r, 0)
		})
	for _, id := range old {
		if err == nil {
			err = s.tx.Exec(`DELETE FROM sent WHERE id = ?`, id[:])
		}
		if err == nil {
			err = s.tx.bodies().drop(id)
		}
	}
	return err
}

// ByID returns a wrapper.
func (s SentPayloads) ByID(id MessageID) (p Sent, found bool, err error) {
	found, err = s.tx.Get(`SELECT chat, route, wrapper, recipients, at FROM sent JOIN body ON message = id WHERE id = ?`,
		[]any{id[:]}, func(r Row) {
			p = Sent{ID: id, Chat: r.Text(0), Route: int(r.Int64(1)), Wrapper: r.Blob(2), At: time.UnixMilli(r.Int64(4))}
			p.Recipients = splitKeys(r.Blob(3))
		})
	return p, found, err
}

// Recipients returns the chat and the recipients of a wrapper without reading
// it.
func (s SentPayloads) Recipients(id MessageID) (chat string, keys [][contactBytes]byte, found bool, err error) {
	found, err = s.tx.Get(`SELECT chat, recipients FROM sent WHERE id = ?`, []any{id[:]}, func(r Row) {
		chat, keys = r.Text(0), splitKeys(r.Blob(1))
	})
	return chat, keys, found, err
}

func splitKeys(blob []byte) (keys [][contactBytes]byte) {
	for ; len(blob) >= contactBytes; blob = blob[contactBytes:] {
		keys = append(keys, [contactBytes]byte(blob))
	}
	return keys
}

// Forget removes a wrapper and who acknowledged it.
func (s SentPayloads) Forget(id MessageID) error {
	if err := s.tx.Exec(`DELETE FROM delivery WHERE id = ?`, id[:]); err != nil {
		return err
	}
	if err := s.tx.Exec(`DELETE FROM sent WHERE id = ?`, id[:]); err != nil {
		return err
	}
	return s.tx.bodies().drop(id)
}

// Delivered notes that a recipient acknowledged, and reports whether that was
// new.
func (s SentPayloads) Delivered(id MessageID, recipient [contactBytes]byte) (bool, error) {
	err := s.tx.Exec(`INSERT INTO delivery (id, recipient) VALUES (?, ?) ON CONFLICT DO NOTHING`, id[:], recipient[:])
	if err != nil {
		return false, err
	}
	n, err := s.tx.Changed()
	return n > 0, err
}

// DeliveredTo returns the contact ids of those who acknowledged a message.
func (s SentPayloads) DeliveredTo(id MessageID) (list []string, err error) {
	err = s.tx.Query(`SELECT recipient FROM delivery WHERE id = ?`, []any{id[:]}, func(r Row) error {
		list = append(list, contactText(r.Blob(0)))
		return nil
	})
	return list, err
}

// SeenPayloads are ids that must not come a second time, in a transaction:
// those of shown group events, and of payloads that were handled before there
// was the table of Handled.
type SeenPayloads struct{ tx *Tx }

// SeenPayloads returns the table of ids that must not come again.
func (tx *Tx) SeenPayloads() SeenPayloads { return SeenPayloads{tx} }

// Has reports whether an id came.
func (s SeenPayloads) Has(id MessageID) (bool, error) {
	return s.tx.Get(`SELECT 1 FROM seen_message WHERE id = ?`, []any{id[:]}, func(Row) {})
}

// Add notes that an id came, and forgets some that are too old.
func (s SeenPayloads) Add(id MessageID, now time.Time) error {
	err := s.tx.Exec(`INSERT INTO seen_message (id, at) VALUES (?, ?) ON CONFLICT DO NOTHING`, id[:], now.UnixMilli())
	if err != nil {
		return err
	}
	return s.prune(now)
}

func (s SeenPayloads) prune(now time.Time) error {
	return s.tx.Exec(`DELETE FROM seen_message WHERE id IN (SELECT id FROM seen_message WHERE at < ? ORDER BY at LIMIT ?)`,
		now.Add(-SeenAge).UnixMilli(), prunedAtOnce)
}
