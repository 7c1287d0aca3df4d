package courier

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/internal/store"
	"statusd/internal/test/testnet"
)

// copyDatabase returns a folder with a copy of a person's database.
func (p *person) copyDatabase() (dir string) {
	p.t.Helper()
	dir = p.t.(*testing.T).TempDir()
	var b bytes.Buffer
	if err := p.db.Snapshot(p.t.Context(), &b); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "client.db"), b.Bytes(), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return dir
}

// TestRestoredCopies: a backup that comes back as the same installation, or as a
// new one beside the original, seals nothing with keys that were used, is found
// by others, and can be written to.
func TestRestoredCopies(t *testing.T) {
	for _, same := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, 3, testnet.LinkConfig{})
			sees := &witness{t: t, sealed: make(map[string]string)}
			alice, bob := w.person(0, newIdentity(t), "alice-1"), w.somebody(1, newIdentity(t), "bob-1")
			bob.login()
			alice.follow(bob)
			alice.post, bob.post = sees.see, sees.see
			bob.do(func(tx *store.Tx) error { return tx.Installation().Set("bob-1") })
			w.settle(time.Second)
			talk := func(from, to *person, text string) {
				t.Helper()
				from.say(text, to)
				w.settle(time.Minute)
				if !slices.Contains(to.texts(), text) {
					t.Errorf("%q did not arrive at %s: %v", text, to.installation, to.c.Stats().Drops)
				}
			}
			talk(alice, bob, "one")
			talk(bob, alice, "two")
			backup := bob.copyDatabase()
			talk(bob, alice, "after the backup")
			talk(alice, bob, "and back")
			original := bob
			bob.logout()
			restored := w.somebody(2, bob.identity, "bob-1")
			restored.dir, restored.post = backup, sees.see
			db, err := openDB(t.Context(), backup, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(t.Context(), func(tx *store.Tx) error {
				if same {
					return tx.Installation().SetRestored()
				}
				restored.installation = "bob-2"
				return tx.Installation().Set("bob-2")
			})
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			restored.login()
			w.settle(time.Minute)
			talk(restored, alice, "from the restored one")
			talk(alice, restored, "to the restored one")
			if same {
				return
			}
			original.login()
			w.settle(time.Minute)
			talk(original, alice, "from the original")
			if !slices.Contains(original.texts(), "to the restored one") {
				talk(alice, original, "to both")
			}
			restored.do(func(tx *store.Tx) error {
				list, err := restored.c.Installations(tx, restored.key())
				if len(list) != 1 || list[0].ID != "bob-1" || list[0].Enabled {
					t.Errorf("the original is known as %+v", list)
				}
				_, previous, err2 := tx.Installation().IDs()
				if previous != "" {
					t.Error("the duty is not done")
				}
				return errors.Join(err, err2)
			})
		})
	}
}

// TestLostDatabase: who gets messages for a device that is gone says so, and is
// written to anew.
func TestLostDatabase(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 2, testnet.LinkConfig{})
		alice, bob := w.person(0, newIdentity(t), "alice-1"), w.somebody(1, newIdentity(t), "bob-1")
		alice.follow(bob)
		w.settle(time.Second)
		bob.login()
		w.settle(time.Minute) // alice knows his device, and the pool is empty again
		bob.logout()
		alice.chats.people = nil // so that his next device comes as a surprise
		alice.join("", time.Time{})
		w.settle(time.Second)
		fresh := w.somebody(1, bob.identity, "bob-9")
		fresh.login()
		w.settle(time.Second)
		alice.say("can you read this?", fresh)
		w.settle(5 * time.Minute)
		fresh.wants("after the answer", "can you read this?")
		if got := fresh.c.Stats().Drops["device-not-found"]; got == 0 {
			t.Errorf("drops %v", fresh.c.Stats().Drops)
		}
		if got := fresh.chats.all("undecryptable"); len(got) != 1 {
			t.Errorf("told %d times", len(got))
		}
	})
}

