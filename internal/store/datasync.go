package store

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"statusd/datasync"
	"statusd/datasync/runner"
)

// ErrNoBody is returned for the body of an outgoing message that is not stored.
var ErrNoBody = errors.New("no such message body")

// ErrSync is wrapped by errors for a row of data sync that cannot have been
// written by this program.
var ErrSync = errors.New("state of data sync is damaged")

// SyncStore is the database as the runner of data sync sees it.
type SyncStore struct{ *DB }

var _ runner.Store[*Tx] = SyncStore{}

// Records implements runner.Store.
func (SyncStore) Records(tx *Tx) runner.Records { return syncTables{tx} }

// syncTables are the tables of data sync in a transaction. They implement
// datasync.Store; see there.
type syncTables struct{ tx *Tx }

// OnFinish implements runner.Records.
func (s syncTables) OnFinish(fn func(committed bool)) { s.tx.OnFinish(fn) }

// Body implements datasync.Store.
func (s syncTables) Body(ref datasync.Ref) ([]byte, error) {
	body, found, err := s.tx.bodies().get(ref)
	if err == nil && !found {
		err = ErrNoBody
	}
	return body, err
}

// PutBody implements datasync.Store.
func (s syncTables) PutBody(ref datasync.Ref, body []byte) (same bool, err error) {
	fresh, err := s.tx.bodies().put(ref, body)
	if err != nil || fresh {
		return fresh, err
	}
	old, err := s.Body(ref)
	return bytes.Equal(old, body), err
}

// DropBody implements datasync.Store.
func (s syncTables) DropBody(ref datasync.Ref) error { return s.tx.bodies().drop(ref) }

// Status implements datasync.Store.
func (s syncTables) Status() (status datasync.Status, err error) {
	_, err = s.tx.Get(`SELECT (SELECT latest FROM sync_clock), (SELECT back FROM sync_clock),
		EXISTS (SELECT 1 FROM sync_received WHERE owed IS NOT NULL),
		EXISTS (SELECT 1 FROM sync_peer WHERE sent_before > 0),
		(SELECT min(deadline) FROM sync_record)`, nil, func(r Row) {
		status = datasync.Status{
			Clock: datasync.Millis(r.Int64(0)), Back: datasync.Millis(r.Int64(1)), Owed: r.Bool(2), Heard: r.Bool(3),
			Deadline: datasync.Millis(r.Int64(4)),
		}
	})
	return status, err
}

// SetClock implements datasync.Store.
func (s syncTables) SetClock(latest, back datasync.Millis) error {
	return s.tx.Exec(`INSERT INTO sync_clock (one, latest, back) VALUES (1, ?, ?)
		ON CONFLICT (one) DO UPDATE SET latest = excluded.latest, back = excluded.back`, int64(latest), int64(back))
}

// SetBack implements datasync.Store.
func (s syncTables) SetBack(t datasync.Millis, births bool) error {
	err := s.tx.Exec(`UPDATE sync_peer SET heard = min(heard, ?), missed = min(missed, ?),
		sent_before = min(sent_before, ?)`, int64(t), int64(t), int64(t))
	if err != nil || !births {
		return err
	}
	return s.tx.Exec(`UPDATE sync_received SET at = ? WHERE at > ?`, int64(t), int64(t))
}

// Peer implements datasync.PeerStore.
func (s syncTables) Peer(id datasync.PeerID) (p datasync.PeerState, err error) {
	_, err = s.tx.Get(`SELECT heard, missed, sent_before FROM sync_peer WHERE peer = ?`, []any{id[:]}, func(r Row) {
		p = datasync.PeerState{
			Heard: datasync.Millis(r.Int64(0)), Missed: datasync.Millis(r.Int64(1)), Before: datasync.Millis(r.Int64(2)),
		}
	})
	return p, err
}

// PutPeer implements datasync.PeerStore.
func (s syncTables) PutPeer(id datasync.PeerID, p datasync.PeerState) error {
	return s.tx.Exec(`INSERT INTO sync_peer (peer, heard, missed, sent_before) VALUES (?, ?, ?, ?)
		ON CONFLICT (peer) DO UPDATE SET heard = excluded.heard, missed = excluded.missed,
			sent_before = excluded.sent_before`, id[:], int64(p.Heard), int64(p.Missed), int64(p.Before))
}

// ForgetPeers implements datasync.PeerStore. The table is small: it holds peers
// that were heard lately.
func (s syncTables) ForgetPeers(before datasync.Millis) error {
	return s.tx.Exec(`DELETE FROM sync_peer WHERE sent_before = 0 AND max(heard, missed) < ?`, int64(before))
}

