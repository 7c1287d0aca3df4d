package memstore

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/dh"
	"statusd/transport/ratchet"
	"statusd/waku/wire"
)

func byContactID(a, b transport.Peer) int {
	x, y := a.Identity.Compressed(), b.Identity.Compressed()
	return bytes.Compare(x[:], y[:])
}

func newestHeard(a, b transport.Peer) int {
	return cmp.Or(cmp.Compare(b.Heard, a.Heard), byContactID(a, b))
}

// Installations implements transport.InstallationStore.
func (tx *Tx) Installations(identity key.Public) ([]transport.Installation, error) {
	var list []transport.Installation
	for _, i := range tx.s.devices[identity] {
		list = append(list, i)
	}
	slices.SortFunc(list, func(a, b transport.Installation) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// PutInstallation implements transport.InstallationStore.
func (tx *Tx) PutInstallation(i transport.Installation) error {
	put(tx, inner(tx, tx.s.devices, i.Identity), i.ID, i)
	return nil
}

// DeleteInstallation implements transport.InstallationStore.
func (tx *Tx) DeleteInstallation(identity key.Public, id string) error {
	drop(tx, tx.s.devices[identity], id)
	return tx.TrimSessions(identity, id, 0)
}

// Sessions implements transport.SessionStore.
func (tx *Tx) Sessions(identity key.Public, installation string, prekey dh.Point) ([]transport.Session, error) {
	var list []transport.Session
	for id, row := range tx.s.sessions[device{identity, installation}] {
		if id.Prekey != prekey {
			continue
		}
		state, err := ratchet.ParseState(row.state[:])
		if err != nil {
			return nil, fmt.Errorf("read session: %w", err)
		}
		row.State = state
		list = append(list, row.Session)
	}
	slices.SortFunc(list, func(a, b transport.Session) int {
		return bytes.Compare(a.ID.Ephemeral[:], b.ID.Ephemeral[:])
	})
	return list, nil
}

// PutSession implements transport.SessionStore.
func (tx *Tx) PutSession(s transport.Session) error {
	row := sessionRow{Session: s}
	row.state = [ratchet.StateSize]byte(s.State.Append(nil))
	row.State = ratchet.State{}
	put(tx, inner(tx, tx.s.sessions, device{s.ID.Identity, s.ID.Installation}), s.ID, row)
	return nil
}

// TrimSessions implements transport.SessionStore.
func (tx *Tx) TrimSessions(identity key.Public, installation string, keep int) error {
	d := device{identity, installation}
	rows := tx.s.sessions[d]
	if len(rows) <= keep {
		return nil
	}
	list := make([]sessionRow, 0, len(rows))
	for _, row := range rows {
		list = append(list, row)
	}
	slices.SortFunc(list, func(a, b sessionRow) int {
		return cmp.Or(cmp.Compare(b.Used, a.Used), cmp.Compare(b.Created, a.Created),
			bytes.Compare(a.ID.Ephemeral[:], b.ID.Ephemeral[:]))
	})
	for _, row := range list[keep:] {
		for at := range tx.s.keys[row.ID] {
			tx.dropKey(row.ID, at)
		}
		drop(tx, tx.s.keys, row.ID)
		drop(tx, rows, row.ID)
	}
	if len(rows) == 0 {
		drop(tx, tx.s.sessions, d)
	}
	return nil
}

// RetireSessions implements transport.SessionStore.
func (tx *Tx) RetireSessions(scope transport.Scope, createdBefore int64) error {
	for d, rows := range tx.s.sessions {
		if !scope.Everybody && d != (device{scope.Identity, scope.Installation}) {
			continue
		}
		for id, row := range rows {
			if row.Created < createdBefore {
				row.Retired = true
				put(tx, rows, id, row)
			}
		}
	}
	return nil
}

// MessageKey implements transport.MessageKeyStore.
func (tx *Tx) MessageKey(s transport.SessionID, header dh.Point, n uint32) (transport.MessageKey, bool, error) {
	at := slot{header, n}
	row, ok := tx.s.keys[s][at]
	if !ok {
		return transport.MessageKey{}, false, nil
	}
	seal, err := ratchet.NewMessageKey(row.seal[:])
	if err != nil {
		return transport.MessageKey{}, false, fmt.Errorf("read message key: %w", err)
	}
	return transport.MessageKey{
		StoredKey: ratchet.StoredKey{Key: header, N: n, Seq: row.seq, Seal: seal},
		Envelope:  tx.s.used[link{s, at}],
	}, true, nil
}

// PutMessageKeys implements transport.MessageKeyStore.
func (tx *Tx) PutMessageKeys(s transport.SessionID, keys []transport.MessageKey) error {
	if _, ok := tx.s.sessions[device{s.Identity, s.Installation}][s]; !ok {
		return ErrRow
	}
	rows := inner(tx, tx.s.keys, s)
	for _, k := range keys {
		at := slot{k.Key, k.N}
		put(tx, rows, at, keyRow{[32]byte(k.Seal.Reveal()), k.Seq})
		tx.unlink(link{s, at})
		if k.Envelope != (wire.Hash{}) {
			put(tx, tx.s.links, k.Envelope, link{s, at})
			put(tx, tx.s.used, link{s, at}, k.Envelope)
		}
	}
	return nil
}

// unlink forgets which envelope used a key.
func (tx *Tx) unlink(l link) {
	if envelope, ok := tx.s.used[l]; ok {
		drop(tx, tx.s.links, envelope)
		drop(tx, tx.s.used, l)
	}
}

func (tx *Tx) dropKey(s transport.SessionID, at slot) {
	tx.unlink(link{s, at})
	drop(tx, tx.s.keys[s], at)
}

// TrimMessageKeys implements transport.MessageKeyStore.
func (tx *Tx) TrimMessageKeys(s transport.SessionID, highest int, old bool, through uint64) error {
	rows := tx.s.keys[s]
	if len(rows) <= highest && !old {
		return nil
	}
	var floor uint64 // keys below it go
	if len(rows) > highest {
		seqs := make([]uint64, 0, len(rows))
		for _, row := range rows {
			seqs = append(seqs, row.seq)
		}
		slices.Sort(seqs)
		floor = seqs[len(seqs)-highest-1] + 1
	}
	if old {
		floor = max(floor, through+1)
	}
	for at, row := range rows {
		if row.seq < floor {
			tx.dropKey(s, at)
		}
	}
	return nil
}

// ConfirmMessageKeys implements transport.MessageKeyStore.
func (tx *Tx) ConfirmMessageKeys(envelope wire.Hash) error {
	if l, ok := tx.s.links[envelope]; ok {
		tx.dropKey(l.session, l.slot)
	}
	return nil
}

// Counts returns how many records there are of each kind that grows.
func (tx *Tx) Counts() (peers, installations, sessions, messageKeys int) {
	for _, list := range tx.s.devices {
		installations += len(list)
	}
	for _, list := range tx.s.sessions {
		sessions += len(list)
	}
	for _, list := range tx.s.keys {
		messageKeys += len(list)
	}
	return len(tx.s.peers), installations, sessions, messageKeys
}
