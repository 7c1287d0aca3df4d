package messenger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/api"
	"statusd/internal/store"
	"statusd/internal/test/crashtest"
)

func TestMain(m *testing.M) {
	crashtest.Main(m, map[string]crashtest.Job{"requests": requestsForEver})
}

// allTexts returns the texts of a chat, the newest first.
func (p *party) allTexts(chat string) (out []string) {
	p.t.Helper()
	cursor := ""
	for {
		list, next, err := p.m.Messages().Page(p.t.Context(), chat, cursor, store.MaxPage)
		if err != nil {
			p.t.Fatal(err)
		}
		for i := range list {
			out = append(out, list[i].Text)
		}
		if cursor = next; cursor == "" {
			return out
		}
	}
}

// TestRepeatedRequestsSendOnce repeats both ways of sending.
func TestRepeatedRequestsSendOnce(t *testing.T) {
	alice := newParty(t, newKey(t))
	ctx, picture := t.Context(), filepath.Join(t.TempDir(), "cat.png")
	ok(t, os.WriteFile(picture, png(), 0o600))
	q := SendRequest{
		Recipients: []string{"#tea"}, Message: "hello", AttachmentPath: picture, Request: Request{By: "local", ID: "a"},
	}
	first := must[api.Sent](t)(alice.m.Mail().SendTo(ctx, q))
	ok(t, os.Remove(picture)) // what the first call read need not be there
	alice.pass(time.Hour)
	if again := must[api.Sent](t)(alice.m.Mail().SendTo(ctx, q)); again.SentMessage != first.SentMessage {
		t.Errorf("%+v, then %+v", first, again)
	}
	v := api.OutgoingMessage{ChatID: "tea", Text: "hi"}
	r := Request{By: "token:bot", ID: "a"} // others have ids of their own
	changes := must[api.Changes](t)(alice.m.Messages().SendOnce(ctx, r, v))
	again := must[api.Changes](t)(alice.m.Messages().SendOnce(ctx, r, v))
	if len(again.Messages) != 1 || len(again.Chats) != 1 || again.Messages[0].ID != changes.Messages[0].ID ||
		again.Messages[0].Text != "hi" {
		t.Errorf("%+v, then %+v", changes, again)
	}
	if got := alice.allTexts("tea"); len(got) != 2 {
		t.Errorf("sent %q", got)
	}
	ok(t, alice.m.Messages().Delete(ctx, first.MessageID))
	ok(t, alice.m.Messages().Delete(ctx, changes.Messages[0].ID))
	if again := must[api.Sent](t)(alice.m.Mail().SendTo(ctx, q)); again.SentMessage != first.SentMessage {
		t.Errorf("after deletion %+v", again)
	}
	again = must[api.Changes](t)(alice.m.Messages().SendOnce(ctx, r, v))
	if len(again.Messages) != 1 || again.Messages[0].ID != changes.Messages[0].ID || again.Messages[0].Text != "" {
		t.Errorf("after deletion %+v", again)
	}
	if got := alice.allTexts("tea"); len(got) != 0 {
		t.Errorf("sent again: %q", got)
	}
	alice.pass(store.RequestAge + time.Millisecond)
	q.AttachmentPath, v.Text = "", "new"
	must[api.Sent](t)(alice.m.Mail().SendTo(ctx, q))
	must[api.Changes](t)(alice.m.Messages().SendOnce(ctx, r, v))
	if got := alice.allTexts("tea"); len(got) != 2 {
		t.Errorf("a week later %q", got)
	}
}

