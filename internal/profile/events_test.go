package profile

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"statusd/internal/store"
)

// TestLoginAndLogoutAreEvents reads what the log says of an account itself.
func TestLoginAndLogoutAreEvents(t *testing.T) {
	var told []error
	m := open(t, t.TempDir(), func(c *Config) { c.LoginSignal = func(err error) { told = append(told, err) } })
	s, _ := create(t, m, "ana")
	if _, err := m.Login(t.Context(), s.UID, pw(t, "wrong")); err == nil {
		t.Fatal("logged in with a wrong password")
	}
	nobody, changed := m.Watch()
	a := login(t, m, s.UID, "secret")
	select {
	case <-changed:
	default:
		t.Error("who watches is not told of the login")
	}
	current, changed := m.Watch()
	if nobody != nil || current != a || a.Before() != 0 {
		t.Errorf("watched %v, then %v; %d events before", nobody, current, a.Before())
	}
	login(t, m, s.UID, "secret") // already logged in: nothing happens
	if err := m.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	default:
		t.Error("who watches is not told of the logout")
	}
	a = login(t, m, s.UID, "secret")
	if a.Before() != 2 {
		t.Errorf("%d events before the second login, want 2", a.Before())
	}
	var got []string
	err := a.DB().View(t.Context(), func(tx *store.Tx) error {
		page, err := tx.EventLog().Read(store.EventQuery{})
		for _, e := range page.Events {
			got = append(got, e.Type+string(e.Body))
		}
		return err
	})
	body := fmt.Sprintf(`{"keyUid":"%s"}`, s.UID)
	want := []string{"account.login" + body, "account.logout" + body, "account.login" + body}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("log %v %v, want %v", got, err, want)
	}
	if len(told) != 4 || told[0] == nil || errors.Join(told[1:]...) != nil {
		t.Errorf("login signals %v", told)
	}
}
