package store

import (
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"
)

// before returns the embedded migrations before one.
func before(t *testing.T, number string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	names, err := fs.Glob(embedded(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name[:4] < number {
			data, err := fs.ReadFile(embedded(), name)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = &fstest.MapFile{Data: data}
		}
	}
	return out
}

// TestQuarantineOfOlderDatabases: what an earlier version of the program kept is
// still there, in its order, and not due.
func TestQuarantineOfOlderDatabases(t *testing.T) {
	c := testConfig(t.TempDir())
	old := c
	names, err := fs.Glob(embedded(), "*_quarantine.sql")
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	old.migrations = before(t, names[0][:4])
	db := mustOpen(t, old)
	update(t, db, func(tx *Tx) error {
		for i := range 3 {
			err := tx.Exec(`INSERT INTO quarantine (data, sender, envelope, sent, public_chat, protection, paired, device)
				VALUES (?, ?, ?, 1700000000, 'garden', 2, 1, 'phone')`, []byte{byte(i)}, make([]byte, 65), []byte{byte(i)})
			if err != nil {
				return err
			}
		}
		return nil
	})
	closeDB(t, db)
	db = mustOpen(t, c)
	update(t, db, func(tx *Tx) error {
		last := int64(0)
		for i := range 3 {
			k, found, err := tx.Quarantine().After(last)
			if err != nil || !found || k.Data[0] != byte(i) || k.PublicChat != "garden" || k.Protection != 2 || !k.Paired ||
				k.Device != "phone" || k.Sent.Unix() != 1_700_000_000 {
				t.Errorf("row %d: %+v, %t, %v", i, k, found, err)
			}
			last = k.Seq
		}
		if _, found, err := tx.Quarantine().Due(time.UnixMilli(1 << 50)); found || err != nil {
			t.Errorf("due: %t, %v", found, err)
		}
		return nil
	})
}

// TestQuarantineRooms: each reason has a room for known people and one for
// strangers, bounded by author and in total, in number and in bytes; nothing
// that was taken makes room.
func TestQuarantineRooms(t *testing.T) {
	begin := time.UnixMilli(1_700_000_000_000)
	for _, c := range []struct {
		stranger    bool
		all, bytes  int
		of, bytesOf int
	}{
		{false, MaxHeld, MaxHeldBytes, MaxHeldOf, MaxHeldBytesOf},
		{true, MaxHeldStrangers, MaxHeldStrangersBytes, MaxHeldOfStranger, MaxHeldBytesOfStranger},
	} {
		for name, size := range map[string]int{"small": 100, "large": 200_000} {
			t.Run(fmt.Sprint(c.stranger, " ", name), func(t *testing.T) {
				db := mustOpen(t, testConfig(t.TempDir()))
				update(t, db, func(tx *Tx) error {
					put := func(reason Reason, sender, n int) bool {
						k := Kept{
							Reason: reason, Stranger: c.stranger, Data: make([]byte, size), Due: begin, At: begin, Sent: begin,
							Sender: [65]byte{byte(sender), byte(sender >> 8)},
						}
						copy(k.Data, fmt.Sprint(n))
						room, err := tx.Quarantine().Hold(&k)
						if err != nil {
							t.Fatal(err)
						}
						return room
					}
					fill := func(sender, until int) (n int) {
						for n < until && put(ReasonClock, sender, n) {
							n++
						}
						return n
					}
					of := min(c.of, c.bytesOf/size)
					if got := fill(0, c.of+1); got != of {
						t.Errorf("%d of one author, want %d", got, of)
					}
					if !put(ReasonClock, 0, 0) {
						t.Error("what is there is refused")
					}
					total := of
					for sender := 1; ; sender++ {
						n := fill(sender, c.of+1)
						if total += n; n == 0 {
							break
						}
					}
					if want := min(c.all, c.bytes/size); total != want {
						t.Errorf("%d in all, want %d", total, want)
					}
					if !put(ReasonGroup, 0, 0) && size < 1000 || !put(ReasonContact, 9999, 1) {
						t.Error("another reason has no room of its own")
					}
					return nil
				})
			})
		}
	}
}

// TestQuarantineWakes what waits for a subject, and tells what is due next.
func TestQuarantineWakes(t *testing.T) {
	begin := time.UnixMilli(1_700_000_000_000)
	db := mustOpen(t, testConfig(t.TempDir()))
	update(t, db, func(tx *Tx) error {
		q := tx.Quarantine()
		if at, err := q.NextDue(); err != nil || !at.IsZero() {
			t.Errorf("next of nothing: %v, %v", at, err)
		}
		for i, subject := range []string{"a", "b", "a"} {
			k := Kept{
				Reason: ReasonGroup, Subject: subject, Data: []byte{byte(i)}, At: begin, Sent: begin,
				Due: begin.Add(time.Duration(10-i) * time.Hour), Envelope: [32]byte{7},
			}
			if room, err := q.Hold(&k); err != nil || !room {
				t.Fatal(room, err)
			}
		}
		if at, err := q.NextDue(); err != nil || !at.Equal(begin.Add(8*time.Hour)) {
			t.Errorf("next: %v, %v", at, err)
		}
		if some, err := q.Wake(ReasonContact, "a", begin); some || err != nil {
			t.Errorf("another reason: %t, %v", some, err)
		}
		if some, err := q.Wake(ReasonGroup, "a", begin); !some || err != nil {
			t.Errorf("woken: %t, %v", some, err)
		}
		for _, want := range []byte{0, 2} {
			k, found, err := q.Due(begin)
			if err != nil || !found || k.Data[0] != want || k.Reason != ReasonGroup || k.Subject != "a" || !k.At.Equal(begin) {
				t.Errorf("due: %+v, %t, %v", k, found, err)
			}
			if err := q.Delete(k.Seq); err != nil {
				return err
			}
		}
		if _, found, err := q.Due(begin); found || err != nil {
			t.Errorf("due: %t, %v", found, err)
		}
		return q.Forget([65]byte{})
	})
	checkPlans(t, db)
}

// TestRemovedFromGroup finds the latest removal and the latest joining.
func TestRemovedFromGroup(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	update(t, db, func(tx *Tx) error {
		chat := testChat(t, tx, "group")
		check := func(removed, joined uint64) {
			t.Helper()
			r, j, err := tx.Groups().Removed(chat.Key, "bob")
			if err != nil || r != removed || j != joined {
				t.Errorf("removed %d, joined %d, %v, want %d and %d", r, j, err, removed, joined)
			}
		}
		add := func(kind int, clock uint64, from string, members ...string) {
			t.Helper()
			raw := make([]byte, 70)
			raw[0], raw[68], raw[69] = byte(clock), byte(clock), byte(kind)
			err := tx.Groups().Add(chat.Key, []GroupEvent{{Type: kind, Clock: clock, From: from, Members: members, Raw: raw}})
			if err != nil {
				t.Fatal(err)
			}
		}
		add(4, 1, "bob")
		add(5, 2, "alice", "carol")
		check(0, 0)
		add(5, 3, "alice", "bob")
		check(3, 1)
		add(4, 4, "carol")
		add(4, 5, "bob")
		check(3, 5)
		return nil
	})
	checkPlans(t, db)
}
