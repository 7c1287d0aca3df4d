package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/api"
	"statusd/internal/feed"
	"statusd/internal/profile"
	"statusd/internal/store"
)

func password(t testing.TB) kdf.Password {
	t.Helper()
	p, err := kdf.NewPassword([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// person is an account that can log in and out.
type person struct {
	t   *testing.T
	m   *profile.Manager
	uid key.UID
}

func newPerson(t *testing.T) *person {
	t.Helper()
	cost := kdf.Cost{N: 2, R: 8, P: 1}
	m, err := profile.Open(profile.Config{Dir: t.TempDir(), Cost: cost, BackupCost: cost})
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := m.Create(t.Context(), profile.Options{Password: password(t)}, 12, secret.Bytes{})
	if err != nil {
		t.Fatal(err)
	}
	return &person{t, m, s.UID}
}

func (p *person) login() {
	p.t.Helper()
	if _, err := p.m.Login(p.t.Context(), p.uid, password(p.t)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *person) happen(kinds ...string) {
	p.t.Helper()
	err := p.m.Current().DB().Update(p.t.Context(), func(tx *store.Tx) error {
		for _, kind := range kinds {
			if _, err := tx.EventLog().Append(kind, []byte(`{}`), time.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// hook makes a hook of an address; run runs it until stop is called.
func (p *person) hook(url string, t http.RoundTripper) *Hook {
	h := New(Config{
		URL: url, Secret: secret.New([]byte("0123456789abcdef")), Agent: "statusd/test",
		Accounts: p.m, Events: feed.New(p.m, nil, time.Now), Now: time.Now,
	})
	if t != nil {
		h.client.Transport = t
	}
	return h
}

func run(t *testing.T, h *Hook) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// target is a fake at the other end.
type target struct {
	mu   sync.Mutex
	down bool
	got  []string // type and cursor
}

func (x *target) RoundTrip(r *http.Request) (*http.Response, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.down {
		return nil, errors.New("connection refused")
	}
	var e api.Event
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
		return nil, err
	}
	x.got = append(x.got, fmt.Sprint(e.Type, " ", e.Cursor))
	return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
}

func (x *target) set(down bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.down = down
}

func (x *target) want(t *testing.T, events ...string) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	if !slices.Equal(x.got, events) {
		t.Errorf("got %v, want %v", x.got, events)
	}
	x.got = nil
}

// TestDownForAnHour loses nothing, repeats nothing, and goes on after a restart
// and another login.
func TestDownForAnHour(t *testing.T) {
	p := newPerson(t)
	synctest.Test(t, func(t *testing.T) {
		p.t = t
		x := &target{}
		stop := run(t, p.hook("https://target", x))
		p.login()
		synctest.Wait()
		x.want(t, "account.login 1")
		x.set(true)
		for range 60 {
			p.happen("k")
			time.Sleep(time.Minute)
		}
		x.want(t)
		stop() // a restart while it is down
		stop = run(t, p.hook("https://target", x))
		x.set(false)
		time.Sleep(time.Second)
		var all []string
		for i := range 60 {
			all = append(all, fmt.Sprint("k ", i+2))
		}
		x.want(t, all...)
		if err := p.m.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		p.login()
		synctest.Wait()
		x.want(t, "account.logout 62", "account.login 63")
		stop()
		// Another address begins with the login.
		y := &target{}
		stop = run(t, p.hook("https://other", y))
		synctest.Wait()
		y.want(t, "account.login 63")
		p.happen("k")
		synctest.Wait()
		y.want(t, "k 64")
		stop()
		if err := p.m.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestCallsOverHTTP looks at real requests.
func TestCallsOverHTTP(t *testing.T) {
	type call struct {
		header http.Header
		body   string
	}
	calls, answers := make(chan call), make(chan int)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		calls <- call{r.Header, r.Method + " " + r.URL.RequestURI() + " " + string(raw)}
		status := <-answers
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	defer srv.Close()
	p := newPerson(t)
	p.login()
	defer func() {
		if err := p.m.Close(); err != nil {
			t.Error(err)
		}
	}()
	stop := run(t, p.hook(srv.URL+"/hook?x=1", nil))
	defer stop()
	c := <-calls
	body, ok := strings.CutPrefix(c.body, "POST /hook?x=1 ")
	var e api.Event
	if err := json.Unmarshal([]byte(body), &e); !ok || err != nil || e.Cursor != 1 || e.Account != p.uid.String() {
		t.Errorf("call %q", c.body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "statusd/test", "X-Statusd-Event": "account.login",
		"X-Statusd-Signature": Sign([]byte("0123456789abcdef"), c.header.Get("X-Statusd-Timestamp"), []byte(body)),
	} {
		if got := c.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	answers <- http.StatusFound // not followed, but tried again
	if c = <-calls; !strings.HasPrefix(c.body, "POST /hook") {
		t.Errorf("after a redirect: %q", c.body)
	}
	answers <- http.StatusOK
	p.happen("k")
	if c = <-calls; c.header.Get("X-Statusd-Event") != "k" {
		t.Errorf("next call %v", c.header)
	}
	answers <- http.StatusOK
}

func TestSign(t *testing.T) {
	// echo -n '1.{}' | openssl dgst -sha256 -hmac key
	const want = "sha256=1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224"
	if got := Sign([]byte("key"), "1", []byte("{}")); got != want {
		t.Errorf("%s", got)
	}
}
