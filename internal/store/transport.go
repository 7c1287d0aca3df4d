package store

import (
	"errors"
	"fmt"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/dh"
)

// ErrTransport is wrapped by errors for a row of the secure transport that
// cannot have been written by this program, or a key without session.
var ErrTransport = errors.New("state of the secure transport is damaged")

// Transport returns the state of the secure transport as the transaction sees
// it. What it deletes or overwrites is gone from the disk after ForgetDelay.
func (tx *Tx) Transport() transport.Store { return transportTables{tx} }

// transportTables implements transport.Store.
type transportTables struct{ tx *Tx }

var _ transport.Store = transportTables{}

// Self implements transport.SelfStore.
func (s transportTables) Self() (self transport.Self, err error) {
	_, err = s.tx.Get(`SELECT last_version, contact_code_at, answers_from, answers, name, device_type, push_token
		FROM device`, nil, func(r Row) {
		self = transport.Self{
			LastVersion: uint32(r.Int64(0)), ContactCodeAt: r.Int64(1), AnswersFrom: r.Int64(2), Answers: int(r.Int64(3)),
			Metadata: transport.Metadata{Name: r.Text(4), DeviceType: r.Text(5), PushToken: r.Text(6)},
		}
	})
	return self, err
}

// PutSelf implements transport.SelfStore.
func (s transportTables) PutSelf(self transport.Self) error {
	m := self.Metadata
	return s.tx.Exec(`INSERT OR REPLACE INTO device (one, last_version, contact_code_at, answers_from, answers, name,
		device_type, push_token) VALUES (1, ?, ?, ?, ?, ?, ?, ?)`, self.LastVersion, self.ContactCodeAt,
		self.AnswersFrom, self.Answers, m.Name, m.DeviceType, m.PushToken)
}

// CurrentPrekey implements transport.PrekeyStore.
func (s transportTables) CurrentPrekey() (transport.OwnPrekey, bool, error) {
	return s.prekey(`SELECT private, version, created, replaced FROM prekey WHERE replaced = 0 ORDER BY version DESC`)
}

// Prekey implements transport.PrekeyStore.
func (s transportTables) Prekey(id dh.Point) (transport.OwnPrekey, bool, error) {
	return s.prekey(`SELECT private, version, created, replaced FROM prekey WHERE id = ?`, id[:])
}

func (s transportTables) prekey(query string, args ...any) (p transport.OwnPrekey, found bool, err error) {
	var private []byte
	found, err = s.tx.Get(query, args, func(r Row) {
		private = r.Blob(0)
		p = transport.OwnPrekey{Version: uint32(r.Int64(1)), Created: r.Int64(2), Replaced: r.Int64(3)}
	})
	if err != nil || !found {
		return transport.OwnPrekey{}, false, err
	}
	defer clear(private)
	if p.Private, err = key.NewPrivate(private); err != nil {
		return transport.OwnPrekey{}, false, fmt.Errorf("%w: prekey: %w", ErrTransport, err)
	}
	return p, true, nil
}

// PutPrekey implements transport.PrekeyStore.
func (s transportTables) PutPrekey(p transport.OwnPrekey) error {
	id := p.ID()
	return s.tx.Exec(`INSERT OR REPLACE INTO prekey (id, private, version, created, replaced) VALUES (?, ?, ?, ?, ?)`,
		id[:], p.Private.Reveal(), p.Version, p.Created, p.Replaced)
}

// DeletePrekeys implements transport.PrekeyStore.
func (s transportTables) DeletePrekeys(replacedBefore int64) error {
	if err := s.tx.Exec(`DELETE FROM prekey WHERE replaced <> 0 AND replaced < ?`, replacedBefore); err != nil {
		return err
	}
	return s.forgetIfChanged()
}

// forgetIfChanged calls Forget when the last statement deleted something.
func (s transportTables) forgetIfChanged() error {
	n, err := s.tx.Changed()
	if n > 0 {
		s.tx.Forget()
	}
	return err
}

// Peer implements transport.PeerStore.
func (s transportTables) Peer(id key.Public) (p transport.Peer, found bool, err error) {
	compressed := id.Compressed()
	var parsed error
	found, err = s.tx.Get(`SELECT shared, acks, heard, answered, written, healed, heals FROM peer WHERE identity = ?`,
		[]any{compressed[:]}, func(r Row) { p, parsed = scanPeer(id, r, 0) })
	if err = errors.Join(err, parsed); err != nil || !found {
		return transport.Peer{}, false, err
	}
	return p, true, nil
}

// scanPeer reads a peer from the columns of a row beginning at first.
func scanPeer(id key.Public, r Row, first int) (transport.Peer, error) {
	p := transport.Peer{
		Identity: id, Heard: r.Int64(first + 2), Answered: r.Int64(first + 3), Written: r.Bool(first + 4),
		Healed: r.Int64(first + 5), Heals: uint32(r.Int64(first + 6)),
	}
	shared := r.Blob(first)
	defer clear(shared)
	var err error
	if len(shared) > 0 {
		if p.Shared, err = dh.NewSecret(shared); err != nil {
			return transport.Peer{}, fmt.Errorf("%w: shared secret: %w", ErrTransport, err)
		}
	}
	if p.Acks, err = splitTexts(r.Blob(first + 1)); err != nil {
		return transport.Peer{}, fmt.Errorf("%w: installations of a peer: %w", ErrTransport, err)
	}
	return p, nil
}

