package profile

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/secret"
)

// TestNobodyWaitsForAPasswordThatIsChecked: a login, and what else asks for the
// password, ends with its context and with the accounts.
func TestNobodyWaitsForAPasswordThatIsChecked(t *testing.T) {
	synctest.Test(t, testWaitsForPassword)
}

func testWaitsForPassword(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	s, _ := create(t, m, "ana")
	other := Options{Name: "bob", Password: pw(t, "secret")}
	key, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	files, err := m.KeyFiles(t.Context(), s.UID, pw(t, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	m.deriving <- struct{}{} // a derivation that takes for ever
	calls := map[string]func(context.Context, *Manager) error{
		"login": func(ctx context.Context, m *Manager) error {
			_, err := m.LoginAs(ctx, "ana", pw(t, "secret"))
			return err
		},
		"verify": func(ctx context.Context, m *Manager) error {
			_, err := m.Verify(ctx, s.UID, pw(t, "secret"))
			return err
		},
		"phrase": func(ctx context.Context, m *Manager) error {
			_, err := m.Phrase(ctx, s.UID, pw(t, "secret"))
			return err
		},
		"key files": func(ctx context.Context, m *Manager) error {
			_, err := m.KeyFiles(ctx, s.UID, pw(t, "secret"))
			return err
		},
		"create": func(ctx context.Context, m *Manager) error {
			_, _, err := m.Create(ctx, other, 12, secret.Bytes{})
			return err
		},
		"import": func(ctx context.Context, m *Manager) error {
			_, err := m.ImportKey(ctx, other, key)
			return err
		},
		"import of a file": func(ctx context.Context, m *Manager) error {
			_, err := m.ImportKeyFile(ctx, other, files[0], secret.New([]byte("secret")))
			return err
		},
		"change of the password": func(ctx context.Context, m *Manager) error {
			return m.ChangePassword(ctx, s.UID, pw(t, "secret"), Options{Password: pw(t, "other")})
		},
		"vacuum": func(ctx context.Context, m *Manager) error {
			_, err := m.VacuumClosed(ctx, s.UID, pw(t, "secret"))
			return err
		},
	}
	done := make(chan error, 1)
	for name, call := range calls {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- call(ctx, m) }()
		synctest.Wait() // until it derives keys
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, call := range calls {
		m := open(t, dir)
		m.deriving <- struct{}{}
		go func() { done <- call(context.Background(), m) }()
		synctest.Wait()
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, ErrClosed) {
			t.Errorf("%s while the accounts close: %v", name, err)
		}
	}
}

// TestDerivationsThatAreLeftBehind: what they make is discarded, and the next
// one waits for them.
func TestDerivationsThatAreLeftBehind(t *testing.T) {
	m := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	release, discarded := make(chan struct{}), make(chan int, 1)
	_, err := derive(ctx, m, pw(t, "secret"), func(p kdf.Password) (int, error) {
		cancel()
		<-release
		if !p.Equal(pw(t, "secret")) {
			t.Error("the password was wiped while it is in use")
		}
		return 7, nil
	}, func(v int) { discarded <- v })
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if len(m.deriving) != 1 {
		t.Error("the next derivation would begin beside it")
	}
	close(release)
	if v := <-discarded; v != 7 {
		t.Errorf("discarded %d", v)
	}
	v, err := derive(t.Context(), m, pw(t, "secret"), func(kdf.Password) (int, error) { return 8, nil }, nil)
	if v != 8 || err != nil {
		t.Errorf("the next one: %d, %v", v, err)
	}
}
