package memstore

import (
	"slices"

	"statusd/accounts/key"
	"statusd/transport"
)

// Opened implements transport.OpenedStore.
func (tx *Tx) Opened(identity key.Public, digest uint64) (known bool, forgotten int64, err error) {
	list := tx.s.opened[identity]
	known = slices.ContainsFunc(list.messages, func(m transport.OpenedMessage) bool { return m.Digest == digest })
	return known, list.forgotten, nil
}

// PutOpened implements transport.OpenedStore.
func (tx *Tx) PutOpened(identity key.Public, m transport.OpenedMessage, keep, all int) error {
	list := tx.s.opened[identity]
	list.messages = append(slices.Clip(list.messages), m)
	put(tx, tx.s.opened, identity, list)
	if len(list.messages) > keep+keep/8 {
		tx.forgetOpened(identity, len(list.messages)-keep)
	}
	total, largest, most := 0, key.Public{}, 0
	for id, l := range tx.s.opened {
		total += len(l.messages)
		if len(l.messages) > most {
			largest, most = id, len(l.messages)
		}
	}
	if total > all {
		tx.forgetOpened(largest, most-most/2)
	}
	return nil
}

// forgetOpened forgets the n oldest messages of an identity.
func (tx *Tx) forgetOpened(identity key.Public, n int) {
	list := tx.s.opened[identity]
	for _, m := range list.messages[:n] {
		list.forgotten = max(list.forgotten, m.Sent)
	}
	list.messages = list.messages[n:]
	put(tx, tx.s.opened, identity, list)
}

// PassOpened implements transport.OpenedStore.
func (tx *Tx) PassOpened(identity key.Public, through int64) error {
	list := tx.s.opened[identity]
	list.forgotten = max(list.forgotten, through)
	put(tx, tx.s.opened, identity, list)
	return nil
}
