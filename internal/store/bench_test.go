package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// benchSchema has tables of the shape that messages, ratchets and data sync
// need, beside those of the package.
const benchSchema = `
CREATE TABLE bench_message (id BLOB PRIMARY KEY NOT NULL, chat TEXT NOT NULL, clock INTEGER NOT NULL,
	body TEXT NOT NULL)
	WITHOUT ROWID, STRICT;
CREATE INDEX bench_by_clock ON bench_message (chat, clock DESC, id DESC);
CREATE TABLE bench_ratchet (id BLOB PRIMARY KEY NOT NULL, state BLOB NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE bench_sync (id BLOB PRIMARY KEY NOT NULL, epoch INTEGER NOT NULL) WITHOUT ROWID, STRICT`

// openBench opens a database with the benchmark's tables.
func openBench(b testing.TB) *DB {
	b.Helper()
	base, err := readMigrations(embedded())
	if err != nil {
		b.Fatal(err)
	}
	files := fstest.MapFS{}
	for i, script := range append(base, benchSchema) {
		files[fmt.Sprintf("%04d_x.sql", i+1)] = &fstest.MapFile{Data: []byte(script)}
	}
	c := testConfig(b.TempDir())
	c.migrations = files
	return mustOpen(b, c)
}

// messageID returns a different 32-byte id for each number.
func messageID(n int) []byte {
	id := make([]byte, 32)
	binary.BigEndian.PutUint64(id, uint64(n)*0x9e3779b97f4a7c15) // spread like a hash
	return id
}

// putMessage stores what the reception of a message stores.
func putMessage(tx *Tx, n int, chat, body string, state []byte) error {
	id := messageID(n)
	_, err := tx.EventLog().Append("messages.new", []byte(body), time.UnixMilli(int64(n)))
	return errors.Join(err,
		tx.Exec(`INSERT INTO bench_message (id, chat, clock, body) VALUES (?, ?, ?, ?)`, id, chat, n, body),
		tx.Exec(`INSERT INTO bench_ratchet (id, state) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state`,
			[]byte("one session"), state),
		tx.Exec(`INSERT INTO bench_sync (id, epoch) VALUES (?, 1)`, id))
}

// BenchmarkMessageTransaction commits a message row, a ratchet row, a sync row
// and an event, synced to disk.
func BenchmarkMessageTransaction(b *testing.B) {
	db := openBench(b)
	body, state := strings.Repeat("m", 400), bytes.Repeat([]byte{7}, 500)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		update(b, db, func(tx *Tx) error { return putMessage(tx, n, "chat", body, state) })
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "tx/s")
}

// BenchmarkMessageBatch puts 64 messages into one transaction, each in its
// savepoint.
func BenchmarkMessageBatch(b *testing.B) {
	db := openBench(b)
	body, state := strings.Repeat("m", 400), bytes.Repeat([]byte{7}, 500)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		err := db.Update(context.Background(), func(tx *Tx) error {
			for range 64 {
				n++
				if err := tx.Savepoint(func() error { return putMessage(tx, n, "chat", body, state) }); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
}

// manyMessages is the size of the chat that is read from; the variable
// STATUSD_BENCH_MESSAGES changes it.
func manyMessages(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("STATUSD_BENCH_MESSAGES"))
	if err != nil || n <= 0 {
		n = 100_000
	}
	return n
}

// fill puts n messages into one chat.
func fill(b *testing.B, db *DB, n int) {
	b.Helper()
	body := strings.Repeat("m", 200)
	for at := 0; at < n; {
		update(b, db, func(tx *Tx) error {
			for range min(5000, n-at) {
				at++
				err := tx.Exec(`INSERT INTO bench_message (id, chat, clock, body) VALUES (?, ?, ?, ?)`,
					messageID(at), "chat", at, body)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := db.Checkpoint(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRead reads single messages and pages of 20 at random places of a
// large chat.
func BenchmarkRead(b *testing.B) {
	db, n := openBench(b), manyMessages(b)
	fill(b, db, n)
	at := 0
	next := func() int {
		at = (at + 7919*104729) % n
		return at + 1
	}
	b.Run(fmt.Sprintf("point/messages=%d", n), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			err := db.View(context.Background(), func(tx *Tx) error {
				read := func(r Row) { _ = r.Text(0) }
				found, err := tx.Get(`SELECT body FROM bench_message WHERE id = ?`, []any{messageID(next())}, read)
				if !found {
					b.Error("not found")
				}
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(fmt.Sprintf("page20/messages=%d", n), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			err := db.View(context.Background(), func(tx *Tx) error {
				return tx.Query(`SELECT id, body FROM bench_message WHERE chat = ? AND clock <= ?
					ORDER BY clock DESC, id DESC LIMIT 20`, []any{"chat", next()}, func(r Row) error {
					_, _ = r.Blob(0), r.Text(1)
					return nil
				})
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOpen opens and closes an existing database: with the key derivation
// of package vault, a login.
func BenchmarkOpen(b *testing.B) {
	c := testConfig(b.TempDir())
	closeDB(b, mustOpen(b, c))
	b.ReportAllocs()
	for b.Loop() {
		db, err := Open(context.Background(), c)
		if err != nil {
			b.Fatal(err)
		}
		closeDB(b, db)
	}
}
