package store

// Outgoing wrappers are stored once, by the id of their message, for all who
// need them: data sync until it is acknowledged, and Sent to send it again when
// somebody asks for that.

// bodies are outgoing wrappers, one copy for all who need them.
type bodies struct{ tx *Tx }

func (tx *Tx) bodies() bodies { return bodies{tx} }

// put stores a wrapper, and reports false if there is one.
func (b bodies) put(message [32]byte, wrapper []byte) (fresh bool, err error) {
	return b.tx.Get(`INSERT INTO body (message, wrapper) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1`,
		[]any{message[:], wrapper}, func(Row) {})
}

// get returns a wrapper.
func (b bodies) get(message [32]byte) (wrapper []byte, found bool, err error) {
	found, err = b.tx.Get(`SELECT wrapper FROM body WHERE message = ?`, []any{message[:]},
		func(r Row) { wrapper = r.Blob(0) })
	return wrapper, found, err
}

// drop removes a wrapper that nobody needs any more.
func (b bodies) drop(message [32]byte) error {
	return b.tx.Exec(`DELETE FROM body WHERE message = ? AND NOT EXISTS (SELECT 1 FROM sent WHERE id = ?)
		AND NOT EXISTS (SELECT 1 FROM sync_record WHERE ref = ?)`, message[:], message[:], message[:])
}
