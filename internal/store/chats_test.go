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
