package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/api"
	"statusd/internal/profile"
	"statusd/internal/store"
)

// world is a directory of accounts and a feed of it.
type world struct {
	*Feed
	t    *testing.T
	m    *profile.Manager
	ring *Signals
	uids []key.UID
}

func password(t testing.TB) kdf.Password {
	t.Helper()
	p, err := kdf.NewPassword([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newWorld(t *testing.T, accounts int, limits store.EventLimits) *world {
	t.Helper()
	cost := kdf.Cost{N: 2, R: 8, P: 1}
	m, err := profile.Open(profile.Config{Dir: t.TempDir(), Cost: cost, BackupCost: cost, Events: limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, m: m, ring: NewSignals(time.Now)}
	w.Feed = New(m, w.ring, time.Now)
	for range accounts {
		s, _, err := m.Create(t.Context(), profile.Options{Password: password(t)}, 12, secret.Bytes{})
		if err != nil {
			t.Fatal(err)
		}
		w.uids = append(w.uids, s.UID)
	}
	return w
}

// login logs an account in; the log then has one event more, or two with the
// logout.
func (w *world) login(i int) {
	w.t.Helper()
	if _, err := w.m.Login(w.t.Context(), w.uids[i], password(w.t)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) logout() {
	w.t.Helper()
	if err := w.m.Logout(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// add appends n events of a type with a body.
func (w *world) add(n int, kind, body string, chats ...string) {
	w.t.Helper()
	err := w.m.Current().DB().Update(w.t.Context(), func(tx *store.Tx) error {
		for range n {
			if _, err := tx.EventLog().Append(kind, []byte(body), time.Now(), chats...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(q Query, limit int) api.EventPage {
	w.t.Helper()
	p, err := w.Read(w.t.Context(), q, limit, 0, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// tester is who names consumers.
func tester() store.Party { return store.Party{Owner: "tester"} }

func since(n int64) *int64 { return &n }

func cursors(events []api.Event) (out []int64) {
	for _, e := range events {
		out = append(out, e.Cursor)
	}
	return out
}

func TestReadingByCursorAndByName(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{})
	if _, err := w.Read(t.Context(), Query{}, 0, time.Minute, nil); !errors.Is(err, ErrNotLoggedIn) {
		t.Errorf("nobody logged in: %v", err)
	}
	if err := w.Ack(t.Context(), tester(), "bot", 1); !errors.Is(err, ErrNotLoggedIn) {
		t.Errorf("ack, nobody logged in: %v", err)
	}
	w.login(0)
	w.add(4, "k", `{}`)
	for _, step := range []struct {
		name string
		q    Query
		want []int64
		next int64
	}{
		{"nothing said", Query{}, []int64{1, 2}, 2},
		{"from a cursor", Query{Since: since(2)}, []int64{3, 4}, 4},
		{"from the end", Query{Since: since(End)}, nil, 5},
		{"one type", Query{Types: []api.EventType{"account.login"}}, []int64{1}, 5},
		{"a new name", Query{Consumer: "bot", By: tester()}, []int64{1, 2}, 2},
		{"the same without ack", Query{Consumer: "bot", By: tester()}, []int64{1, 2}, 2},
		{"ahead of the ack", Query{Consumer: "bot", By: tester(), Since: since(2)}, []int64{3, 4}, 4},
		{"back at the place noted", Query{Consumer: "bot", By: tester()}, []int64{3, 4}, 4},
		{"an older cursor", Query{Consumer: "bot", By: tester(), Since: since(1)}, []int64{3, 4}, 4},
		{"a name from the end", Query{Consumer: "late", By: tester(), Since: since(End)}, nil, 5},
	} {
		p := w.read(step.q, 2)
		if !slices.Equal(cursors(p.Events), step.want) || p.Next != step.next || p.Gap {
			t.Errorf("%s: %v, next %d, gap %v; want %v, %d", step.name, cursors(p.Events), p.Next, p.Gap, step.want, step.next)
		}
	}
	w.add(1, "k", `{}`)
	late := Query{Consumer: "late", By: tester(), Since: since(End)}
	if p := w.read(late, 0); !slices.Equal(cursors(p.Events), []int64{6}) {
		t.Errorf("from the end, then again: %v", cursors(p.Events))
	}
	if err := w.Ack(t.Context(), tester(), "bot", 5); err != nil {
		t.Fatal(err)
	}
	if err := w.Ack(t.Context(), tester(), "bot", 7); !errors.Is(err, store.ErrAhead) {
		t.Errorf("ack of what has not happened: %v", err)
	}
	w.logout()
	w.login(0) // events 7 and 8
	p := w.read(Query{Consumer: "bot", By: tester()}, 0)
	if !slices.Equal(cursors(p.Events), []int64{6, 7, 8}) {
		t.Errorf("after logout and login: %v", cursors(p.Events))
	}
	got, err := json.Marshal(p.Events[0])
	want := fmt.Sprintf(`{"cursor":6,"account":"%s","time":%d,"type":"k","event":{}}`, w.uids[0], p.Events[0].Time)
	if err != nil || string(got) != want {
		t.Errorf("event %s, want %s", got, want)
	}
}

func TestWaiting(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{})
	w.login(0)
	type result struct {
		api.EventPage
		err error
	}
	ask := func(ctx context.Context, stop chan struct{}) chan result {
		done := make(chan result, 1)
		go func() {
			p, err := w.Read(ctx, Query{Since: since(1), Types: []api.EventType{"k"}}, 0, time.Hour, stop)
			done <- result{p, err}
		}()
		return done
	}
	first := ask(t.Context(), nil)
	w.add(1, "other", `{}`)
	w.add(1, "k", `{}`)
	if r := <-first; !slices.Equal(cursors(r.Events), []int64{3}) || r.err != nil {
		t.Errorf("%+v", r)
	}
	w = newWorld(t, 1, store.EventLimits{})
	w.login(0)
	stop := make(chan struct{})
	stopped := ask(t.Context(), stop)
	close(stop)
	if r := <-stopped; r.Events == nil || len(r.Events) != 0 || r.err != nil || r.Next != 1 {
		t.Errorf("stopped: %+v", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := ask(ctx, nil)
	cancel()
	if r := <-cancelled; !errors.Is(r.err, context.Canceled) {
		t.Errorf("cancelled: %+v", r)
	}
	out := ask(t.Context(), nil)
	w.logout()
	if r := <-out; !errors.Is(r.err, ErrNotLoggedIn) {
		t.Errorf("logged out: %+v", r)
	}
}

func TestGapsAreSaid(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{Count: 10})
	w.login(0)
	w.add(127, "k", `{}`) // pruned at 64 and 128: 119 to 128 are left
	for name, q := range map[string]Query{"cursor": {Since: since(5)}, "zero": {Since: since(0)}} {
		if p := w.read(q, 0); !p.Gap || p.From != 119 || len(p.Events) != 10 || p.Next != 128 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if p := w.read(Query{Since: since(5), Types: []api.EventType{"none"}}, 0); !p.Gap || p.From != 119 {
		t.Errorf("a gap and no event: %+v", p)
	}
	for name, q := range map[string]Query{"nothing said": {}, "new name": {Consumer: "new", By: tester()}} {
		if p := w.read(q, 0); p.Gap || len(p.Events) != 10 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if err := w.Ack(t.Context(), tester(), "slow", 3); err != nil {
		t.Fatal(err)
	}
	if p := w.read(Query{Consumer: "slow", By: tester()}, 0); !p.Gap || p.From != 119 {
		t.Errorf("a consumer that stayed away: %+v", p)
	}
}

func TestEventsOfChats(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{})
	w.login(0)
	w.add(2500, "messages.new", `{}`, "noise")
	w.add(1, "messages.new", `{}`, "another", "me")
	if p := w.read(Query{Chats: []string{"her", "me"}}, 0); !slices.Equal(cursors(p.Events), []int64{2502}) {
		t.Errorf("far away: %v", cursors(p.Events))
	}
	if p := w.read(Query{Chats: []string{"me"}, Types: []api.EventType{"k"}}, 0); len(p.Events) != 0 {
		t.Errorf("of another type: %v", cursors(p.Events))
	}
	// One reading passes a bounded number of events, and says where to go on.
	w.add(20_000, "messages.new", `{}`, "noise")
	if p := w.read(Query{Since: since(1), Chats: []string{"nobody"}}, 100); len(p.Events) != 0 || p.Next != 10_001 {
		t.Errorf("one reading passes %d events", p.Next-1)
	}
}

// TestReadersLearnTheChat: who follows gets with each event the chat that it is
// about.
func TestReadersLearnTheChat(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{})
	w.login(0)
	w.add(1, "messages.new", `{}`, "tea", "cake")
	w.add(1, "history.synced", `{}`)
	r, err := w.Open(t.Context(), Query{Since: since(1)})
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	err = r.Follow(t.Context(), func(b Batch) error {
		if !slices.Equal(b.Chats, []string{"tea", ""}) || len(b.Events) != 2 {
			t.Errorf("%+v", b)
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestEventsAreShownWithTheTreesOfTheirTexts(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{})
	w.login(0)
	w.add(1, "messages.new", `{"messages":[{"text":"*a*","quotedMessage":{"text":"b"}}]}`)
	p := w.read(Query{Since: since(1)}, 0)
	var got api.Changes
	if len(p.Events) != 1 || json.Unmarshal(p.Events[0].Event, &got) != nil || len(got.Messages) != 1 {
		t.Fatalf("%+v", p)
	}
	if m := got.Messages[0]; len(m.ParsedText) != 1 || len(*m.ParsedText[0].Children) != 2 ||
		(*m.ParsedText[0].Children)[1].Type != api.TextEmph || len(m.QuotedMessage.ParsedText) != 1 {
		t.Errorf("%s", p.Events[0].Event)
	}
}

// TestTreesDoNotSwellPages: a page is bounded as it is shown, and reading goes
// on where it ended.
func TestTreesDoNotSwellPages(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{})
	w.login(0)
	const n = 300
	text := strings.Repeat("#a ", 490)
	w.add(n, "messages.new", `{"messages":[{"localChatId":"me","text":"`+text+`"}]}`, "me")
	at, seen, pages := int64(1), 0, 0
	for q := (Query{Chats: []string{"me"}}); seen < n; pages++ {
		q.Since = &at
		p := w.read(q, store.MaxEventPage)
		size := 0
		for i, e := range p.Events {
			if size += len(e.Event); e.Cursor != at+int64(i)+1 {
				t.Fatalf("event %d after %d", e.Cursor, at)
			}
		}
		if len(p.Events) == 0 || size > store.MaxEventPageBytes {
			t.Fatalf("%d events, %d bytes", len(p.Events), size)
		}
		at, seen = p.Next, seen+len(p.Events)
	}
	if pages < 2 {
		t.Error("all fitted into one page: the test tests nothing")
	}
}

// TestTidyRemovesConsumersOfEndedTokens at the login, and only what is old.
func TestTidyRemovesConsumersOfEndedTokens(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{})
	w.login(0)
	ack := func(owner, name string, when time.Time) {
		t.Helper()
		err := w.m.Current().DB().Update(t.Context(), func(tx *store.Tx) error {
			return tx.Consumers().Ack(store.Party{Owner: owner}, name, 1, when)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-store.DefaultEventAge - time.Hour)
	ack("token:gone", "old", long)
	ack("token:gone", "new", time.Now())
	ack("token:live", "old", long)
	ack("local", "old", long)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Tidy(ctx, func(owner string) bool { return owner != "token:live" })
	}()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		all, _, err := w.Consumers(t.Context(), store.Daemon())
		if err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, c := range all {
			left = append(left, c.Owner+" "+c.Name)
		}
		if slices.Equal(left, []string{"token:gone new", "local old", "token:live old"}) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("left are %v", left)
		}
	}
	cancel()
	<-ended
}
