package store

// Outgoing wrappers are stored once, by the id of their message, for all who
// need them: data sync until it is acknowledged, and Sent to send it again when
// somebody asks for that.

// putBody stores a wrapper, and reports false if there is one.
func (tx *Tx) putBody(message [32]byte, wrapper []byte) (fresh bool, err error) {
	return tx.Get(`INSERT INTO body (message, wrapper) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1`,
		[]any{message[:], wrapper}, func(Row) {})
}

// body returns a wrapper.
func (tx *Tx) body(message [32]byte) (wrapper []byte, found bool, err error) {
	found, err = tx.Get(`SELECT wrapper FROM body WHERE message = ?`, []any{message[:]},
		func(r Row) { wrapper = r.Blob(0) })
	return wrapper, found, err
}

// dropBody removes a wrapper that nobody needs any more.
func (tx *Tx) dropBody(message [32]byte) error {
	return tx.Exec(`DELETE FROM body WHERE message = ? AND NOT EXISTS (SELECT 1 FROM sent WHERE id = ?)
		AND NOT EXISTS (SELECT 1 FROM sync_record WHERE ref = ?)`, message[:], message[:], message[:])
}
