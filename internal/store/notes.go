package store

import "fmt"

// Kinds of notes.
const (
	NoteSetting = "setting"
	NoteAccount = "account"
)

// Note is something that a frontend keeps here.
type Note struct{ Name, Value string }

// Notes are what frontends keep, of one kind, in a transaction.
type Notes struct {
	tx   *Tx
	kind string
}

// Notes returns the notes of a kind.
func (tx *Tx) Notes(kind string) Notes { return Notes{tx, kind} }

// All returns the notes, the oldest first.
func (s Notes) All() (list []Note, err error) {
	const query = `SELECT name, value FROM frontend_note WHERE kind = ? ORDER BY n, name`
	err = s.tx.Query(query, []any{s.kind}, func(row Row) error {
		list = append(list, Note{row.Text(0), row.Text(1)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	return list, nil
}

// Size returns how many notes there are, and the bytes of their names and values.
func (s Notes) Size() (count, bytes int64, err error) {
	_, err = s.tx.Get(`SELECT count(*), coalesce(sum(length(CAST(name AS BLOB)) + length(CAST(value AS BLOB))), 0)
		FROM frontend_note WHERE kind = ?`, []any{s.kind}, func(row Row) { count, bytes = row.Int64(0), row.Int64(1) })
	if err != nil {
		return 0, 0, fmt.Errorf("measure notes: %w", err)
	}
	return count, bytes, nil
}

// Put stores a note, in the place of an older one of its name.
func (s Notes) Put(n Note) error {
	err := s.tx.Exec(`INSERT INTO frontend_note (kind, name, n, value)
		VALUES (?1, ?2, (SELECT coalesce(max(n), 0) + 1 FROM frontend_note WHERE kind = ?1), ?3)
		ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value`, s.kind, n.Name, n.Value)
	if err != nil {
		return fmt.Errorf("store note: %w", err)
	}
	return nil
}

// Delete removes a note, and tells whether it was there.
func (s Notes) Delete(name string) (found bool, err error) {
	s.tx.Forget() // what is taken away leaves the disk as well
	found, err = s.tx.Get(`DELETE FROM frontend_note WHERE kind = ? AND name = ? RETURNING name`, []any{s.kind, name},
		func(Row) {})
	if err != nil {
		return false, fmt.Errorf("delete note: %w", err)
	}
	return found, nil
}
