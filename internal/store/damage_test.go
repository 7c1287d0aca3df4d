package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"statusd/accounts/secret"
)

// crashed makes a database with n transactions whose log was never emptied, as
// a kill leaves it, and returns both files.
func crashed(t *testing.T, c Config, n int) (file, log []byte) {
	t.Helper()
	db := mustOpen(t, c)
	if err := db.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		update(t, db, setMeta("count", strconv.Itoa(i+1)))
	}
	file, log = read(t, c.Path), read(t, c.Path+"-wal")
	closeDB(t, db)
	return file, log
}

// put writes both files of a database and removes what else there is of it.
func put(t *testing.T, c Config, file, log []byte) {
	t.Helper()
	list, err := losses(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if err := os.Remove(l.Copy); err != nil {
			t.Fatal(err)
		}
	}
	write(t, c.Path, file)
	write(t, c.Path+"-wal", log)
}

// TestFlippedBitsInTheLogAreNeverSilent flips a bit in every block of the log
// that a kill left. What cannot be told from a torn write is the last
// transaction; anything before it that is lost must be counted, logged, told
// and kept.
func TestFlippedBitsInTheLogAreNeverSilent(t *testing.T) {
	c := testConfig(t.TempDir())
	core, logs := observer.New(zapcore.ErrorLevel)
	c.Log = zap.New(core)
	const transactions = 12
	file, log := crashed(t, c, transactions)
	told, harmless := 0, 0
	for at := 17; at < len(log); at += 1024 {
		damaged := bytes.Clone(log)
		damaged[at] ^= 4
		put(t, c, file, damaged)
		logs.TakeAll()
		db := mustOpen(t, c)
		left, err := strconv.Atoi("0" + meta(t, db, "count"))
		if err != nil {
			t.Fatal(err)
		}
		list := db.Condition().Losses
		errCheck := db.Check(context.Background())
		closeDB(t, db)
		switch lost := transactions - left; {
		case len(list) == 1:
			told++
			if lost < list[0].Transactions || !errors.Is(errCheck, ErrLost) || logs.Len() != 1 ||
				!strings.Contains(errCheck.Error(), list[0].Copy) {
				t.Errorf("bit of byte %d: %d lost, told %v, check: %v, %d log lines", at, lost, list, errCheck, logs.Len())
			}
			if !bytes.Equal(read(t, list[0].Copy), damaged) {
				t.Errorf("bit of byte %d: the copy is another", at)
			}
		case lost > 2 || len(list) > 1:
			t.Errorf("bit of byte %d: %d transactions are lost silently", at, lost)
		default:
			harmless++
			if errCheck != nil {
				t.Errorf("bit of byte %d: check: %v", at, errCheck)
			}
		}
	}
	t.Logf("%d told, %d like a torn write", told, harmless)
	if told < harmless {
		t.Error("most damage is not told")
	}
}

