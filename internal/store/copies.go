package store

import "time"

const (
	// MaxHandled bounds the handled payloads that are remembered although no
	// message of theirs is stored any more.
	MaxHandled = 1_000_000

	// MaxAliases bounds the further ids of a message, without the one that is of
	// its plain wrapper.
	MaxAliases = 16
)

// Handled are the payloads that were handled, also those whose messages were
// deleted since, in a transaction.
type Handled struct{ tx *Tx }

// Handled returns the table of handled payloads.
func (tx *Tx) Handled() Handled { return Handled{tx} }

// As returns the id under which a payload with an identity was handled.
func (h Handled) As(identity [32]byte) (id MessageID, found bool, err error) {
	found, err = h.tx.Get(`SELECT id FROM handled WHERE identity = ?`, []any{identity[:]},
		func(r Row) { copy(id[:], r.Blob(0)) })
	return id, found, err
}

// Add notes that a payload was handled, and forgets some that are too old. One
// is remembered as long as its message is stored, and for SeenAge after that
// at least, unless there are more than MaxHandled.
func (h Handled) Add(identity [32]byte, id MessageID, now time.Time) error {
	err := h.tx.Exec(`INSERT INTO handled (identity, id, at, gone) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING`,
		identity[:], id[:], now.UnixMilli())
	if err != nil {
		return err
	}
	if err := h.prune(now); err != nil {
		return err
	}
	return h.tx.SeenPayloads().prune(now)
}

// prune looks at the payloads whose turn it is. Those with a message begin
// anew. So do those that have lost it since they were looked at last: it may
// have been deleted just now.
func (h Handled) prune(now time.Time) error {
	type row struct {
		seq, at      int64
		stored, gone bool
	}
	var oldest []row
	newest := int64(0)
	err := h.tx.Query(`SELECT seq, at, gone, EXISTS (SELECT 1 FROM message m WHERE m.id = h.id),
		(SELECT max(seq) FROM handled) FROM handled h WHERE seq > 0 ORDER BY seq LIMIT ?`, []any{prunedAtOnce},
		func(r Row) error {
			oldest = append(oldest, row{seq: r.Int64(0), at: r.Int64(1), gone: r.Bool(2), stored: r.Bool(3)})
			newest = r.Int64(4)
			return nil
		})
	if err != nil {
		return err
	}
	for _, d := range oldest {
		if d.at >= now.Add(-SeenAge).UnixMilli() && newest-d.seq < MaxHandled {
			continue
		}
		if !d.stored && d.gone {
			err = h.tx.Exec(`DELETE FROM handled WHERE seq = ?`, d.seq)
		} else {
			newest++
			err = h.tx.Exec(`UPDATE handled SET seq = ?, at = ?, gone = ? WHERE seq = ?`,
				newest, now.UnixMilli(), !d.stored, d.seq)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// AddAlias makes a further id lead to a message, and reports whether it does so
// only now. Beyond MaxAliases nothing is added. plain marks the one id by which
// others know the message.
func (s Messages) AddAlias(m *Message, id MessageID, plain bool) (bool, error) {
	if id == m.ID {
		return false, nil
	}
	err := s.tx.Exec(`INSERT INTO message_alias (id, message, plain) SELECT ?1, ?2, ?3
		WHERE NOT EXISTS (SELECT 1 FROM message WHERE id = ?1)
			AND (SELECT count(*) FROM message_alias WHERE message = ?2 AND plain = ?3) < CASE WHEN ?3 THEN 1 ELSE ?4 END
		ON CONFLICT DO NOTHING`, id[:], m.Seq, plain, MaxAliases)
	if err != nil {
		return false, err
	}
	n, err := s.tx.Changed()
	return n > 0, err
}

// PlainAlias returns the id that was added as the plain one.
func (s Messages) PlainAlias(m *Message) (id MessageID, found bool, err error) {
	found, err = s.tx.Get(`SELECT id FROM message_alias WHERE message = ? AND plain`, []any{m.Seq},
		func(r Row) { copy(id[:], r.Blob(0)) })
	return id, found, err
}
