package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// filesWith returns the files below a folder that contain a text.
func filesWith(t *testing.T, dir string, text []byte) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if bytes.Contains(read(t, filepath.Join(dir, e.Name())), text) {
			found = append(found, e.Name())
		}
	}
	return found
}

// TestDeletedKeysAreGoneFromDisk looks at what lies below the encryption: the
// same database without it.
func TestDeletedKeysAreGoneFromDisk(t *testing.T) {
	dir := t.TempDir()
	c := testConfig(dir)
	c.vfs = plainVFS
	db := mustOpen(t, c)
	key := bytes.Repeat([]byte("ratchet!"), 4)
	overwritten := bytes.Repeat([]byte("oldstate"), 4)
	update(t, db, func(tx *Tx) error { return tx.SetMeta("deleted", key) })
	update(t, db, func(tx *Tx) error { return tx.SetMeta("changed", overwritten) })
	for i := range 50 { // neighbours on the same pages
		update(t, db, setMeta(string(rune('A'+i)), "filler that fills pages"))
	}
	if err := db.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	if found := filesWith(t, dir, key); len(found) == 0 {
		t.Fatal("the test does not see what is stored")
	}
	update(t, db, func(tx *Tx) error {
		tx.Forget()
		if err := tx.SetMeta("changed", bytes.Repeat([]byte("newstate"), 4)); err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM meta WHERE name = 'deleted'`)
	})
	if err := db.Checkpoint(context.Background()); err != nil { // what Run does
		t.Fatal(err)
	}
	for _, gone := range [][]byte{key, overwritten} {
		if found := filesWith(t, dir, gone); len(found) != 0 {
			t.Errorf("%s is still in %v", gone[:8], found)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, gone := range [][]byte{key, overwritten} {
		if found := filesWith(t, dir, gone); len(found) != 0 {
			t.Errorf("after Close: %s is still in %v", gone[:8], found)
		}
	}
}

// TestNothingIsReadableOnDisk looks for content, names and the header in the
// encrypted files, while the database is open and after.
func TestNothingIsReadableOnDisk(t *testing.T) {
	dir := t.TempDir()
	db := mustOpen(t, testConfig(dir))
	update(t, db, func(tx *Tx) error {
		if err := tx.SetMeta("secret name", []byte("secret value, long enough")); err != nil {
			return err
		}
		_, err := tx.EventLog().Append("secret kind", []byte("secret body"), time.Unix(0, 0))
		return err
	})
	look := func(when string) {
		k := testKey().Reveal()
		for _, text := range []string{"secret", "SQLite format", "event_log", "CREATE", string(k), hex.EncodeToString(k)} {
			if found := filesWith(t, dir, []byte(text)); len(found) != 0 {
				t.Errorf("%s: %q is readable in %v", when, text, found)
			}
		}
	}
	look("in the log")
	if err := db.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	look("in the file")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	look("closed")
}

// TestErrorsDoNotShowTheKey makes opening fail after the key was used.
func TestErrorsDoNotShowTheKey(t *testing.T) {
	c := testConfig(t.TempDir())
	write(t, c.Path, bytes.Repeat([]byte{7}, 8192))
	_, err := Open(context.Background(), c)
	if err == nil {
		t.Fatal("opened noise")
	}
	if bytes.Contains([]byte(err.Error()), []byte(hex.EncodeToString(testKey().Reveal()[:4]))) {
		t.Errorf("the key shows in %v", err)
	}
}

// TestDeletedTextsAreGoneFromDisk: neither the table nor the index of the
// search keeps a part of a deleted message.
func TestDeletedTextsAreGoneFromDisk(t *testing.T) {
	dir := t.TempDir()
	c := testConfig(dir)
	c.vfs = plainVFS
	db := mustOpen(t, c)
	update(t, db, func(tx *Tx) error {
		chat := testChat(t, tx, "chat")
		for i := range byte(40) {
			m := Message{
				ID: MessageID{i}, ChatKey: chat.Key, Author: contactID(1), Clock: uint64(i), Content: 1,
				Text: "ordinary words among others",
			}
			if i == 20 {
				m.Text = "xyzzy plugh"
			}
			if err := tx.Messages().Put(&m); err != nil {
				return err
			}
		}
		return nil
	})
	if err := db.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	if found := filesWith(t, dir, []byte("xyzzy plugh")); len(found) == 0 {
		t.Fatal("the text was never on disk: the test shows nothing")
	}
	update(t, db, func(tx *Tx) error {
		tx.Forget()
		return tx.Messages().Delete(MessageID{20})
	})
	if err := db.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"xyzzy", "plugh"} {
		if found := filesWith(t, dir, []byte(part)); len(found) > 0 {
			t.Errorf("%q is still in %v", part, found)
		}
	}
	view(t, db, func(tx *Tx) error {
		return tx.Query(`SELECT block FROM message_text_data`, nil, func(r Row) error {
			for _, part := range []string{"xyz", "yzz", "zzy", "plu", "lug", "ugh"} {
				if bytes.Contains(r.Blob(0), []byte(part)) {
					t.Errorf("the index still has %q", part)
				}
			}
			return nil
		})
	})
}