// TestTornLogIsNoDamage cuts the log anywhere, and tears what was written last:
// that is what a power cut leaves, and no reason for an alarm.
func TestTornLogIsNoDamage(t *testing.T) {
	c := testConfig(t.TempDir())
	const transactions = 6
	file, log := crashed(t, c, transactions)
	last := func(n int) int64 { // where the log ended after n transactions
		_, shorter := crashed(t, testConfig(t.TempDir()), n)
		return int64(len(shorter))
	}(transactions - 1)
	try := func(name string, log []byte) {
		t.Helper()
		put(t, c, file, log)
		db := mustOpen(t, c)
		if cond := db.Condition(); len(cond.Losses) > 0 || cond.Damage != "" {
			t.Errorf("%s: %+v", name, cond)
		}
		if err := db.Check(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		closeDB(t, db)
	}
	try("whole", log)
	for at := 0; at < len(log); at += 4096 {
		try(fmt.Sprint("cut at ", at), log[:at])
	}
	for at := last; at < int64(len(log)); at += 4096 {
		torn := bytes.Clone(log)
		clear(torn[at:min(at+4096, int64(len(torn)))])
		try(fmt.Sprint("torn at ", at), torn)
	}
	try("noise", bytes.Repeat([]byte{7, 9, 1}, 9000))
}

// TestTornHeadOfALogThatWasAppliedIsNoDamage: the head is written anew when all
// of the log is in the database.
func TestTornHeadOfALogThatWasAppliedIsNoDamage(t *testing.T) {
	c := testConfig(t.TempDir())
	db := mustOpen(t, c)
	for i := range 9 {
		update(t, db, setMeta("count", strconv.Itoa(i)))
	}
	log := read(t, c.Path+"-wal")
	closeDB(t, db) // all of it is applied
	file := read(t, c.Path)
	clear(log[:4096])
	put(t, c, file, log)
	db = mustOpen(t, c)
	if list := db.Condition().Losses; len(list) > 0 || meta(t, db, "count") != "8" {
		t.Errorf("%v, count %s", list, meta(t, db, "count"))
	}
	closeDB(t, db)
	// The same log and a database without its content: lost.
	c = testConfig(t.TempDir())
	file, log = crashed(t, c, 9)
	clear(log[:4096])
	put(t, c, file, log)
	db = mustOpen(t, c)
	if list := db.Condition().Losses; len(list) != 1 || list[0].Transactions < 5 {
		t.Errorf("%v", list)
	}
}

// TestFailedCommitsLeaveNoAlarm: what a full disk left of commits that failed
// lies behind what was committed later.
func TestFailedCommitsLeaveNoAlarm(t *testing.T) {
	d, layer := newDisk(t, errFull(), func(op string) bool { return op == "sync" })
	c := testConfig(t.TempDir())
	c.vfs = layer
	db := mustOpen(t, c)
	update(t, db, setMeta("a", "0"))
	for _, size := range []int{90_000, 50_000, 20_000} {
		d.left.Store(0)
		if err := db.Update(context.Background(), setMeta("a", strings.Repeat("x", size))); err == nil {
			t.Fatal("committed without sync")
		}
		d.left.Store(-1)
	}
	update(t, db, setMeta("a", "1"))
	file, log := read(t, c.Path), read(t, c.Path+"-wal")
	closeDB(t, db)
	put(t, c, file, log)
	db = mustOpen(t, c)
	if list := db.Condition().Losses; len(list) > 0 || meta(t, db, "a") != "1" {
		t.Errorf("%v, %.5q", list, meta(t, db, "a"))
	}
}

// TestVerificationIsOnFromTheFirstReadAfterAKill: the log has the first page of
// the database, the file a damaged one.
func TestVerificationIsOnFromTheFirstReadAfterAKill(t *testing.T) {
	c := testConfig(t.TempDir())
	db := mustOpen(t, c)
	for i := range 60 {
		update(t, db, func(tx *Tx) error {
			if err := tx.SetMeta(fmt.Sprint("big", i), bytes.Repeat([]byte{byte(i)}, 3000)); err != nil {
				return err
			}
			_, err := tx.EventLog().Append("t", bytes.Repeat([]byte{byte(i)}, 3000), time.Unix(0, 0))
			return err
		})
	}
	if err := db.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	update(t, db, func(tx *Tx) error { return tx.Exec(`PRAGMA user_version = 77`) }) // page 1, and no other
	file, log := read(t, c.Path), read(t, c.Path+"-wal")
	closeDB(t, db)
	found := 0
	for block := 4096; block < len(file); block += 4096 {
		damaged := bytes.Clone(file)
		damaged[block+9] ^= 1
		put(t, c, damaged, log)
		conn, err := openConn(context.Background(), c.Path, encryptedVFS)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(conn.setKey(c.Key), conn.readHeader()); err != nil {
			t.Fatal(err)
		}
		_, err = conn.number(context.Background(), `SELECT sum(length(hex(value))) FROM meta`)
		_, errLog := conn.number(context.Background(), `SELECT sum(length(hex(body))) FROM event_log`)
		if errors.Is(err, ErrDamaged) || errors.Is(errLog, ErrDamaged) {
			found++
		} else if err != nil || errLog != nil {
			t.Errorf("block %d: %v, %v", block/4096, err, errLog)
		}
		if err := conn.abandon(); err != nil {
			t.Fatal(err)
		}
	}
	if found < 120 { // that many pages have content
		t.Errorf("%d of %d damaged pages were noticed", found, len(file)/4096-1)
	}
}

// TestDamageThatAQueryMeetsIsRemembered, and a copy of a damaged database is
// refused.
func TestDamageThatAQueryMeetsIsRemembered(t *testing.T) {
	c := testConfig(t.TempDir())
	db := mustOpen(t, c)
	update(t, db, func(tx *Tx) error { return tx.SetMeta("big", bytes.Repeat([]byte("x"), 100_000)) })
	closeDB(t, db)
	file := read(t, c.Path)
	file[len(file)-5000] ^= 1
	write(t, c.Path, file)
	db = mustOpen(t, c)
	if cond := db.Condition(); cond.Damage != "" {
		t.Fatalf("%+v", cond)
	}
	err := db.View(context.Background(), func(tx *Tx) error {
		_, _, err := tx.Meta("big")
		return err
	})
	if !errors.Is(err, ErrDamaged) || !strings.Contains(db.Condition().Damage, "damaged") {
		t.Errorf("read: %v, condition %+v", err, db.Condition())
	}
	if err := db.Snapshot(context.Background(), new(bytes.Buffer)); !errors.Is(err, ErrDamaged) {
		t.Errorf("copy: %v", err)
	}
}

// TestCheckReadsTheLogInUse: while the database is open, SQLite does not verify
// its log any more.
func TestCheckReadsTheLogInUse(t *testing.T) {
	c := testConfig(t.TempDir())
	db := mustOpen(t, c)
	for i := range 5 {
		update(t, db, setMeta("count", strconv.Itoa(i)))
	}
	ended, cancel := context.WithCancel(context.Background())
	if err := db.Update(ended, setMeta("count", "x")); err != nil {
		t.Fatal(err)
	}
	cancel() // of an earlier call: it interrupts nothing that follows
	if err := db.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		update(t, db, setMeta("count", strconv.Itoa(i)))
	}
	log := read(t, c.Path+"-wal")
	log[len(log)-4096-7] ^= 1
	write(t, c.Path+"-wal", log)
	if err := db.Check(context.Background()); !errors.Is(err, ErrDamaged) || db.Condition().Damage == "" {
		t.Errorf("%v, %+v", err, db.Condition())
	}
}

