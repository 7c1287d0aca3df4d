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

// Envelopes are those that were processed.
type Envelopes struct{ tx *Tx }

// Envelopes returns the table.
func (tx *Tx) Envelopes() Envelopes { return Envelopes{tx} }

// Seen reports whether an envelope was processed.
func (e Envelopes) Seen(envelope wire.Hash) (bool, error) {
	found, err := e.tx.Get(`SELECT 1 FROM seen WHERE hash = ?`, []any{envelope[:]}, func(Row) {})
	if err != nil {
		return false, fmt.Errorf("look up envelope: %w", err)
	}
	return found, nil
}

// MarkSeen notes that an envelope was processed.
func (e Envelopes) MarkSeen(envelope wire.Hash, now time.Time) error {
	err := e.tx.Exec(`INSERT INTO seen (hash, expiry) VALUES (?, ?) ON CONFLICT DO NOTHING`, envelope[:],
		now.Add(SeenKept).Unix())
	if err != nil {
		return fmt.Errorf("note envelope: %w", err)
	}
	return nil
}

// ForgetSeen removes envelopes whose time is over, so many that the
// transaction stays short. more reports whether some are left.
func (e Envelopes) ForgetSeen(now time.Time) (more bool, err error) {
	err = e.tx.Exec(`DELETE FROM seen WHERE hash IN (SELECT hash FROM seen WHERE expiry < ? LIMIT ?)`,
		now.Unix(), seenPart)
	var n int64
	if err == nil {
		n, err = e.tx.Changed()
	}
	if err != nil {
		return false, fmt.Errorf("forget envelopes: %w", err)
	}
	return n == seenPart, nil
}

// SymKeys are the symmetric keys of places, which cost much to derive.
type SymKeys struct{ tx *Tx }

// SymKeys returns the table.
func (tx *Tx) SymKeys() SymKeys { return SymKeys{tx} }

// ByName returns a symmetric key that was derived before, nil if there is none.
func (s SymKeys) ByName(name string) (k []byte, err error) {
	_, err = s.tx.Get(`SELECT key FROM sym_key WHERE name = ?`, []any{name}, func(r Row) { k = r.Blob(0) })
	if err != nil {
		return nil, fmt.Errorf("read key of a place: %w", err)
	}
	return k, nil
}

// Delete forgets the key of a place.
func (s SymKeys) Delete(name string) error {
	return s.tx.Exec(`DELETE FROM sym_key WHERE name = ?`, name)
}

// Put keeps the key of a place by its name.
func (s SymKeys) Put(name string, k []byte) error {
	err := s.tx.Exec(`INSERT INTO sym_key (name, key) VALUES (?, ?) ON CONFLICT DO NOTHING`, name, k)
	if err != nil {
		return fmt.Errorf("keep key of a place: %w", err)
	}
	return nil
}

// Fetched is what was fetched from mailservers.
type Fetched struct{ tx *Tx }

// Fetched returns the table.
func (tx *Tx) Fetched() Fetched { return Fetched{tx} }

// Spans returns what was noted of a topic by PutSpans, nil if nothing was.
func (f Fetched) Spans(topic wire.Topic) (spans []byte, err error) {
	_, err = f.tx.Get(`SELECT spans FROM mail_span WHERE topic = ?`, []any{topic[:]},
		func(r Row) { spans = []byte(r.Text(0)) })
	if err != nil {
		return nil, fmt.Errorf("read fetched history: %w", err)
	}
	return spans, nil
}

// PutSpans notes what was fetched of a topic, as JSON.
func (f Fetched) PutSpans(topic wire.Topic, spans []byte) error {
	err := f.tx.Exec(`INSERT INTO mail_span (topic, spans) VALUES (?, ?)
		ON CONFLICT (topic) DO UPDATE SET spans = excluded.spans`, topic[:], string(spans))
	if err != nil {
		return fmt.Errorf("note fetched history: %w", err)
	}
	return nil
}

// Bookmark returns how far a fetch came, nil if it is not known.
func (f Fetched) Bookmark(name string) (bookmark []byte, err error) {
	_, err = f.tx.Get(`SELECT bookmark FROM mail_bookmark WHERE name = ?`, []any{name},
		func(r Row) { bookmark = []byte(r.Text(0)) })
	if err != nil {
		return nil, fmt.Errorf("read bookmark: %w", err)
	}
	return bookmark, nil
}

// PutBookmark keeps how far a fetch came, as JSON; nil forgets it.
func (f Fetched) PutBookmark(name string, bookmark []byte) (err error) {
	if bookmark == nil {
		err = f.tx.Exec(`DELETE FROM mail_bookmark WHERE name = ?`, name)
	} else {
		err = f.tx.Exec(`INSERT INTO mail_bookmark (name, bookmark) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET bookmark = excluded.bookmark`, name, string(bookmark))
	}
	if err != nil {
		return fmt.Errorf("keep bookmark: %w", err)
	}
	return nil
}
