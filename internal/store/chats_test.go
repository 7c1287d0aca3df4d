package store

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// contactID is a text of the form of a contact id; the store does not ask
// whether it is a point on the curve.
func contactID(b byte) string { return "0x04" + strings.Repeat(string([]byte{'a' + b%6}), 128) }

func testChat(t *testing.T, tx *Tx, id string) Chat {
	t.Helper()
	c := Chat{ID: id, Type: 2, Name: id, Active: true}
	if err := tx.Chats().Save(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestOrderOfMessages: by clock, then id; also where clocks and the first bits
// of ids are the same.
func TestOrderOfMessages(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	var chat Chat
	ids := []MessageID{{0, 0, 1, 1}, {0, 0, 1, 2}, {0, 0, 1, 3}, {0xff}, {1}}
	clocks := []uint64{7, 7, 7, 7, MaxMessageClock}
	update(t, db, func(tx *Tx) error {
		chat = testChat(t, tx, "order")
		for i := range ids {
			m := Message{ID: ids[i], ChatKey: chat.Key, Author: contactID(1), Clock: clocks[i], Text: "text"}
			if err := tx.Messages().Put(&m); err != nil {
				return err
			}
		}
		m := Message{ID: MessageID{9}, ChatKey: chat.Key, Author: contactID(1), Clock: MaxMessageClock + 1}
		if err := tx.Messages().Put(&m); !errors.Is(err, ErrClock) {
			t.Errorf("a clock beyond the last: %v", err)
		}
		m = Message{ID: MessageID{9}, ChatKey: chat.Key, Author: "0x04"}
		if err := tx.Messages().Put(&m); !errors.Is(err, ErrContactID) {
			t.Errorf("an author that is none: %v", err)
		}
		return nil
	})
	view(t, db, func(tx *Tx) error {
		page, err := tx.Messages().Page(chat.Key, math.MaxInt64, 0)
		if err != nil {
			return err
		}
		for i, m := range page.Messages {
			if want := ids[len(ids)-1-i]; m.ID != want {
				t.Errorf("place %d has %x, want %x", i, m.ID[:4], want[:4])
			}
		}
		if len(page.Messages) != len(ids) || page.More {
			t.Errorf("page of %d, more %t", len(page.Messages), page.More)
		}
		return nil
	})
	// Saved again, a message is replaced, also when its clock has changed.
	update(t, db, func(tx *Tx) error {
		m := Message{ID: ids[0], ChatKey: chat.Key, Author: contactID(1), Clock: 8, Text: "new"}
		return tx.Messages().Put(&m)
	})
	view(t, db, func(tx *Tx) error {
		page, err := tx.Messages().Page(chat.Key, math.MaxInt64, 2)
		if err != nil || len(page.Messages) != 2 || page.Messages[1].Text != "new" || !page.More || page.Next.ID != ids[3] {
			t.Errorf("after replacing: %+v, %v", page, err)
		}
		return nil
	})
}

// TestSearchIndexFollows: what is changed, deleted or a system message is found
// as it is now.
func TestSearchIndexFollows(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	var one, two Chat
	put := func(tx *Tx, n byte, chat Chat, content int, text string) Message {
		m := Message{
			ID: MessageID{n}, ChatKey: chat.Key, Author: contactID(n), Clock: uint64(n), Content: content, Text: text,
		}
		if err := tx.Messages().Put(&m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	find := func(tx *Tx, chat int64, text string) (n int) {
		page, err := tx.Messages().Search(chat, math.MaxInt64, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Messages)
	}
	update(t, db, func(tx *Tx) error {
		one, two = testChat(t, tx, "one"), testChat(t, tx, "two")
		first := put(tx, 1, one, 1, "the needle here")
		put(tx, 2, two, 1, "a Needle there")
		put(tx, 3, one, 6, "needle of the system")
		a, b, c := find(tx, 0, "needle"), find(tx, one.Key, "needle"), find(tx, two.Key, "NEEDLE")
		if a != 2 || b != 1 || c != 1 {
			t.Errorf("found %d, %d, %d", a, b, c)
		}
		first.Text = "a thread"
		if err := tx.Messages().Change(&first); err != nil {
			return err
		}
		if a, b := find(tx, one.Key, "needle"), find(tx, one.Key, "thread"); a != 0 || b != 1 {
			t.Errorf("after the change: %d, %d", a, b)
		}
		if err := tx.Messages().DeleteChat(two.Key); err != nil {
			return err
		}
		if a := find(tx, 0, "needle"); a != 0 {
			t.Errorf("after the deletion: %d", a)
		}
		return tx.Exec(`INSERT INTO message_text (message_text) VALUES ('integrity-check')`)
	})
}

// TestPayloadsAreForgotten at their age, and the quarantine keeps its bounds.
func TestPayloadsAreForgotten(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	begin := time.UnixMilli(1_700_000_000_000)
	update(t, db, func(tx *Tx) error {
		old, fresh := MessageID{1}, MessageID{2}
		if err := tx.SeenPayloads().Add(old, begin); err != nil {
			return err
		}
		if err := tx.Sent().Put(&Sent{ID: old, Wrapper: []byte{1}, At: begin}); err != nil {
			return err
		}
		if err := tx.SeenPayloads().Add(fresh, begin.Add(SeenAge)); err != nil {
			return err
		}
		if seen, err := tx.SeenPayloads().Has(old); err != nil || !seen {
			t.Errorf("at its age: %t, %v", seen, err)
		}
		if err := tx.SeenPayloads().Add(fresh, begin.Add(SeenAge+time.Second)); err != nil {
			return err
		}
		if err := tx.Sent().Put(&Sent{ID: fresh, At: begin.Add(SentAge + time.Second)}); err != nil {
			return err
		}
		seen, err := tx.SeenPayloads().Has(old)
		_, sent, errSent := tx.Sent().ByID(old)
		if err := errors.Join(err, errSent); err != nil || seen || sent {
			t.Errorf("after its age: seen %t, sent %t, %v", seen, sent, err)
		}
		for i := range MaxQuarantine + 100 {
			k := Kept{Data: []byte{byte(i), byte(i >> 8)}, Sender: [65]byte{byte(i), byte(i >> 8)}, Sent: begin}
			if err := tx.Quarantine().Put(&k); err != nil {
				return err
			}
		}
		if err := tx.Quarantine().Put(&Kept{Data: make([]byte, MaxQuarantineBytes+1), Sent: begin}); err != nil {
			return err
		}
		n := int64(0)
		_, err = tx.Get(`SELECT count(*) FROM quarantine`, nil, func(r Row) { n = r.Int64(0) })
		if n != MaxQuarantine {
			t.Errorf("%d kept, want %d", n, MaxQuarantine)
		}
		return err
	})
}

// TestLookupsUseIndexes: what is done for each message never reads a whole
// table. The plan of every statement that was prepared is looked at.
func TestLookupsUseIndexes(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	id, who := MessageID{1}, contactID(1)
	update(t, db, func(tx *Tx) error {
		chat := testChat(t, tx, "chat")
		m := Message{ID: id, ChatKey: chat.Key, Author: who, Clock: 1, Text: "text", Media: &Media{Bytes: []byte{1}}}
		list := []func() error{
			func() error { return tx.Messages().Put(&m) },
			func() error { return tx.Messages().Change(&m) },
			func() error { return tx.Messages().WithMedia(&m) },
			func() error { return tx.Chats().Refresh(&chat) },
			func() error { return tx.Contacts().Save(&Contact{ID: who, Nickname: "n"}) },
			func() error { return tx.Reactions().Put(&Reaction{ID: id, ChatKey: chat.Key, Author: who}) },
			func() error { return tx.Groups().Add(chat.Key, []GroupEvent{{Raw: make([]byte, 70)}}) },
			func() error { return tx.Invitations().Put(&Invitation{ID: id}) },
			func() error { return tx.Sent().Put(&Sent{ID: id, At: time.UnixMilli(1)}) },
			func() error { return tx.SeenPayloads().Add(id, time.UnixMilli(1)) },
			func() error { return tx.Handled().Add(id, id, time.UnixMilli(1)) },
			func() error { _, err := tx.Messages().AddAlias(&m, MessageID{3}, true); return err },
			func() error { return tx.Reactions().Move(&Reaction{ID: MessageID{2}}, MessageID{4}, "") },
			func() error { return tx.Quarantine().Put(&Kept{Data: []byte{1}, Sent: time.Unix(1, 0)}) },
			func() error { return tx.Sent().Forget(MessageID{2}) },
			func() error { return tx.Messages().Delete(MessageID{2}) },
		}
		for _, read := range []func() (any, bool, error){
			func() (any, bool, error) { v, ok, err := tx.Messages().ByID(id); return v, ok, err },
			func() (any, bool, error) { v, ok, err := tx.Messages().BySeq(m.Seq); return v, ok, err },
			func() (any, bool, error) { v, ok, err := tx.Chats().ByID("chat"); return v, ok, err },
			func() (any, bool, error) { v, ok, err := tx.Chats().ByKey(chat.Key); return v, ok, err },
			func() (any, bool, error) { v, ok, err := tx.Contacts().ByID(who); return v, ok, err },
			func() (any, bool, error) { v, ok, err := tx.Reactions().ByID(id); return v, ok, err },
			func() (any, bool, error) { v, ok, err := tx.Invitations().ByID(id); return v, ok, err },
			func() (any, bool, error) { v, ok, err := tx.Sent().ByID(id); return v, ok, err },
			func() (any, bool, error) { v, ok, err := tx.Quarantine().After(0); return v, ok, err },
			func() (any, bool, error) {
				v, err := tx.Messages().Page(chat.Key, math.MaxInt64, 1)
				return v, true, err
			},
			func() (any, bool, error) {
				v, err := tx.Messages().Search(chat.Key, m.Seq, "text", 1)
				return v, true, err
			},
			func() (any, bool, error) { v, err := tx.Messages().Search(0, m.Seq, "te", 1); return v, true, err },
			func() (any, bool, error) { v, err := tx.Messages().MarkSeen(chat.Key, nil); return v, true, err },
			func() (any, bool, error) { v, err := tx.Messages().Exists(id); return v, v, err },
			func() (any, bool, error) { v, _, err := tx.Messages().Weight(chat.Key); return v, true, err },
			func() (any, bool, error) { v, err := tx.Messages().DeleteAuthor(contactID(2)); return v, true, err },
			func() (any, bool, error) { v, err := tx.Reactions().Of(chat.Key, "", 1); return v, true, err },
			func() (any, bool, error) { v, err := tx.Reactions().CountOf(who, chat.Key, 1); return v, true, err },
			func() (any, bool, error) { v, err := tx.Groups().Events(chat.Key); return v, true, err },
			func() (any, bool, error) { v, err := tx.Contacts().ByNickname("n"); return v, true, err },
			func() (any, bool, error) { v, err := tx.Sent().Delivered(id, [65]byte{}); return v, true, err },
			func() (any, bool, error) { v, err := tx.Sent().DeliveredTo(id); return v, true, err },
			func() (any, bool, error) { v, err := tx.SeenPayloads().Has(id); return v, true, err },
			func() (any, bool, error) { v, ok, err := tx.Handled().As(id); return v, ok, err },
			func() (any, bool, error) { v, ok, err := tx.Messages().PlainAlias(&m); return v, ok, err },
			func() (any, bool, error) { v, ok, err := tx.Messages().ByID(MessageID{3}); return v, ok, err },
			func() (any, bool, error) {
				v, err := tx.Messages().MarkSeen(chat.Key, []MessageID{{3}})
				return v, true, err
			},
			func() (any, bool, error) { v, err := tx.Reactions().To(chat.Key, "", 1); return v, true, err },
		} {
			list = append(list, func() error {
				if v, found, err := read(); err != nil || !found {
					t.Errorf("%T: found %t, %v", v, found, err)
				}
				return nil
			})
		}
		list = append(list, strangerLookups(tx, who)...)
		for i, fn := range list {
			if err := fn(); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		}
		return nil
	})
	checkPlans(t, db)
}

// strangerLookups are what is done for strangers.
func strangerLookups(tx *Tx, who string) []func() error {
	return []func() error{
		func() error { _, err := tx.Chats().Strangers(3); return err },
		func() error { _, _, err := tx.Chats().OldestStranger(0); return err },
		func() error { _, err := tx.Chats().StrangerGroupsOf(who); return err },
		func() error { _, err := tx.Invitations().Count(who); return err },
		func() error { _, err := tx.Invitations().Count(""); return err },
		func() error { return tx.Invitations().DeleteOldest(1) },
		func() error { return tx.Chats().Remove(&Chat{Key: 100, ID: contactID(9)}) },
	}
}

// checkPlans fails for each prepared statement that reads a whole table.
func checkPlans(t *testing.T, db *DB) {
	t.Helper()
	var queries []string
	for sql := range db.conn.prepared {
		queries = append(queries, sql)
	}
	for _, sql := range queries {
		if strings.HasPrefix(sql, "SAVEPOINT") || strings.HasPrefix(sql, "RELEASE") {
			continue
		}
		update(t, db, func(tx *Tx) error { // SQLite calls also the plan of a change a change
			s, _, err := db.conn.statement(sql)
			if err != nil {
				return err
			}
			return tx.Query("EXPLAIN QUERY PLAN "+sql, make([]any, s.BindCount()), func(r Row) error {
				plan := r.Text(3)
				if strings.HasPrefix(plan, "SCAN ") && !strings.Contains(plan, "VIRTUAL TABLE") &&
					!strings.Contains(plan, "USING") && !strings.Contains(plan, "CONSTANT ROW") &&
					!strings.Contains(plan, "subquery") && !strings.Contains(plan, "sqlite_master") {
					t.Errorf("%s in %s", plan, sql)
				}
				return nil
			})
		})
	}
}
