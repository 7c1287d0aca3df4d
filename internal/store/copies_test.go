package store

import (
	"encoding/binary"
	"testing"
	"time"
)

// TestHandledPayloadsAreForgotten when their time is over or there are too
// many, but not while their messages are stored.
func TestHandledPayloadsAreForgotten(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	begin := time.UnixMilli(1_700_000_000_000)
	update(t, db, func(tx *Tx) error {
		chat := testChat(t, tx, "chat")
		name := func(n int) (id MessageID) {
			binary.BigEndian.PutUint32(id[:], uint32(n))
			return id
		}
		known := func(n int) bool {
			id, found, err := tx.Handled().As(name(n))
			if err != nil || found && id != name(n) {
				t.Fatalf("%d: %v, %v", n, id, err)
			}
			return found
		}
		next := 100
		add := func(n int, at time.Time) {
			if err := tx.Handled().Add(name(n), name(n), at); err != nil {
				t.Fatal(err)
			}
		}
		later := func(at time.Time) { // others come and have old ones looked at
			for range 50 {
				next++
				add(next, at)
			}
		}
		const stored, plain = 1, 2
		m := Message{ID: name(stored), ChatKey: chat.Key, Author: contactID(1), Clock: 1}
		if err := tx.Messages().Put(&m); err != nil {
			return err
		}
		add(stored, begin)
		add(plain, begin)
		age := SeenAge + time.Hour
		later(begin.Add(age))
		if !known(stored) || !known(plain) {
			t.Error("forgotten although it may have lost its message just now")
		}
		later(begin.Add(2 * age))
		if !known(stored) || known(plain) {
			t.Errorf("after twice the time: with a message %t, without %t", known(stored), known(plain))
		}
		if err := tx.Messages().Delete(m.ID); err != nil {
			return err
		}
		later(begin.Add(2*age + SeenAge - time.Hour))
		if !known(stored) {
			t.Error("forgotten too soon after the message was deleted")
		}
		later(begin.Add(3 * age))
		later(begin.Add(4 * age))
		if known(stored) {
			t.Error("remembered for ever")
		}
		// Too many: as if there were a million between the old and the new.
		last := begin.Add(4 * age)
		if err := tx.Exec(`UPDATE handled SET seq = seq + ?`, MaxHandled); err != nil {
			return err
		}
		if err := tx.Exec(`INSERT INTO handled (seq, identity, id, at, gone) VALUES (1, x'01', x'01', ?, 1)`,
			last.UnixMilli()); err != nil {
			return err
		}
		later(last)
		found, err := tx.Get(`SELECT 1 FROM handled WHERE identity = x'01'`, nil, func(Row) {})
		if found {
			t.Error("there is no bound")
		}
		return err
	})
}

// TestAliases lead to their message and go with it.
func TestAliases(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	update(t, db, func(tx *Tx) error {
		chat := testChat(t, tx, "chat")
		m := Message{ID: MessageID{1}, ChatKey: chat.Key, Author: contactID(1), Clock: 1}
		other := Message{ID: MessageID{2}, ChatKey: chat.Key, Author: contactID(1), Clock: 2}
		for _, one := range []*Message{&m, &other} {
			if err := tx.Messages().Put(one); err != nil {
				return err
			}
		}
		add := func(id MessageID, plain bool) bool {
			added, err := tx.Messages().AddAlias(&m, id, plain)
			if err != nil {
				t.Fatal(err)
			}
			return added
		}
		if add(m.ID, false) || add(other.ID, false) {
			t.Error("the id of a message became an alias")
		}
		n := 0
		for i := range byte(100) {
			if add(MessageID{3, i}, false) {
				n++
			}
		}
		if n != MaxAliases || add(MessageID{3, 0}, false) {
			t.Errorf("%d aliases", n)
		}
		if !add(MessageID{4}, true) || add(MessageID{5}, true) {
			t.Error("not exactly one plain alias")
		}
		if id, found, err := tx.Messages().PlainAlias(&m); err != nil || !found || id != (MessageID{4}) {
			t.Errorf("plain alias %v, %t, %v", id, found, err)
		}
		for _, id := range []MessageID{{3, 0}, {4}} {
			if got, found, err := tx.Messages().ByID(id); err != nil || !found || got.ID != m.ID {
				t.Errorf("%x leads to %x, %t, %v", id[:2], got.ID[:2], found, err)
			}
		}
		if err := tx.Messages().Delete(m.ID); err != nil {
			return err
		}
		if known, err := tx.Messages().Exists(MessageID{4}); err != nil || known {
			t.Errorf("an alias without message: %t, %v", known, err)
		}
		return nil
	})
}