// TestCancelRetryForget: what is cancelled does not leave, what was given up
// can be sent again while it is known, and a person can be forgotten.
func TestCancelRetryForget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 1, testnet.LinkConfig{})
		w.ears = append(w.ears, new(ear))
		w.net.Add()
		alice, bob := w.person(0, newIdentity(t), "alice-1"), w.person(1, newIdentity(t), "bob-1")
		bob.join("status", time.Time{})
		alice.shout("status", "cancelled")
		alice.say("cancelled too", bob)
		alice.shout("status", "kept")
		alice.do(func(tx *store.Tx) error {
			return errors.Join(alice.c.Cancel(t.Context(), tx, idOf("cancelled")),
				alice.c.Cancel(t.Context(), tx, idOf("cancelled too")))
		})
		retry := func(text string) (known bool) {
			alice.do(func(tx *store.Tx) (err error) {
				known, err = alice.c.Retry(t.Context(), tx, idOf(text))
				return err
			})
			return known
		}
		if !retry("kept") || retry("cancelled") || retry("never said") {
			t.Error("what can be sent again")
		}
		alice.say("forgotten", bob)
		alice.do(func(tx *store.Tx) error { return alice.c.ForgetPeer(t.Context(), tx, bob.key()) })
		w.net.Connect(testnet.Edge{A: 0, B: 1})
		w.settle(10 * time.Minute)
		bob.wants("what left", "kept")
		alice.say("again", bob)
		w.settle(time.Second)
		bob.wants("afterwards", "again", "kept")
	})
}

// TestSizes: what does not fit is refused at once; what fits arrives, also at
// three devices for which one envelope would be too small.
func TestSizes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 2, testnet.LinkConfig{})
		alice, bob := w.person(0, newIdentity(t), "alice-1"), w.person(1, newIdentity(t), "bob-1")
		bob.join("status", time.Time{})
		w.settle(time.Second)
		send := func(public bool, size int) error {
			text := strings.Repeat("x", size)
			return alice.db.Update(t.Context(), func(tx *store.Tx) error {
				if public {
					return alice.c.SendPublic(t.Context(), tx, "status", idOf(text), []byte(text))
				}
				return alice.c.SendReliable(t.Context(), tx, keysOf(bob), idOf(text), []byte(text))
			})
		}
		for _, public := range []bool{true, false} {
			limit := alice.c.MaxWrapper(public)
			if err := send(public, limit+1); !errors.Is(err, ErrTooLarge) {
				t.Errorf("public %v, a byte too much: %v", public, err)
			}
			if err := send(public, limit); err != nil {
				t.Errorf("public %v, as large as can be: %v", public, err)
			}
			w.settle(time.Minute)
		}
		if got := len(bob.texts()); got != 2 {
			t.Errorf("%d large messages arrived", got)
		}
		// Two devices are known: the copies do not fit one envelope.
		alice.do(func(tx *store.Tx) error {
			st := tx.Transport()
			list, err := st.Installations(bob.key())
			if err != nil || len(list) != 1 {
				t.Errorf("%d devices of bob, %v", len(list), err)
				return err
			}
			list[0].ID = "bob-2"
			return st.PutInstallation(list[0])
		})
		if err := send(false, 600_000); err != nil {
			t.Fatal(err)
		}
		w.settle(time.Minute)
		if got := len(bob.texts()); got != 3 {
			t.Errorf("%d large messages arrived", got)
		}
	})
}

// TestDatabasePutBackFromACopy: the data directory of somebody comes back from a
// copy, as from the snapshot of a virtual machine, and nobody tells the daemon.
// The first message in either direction cannot be read; it comes again as soon
// as the one who could not read it has said so.
func TestDatabasePutBackFromACopy(t *testing.T) {
	for _, copyFirst := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, 3, testnet.LinkConfig{})
			alice, bob := w.person(0, newIdentity(t), "alice-1"), w.person(1, newIdentity(t), "bob-1")
			alice.follow(bob)
			bob.follow(alice)
			w.settle(time.Second)
			talk := func(from, to *person, text string, within time.Duration) {
				t.Helper()
				from.say(text, to)
				w.settle(within)
				if !slices.Contains(to.texts(), text) {
					t.Errorf("%q did not arrive at %s: %v", text, to.installation, to.c.Stats().Drops)
				}
			}
			for range 2 {
				talk(alice, bob, "from alice", time.Second)
				talk(bob, alice, "from bob", time.Second)
			}
			backup := bob.copyDatabase()
			for _, text := range []string{"one", "two", "three"} {
				talk(bob, alice, "bob after the copy: "+text, time.Second)
				talk(alice, bob, "alice after the copy: "+text, time.Second)
			}
			bob.logout()
			w.settle(time.Hour) // nothing of this is in the pool any more
			again := w.somebody(2, bob.identity, "bob-1")
			again.dir = backup
			again.login()
			w.settle(time.Minute)
			if copyFirst {
				talk(again, alice, "bob after the return", 3*time.Second)
				talk(alice, again, "alice after the return", 3*time.Second)
			} else {
				talk(alice, again, "alice after the return", 3*time.Second)
				talk(again, alice, "bob after the return", 3*time.Second)
			}
			talk(alice, again, "and on", time.Second)
			talk(again, alice, "and on as well", time.Second)
		})
	}
}
