package profile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"statusd/accounts/kdf"
	"statusd/accounts/secret"
	"statusd/internal/atomicfile"
	"statusd/internal/store"
	"statusd/internal/test/crashtest"
)

func TestMain(m *testing.M) {
	crashtest.Main(m, map[string]crashtest.Job{
		"backup": backupForEver, "restore": restoreForEver, "first login": loginForEver,
	})
}

const (
	kills      = 60
	killWithin = 40 * time.Millisecond

	backupFile  = "out.statusd"
	counterName = "counter"
)

// password is pw for jobs, which have no test.
func password(text string) kdf.Password {
	p, err := kdf.NewPassword([]byte(text))
	if err != nil {
		panic(err)
	}
	return p
}

// backupForEver counts in the database, makes a backup and puts it where the
// user wants it, as the command does. It prints the numbers of whole backups.
func backupForEver(dir string, ready func()) error {
	ctx := context.Background()
	m, err := Open(Config{Dir: filepath.Join(dir, "data"), Cost: tiny(), BackupCost: tiny()})
	if err != nil {
		return err
	}
	all, err := m.List(ctx)
	if err != nil {
		return err
	}
	a, err := m.Login(ctx, all[0].UID, password("secret"))
	if err != nil {
		return err
	}
	ready()
	for {
		n, err := count(ctx, a.DB())
		if err != nil {
			return err
		}
		b, err := m.Backup(ctx, password("for the backup"), n%2 == 0)
		if err != nil {
			return err
		}
		if err := atomicfile.Rename(b.Path, filepath.Join(dir, backupFile)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// count adds one to a number in the database.
func count(ctx context.Context, db *store.DB) (n int64, err error) {
	err = db.Update(ctx, func(tx *store.Tx) error {
		if n, err = counter(tx); err != nil {
			return err
		}
		n++
		return tx.SetMeta(counterName, []byte(strconv.FormatInt(n, 10)))
	})
	return n, err
}

func counter(tx *store.Tx) (int64, error) {
	text, _, err := tx.Meta(counterName)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt("0"+string(text), 10, 64)
}

// restoreForEver restores a backup into one directory after the other.
func restoreForEver(dir string, ready func()) error {
	ready()
	for n := 0; ; n++ {
		f, err := os.Open(filepath.Join(dir, backupFile))
		if err != nil {
			return err
		}
		to := filepath.Join(dir, "restored", strconv.Itoa(n%4))
		_, err = Restore(RestoreOptions{Backup: f, Password: password("for the backup"), Dir: to, Now: time.Now()})
		if err != nil && !errors.Is(err, ErrNotEmpty) {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
}

// loginForEver makes an account, logs in for the first time, which makes its
// database, and deletes it.
func loginForEver(dir string, ready func()) error {
	ctx := context.Background()
	m, err := Open(Config{Dir: dir, Cost: tiny(), BackupCost: tiny()})
	if err != nil {
		return err
	}
	ready()
	for {
		s, _, err := m.Create(ctx, Options{Password: password("secret")}, 12, secret.Bytes{})
		if err != nil {
			return err
		}
		if _, err := m.Login(ctx, s.UID, password("secret")); err != nil {
			return err
		}
		if err := m.Logout(ctx); err != nil {
			return err
		}
		if err := m.Delete(ctx, s.UID, s.UID.String()); err != nil {
			return err
		}
	}
}

// TestKillDuringFirstLogin finds after each kill an account that opens, or none.
func TestKillDuringFirstLogin(t *testing.T) {
	dir := t.TempDir()
	found := map[string]int{}
	for range kills {
		crashtest.Kill(t, "first login", dir, 3*killWithin)
		m := open(t, dir)
		all, err := m.List(t.Context())
		if err = errors.Join(err, m.Close()); err != nil || len(all) > 1 {
			t.Fatalf("%d accounts, %v", len(all), err)
		}
		if len(all) == 0 {
			found["none"]++
			continue
		}
		state := "never logged in"
		if all[0].Timestamp > 0 {
			state = "logged in before"
		}
		found[state]++
		opened(t, dir, Summary{UID: all[0].UID})
		if err := m.dir.Delete(all[0].UID); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills: %v", kills, found)
}

// killedAccount makes a data directory with an account in a folder for jobs.
func killedAccount(t *testing.T) (dir string, s Summary, phrase string) {
	t.Helper()
	dir = t.TempDir()
	m := open(t, filepath.Join(dir, "data"))
	s, phrase = create(t, m, "ana")
	login(t, m, s.UID, "secret")
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, s, phrase
}

// opened logs in to a directory, checks its database, and returns the number in
// it.
func opened(t *testing.T, dir string, s Summary) (n int64) {
	t.Helper()
	m := open(t, dir)
	a := login(t, m, s.UID, "secret")
	if err := a.DB().Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := a.DB().View(t.Context(), func(tx *store.Tx) (err error) {
		n, err = counter(tx)
		return err
	})
	if err = errors.Join(err, m.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKillDuringBackup finds after each kill no backup yet or a whole one, not
// older than what was reported, and an account that opens.
func TestKillDuringBackup(t *testing.T) {
	dir, s, phrase := killedAccount(t)
	var written, restored int
	var reported int64
	for range kills {
		printed := strings.Fields(string(crashtest.Kill(t, "backup", dir, killWithin)))
		if n := len(printed); n > 0 {
			var err error
			if reported, err = strconv.ParseInt(printed[n-1], 10, 64); err != nil {
				t.Fatal(err)
			}
			written += n
		}
		now := opened(t, filepath.Join(dir, "data"), s)
		if left, err := filepath.Glob(filepath.Join(dir, "data", backupsFolder, ".*")); err != nil || len(left) > 0 {
			t.Fatalf("parts of backups are left: %v %v", left, err)
		}
		file, err := os.Open(filepath.Join(dir, backupFile))
		if errors.Is(err, os.ErrNotExist) && reported == 0 {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), "to")
		_, err = Restore(RestoreOptions{
			Backup: file, Password: pw(t, "for the backup"), Dir: to, Now: time.Now(), Keys: keysOf(t, phrase, "secret"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := opened(t, to, s); n < reported || n > now {
			t.Fatalf("number %d in the backup, %d reported, %d in the account", n, reported, now)
		}
		restored++
	}
	t.Logf("%d kills, %d backups written, %d restored", kills, written, restored)
}

// TestKillDuringRestore finds after each kill directories that are whole, and
// once more was restored, nothing else.
func TestKillDuringRestore(t *testing.T) {
	dir, s, _ := killedAccount(t)
	m := open(t, filepath.Join(dir, "data"))
	login(t, m, s.UID, "secret")
	b, err := m.Backup(t.Context(), pw(t, "for the backup"), true)
	if err = errors.Join(err, m.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(b.Path, filepath.Join(dir, backupFile)); err != nil {
		t.Fatal(err)
	}
	whole, interrupted := 0, 0
	base := filepath.Join(dir, "restored")
	for range kills {
		crashtest.Kill(t, "restore", dir, killWithin/2)
		entries, err := os.ReadDir(base)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				interrupted++
				to := strings.TrimPrefix(strings.Split(e.Name(), ".restore-")[0], ".")
				restoreOver(t, dir, filepath.Join(base, to))
			}
		}
		if entries, err = os.ReadDir(base); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				t.Fatalf("%s is left", e.Name())
			}
			opened(t, filepath.Join(base, e.Name()), s)
			whole++
		}
		if err := os.RemoveAll(base); err != nil {
			t.Fatal(err)
		}
	}
	if interrupted == 0 {
		t.Error("no kill hit a restore")
	}
	t.Logf("%d kills, %d directories restored, %d interrupted", kills, whole, interrupted)
}

// restoreOver restores where a restore was killed.
func restoreOver(t *testing.T, dir, to string) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, backupFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = Restore(RestoreOptions{Backup: f, Password: pw(t, "for the backup"), Dir: to, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
}
