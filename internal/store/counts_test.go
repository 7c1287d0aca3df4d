package store

// transportCounts returns how many records of the secure transport there are.
func transportCounts(tx *Tx) (peers, installations, sessions, messageKeys int64, err error) {
	_, err = tx.Get(`SELECT (SELECT count(*) FROM peer), (SELECT count(*) FROM installation),
		(SELECT count(*) FROM session), (SELECT count(*) FROM message_key)`, nil, func(r Row) {
		peers, installations, sessions, messageKeys = r.Int64(0), r.Int64(1), r.Int64(2), r.Int64(3)
	})
	return peers, installations, sessions, messageKeys, err
}

// syncCounts returns how many records, bodies and received ids are stored.
func syncCounts(tx *Tx) (states, bodies, seen int64, err error) {
	_, err = tx.Get(`SELECT (SELECT count(*) FROM sync_record), (SELECT count(*) FROM body),
		(SELECT count(*) FROM sync_received)`, nil,
		func(r Row) { states, bodies, seen = r.Int64(0), r.Int64(1), r.Int64(2) })
	return states, bodies, seen, err
}