// TestRequestsWithOtherArgumentsFail says what is not the same.
func TestRequestsWithOtherArgumentsFail(t *testing.T) {
	alice := newParty(t, newKey(t))
	ctx, once := t.Context(), Request{By: "local", ID: "a"}
	base := SendRequest{Recipients: []string{"#tea"}, Message: "hello", Request: once}
	must[api.Sent](t)(alice.m.Mail().SendTo(ctx, base))
	for want, change := range map[string]func(*SendRequest){
		"recipient":  func(q *SendRequest) { q.Recipients = []string{"#coffee"} },
		"message":    func(q *SendRequest) { q.Message = "hello " },
		"attachment": func(q *SendRequest) { q.Attachment = png() },
		"attachment, message, replyTo": func(q *SendRequest) {
			q.AttachmentPath, q.ReplyTo, q.Message = "x.png", "0x12", ""
		},
	} {
		q := base
		change(&q)
		_, err := alice.m.Mail().SendTo(ctx, q)
		if !errors.Is(err, ErrRequestChanged) || !strings.HasSuffix(err.Error(), "not the same are "+want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	_, err := alice.m.Messages().SendOnce(ctx, once, api.OutgoingMessage{ChatID: "tea", Text: "hello"})
	if !errors.Is(err, ErrRequestChanged) || !strings.HasSuffix(err.Error(), api.StatusSend.Name) {
		t.Errorf("with another method: %v", err)
	}
	base.Request.ID = strings.Repeat("é", api.MaxRequestID/2) + "x"
	if _, err := alice.m.Mail().SendTo(ctx, base); !errors.Is(err, ErrRequest) {
		t.Errorf("a long id: %v", err)
	}
	base.Request.ID = "a\x00b"
	if _, err := alice.m.Mail().SendTo(ctx, base); !errors.Is(err, ErrRequest) {
		t.Errorf("a zero byte: %v", err)
	}
	// What failed is not remembered.
	failing := SendRequest{Recipients: []string{"@nobody"}, Message: "x", Request: Request{By: "local", ID: "b"}}
	if _, err := alice.m.Mail().SendTo(ctx, failing); !errors.Is(err, ErrRecipient) {
		t.Error(err)
	}
	failing.Recipients = []string{"#tea"}
	must[api.Sent](t)(alice.m.Mail().SendTo(ctx, failing))
	if got := alice.allTexts("tea"); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

// TestConcurrentRequestsSendOnce has many calls of the same requests at once,
// in random order.
func TestConcurrentRequestsSendOnce(t *testing.T) {
	alice := newParty(t, newKey(t))
	const requests, callers = 8, 6
	ids := make([][requests]string, callers)
	var wg sync.WaitGroup
	for n := range callers {
		wg.Go(func() {
			for _, i := range rand.Perm(requests) {
				sent, err := alice.m.Mail().SendTo(t.Context(), SendRequest{
					Recipients: []string{"#tea"}, Message: fmt.Sprint(i), Request: Request{By: "local", ID: fmt.Sprint(i)},
				})
				if err != nil {
					t.Error(err)
				}
				ids[n][i] = sent.MessageID
			}
		})
	}
	wg.Wait()
	for _, of := range ids {
		if of != ids[0] {
			t.Errorf("different answers: %v, %v", ids[0], of)
		}
	}
	if got := alice.allTexts("tea"); len(got) != requests {
		t.Errorf("sent %q", got)
	}
}

// requestsForEver sends numbered requests, from the first on, and prints the
// number and message of each that was answered.
func requestsForEver(dir string, ready func()) error {
	raw, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil {
		return err
	}
	identity, err := key.NewPrivate(raw)
	if err != nil {
		return err
	}
	db, err := store.Open(context.Background(), crashConfig(dir))
	if err != nil {
		return err
	}
	m, err := New(context.Background(), Config{
		Identity: identity, DB: db, Courier: &fakeCourier{self: identity.Public()},
	})
	if err != nil {
		return err
	}
	ready()
	for i := 0; ; i++ {
		sent, err := m.Mail().SendTo(context.Background(), SendRequest{
			Recipients: []string{"#tea"}, Message: fmt.Sprint(i), Request: Request{By: "local", ID: fmt.Sprint(i)},
		})
		if err != nil {
			return err
		}
		fmt.Println(i, sent.MessageID)
	}
}

func crashConfig(dir string) store.Config {
	return store.Config{
		Path: filepath.Join(dir, "client.db"), Key: secret.New(make([]byte, store.KeySize)), Create: true,
	}
}

// TestRequestsSurviveKills repeats all requests after each of many kills:
// whatever was answered stays so, and nothing is sent twice.
func TestRequestsSurviveKills(t *testing.T) {
	dir, identity := t.TempDir(), newKey(t)
	raw := identity.Reveal()
	ok(t, os.WriteFile(filepath.Join(dir, "key"), raw, 0o600))
	answered := make(map[int]string)
	for range 12 {
		printed := string(crashtest.Kill(t, "requests", dir, 150*time.Millisecond))
		for line := range strings.Lines(printed) {
			var i int
			var id string
			if n, _ := fmt.Sscanf(line, "%d %s\n", &i, &id); n != 2 || len(id) != 66 {
				continue // cut off
			}
			if answered[i] != "" && answered[i] != id {
				t.Fatalf("request %d was answered %s, and then %s", i, answered[i], id)
			}
			answered[i] = id
		}
	}
	db, err := store.Open(t.Context(), crashConfig(dir))
	ok(t, err)
	defer db.Close()
	p := &party{t: t, key: identity, id: identity.Public().ContactID(), db: db, courier: &fakeCourier{}}
	m, err := New(t.Context(), Config{Identity: identity, DB: db, Courier: p.courier})
	ok(t, err)
	p.m = m
	seen := make(map[string]bool)
	for _, text := range p.allTexts("tea") {
		if seen[text] {
			t.Errorf("%s was sent twice", text)
		}
		seen[text] = true
	}
	if len(answered) == 0 || len(seen) < len(answered) {
		t.Errorf("%d answered, %d stored", len(answered), len(seen))
	}
}
