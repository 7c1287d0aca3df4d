package store

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// guestSums compares the sums with what is there.
func guestSums(t *testing.T, tx *Tx) {
	t.Helper()
	const there = `WITH counted (author, class, weight) AS (
			SELECT author, guest, sum(weight) FROM message WHERE guest > 0 GROUP BY 1, 2
			UNION ALL SELECT author, guest, 256 * count(*) FROM reaction WHERE guest > 0 GROUP BY 1, 2),
		there (author, class, weight) AS (
			SELECT * FROM counted UNION ALL SELECT 0, class, sum(weight) FROM counted GROUP BY class) `
	const kept = `SELECT author, class, weight FROM guest_weight WHERE weight <> 0`
	for name, query := range map[string]string{
		"missing or wrong": there + `SELECT * FROM there EXCEPT ` + kept,
		"too many":         there + kept + ` EXCEPT SELECT * FROM there`,
	} {
		if err := tx.Query(query, nil, func(r Row) error {
			return fmt.Errorf("%s: author %d, class %d, weight %d", name, r.Int64(0), r.Int64(1), r.Int64(2))
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSumsOfGuestsAreKept does at random what changes them.
func TestSumsOfGuestsAreKept(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	limits := GuestLimits{Author: 20_000, All: 50_000}
	var chat Chat
	update(t, db, func(tx *Tx) error {
		chat = testChat(t, tx, "tea")
		return nil
	})
	for round := range 60 {
		update(t, db, func(tx *Tx) error {
			for range 10 {
				if err := changeGuests(tx, chat.Key, random, limits); err != nil {
					return err
				}
			}
			guestSums(t, tx)
			for _, class := range []Guest{GuestText, GuestMedia, GuestReaction} {
				if n, err := tx.Guests().Weight("", class); err != nil || n > limits.All {
					t.Errorf("round %d, class %d: %d bytes, %v", round, class, n, err)
				}
			}
			return nil
		})
	}
}

// changeGuests does one thing.
func changeGuests(tx *Tx, chat int64, random *rand.Rand, limits GuestLimits) error {
	author := contactID(byte(random.IntN(6)))
	id := MessageID{byte(random.IntN(60))}
	m := Message{
		ID: id, ChatKey: chat, Author: author, Clock: uint64(1 + random.IntN(1000)), Content: 1,
		Text: strings.Repeat("ä", random.IntN(300)),
	}
	switch random.IntN(8) {
	case 0, 1:
		m.Guest = GuestText
	case 2:
		m.Guest, m.Media = GuestMedia, &Media{Image: true, Bytes: make([]byte, random.IntN(5000))}
	case 3: // not counted
	case 4:
		e := Reaction{ID: id, ChatKey: chat, Author: author, MessageID: "x", Guest: random.IntN(3) > 0}
		if err := tx.Reactions().Put(&e); err != nil {
			return err
		}
		_, err := tx.Guests().Trim(author, GuestReaction, limits)
		return err
	case 5:
		if old, found, err := tx.Messages().ByID(id); err != nil || found {
			old.Text = m.Text
			return errOr(err, func() error { return tx.Messages().Change(&old) })
		}
		return nil
	case 6:
		c := Contact{ID: author, Added: random.IntN(2) == 0}
		return tx.Contacts().Save(&c)
	case 7:
		if random.IntN(4) == 0 {
			_, err := tx.Messages().DeleteAuthor(author)
			return err
		}
		return tx.Messages().Delete(id)
	}
	if err := tx.Messages().Put(&m); err != nil || m.Guest == 0 {
		return err
	}
	_, err := tx.Guests().Trim(author, m.Guest, limits)
	return err
}

func errOr(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

// TestMakingRoomReadsNoTable: every step uses an index, also for an author with
// much else.
func TestMakingRoomReadsNoTable(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	update(t, db, func(tx *Tx) error {
		for _, query := range []string{
			`SELECT seq FROM message WHERE guest > 0 AND guest = ?1 ORDER BY seq LIMIT 1`,
			`SELECT seq FROM message WHERE guest > 0 AND guest = ?1 AND author = ?2 ORDER BY seq LIMIT 1`,
			`SELECT rowid FROM reaction WHERE guest > 0 AND guest = ?1 ORDER BY rowid LIMIT 1`,
			`SELECT rowid FROM reaction WHERE guest > 0 AND guest = ?1 AND author = ?2 ORDER BY rowid LIMIT 1`,
			`UPDATE chat SET unread = max(unread - 1, 0) WHERE key = ?`,
			`SELECT seq FROM message WHERE chat = ?1 AND NOT hidden AND type <> 4 ORDER BY seq DESC LIMIT 1`,
			`UPDATE message SET guest = 0 WHERE author = 7 AND guest > 0`,
			`UPDATE reaction SET guest = 0 WHERE author = 7 AND guest > 0`,
			`SELECT 1 FROM chat WHERE id = '0x' || lower(hex(?))`,
		} {
			args := make([]any, min(strings.Count(query, "?"), 2))
			if strings.Contains(query, "?2") {
				args = make([]any, 2)
			}
			for i := range args {
				args[i] = int64(1)
			}
			err := tx.Query(`EXPLAIN QUERY PLAN `+query, args, func(r Row) error {
				if step := r.Text(3); strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
					t.Errorf("%s\n%s", query, step)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// TestGuestsOfAnOldDatabaseAreCounted: what earlier versions stored.
func TestGuestsOfAnOldDatabaseAreCounted(t *testing.T) {
	c := testConfig(t.TempDir())
	c.migrations = before(t, "0012")
	db := mustOpen(t, c)
	update(t, db, func(tx *Tx) error {
		for _, step := range []string{
			`INSERT INTO contact (key, id, tags, added, blocked, listed, name, nickname, photo, updated, ens_verified,
				ens_verified_at, ens_clock, ens_retries) VALUES
				(1, x'01', '[]', 0, 0, 0, '', '', '', 0, 0, 0, 0, 0), (2, x'02', '[]', 1, 0, 1, '', '', '', 0, 0, 0, 0, 0),
				(3, x'03', '[]', 0, 0, 0, '', '', '', 0, 0, 0, 0, 0)`,
			`INSERT INTO chat (key, id, type, name, color, active, muted, deleted, stranger, timestamp, last_clock,
				deleted_clock, unread, members, admin, profile) VALUES
				(1, 'tea', 2, '', '', 1, 0, 0, 0, 0, 0, 0, 0, '', '', ''),
				(2, 'one', 1, '', '', 1, 0, 0, 0, 0, 0, 0, 0, '', '', '')`,
			`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
				INSERT INTO message (seq, id, chat, author, clock, timestamp, received, type, content, status, seen, hidden, text,
				ens_name, reply_to, replaces, extra) SELECT i, CAST(i AS BLOB), 1 + i % 2, 1 + i % 3, i, i, i, 1, 1,
				iif(i % 3 = 2, 3, 0), 0, 0, 'text', '', '', '', x'' FROM n`,
			`INSERT INTO media (message, image, format, duration, bytes) SELECT seq, 1, 1, 0, zeroblob(1000) FROM message
				WHERE seq % 4 = 0`,
			`INSERT INTO reaction (id, chat, author, message, wire_chat, type, emoji, clock, retracted) VALUES
				(x'01', 1, 1, '', '', 1, 1, 1, 0), (x'02', 1, 2, '', '', 1, 1, 1, 0), (x'03', 2, 1, '', '', 1, 1, 1, 0),
				(x'04', 1, 3, '', '', 1, 1, 1, 0)`,
		} {
			if err := tx.Exec(step); err != nil {
				return err
			}
		}
		return nil
	})
	closeDB(t, db)
	c.migrations = nil
	db = mustOpen(t, c)
	view(t, db, func(tx *Tx) error {
		guestSums(t, tx)
		for class, want := range map[Guest]int64{GuestText: 3 * 528, GuestMedia: 3 * 1528, GuestReaction: 256} {
			got, err := tx.Guests().Weight("", class)
			if err != nil || got != want {
				t.Errorf("class %d: %d bytes, want %d, %v", class, got, want, err)
			}
		}
		return nil
	})
}
