package profile

import (
	"context"
	"errors"
	"testing"

	"statusd/accounts/kdf"
)

// TestNobodyWaitsForAPasswordThatIsChecked: a login, and what else asks for the
// password, ends with its context and with the accounts.
func TestNobodyWaitsForAPasswordThatIsChecked(t *testing.T) {
	m := open(t, t.TempDir())
	s, _ := create(t, m, "ana")
	m.deriving <- struct{}{} // a derivation that takes for ever
	calls := map[string]func(context.Context) error{
		"login": func(ctx context.Context) error {
			_, err := m.LoginAs(ctx, "ana", pw(t, "secret"))
			return err
		},
		"verify": func(ctx context.Context) error {
			_, err := m.Verify(ctx, s.UID, pw(t, "secret"))
			return err
		},
		"phrase": func(ctx context.Context) error {
			_, err := m.Phrase(ctx, s.UID, pw(t, "secret"))
			return err
		},
		"key files": func(ctx context.Context) error {
			_, err := m.KeyFiles(ctx, s.UID, pw(t, "secret"))
			return err
		},
		"vacuum": func(ctx context.Context) error {
			_, err := m.VacuumClosed(ctx, s.UID, pw(t, "secret"))
			return err
		},
	}
	done := make(chan error, 1)
	for name, call := range calls {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- call(ctx) }()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	go func() { done <- calls["login"](context.WithoutCancel(t.Context())) }()
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("login while the accounts close: %v", err)
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
