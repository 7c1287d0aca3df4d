package store

import (
	"context"
	"fmt"
	"testing"
)

// TestGroupEventsAreOneForAllSignatures opens a database of before: of copies of
// an event one stays, and no more come.
func TestGroupEventsAreOneForAllSignatures(t *testing.T) {
	c := testConfig(t.TempDir())
	c.migrations = before(t, "0006")
	db := mustOpen(t, c)
	raw := func(signature, content byte) []byte {
		b := make([]byte, 70)
		b[0], b[69] = signature, content
		return b
	}
	insert := `INSERT INTO group_event (chat, signature, type, clock, members, name, author, raw)
		VALUES (7, ?, 5, ?, '[]', '', ?, ?)`
	err := db.Update(context.Background(), func(tx *Tx) error {
		for i, e := range []struct {
			by      string
			content byte
		}{{"a", 1}, {"a", 1}, {"b", 1}, {"a", 2}, {"a", 1}} {
			r := raw(byte(i), e.content)
			if err := tx.Exec(insert, r[:65], i, e.by, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	c.migrations = nil
	db = mustOpen(t, c)
	err = db.Update(context.Background(), func(tx *Tx) error {
		again := []GroupEvent{{Type: 5, From: "a", Raw: raw(99, 1)}, {Type: 5, From: "a", Raw: raw(99, 3), Twin: true}}
		if err := tx.Groups().Add(7, again); err != nil {
			return err
		}
		events, err := tx.Groups().Events(7)
		if err != nil {
			return err
		}
		text := ""
		for _, e := range events {
			text += fmt.Sprintf("%s %d %t %t, ", e.From, e.Raw[69], e.Sent, e.Twin)
		}
		if want := "a 1 true false, b 1 true false, a 2 true false, a 3 false true, "; text != want {
			t.Errorf("events %s want %s", text, want)
		}
		if err := tx.Groups().Drop(events[0].Seq); err != nil {
			return err
		}
		events[1].Sent, events[1].Twin = false, true
		if err := tx.Groups().Mark(&events[1]); err != nil {
			return err
		}
		events, err = tx.Groups().Events(7)
		if err == nil && (len(events) != 3 || events[0].Sent || !events[0].Twin) {
			t.Errorf("events %+v", events)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