// TestEmptyFileBesideALogIsDamage: SQLite would remove the log.
func TestEmptyFileBesideALogIsDamage(t *testing.T) {
	c := testConfig(t.TempDir())
	_, log := crashed(t, c, 5)
	put(t, c, nil, log)
	if _, err := Open(context.Background(), c); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if !bytes.Equal(read(t, c.Path+"-wal"), log) {
		t.Error("the log was changed")
	}
}

// TestDamageThatLeavesNothingIsNoMissingDatabase: all there was lies in the log,
// and its first frame is damaged. Nothing is made anew in its place.
func TestDamageThatLeavesNothingIsNoMissingDatabase(t *testing.T) {
	c := testConfig(t.TempDir())
	file, log := crashed(t, c, 5)
	clear(file[4096:])
	log[5000] ^= 1
	put(t, c, file[:4096], log)
	c.Create = false
	if _, err := Open(context.Background(), c); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if !bytes.Equal(read(t, c.Path+"-wal"), log) {
		t.Error("the log was changed")
	}
}

// TestFailedOpenChangesNothing: neither the file nor the log of a newer or
// damaged database, nor with a wrong key.
func TestFailedOpenChangesNothing(t *testing.T) {
	c := testConfig(t.TempDir())
	file, log := crashed(t, c, 5)
	for name, change := range map[string]func(*Config){
		"newer":     func(c *Config) { c.migrations = versions(1) },
		"wrong key": func(c *Config) { c.Key = secret.New(bytes.Repeat([]byte{9}, KeySize)) },
		"damaged":   func(c *Config) { spoiled := bytes.Clone(file); spoiled[5] ^= 1; write(t, c.Path, spoiled) },
	} {
		put(t, c, file, log)
		changed := c
		change(&changed)
		before := read(t, c.Path)
		if db, err := Open(context.Background(), changed); err == nil && name != "damaged" {
			closeDB(t, db)
			t.Errorf("%s: opened", name)
			continue
		} else if err == nil {
			closeDB(t, db) // the log has the first page
			continue
		}
		if !bytes.Equal(read(t, c.Path), before) || !bytes.Equal(read(t, c.Path+"-wal"), log) {
			t.Errorf("%s: the files were changed", name)
		}
	}
}

