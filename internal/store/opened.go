package store

import (
	"statusd/accounts/key"
	"statusd/transport"
)

// Opened implements transport.OpenedStore.
func (s transportTables) Opened(identity key.Public, digest uint64) (known bool, forgotten int64, err error) {
	id := identity.Compressed()
	_, err = s.tx.Get(`SELECT forgotten, EXISTS (SELECT 1 FROM opened WHERE sender = ref AND digest = ?)
		FROM sender WHERE identity = ?`, []any{int64(digest), id[:]}, func(r Row) {
		forgotten, known = r.Int64(0), r.Bool(1)
	})
	return known, forgotten, err
}

// PutOpened implements transport.OpenedStore.
func (s transportTables) PutOpened(identity key.Public, m transport.OpenedMessage, keep, all int) error {
	id := identity.Compressed()
	var ref, first, next int64
	_, err := s.tx.Get(`INSERT INTO sender (identity, first, next, forgotten) VALUES (?, 0, 1, 0)
		ON CONFLICT (identity) DO UPDATE SET next = next + 1 RETURNING ref, first, next`, []any{id[:]}, func(r Row) {
		ref, first, next = r.Int64(0), r.Int64(1), r.Int64(2)
	})
	if err != nil {
		return err
	}
	err = s.tx.Exec(`INSERT INTO opened (sender, n, digest, sent) VALUES (?, ?, ?, ?)`,
		ref, next-1, int64(m.Digest), m.Sent)
	if err != nil {
		return err
	}
	if next-first > int64(keep+keep/8) {
		return s.forgetOpened(ref, next-int64(keep))
	}
	if next%openedCheck != 0 {
		return nil
	}
	var total int64
	if _, err := s.tx.Get(`SELECT sum(next - first) FROM sender`, nil, func(r Row) { total = r.Int64(0) }); err != nil {
		return err
	}
	if total <= int64(all) {
		return nil
	}
	_, err = s.tx.Get(`SELECT ref, first, next FROM sender ORDER BY next - first DESC LIMIT 1`, nil, func(r Row) {
		ref, first, next = r.Int64(0), r.Int64(1), r.Int64(2)
	})
	if err != nil {
		return err
	}
	return s.forgetOpened(ref, next-(next-first)/2)
}

// openedCheck is after how many messages of a sender the total is looked at.
const openedCheck = 8

// forgetOpened forgets the messages of a sender before number n.
func (s transportTables) forgetOpened(ref, n int64) error {
	err := s.tx.Exec(`UPDATE sender SET first = ?2, forgotten = max(forgotten,
		(SELECT max(sent) FROM opened WHERE sender = ?1 AND n < ?2)) WHERE ref = ?1`, ref, n)
	if err != nil {
		return err
	}
	return s.tx.Exec(`DELETE FROM opened WHERE sender = ? AND n < ?`, ref, n)
}

// PassOpened implements transport.OpenedStore.
func (s transportTables) PassOpened(identity key.Public, through int64) error {
	id := identity.Compressed()
	return s.tx.Exec(`INSERT INTO sender (identity, first, next, forgotten) VALUES (?, 0, 0, ?)
		ON CONFLICT (identity) DO UPDATE SET forgotten = max(forgotten, excluded.forgotten)`, id[:], through)
}
