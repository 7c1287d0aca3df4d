package store

import (
	"fmt"
	"time"

	"statusd/waku/wire"
)

// SeenKept is how long a processed envelope is remembered: as long as a
// mailserver may send it again, and a day.
const SeenKept = 31 * 24 * time.Hour

// seenPart is the most rows that one call of ForgetSeen removes.
const seenPart = 4096

// Seen reports whether an envelope was processed.
func (tx *Tx) Seen(envelope wire.Hash) (bool, error) {
	found, err := tx.Get(`SELECT 1 FROM seen WHERE hash = ?`, []any{envelope[:]}, func(Row) {})
	if err != nil {
		return false, fmt.Errorf("look up envelope: %w", err)
	}
	return found, nil
}

// MarkSeen notes that an envelope was processed.
func (tx *Tx) MarkSeen(envelope wire.Hash, now time.Time) error {
	err := tx.Exec(`INSERT INTO seen (hash, expiry) VALUES (?, ?) ON CONFLICT DO NOTHING`, envelope[:],
		now.Add(SeenKept).Unix())
	if err != nil {
		return fmt.Errorf("note envelope: %w", err)
	}
	return nil
}

// ForgetSeen removes envelopes whose time is over, so many that the
// transaction stays short. more reports whether some are left.
func (tx *Tx) ForgetSeen(now time.Time) (more bool, err error) {
	err = tx.Exec(`DELETE FROM seen WHERE hash IN (SELECT hash FROM seen WHERE expiry < ? LIMIT ?)`, now.Unix(), seenPart)
	var n int64
	if err == nil {
		n, err = tx.Changed()
	}
	if err != nil {
		return false, fmt.Errorf("forget envelopes: %w", err)
	}
	return n == seenPart, nil
}

// SymKey returns a symmetric key that was derived before, nil if there is none.
func (tx *Tx) SymKey(name string) (k []byte, err error) {
	if _, err = tx.Get(`SELECT key FROM sym_key WHERE name = ?`, []any{name}, func(r Row) { k = r.Blob(0) }); err != nil {
		return nil, fmt.Errorf("read key of a place: %w", err)
	}
	return k, nil
}

// DeleteSymKey forgets the key of a place.
func (tx *Tx) DeleteSymKey(name string) error {
	return tx.Exec(`DELETE FROM sym_key WHERE name = ?`, name)
}

// PutSymKey keeps the key of a place by its name.
func (tx *Tx) PutSymKey(name string, k []byte) error {
	err := tx.Exec(`INSERT INTO sym_key (name, key) VALUES (?, ?) ON CONFLICT DO NOTHING`, name, k)
	if err != nil {
		return fmt.Errorf("keep key of a place: %w", err)
	}
	return nil
}

// MailSpans returns what was noted of a topic by PutMailSpans, nil if nothing
// was.
func (tx *Tx) MailSpans(topic wire.Topic) (spans []byte, err error) {
	_, err = tx.Get(`SELECT spans FROM mail_span WHERE topic = ?`, []any{topic[:]},
		func(r Row) { spans = []byte(r.Text(0)) })
	if err != nil {
		return nil, fmt.Errorf("read fetched history: %w", err)
	}
	return spans, nil
}

// PutMailSpans notes what was fetched of a topic, as JSON.
func (tx *Tx) PutMailSpans(topic wire.Topic, spans []byte) error {
	err := tx.Exec(`INSERT INTO mail_span (topic, spans) VALUES (?, ?)
		ON CONFLICT (topic) DO UPDATE SET spans = excluded.spans`, topic[:], string(spans))
	if err != nil {
		return fmt.Errorf("note fetched history: %w", err)
	}
	return nil
}

// MailBookmark returns how far a fetch came, nil if it is not known.
func (tx *Tx) MailBookmark(name string) (bookmark []byte, err error) {
	_, err = tx.Get(`SELECT bookmark FROM mail_bookmark WHERE name = ?`, []any{name},
		func(r Row) { bookmark = []byte(r.Text(0)) })
	if err != nil {
		return nil, fmt.Errorf("read bookmark: %w", err)
	}
	return bookmark, nil
}

// PutMailBookmark keeps how far a fetch came, as JSON; nil forgets it.
func (tx *Tx) PutMailBookmark(name string, bookmark []byte) (err error) {
	if bookmark == nil {
		err = tx.Exec(`DELETE FROM mail_bookmark WHERE name = ?`, name)
	} else {
		err = tx.Exec(`INSERT INTO mail_bookmark (name, bookmark) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET bookmark = excluded.bookmark`, name, string(bookmark))
	}
	if err != nil {
		return fmt.Errorf("keep bookmark: %w", err)
	}
	return nil
}