// TestLossesAreKeptForAWhile and never more than a few.
func TestLossesAreKeptForAWhile(t *testing.T) {
	c := testConfig(t.TempDir())
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 5 {
		at := start.Add(time.Duration(i) * time.Hour)
		write(t, fmt.Sprintf("%s%s%s-%d", c.Path, lossMark, at.Format(lossTime), i+2), []byte("log"))
	}
	write(t, c.Path+lossMark+"nonsense", nil)
	for _, step := range []struct {
		after time.Duration
		want  string
	}{
		{24 * time.Hour, "456"}, {LossKept + 150*time.Minute, "56"}, {LossKept + 24*time.Hour, ""},
	} {
		c.Now = func() time.Time { return start.Add(step.after) }
		db := mustOpen(t, c)
		got := ""
		for _, l := range db.Condition().Losses {
			got += strconv.Itoa(l.Transactions)
		}
		if got != step.want {
			t.Errorf("after %v: %q, want %q", step.after, got, step.want)
		}
		closeDB(t, db)
	}
}

// TestNoErrorShowsTheKey makes everything fail that uses it.
func TestNoErrorShowsTheKey(t *testing.T) {
	core, logs := observer.New(zapcore.DebugLevel)
	secretText := hex.EncodeToString(testKey().Reveal())[:8]
	var texts []string
	keep := func(err error) {
		if err != nil {
			texts = append(texts, fmt.Sprintf("%v %+v", err, err))
		}
	}
	for _, op := range []string{"write", "sync", "read"} {
		for left := range int64(12) {
			fault := errFull()
			d, layer := newDisk(t, fault, func(o string) bool { return o == op })
			c := testConfig(t.TempDir())
			c.vfs, c.Log = layer, zap.New(core)
			d.left.Store(left)
			db, err := Open(context.Background(), c)
			keep(err)
			if err == nil {
				keep(db.Update(context.Background(), setMeta("a", "1")))
				keep(db.Check(context.Background()))
				keep(db.Close())
			}
			d.left.Store(-1)
		}
	}
	c := testConfig(t.TempDir())
	file, log := crashed(t, c, 8)
	for block := 0; block < len(file); block += 4096 {
		damaged := bytes.Clone(file)
		damaged[block] ^= 1
		put(t, c, damaged, log[:len(log)/2])
		c.Log = zap.New(core)
		db, err := Open(context.Background(), c)
		keep(err)
		if err == nil {
			keep(db.Check(context.Background()))
			keep(db.Close())
		}
	}
	for _, e := range logs.All() {
		texts = append(texts, fmt.Sprint(e.Message, e.ContextMap()))
	}
	if len(texts) < 20 {
		t.Fatalf("%d errors only", len(texts))
	}
	for _, text := range texts {
		if strings.Contains(strings.ToLower(text), secretText) || strings.Contains(text, "hexkey") ||
			strings.Contains(text, string(testKey().Reveal()[:8])) {
			t.Errorf("the key shows in %s", text)
		}
	}
}
