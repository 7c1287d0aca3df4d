package store

import (
	"fmt"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/dh"
	"statusd/transport/ratchet"
	"statusd/waku/wire"
)

// Sessions implements transport.SessionStore.
func (s transportTables) Sessions(
	identity key.Public, installation string, prekey dh.Point,
) (list []transport.Session, err error) {
	owner := identity.Compressed()
	err = s.tx.Query(`SELECT ephemeral, initiator, answered, retired, rank, created, used, state, spent FROM session
		WHERE identity = ? AND installation = ? AND prekey = ? ORDER BY ephemeral`,
		[]any{owner[:], installation, prekey[:]}, func(r Row) error {
			x := transport.Session{
				ID:        transport.SessionID{Identity: identity, Installation: installation, Prekey: prekey},
				Initiator: r.Bool(1), Answered: r.Bool(2), Retired: r.Bool(3), Order: uint64(r.Int64(4)),
				Created: r.Int64(5), Used: r.Int64(6), Spent: transport.Spent(r.Blob(8)),
			}
			if err := copyPoint(&x.ID.Ephemeral, r, 0); err != nil {
				return err
			}
			err := readSecret(r, 7, func(b []byte) (err error) {
				x.State, err = ratchet.ParseState(b)
				return err
			})
			list = append(list, x)
			return err
		})
	return list, err
}

// PutSession implements transport.SessionStore. The state that it overwrites
// held keys of past messages, hence Forget.
func (s transportTables) PutSession(x transport.Session) error {
	s.tx.Forget()
	owner := x.ID.Identity.Compressed()
	state := x.State.Append(make([]byte, 0, ratchet.StateSize))
	defer clear(state)
	return s.tx.Exec(`INSERT INTO session (identity, installation, prekey, ephemeral, initiator, answered, retired,
			rank, created, used, state, spent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (identity, installation, prekey, ephemeral) DO UPDATE SET initiator = excluded.initiator,
			answered = excluded.answered, retired = excluded.retired, rank = excluded.rank,
			created = excluded.created, used = excluded.used, state = excluded.state, spent = excluded.spent`,
		owner[:], x.ID.Installation, x.ID.Prekey[:], x.ID.Ephemeral[:], x.Initiator, x.Answered, x.Retired,
		int64(x.Order), x.Created, x.Used, state, []byte(x.Spent))
}

// TrimSessions implements transport.SessionStore.
func (s transportTables) TrimSessions(identity key.Public, installation string, keep int) error {
	owner := identity.Compressed()
	var gone []int64
	err := s.tx.Query(`SELECT ref FROM session WHERE identity = ? AND installation = ?
		ORDER BY used DESC, created DESC, ephemeral LIMIT -1 OFFSET ?`, []any{owner[:], installation, keep},
		func(r Row) error {
			gone = append(gone, r.Int64(0))
			return nil
		})
	for _, ref := range gone {
		if err != nil {
			break
		}
		s.tx.Forget()
		err = s.tx.Exec(`DELETE FROM session WHERE ref = ?`, ref) // and its keys
	}
	return err
}

// RetireSessions implements transport.SessionStore.
func (s transportTables) RetireSessions(scope transport.Scope, createdBefore int64) error {
	if scope.Everybody {
		return s.tx.Exec(`UPDATE session SET retired = 1 WHERE created < ? AND retired = 0`, createdBefore)
	}
	owner := scope.Identity.Compressed()
	return s.tx.Exec(`UPDATE session SET retired = 1 WHERE identity = ? AND installation = ? AND created < ?
		AND retired = 0`, owner[:], scope.Installation, createdBefore)
}

// ref returns the number of a session, 0 for an unknown one.
func (s transportTables) ref(id transport.SessionID) (ref int64, err error) {
	owner := id.Identity.Compressed()
	_, err = s.tx.Get(`SELECT ref FROM session WHERE identity = ? AND installation = ? AND prekey = ?
		AND ephemeral = ?`, []any{owner[:], id.Installation, id.Prekey[:], id.Ephemeral[:]},
		func(r Row) { ref = r.Int64(0) })
	return ref, err
}

// MessageKey implements transport.MessageKeyStore.
func (s transportTables) MessageKey(
	id transport.SessionID, header dh.Point, n uint32,
) (k transport.MessageKey, found bool, err error) {
	ref, err := s.ref(id)
	if err != nil || ref == 0 {
		return transport.MessageKey{}, false, err
	}
	var read error
	found, err = s.tx.Get(`SELECT seq, key, envelope FROM message_key WHERE session = ? AND header = ? AND n = ?`,
		[]any{ref, header[:], n}, func(r Row) {
			k.Key, k.N, k.Seq = header, n, uint64(r.Int64(0))
			read = readSecret(r, 1, func(b []byte) (err error) {
				k.Seal, err = ratchet.NewMessageKey(b)
				return err
			})
			if read == nil && !r.IsNull(2) {
				read = copyBlob(k.Envelope[:], r, 2)
			}
		})
	if err == nil {
		err = read
	}
	if err != nil || !found {
		return transport.MessageKey{}, false, err
	}
	return k, true, nil
}

// PutMessageKeys implements transport.MessageKeyStore.
func (s transportTables) PutMessageKeys(id transport.SessionID, keys []transport.MessageKey) error {
	ref, err := s.ref(id)
	if err != nil {
		return err
	}
	if ref == 0 {
		return fmt.Errorf("%w: message key of an unknown session", ErrTransport)
	}
	for _, k := range keys {
		var envelope any
		if k.Envelope != (wire.Hash{}) {
			envelope = k.Envelope[:]
		}
		err := s.tx.Exec(`INSERT INTO message_key (session, header, n, seq, key, envelope) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (session, header, n) DO UPDATE SET seq = excluded.seq, key = excluded.key,
				envelope = excluded.envelope`, ref, k.Key[:], k.N, k.Seq, k.Seal.Reveal(), envelope)
		if err != nil {
			return err
		}
	}
	return nil
}

// TrimMessageKeys implements transport.MessageKeyStore.
func (s transportTables) TrimMessageKeys(id transport.SessionID, highest int, old bool, through uint64) error {
	ref, err := s.ref(id)
	if err != nil || ref == 0 {
		return err
	}
	floor := int64(-1) // keys up to it go
	few := false       // there cannot be more than highest: no need to count
	_, err = s.tx.Get(`SELECT (SELECT min(seq) FROM message_key WHERE session = ?1),
		(SELECT max(seq) FROM message_key WHERE session = ?1)`, []any{ref},
		func(r Row) { few = r.Int64(1)-r.Int64(0) < int64(highest) })
	if err == nil && !few {
		_, err = s.tx.Get(`SELECT seq FROM message_key WHERE session = ? ORDER BY seq DESC LIMIT 1 OFFSET ?`,
			[]any{ref, highest}, func(r Row) { floor = r.Int64(0) })
	}
	if err != nil {
		return err
	}
	if old {
		floor = max(floor, int64(through))
	}
	if floor < 0 {
		return nil
	}
	if err := s.tx.Exec(`DELETE FROM message_key WHERE session = ? AND seq <= ?`, ref, floor); err != nil {
		return err
	}
	return s.forgetIfChanged()
}

// ConfirmMessageKeys implements transport.MessageKeyStore.
func (s transportTables) ConfirmMessageKeys(envelope wire.Hash) error {
	if err := s.tx.Exec(`DELETE FROM message_key WHERE envelope = ?`, envelope[:]); err != nil {
		return err
	}
	return s.forgetIfChanged()
}
