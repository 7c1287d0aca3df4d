package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"statusd/api"
)

// eventLog stands for the log of a daemon.
type eventLog struct {
	t      *testing.T
	mu     sync.Mutex
	last   int64
	acked  int64
	oldest int64
	fail   func(method string) []string // what to answer instead; nil: nothing
}

func (l *eventLog) answer(id, method, params string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		if out := l.fail(method); out != nil {
			return []string{strings.ReplaceAll(out[0], "ID", id)}
		}
	}
	switch method {
	case "status_getEvents":
		var in api.GetEventsArgs
		if err := json.Unmarshal([]byte(params), &in); err != nil || in.Query.Consumer != "bot" {
			l.t.Errorf("%s: %v", params, err)
		}
		from, page := l.acked, api.EventPage{Events: []api.Event{}}
		if in.Query.Since != nil {
			from = max(from, *in.Query.Since)
		}
		if from+1 < l.oldest {
			page.Gap, page.From, from = true, l.oldest, l.oldest-1
		}
		for c := from + 1; c <= l.last && len(page.Events) < 3; c++ {
			page.Events = append(page.Events, api.Event{Cursor: c, Type: api.EventMessagesNew, Event: json.RawMessage(`{}`)})
			from = c
		}
		page.Next = from
		raw, err := json.Marshal(page)
		if err != nil {
			l.t.Error(err)
		}
		return result(id, string(raw))
	case "status_ackEvents":
		var in api.AckEventsArgs
		if err := json.Unmarshal([]byte(params), &in); err != nil || in.Consumer != "bot" || in.Cursor < l.acked {
			l.t.Errorf("%s after %d: %v", params, l.acked, err)
		}
		l.acked = in.Cursor
		return result(id, "null")
	}
	l.t.Errorf("call of %s", method)
	return nil
}

func events(c *Client) func(context.Context) (all []int64, err error) {
	return func(ctx context.Context) (all []int64, err error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for e, err := range c.Events(ctx, EventsConfig{Consumer: "bot"}) {
			if err != nil {
				return all, err
			}
			all = append(all, e.Cursor)
			if e.Cursor == 10 {
				break
			}
		}
		return all, nil
	}
}

func TestEventsComeOnceAndAreAcknowledged(t *testing.T) {
	log := &eventLog{t: t, last: 10}
	for name, cfg := range targets(t, &daemon{t: t, answer: log.answer}) {
		t.Run(name, func(t *testing.T) {
			log.mu.Lock()
			log.acked = 0
			log.mu.Unlock()
			c, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			all, err := events(c)(t.Context())
			if want := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; err != nil || !slices.Equal(all, want) {
				t.Errorf("%v, %v", all, err)
			}
			if log.acked != 9 { // the body broke out at 10
				t.Errorf("acknowledged %d", log.acked)
			}
			again, err := events(c)(t.Context())
			if err != nil || !slices.Equal(again, []int64{10}) {
				t.Errorf("a second time: %v, %v", again, err)
			}
		})
	}
}

// TestEventsGoOnAfterFailures breaks the connection, or answers with errors
// that pass, at every call in turn.
func TestEventsGoOnAfterFailures(t *testing.T) {
	const notLoggedIn = `{"jsonrpc":"2.0","id":ID,"error":{"code":-32010,"message":"nobody is logged in"}}`
	for _, how := range []string{"close", notLoggedIn} {
		for at := range 8 {
			log := &eventLog{t: t, last: 10}
			var mu sync.Mutex // guards what follows: connections may overlap
			calls, closeNow := 0, false
			d := &daemon{t: t}
			log.fail = func(string) []string {
				calls++
				closeNow = calls == at && how == "close"
				if calls == at && how != "close" {
					return []string{how}
				}
				return nil
			}
			d.answer = func(id, method, params string) []string {
				mu.Lock()
				defer mu.Unlock()
				out := log.answer(id, method, params)
				if closeNow {
					return nil // it was done, and the answer is lost
				}
				return out
			}
			c, err := New(targets(t, d)["unix"])
			if err != nil {
				t.Fatal(err)
			}
			all, err := events(c)(t.Context())
			if want := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; err != nil || !slices.Equal(all, want) {
				t.Errorf("%s at call %d: %v, %v", how, at, all, err)
			}
			c.Close()
		}
	}
}

func TestEventsEndWithErrorsThatStay(t *testing.T) {
	log := &eventLog{t: t, last: 10, fail: func(string) []string {
		return []string{`{"jsonrpc":"2.0","id":ID,"error":{"code":-32041,"message":"the token lacks the scope"}}`}
	}}
	c, err := New(targets(t, &daemon{t: t, answer: log.answer})["unix"])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var answer *api.Error
	if all, err := events(c)(t.Context()); !errors.As(err, &answer) || answer.Code != api.CodeScope || len(all) > 0 {
		t.Errorf("%v, %v", all, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range c.Events(ended, EventsConfig{}) {
		t.Error("something comes of an ended context")
	}
}

func TestEventsTellOfGaps(t *testing.T) {
	log := &eventLog{t: t, last: 10, oldest: 5}
	c, err := New(targets(t, &daemon{t: t, answer: log.answer})["unix"])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all []string
	for e, err := range c.Events(t.Context(), EventsConfig{Consumer: "bot"}) {
		var gap *GapError
		if errors.As(err, &gap) {
			all = append(all, fmt.Sprint("gap ", gap.From))
			continue
		}
		all = append(all, fmt.Sprint(e.Cursor))
		if e.Cursor == 10 {
			break
		}
	}
	if want := "gap 5 5 6 7 8 9 10"; strings.Join(all, " ") != want {
		t.Errorf("%v, want %s", all, want)
	}
}

func TestRequestIDsAreShortAndTellEventsApart(t *testing.T) {
	const want = "a8d06eed9339d4a00b3597686218f43352f3c8120a6c9959fa8a08b153d18902" // as in Python and TypeScript
	if got := RequestID("echo", api.Event{Cursor: 7, Account: "0xaa"}, "0x01", 1); got != want {
		t.Errorf("got %s", got)
	}
	long := strings.Repeat("x", 128)
	seen := map[string]bool{}
	for _, consumer := range []string{"bot", "bot:1", long} {
		for cursor := range int64(20) {
			for count := range 2 {
				id := RequestID(consumer, api.Event{Cursor: cursor}, "", count)
				if len(id) > api.MaxRequestID || seen[id] {
					t.Errorf("%s %d %d: %s", consumer, cursor, count, id)
				}
				seen[id] = true
			}
		}
	}
}

// TestNewConsumersBeginAtTheEnd as those of the other clients do.
func TestNewConsumersBeginAtTheEnd(t *testing.T) {
	var asked []string
	answer := func(id, _, params string) []string {
		asked = append(asked, params)
		return result(id, `{"events":[{"cursor":4,"time":0,"type":"x","event":{}}],"next":4}`)
	}
	for _, cfg := range targets(t, &daemon{t: t, answer: answer}) {
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range c.Events(t.Context(), EventsConfig{}) {
			if err != nil {
				t.Error(err)
			}
			break
		}
		c.Close()
	}
	for _, params := range asked {
		if !strings.Contains(params, `"since":-1`) {
			t.Errorf("asked %s", params)
		}
	}
	if len(asked) == 0 {
		t.Error("nothing was asked")
	}
}