// PutPeer implements transport.PeerStore.
func (s transportTables) PutPeer(p transport.Peer) error {
	id := p.Identity.Compressed()
	return s.tx.Exec(`INSERT INTO peer (identity, shared, acks, heard, answered, written, healed, heals)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (identity) DO UPDATE SET shared = excluded.shared, acks = excluded.acks, heard = excluded.heard,
			answered = excluded.answered, written = excluded.written, healed = excluded.healed, heals = excluded.heals`,
		id[:], p.Shared.Reveal(), joinTexts(p.Acks), p.Heard, p.Answered, p.Written, p.Healed, p.Heals)
}

// SecretPeers implements transport.PeerStore.
func (s transportTables) SecretPeers() (list []transport.Peer, err error) {
	err = s.tx.Query(`SELECT identity, shared, acks, heard, answered, written, healed, heals FROM peer WHERE shared <> x''
		ORDER BY identity`, nil, func(r Row) error {
		id, err := key.ParsePublic(r.Blob(0))
		if err != nil {
			return fmt.Errorf("%w: identity: %w", ErrTransport, err)
		}
		p, err := scanPeer(id, r, 1)
		list = append(list, p)
		return err
	})
	return list, err
}

// EvictStrangers implements transport.PeerStore.
func (s transportTables) EvictStrangers(own key.Public, keep int) error {
	id := own.Compressed()
	var gone [][]byte
	err := s.tx.Query(`SELECT identity FROM peer WHERE written = 0 AND identity <> ? ORDER BY heard DESC, identity
		LIMIT -1 OFFSET ?`, []any{id[:], keep}, func(r Row) error {
		gone = append(gone, r.Blob(0))
		return nil
	})
	if err != nil {
		return err
	}
	for _, stranger := range gone {
		s.tx.Forget()
		for _, query := range []string{
			`DELETE FROM session WHERE identity = ?`, `DELETE FROM installation WHERE identity = ?`,
			`DELETE FROM sender WHERE identity = ?`, `DELETE FROM peer WHERE identity = ?`,
		} {
			if err := s.tx.Exec(query, stranger); err != nil {
				return err
			}
		}
	}
	return nil
}

// Installations implements transport.InstallationStore.
func (s transportTables) Installations(identity key.Public) (list []transport.Installation, err error) {
	owner := identity.Compressed()
	err = s.tx.Query(`SELECT id, enabled, protocol, last_seen, prekey, version, prekey_seen, name, device_type,
		push_token FROM installation WHERE identity = ? ORDER BY id`, []any{owner[:]}, func(r Row) error {
		i := transport.Installation{
			Identity: identity, ID: r.Text(0), Enabled: r.Bool(1), Protocol: uint32(r.Int64(2)), LastSeen: r.Int64(3),
			Version: uint32(r.Int64(5)), PrekeySeen: r.Int64(6),
			Metadata: transport.Metadata{Name: r.Text(7), DeviceType: r.Text(8), PushToken: r.Text(9)},
		}
		list = append(list, i)
		return copyPoint(&list[len(list)-1].Prekey, r, 4)
	})
	return list, err
}

func copyPoint(p *dh.Point, r Row, column int) error {
	b := r.Blob(column)
	if len(b) != len(p) {
		return fmt.Errorf("%w: a key has %d bytes", ErrTransport, len(b))
	}
	*p = dh.Point(b)
	return nil
}

// PutInstallation implements transport.InstallationStore.
func (s transportTables) PutInstallation(i transport.Installation) error {
	owner, m := i.Identity.Compressed(), i.Metadata
	return s.tx.Exec(`INSERT OR REPLACE INTO installation (identity, id, enabled, protocol, last_seen, prekey, version,
		prekey_seen, name, device_type, push_token) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		owner[:], i.ID, i.Enabled, i.Protocol, i.LastSeen, i.Prekey[:], i.Version, i.PrekeySeen,
		m.Name, m.DeviceType, m.PushToken)
}

// DeleteInstallation implements transport.InstallationStore.
func (s transportTables) DeleteInstallation(identity key.Public, id string) error {
	owner := identity.Compressed()
	err := s.tx.Exec(`DELETE FROM installation WHERE identity = ? AND id = ?`, owner[:], id)
	if err != nil {
		return err
	}
	return s.TrimSessions(identity, id, 0)
}

// readSecret copies a secret out of a row; what the driver returned is cleared.
func readSecret(r Row, column int, read func([]byte) error) error {
	b := r.Blob(column)
	defer clear(b)
	if err := read(b); err != nil {
		return fmt.Errorf("%w: %w", ErrTransport, err)
	}
	return nil
}
