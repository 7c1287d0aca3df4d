package store

import (
	"encoding/json"
	"fmt"
)

// GroupEvent is a signed event of a group. Who signed it and what is signed
// identify it in its group; the signature does not.
type GroupEvent struct {
	Seq     int64 // its row, zero before it is stored
	Type    int
	Clock   uint64
	Members []string
	Name    string
	From    string // contact id of who signed it
	Raw     []byte // signature of 65 bytes, then the event
	Sent    bool   // updates carry it
	Twin    bool   // its signer made more than one signature of it
}

const signatureBytes = 65

// Groups are the events of groups in a transaction.
type Groups struct{ tx *Tx }

// Groups returns the table of group events.
func (tx *Tx) Groups() Groups { return Groups{tx} }

// Events returns the events of a group in the order they became known.
func (g Groups) Events(chat int64) (events []GroupEvent, err error) {
	err = g.tx.Query(`SELECT type, clock, members, name, author, raw, seq, sent, twin FROM group_event
		WHERE chat = ? ORDER BY seq`, []any{chat}, func(r Row) error {
		e := GroupEvent{
			Type: int(r.Int64(0)), Clock: uint64(r.Int64(1)), Name: r.Text(3), From: r.Text(4), Raw: r.Blob(5),
			Seq: r.Int64(6), Sent: r.Bool(7), Twin: r.Bool(8),
		}
		if err := json.Unmarshal([]byte(r.Text(2)), &e.Members); err != nil {
			return fmt.Errorf("read group event: %w", err)
		}
		events = append(events, e)
		return nil
	})
	return events, err
}

// Removed returns the clock of the latest event that removed somebody from a
// group, by an admin or by himself, and of the latest by which he joined it; 0
// for none. Without a removal joined is not looked for.
func (g Groups) Removed(chat int64, id string) (removed, joined uint64, err error) {
	err = g.tx.Query(`SELECT clock, members FROM group_event WHERE chat = ? AND type = 5`, []any{chat}, func(r Row) error {
		var members []string
		if err := json.Unmarshal([]byte(r.Text(1)), &members); err != nil {
			return fmt.Errorf("read group event: %w", err)
		}
		if len(members) == 1 && members[0] == id {
			removed = max(removed, uint64(r.Int64(0)))
		}
		return nil
	})
	if err != nil || removed == 0 {
		return 0, 0, err
	}
	_, err = g.tx.Get(`SELECT coalesce(max(clock), 0) FROM group_event WHERE chat = ? AND type = 4 AND author = ?`,
		[]any{chat, id}, func(r Row) { joined = uint64(r.Int64(0)) })
	return removed, joined, err
}

// Add stores events of a group. One that is there is left as it is.
func (g Groups) Add(chat int64, events []GroupEvent) error {
	for i := range events {
		e := &events[i]
		members, err := json.Marshal(e.Members)
		if err != nil {
			return err
		}
		err = g.tx.Exec(`INSERT INTO group_event (chat, signature, type, clock, members, name, author, raw, sent, twin)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			chat, e.Raw[:signatureBytes], e.Type, e.Clock, string(members), e.Name, e.From, e.Raw, e.Sent, e.Twin)
		if err != nil {
			return err
		}
	}
	return nil
}

// Mark notes of a stored event whether it is sent and has a twin.
func (g Groups) Mark(e *GroupEvent) error {
	return g.tx.Exec(`UPDATE group_event SET sent = ?, twin = ? WHERE seq = ?`, e.Sent, e.Twin, e.Seq)
}

// Drop removes an event that is not kept any more.
func (g Groups) Drop(seq int64) error { return g.tx.Exec(`DELETE FROM group_event WHERE seq = ?`, seq) }

// Forget removes the events of a group.
func (g Groups) Forget(chat int64) error {
	return g.tx.Exec(`DELETE FROM group_event WHERE chat = ?`, chat)
}

// Invitation is a request to be let into a group.
type Invitation struct {
	ID     MessageID
	Chat   string
	Author string // contact id of who asked
	Admin  string // contact id of whom we asked; empty for a request to us
	Text   string
	State  int
	Clock  uint64
}

// Invitations are the requests in a transaction.
type Invitations struct{ tx *Tx }

// Invitations returns the table of requests.
func (tx *Tx) Invitations() Invitations { return Invitations{tx} }

const invitationColumns = `SELECT id, chat, author, admin, text, state, clock FROM invitation `

func scanInvitation(r Row) Invitation {
	i := Invitation{
		Chat: r.Text(1), Author: r.Text(2), Admin: r.Text(3), Text: r.Text(4), State: int(r.Int64(5)),
		Clock: uint64(r.Int64(6)),
	}
	copy(i.ID[:], r.Blob(0))
	return i
}

// List returns all requests, the newest first.
func (s Invitations) List() (list []Invitation, err error) {
	err = s.tx.Query(invitationColumns+`ORDER BY clock DESC, id`, nil, func(r Row) error {
		list = append(list, scanInvitation(r))
		return nil
	})
	return list, err
}

// ByID returns a request.
func (s Invitations) ByID(id MessageID) (i Invitation, found bool, err error) {
	found, err = s.tx.Get(invitationColumns+`WHERE id = ?`, []any{id[:]}, func(r Row) { i = scanInvitation(r) })
	return i, found, err
}

// Count returns how many requests of a person to us there are, of all for "".
func (s Invitations) Count(author string) (n int64, err error) {
	_, err = s.tx.Get(`SELECT count(*) FROM invitation WHERE admin = '' AND (?1 = '' OR author = ?1)`, []any{author},
		func(r Row) { n = r.Int64(0) })
	return n, err
}

// DeleteOldest removes n requests of people that were not added: those that were
// answered, then those that came first.
func (s Invitations) DeleteOldest(n int64) error {
	return s.tx.Exec(`DELETE FROM invitation WHERE id IN (SELECT i.id FROM invitation i
			LEFT JOIN contact c ON c.id = unhex(substr(i.author, 3))
		WHERE i.admin = '' AND NOT coalesce(c.added, 0) ORDER BY i.state = 1, i.rowid LIMIT ?)`, n)
}

// Put inserts a request or replaces it.
func (s Invitations) Put(i *Invitation) error {
	return s.tx.Exec(`INSERT INTO invitation (id, chat, author, admin, text, state, clock) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET chat = excluded.chat, author = excluded.author, admin = excluded.admin,
			text = excluded.text, state = excluded.state, clock = excluded.clock`,
		i.ID[:], i.Chat, i.Author, i.Admin, i.Text, i.State, i.Clock)
}