// Heard implements datasync.PeerStore.
func (s syncTables) Heard(max int) (list []datasync.HeardPeer, err error) {
	_, err = s.tx.run(`SELECT peer, heard, missed, sent_before FROM sync_peer WHERE sent_before > 0
		ORDER BY sent_before`, nil,
		func(r Row) (bool, error) {
			h := datasync.HeardPeer{PeerState: datasync.PeerState{
				Heard: datasync.Millis(r.Int64(1)), Missed: datasync.Millis(r.Int64(2)), Before: datasync.Millis(r.Int64(3)),
			}}
			err := copyBlob(h.Peer[:], r, 0)
			list = append(list, h)
			return len(list) < max, err
		})
	return list, err
}

// Receive implements datasync.ReceivedStore.
func (s syncTables) Receive(id datasync.MessageID, from datasync.PeerID, at datasync.Millis) (fresh bool, err error) {
	fresh, err = s.tx.Get(`INSERT INTO sync_received (id, at, owed) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING
		RETURNING 1`, []any{id[:], int64(at), from[:]}, func(Row) {})
	if err != nil || fresh {
		return fresh, err
	}
	return false, s.tx.Exec(`UPDATE sync_received SET owed = ? WHERE id = ?`, from[:], id[:])
}

// Received implements datasync.ReceivedStore.
func (s syncTables) Received(ids []datasync.MessageID) (map[datasync.MessageID]bool, error) {
	out := make(map[datasync.MessageID]bool)
	err := s.tx.Query(`SELECT id FROM sync_received WHERE id IN (SELECT unhex(value) FROM json_each(?))`,
		[]any{idList(ids)}, func(r Row) error {
			var id datasync.MessageID
			err := copyBlob(id[:], r, 0)
			out[id] = true
			return err
		})
	return out, err
}

// idList returns ids as the argument of json_each. So a query has one argument
// and runs once, however many a peer sent.
func idList(ids []datasync.MessageID) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = hex.EncodeToString(id[:])
	}
	text, _ := json.Marshal(list) // strings always have a form
	return string(text)
}

// Owe implements datasync.ReceivedStore.
func (s syncTables) Owe(id datasync.MessageID, to datasync.PeerID) error {
	return s.tx.Exec(`UPDATE sync_received SET owed = ? WHERE id = ? AND owed IS NULL`, to[:], id[:])
}

// TakeOwed implements datasync.ReceivedStore.
func (s syncTables) TakeOwed(max int) (acks []datasync.Ack, err error) {
	last := int64(0)
	_, err = s.tx.run(`SELECT seq, id, owed FROM sync_received INDEXED BY sync_received_owed WHERE owed IS NOT NULL
		ORDER BY seq`, nil, func(r Row) (bool, error) {
		acks, last = append(acks, datasync.Ack{}), r.Int64(0)
		a := &acks[len(acks)-1]
		return len(acks) < max, errors.Join(copyBlob(a.ID[:], r, 1), copyBlob(a.To[:], r, 2))
	})
	if err != nil {
		return nil, err
	}
	return acks, s.tx.Exec(`UPDATE sync_received INDEXED BY sync_received_owed SET owed = NULL
		WHERE owed IS NOT NULL AND seq <= ?`, last)
}

// Disown implements datasync.ReceivedStore.
func (s syncTables) Disown(to datasync.PeerID) error {
	return s.tx.Exec(`UPDATE sync_received SET owed = NULL WHERE owed = ?`, to[:])
}

// Unreceive implements datasync.ReceivedStore.
func (s syncTables) Unreceive(id datasync.MessageID) (bool, error) {
	return s.tx.Get(`DELETE FROM sync_received WHERE id = ? RETURNING 1`, []any{id[:]}, func(Row) {})
}

// ForgetReceived implements datasync.ReceivedStore. What came first is not
// looked beyond: ids come in the order of time, but for clocks set back.
func (s syncTables) ForgetReceived(before datasync.Millis, keep int) error {
	return s.tx.Exec(`DELETE FROM sync_received WHERE seq < max(
			ifnull((SELECT seq FROM sync_received WHERE at >= ? ORDER BY seq LIMIT 1), 9223372036854775807),
			(SELECT ifnull(max(seq), 0) + 1 - ? FROM sync_received))`, int64(before), keep)
}

// copyBlob copies a blob of exactly the length of dst.
func copyBlob(dst []byte, r Row, column int) error {
	b := r.Blob(column)
	if len(b) != len(dst) {
		return fmt.Errorf("%w: column %d has %d bytes", ErrSync, column, len(b))
	}
	copy(dst, b)
	return nil
}
