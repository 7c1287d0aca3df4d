package store

import (
	"errors"
	"math"
	"slices"

	"statusd/datasync"
)

// fewIDs is up to how many ids are looked up one by one.
const fewIDs = 4

const syncColumns = `seq, peer, id, kind, ref, body_bytes, timestamp, attempts, created, last_sent, asked, deadline`

// all is no limit of rows.
const all = math.MaxInt

// syncList runs a query for records and reads max of them. The query has no
// LIMIT of its own: SQLite would prepare it anew for each value.
func (s syncTables) syncList(max int, query string, args ...any) (list []datasync.State, err error) {
	_, err = s.tx.run(query, args, func(r Row) (bool, error) {
		list = append(list, datasync.State{
			Seq: uint64(r.Int64(0)), Kind: datasync.Kind(r.Int64(3)), BodyBytes: int(r.Int64(5)), Timestamp: r.Int64(6),
			Attempts: int(r.Int64(7)), Created: datasync.Millis(r.Int64(8)), LastSent: datasync.Millis(r.Int64(9)),
			Asked: datasync.Millis(r.Int64(10)), Deadline: datasync.Millis(r.Int64(11)),
		})
		st := &list[len(list)-1]
		err := errors.Join(copyBlob(st.Peer[:], r, 1), copyBlob(st.ID[:], r, 2))
		if !r.IsNull(4) {
			err = errors.Join(err, copyBlob(st.Ref[:], r, 4))
		}
		return len(list) < max, err
	})
	return list, err
}

// HasRecords implements datasync.RecordStore.
func (s syncTables) HasRecords(peer datasync.PeerID) (bool, error) {
	return s.tx.Get(`SELECT 1 FROM sync_record WHERE peer = ? LIMIT 1`, []any{peer[:]}, func(Row) {})
}

// Records implements datasync.RecordStore.
func (s syncTables) Records(peer datasync.PeerID, ids []datasync.MessageID) (list []datasync.State, err error) {
	if len(ids) > fewIDs {
		return s.syncList(all, `SELECT `+syncColumns+` FROM sync_record WHERE peer = ?
			AND id IN (SELECT unhex(value) FROM json_each(?))`, peer[:], idList(ids))
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			continue
		}
		one, err := s.syncList(all, `SELECT `+syncColumns+` FROM sync_record WHERE peer = ? AND id = ?`, peer[:], id[:])
		if err != nil {
			return nil, err
		}
		list = append(list, one...)
	}
	return list, nil
}

// RecordsOf implements datasync.RecordStore.
func (s syncTables) RecordsOf(ref datasync.Ref) ([]datasync.State, error) {
	return s.syncList(all, `SELECT `+syncColumns+` FROM sync_record WHERE ref = ? ORDER BY seq`, ref[:])
}

// CountOf implements datasync.RecordStore.
func (s syncTables) CountOf(ref datasync.Ref) (n int, err error) {
	_, err = s.tx.Get(`SELECT count(*) FROM sync_record WHERE ref = ?`, []any{ref[:]},
		func(r Row) { n = int(r.Int64(0)) })
	return n, err
}

// RecordsAt implements datasync.RecordStore.
func (s syncTables) RecordsAt(peer datasync.PeerID, max int) ([]datasync.State, error) {
	return s.syncList(max, `SELECT `+syncColumns+` FROM sync_record WHERE peer = ? ORDER BY id`, peer[:])
}

// RecordsAfter implements datasync.RecordStore.
func (s syncTables) RecordsAfter(seq uint64, max int) ([]datasync.State, error) {
	return s.syncList(max, `SELECT `+syncColumns+` FROM sync_record WHERE seq > ? ORDER BY seq`, int64(seq))
}

// Due implements datasync.RecordStore.
func (s syncTables) Due(until datasync.Millis, max int) ([]datasync.State, error) {
	return s.syncList(max, `SELECT `+syncColumns+` FROM sync_record INDEXED BY sync_record_due
		WHERE deadline <= ? ORDER BY deadline, seq`, int64(until))
}

// SentBefore implements datasync.RecordStore.
func (s syncTables) SentBefore(
	peer datasync.PeerID, before, now datasync.Millis, above datasync.MessageID, max int,
) ([]datasync.State, error) {
	return s.syncList(max, `SELECT `+syncColumns+` FROM sync_record WHERE peer = ? AND id > ?
		AND last_sent > 0 AND (last_sent < ? OR last_sent > ?) ORDER BY id`, peer[:], above[:], int64(before), int64(now))
}

// Requests implements datasync.RecordStore.
func (s syncTables) Requests(peer datasync.PeerID) (ofPeer, all int, err error) {
	_, err = s.tx.Get(`SELECT count(*) FILTER (WHERE peer = ?), count(*) FROM sync_record INDEXED BY sync_record_request
		WHERE kind = 1`, []any{peer[:]}, func(r Row) { ofPeer, all = int(r.Int64(0)), int(r.Int64(1)) })
	return ofPeer, all, err
}

// Insert implements datasync.RecordStore.
func (s syncTables) Insert(st *datasync.State) error {
	var ref any
	if st.Kind != datasync.KindRequest {
		ref = st.Ref[:]
	}
	_, err := s.tx.Get(`INSERT OR REPLACE INTO sync_record (peer, id, kind, ref, body_bytes, timestamp, attempts,
			created, last_sent, asked, deadline) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`,
		[]any{
			st.Peer[:], st.ID[:], int64(st.Kind), ref, st.BodyBytes, st.Timestamp, st.Attempts,
			int64(st.Created), int64(st.LastSent), int64(st.Asked), int64(st.Deadline),
		}, func(r Row) { st.Seq = uint64(r.Int64(0)) })
	return err
}

// Update implements datasync.RecordStore.
func (s syncTables) Update(st *datasync.State) error {
	return s.tx.Exec(`UPDATE sync_record SET kind = ?, attempts = ?, created = ?, last_sent = ?, asked = ?, deadline = ?
		WHERE seq = ?`, int64(st.Kind), st.Attempts, int64(st.Created), int64(st.LastSent), int64(st.Asked),
		int64(st.Deadline), int64(st.Seq))
}

// Delete implements datasync.RecordStore.
func (s syncTables) Delete(st *datasync.State) error {
	return s.tx.Exec(`DELETE FROM sync_record WHERE seq = ?`, int64(st.Seq))
}
