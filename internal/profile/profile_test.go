package profile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/keystore"
	"statusd/accounts/mnemonic"
	"statusd/accounts/secret"
	"statusd/accounts/vault"
	"statusd/internal/store"
)

// tiny makes a derivation take no time.
func tiny() kdf.Cost { return kdf.Cost{N: 2, R: 8, P: 1} }

func pw(t testing.TB, text string) kdf.Password {
	t.Helper()
	p, err := kdf.NewPassword([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func open(t testing.TB, dir string, change ...func(*Config)) *Manager {
	t.Helper()
	cfg := Config{Dir: dir, Cost: tiny(), BackupCost: tiny()}
	for _, c := range change {
		c(&cfg)
	}
	m, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func create(t testing.TB, m *Manager, name string) (Summary, string) {
	t.Helper()
	s, phrase, err := m.Create(t.Context(), Options{Name: name, Password: pw(t, "secret")}, 12, secret.Bytes{})
	if err != nil {
		t.Fatal(err)
	}
	return s, phrase.Reveal()
}

func login(t testing.TB, m *Manager, uid key.UID, password string) *Account {
	t.Helper()
	a, err := m.Login(t.Context(), uid, pw(t, password))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLifeCycle(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	m := open(t, dir)
	s, phrase := create(t, m, "ana")
	if len(strings.Fields(phrase)) != 12 || len(s.Derived) != 4 {
		t.Fatalf("%d words, %d keys", len(strings.Fields(phrase)), len(s.Derived))
	}
	if _, err := m.Login(ctx, s.UID, pw(t, "wrong")); !errors.Is(err, kdf.ErrWrongPassword) {
		t.Fatal(err)
	}
	a := login(t, m, s.UID, "secret")
	if a.ChatKey().Public() != s.ChatKey {
		t.Error("another chat key")
	}
	id := a.InstallationID()
	if again := login(t, m, s.UID, "secret"); again != a {
		t.Error("a second login opened it again")
	}
	if _, err := m.Login(ctx, s.UID, pw(t, "wrong")); !errors.Is(err, kdf.ErrWrongPassword) {
		t.Errorf("second login with a wrong password: %v", err)
	}
	if err := m.ChangePassword(ctx, s.UID, pw(t, "secret"), Options{Password: pw(t, "other")}); err != nil {
		t.Fatal(err)
	}
	if right, err := m.Verify(ctx, s.UID, pw(t, "secret")); right || err != nil {
		t.Errorf("the old password: %v %v", right, err)
	}
	if got, err := m.Phrase(ctx, s.UID, pw(t, "other")); err != nil || string(got.Reveal()) != phrase {
		t.Errorf("phrase: %v", err)
	}
	if err := m.ConfirmBackup(ctx, s.UID); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Phrase(ctx, s.UID, pw(t, "other")); !errors.Is(err, vault.ErrNoPhrase) {
		t.Errorf("after confirmation: %v", err)
	}
	if err := m.Delete(ctx, s.UID, s.UID.String()); !errors.Is(err, ErrLoggedIn) {
		t.Errorf("delete while logged in: %v", err)
	}
	if err := m.Logout(ctx); err != nil {
		t.Fatal(err)
	}
	if err := m.Logout(ctx); !errors.Is(err, ErrNotLoggedIn) {
		t.Errorf("second logout: %v", err)
	}
	if got := login(t, m, s.UID, "other").InstallationID(); got != id {
		t.Errorf("installation id changed from %s to %s", id, got)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.List(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	m = open(t, dir)
	if all, err := m.List(ctx); err != nil || len(all) != 1 || all[0].Name != "ana" || all[0].LoggedIn {
		t.Errorf("%+v %v", all, err)
	}
	if err := m.Delete(ctx, s.UID, "0x00"); !errors.Is(err, ErrConfirm) {
		t.Error(err)
	}
	if err := m.Delete(ctx, s.UID, s.UID.Hex()); err != nil {
		t.Fatal(err)
	}
	if all, err := m.List(ctx); err != nil || len(all) != 0 {
		t.Errorf("%+v %v", all, err)
	}
}

func TestImports(t *testing.T) {
	ctx := t.Context()
	m := open(t, t.TempDir())
	s, text := create(t, m, "first")
	phrase, err := mnemonic.Parse([]byte("  " + strings.ToUpper(text) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Password: pw(t, "x")}
	if _, err := m.ImportPhrase(ctx, o, Import{Phrase: phrase}); !errors.Is(err, accounts.ErrExists) {
		t.Errorf("imported twice: %v", err)
	}
	other := open(t, t.TempDir())
	if again, err := other.ImportPhrase(ctx, o, Import{Phrase: phrase}); err != nil || again.ChatKey != s.ChatKey {
		t.Errorf("%+v %v", again, err)
	}
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := keystore.NewSealer(kdf.AppPassword([]byte("typed")), tiny())
	if err != nil {
		t.Fatal(err)
	}
	file, err := sealer.Seal(keystore.Key{Private: k})
	if err != nil {
		t.Fatal(err)
	}
	want := k.Public()
	typed := secret.New([]byte("wrong"))
	if _, err := m.ImportKeyFile(ctx, o, file, typed); !errors.Is(err, kdf.ErrWrongPassword) {
		t.Error(err)
	}
	imported, err := m.ImportKeyFile(ctx, o, file, secret.New([]byte("typed")))
	if err != nil || imported.ChatKey != want || len(imported.Derived) != 1 {
		t.Errorf("%+v %v", imported, err)
	}
	if _, err := m.ImportKey(ctx, o, k); !errors.Is(err, accounts.ErrExists) {
		t.Errorf("the same key: %v", err)
	}
	if _, err := m.ImportKey(ctx, Options{}, k); !errors.Is(err, ErrEmptyPassword) {
		t.Errorf("empty password: %v", err)
	}
	login(t, m, imported.UID, "x")
	if _, err := m.Login(ctx, s.UID, pw(t, "secret")); !errors.Is(err, ErrOther) {
		t.Errorf("a second account: %v", err)
	}
}

func TestFind(t *testing.T) {
	m, ctx := open(t, t.TempDir()), t.Context()
	ana, _ := create(t, m, "ana")
	create(t, m, "bo")
	create(t, m, "bo")
	for _, text := range []string{
		"ana", ana.UID.String(), ana.UID.Hex(), ana.ChatKey.Address().String(), ana.Derived[3].Public.Address().Hex(),
	} {
		if got, err := m.Find(ctx, text); err != nil || got != ana.UID {
			t.Errorf("%s: %s %v", text, got, err)
		}
	}
	for text, want := range map[string]error{"bo": ErrAmbiguous, "": accounts.ErrUnknown, "nobody": accounts.ErrUnknown} {
		if _, err := m.Find(ctx, text); !errors.Is(err, want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestDamage takes each file of an account away, or spoils it. The login must
// name the cause, leave nothing open, and work again with the file back.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	s, _ := create(t, m, "ana")
	login(t, m, s.UID, "secret")
	if err := m.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	keyFiles, err := filepath.Glob(filepath.Join(dir, "keystore", "UTC*"))
	if err != nil || len(keyFiles) != 4 {
		t.Fatal(keyFiles, err)
	}
	folder := filepath.Join(dir, "accounts", s.UID.Hex())
	for _, tt := range []struct {
		file    string
		content string // empty: missing
		want    error  // nil: heals itself
	}{
		{filepath.Join(folder, "vault.json"), "", accounts.ErrDamaged},
		{filepath.Join(folder, "vault.json"), "{", vault.ErrMalformed},
		{filepath.Join(folder, "vault.json"), `{"version":99}`, vault.ErrNewer},
		{filepath.Join(folder, "client.db"), "", store.ErrMissing},
		{filepath.Join(folder, "client.db"), strings.Repeat("x", 8192), store.ErrDamaged},
		{keyFiles[0], "", keystore.ErrNotFound},
		{filepath.Join(folder, "account.json"), "nonsense", nil},
		{filepath.Join(folder, "account.json"), "", nil},
	} {
		good, err := os.ReadFile(tt.file)
		if err != nil {
			t.Fatal(err)
		}
		if err = os.Remove(tt.file); tt.content != "" {
			err = os.WriteFile(tt.file, []byte(tt.content), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Login(t.Context(), s.UID, pw(t, "secret"))
		if !errors.Is(err, tt.want) {
			t.Errorf("%s %q: %v", filepath.Base(tt.file), tt.content, err)
		}
		if (m.Current() != nil) != (tt.want == nil) {
			t.Errorf("%s %q: logged in: %v", filepath.Base(tt.file), tt.content, m.Current())
		}
		if tt.want == nil {
			if err := m.Logout(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(tt.file, good, 0o600); err != nil {
			t.Fatal(err)
		}
		login(t, m, s.UID, "secret")
		if err := m.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNameSurvivesDamage: account.json is damaged while the daemon runs, then
// its copy too.
func TestNameSurvivesDamage(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	s, _ := create(t, m, "ana")
	create(t, m, "ben")
	login(t, m, s.UID, "secret")
	if err := m.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "accounts", s.UID.Hex())
	spoil := func(names ...string) {
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(`{"name": "an`), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	spoil("account.json")
	if uid, err := m.Find(t.Context(), "ana"); err != nil || uid != s.UID {
		t.Errorf("by name: %v, %v", uid, err)
	}
	spoil("account.json", "account-copy.json")
	if _, err := m.Find(t.Context(), "ana"); !errors.Is(err, accounts.ErrUnknown) ||
		!strings.Contains(err.Error(), s.UID.String()) {
		t.Errorf("by a lost name: %v", err)
	}
	if uid, err := m.Find(t.Context(), s.UID.String()); err != nil || uid != s.UID {
		t.Errorf("by key-uid: %v, %v", uid, err)
	}
	if a := login(t, m, s.UID, "secret"); a.Name() != "ana" {
		t.Errorf("logged in as %q", a.Name())
	}
	if uid, err := m.Find(t.Context(), "ana"); err != nil || uid != s.UID {
		t.Errorf("by name after the login: %v, %v", uid, err)
	}
}

// TestNameThatNothingKnowsIsTakenFromWhoLogsIn: account.json of an account of an
// earlier version is damaged. The name is believed with the password of the one
// account it can be, and kept from then on.
func TestNameThatNothingKnowsIsTakenFromWhoLogsIn(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	m := open(t, dir)
	s, _ := create(t, m, "ana")
	a := login(t, m, s.UID, "secret")
	forget := func() {
		if err := a.DB().Update(ctx, func(tx *store.Tx) error {
			return tx.Exec(`DELETE FROM meta WHERE name = ?`, nameKept)
		}); err != nil {
			t.Fatal(err)
		}
	}
	lose := func() {
		if err := m.Logout(ctx); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"account.json", "account-copy.json"} {
			if err := os.WriteFile(filepath.Join(m.dir.Folder(s.UID), name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	forget()
	lose()
	if _, err := m.LoginAs(ctx, "ana", pw(t, "wrong")); !errors.Is(err, kdf.ErrWrongPassword) {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := m.LoginAs(ctx, strings.Repeat("00", 32), pw(t, "secret")); !errors.Is(err, accounts.ErrUnknown) {
		t.Errorf("a key-uid is taken for a name: %v", err)
	}
	var err error
	if a, err = m.LoginAs(ctx, "ana", pw(t, "secret")); err != nil || a.Name() != "ana" {
		t.Fatalf("%v", err)
	}
	lose() // the database knows it now
	if _, err := m.LoginAs(ctx, "ben", pw(t, "secret")); !errors.Is(err, accounts.ErrUnknown) || m.Current() != nil {
		t.Errorf("another name: %v", err)
	}
	if a, err = m.LoginAs(ctx, "ana", pw(t, "secret")); err != nil || a.Name() != "ana" {
		t.Errorf("%v", err)
	}
	if uid, err := m.Find(ctx, "ana"); err != nil || uid != s.UID {
		t.Errorf("by name: %v", err)
	}
}

// service is a component of an account.
type service struct {
	end    chan error
	events *[]string
	a      *Account
}

func (s *service) Run(ctx context.Context) error {
	select {
	case err := <-s.end:
		return err
	case <-ctx.Done():
		err := s.a.DB().View(context.Background(), func(*store.Tx) error { return nil })
		*s.events = append(*s.events, "service ended, database open: "+map[bool]string{true: "yes", false: "no"}[err == nil])
		return nil
	}
}

func TestServiceEndsBeforeTheDatabase(t *testing.T) {
	var events []string
	m := open(t, t.TempDir(), func(c *Config) {
		c.Attach = func(a *Account) (Service, error) { return &service{make(chan error), &events, a}, nil }
	})
	s, _ := create(t, m, "")
	db := login(t, m, s.UID, "secret").DB()
	if err := m.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(events, []string{"service ended, database open: yes"}) {
		t.Error(events)
	}
	if err := db.View(t.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("database after logout: %v", err)
	}
}

func TestServiceThatFails(t *testing.T) {
	bad, end := errors.New("bad"), make(chan error, 1)
	refuse := true
	m := open(t, t.TempDir(), func(c *Config) {
		c.Attach = func(a *Account) (Service, error) {
			if refuse {
				return nil, bad
			}
			return &service{end, new([]string), a}, nil
		}
	})
	s, _ := create(t, m, "")
	_, err := m.Login(t.Context(), s.UID, pw(t, "secret"))
	if !errors.Is(err, bad) || m.Current() != nil {
		t.Fatalf("%v, %v", err, m.Current())
	}
	refuse = false
	login(t, m, s.UID, "secret")
	end <- bad
	if err := m.Run(t.Context()); !errors.Is(err, bad) || !errors.Is(err, ErrService) {
		t.Errorf("Run: %v", err)
	}
	if m.Current() != nil {
		t.Error("still logged in")
	}
}

func TestWaitersGiveUp(t *testing.T) {
	m := open(t, t.TempDir())
	m.turn <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var waiters sync.WaitGroup
	var mu sync.Mutex
	count := map[error]int{}
	for range maxWaiting + 5 {
		waiters.Go(func() {
			_, err := m.List(ctx)
			mu.Lock()
			defer mu.Unlock()
			count[err]++
			if count[ErrBusy] == 5 {
				cancel()
			}
		})
	}
	waiters.Wait()
	<-m.turn
	if count[ErrBusy] != 5 || count[context.Canceled] != maxWaiting {
		t.Error(count)
	}
	if _, err := m.List(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
