package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"statusd/fault"
)

// asked notes the requests of a pager or backfill.
type asked struct {
	requests []map[string]any
	answer   func(n int, request map[string]any) (mailPage, error)
}

func (d *asked) call(_ context.Context, result any, _ string, params ...any) error {
	request := maps.Clone(params[0].(map[string]any))
	d.requests = append(d.requests, request)
	page, err := d.answer(len(d.requests)-1, request)
	*result.(*mailPage) = page
	return err
}

// TestPagerStaysAtOneServer: a cursor goes back to the server that gave it, and
// when that one fails, another one begins anew.
func TestPagerStaysAtOneServer(t *testing.T) {
	d := &asked{answer: func(n int, request map[string]any) (mailPage, error) {
		switch {
		case n == 2:
			return mailPage{}, errors.New("gone")
		case n < 2:
			return mailPage{Server: "one", Cursor: fmt.Sprint("cursor ", n)}, nil
		}
		return mailPage{Server: "two", Cursor: fmt.Sprint("cursor ", n), Done: n == 4}, nil
	}}
	p := &mailPager{call: d.call, request: map[string]any{}}
	for done := false; !done; {
		page, err := p.next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		done = page.Done
	}
	var got []string
	for _, r := range d.requests {
		got = append(got, fmt.Sprint(r["server"], "/", r["cursor"]))
	}
	if want := []string{"/", "one/cursor 0", "one/cursor 1", "/", "two/cursor 3"}; !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
	chosen := &mailPager{call: d.call, request: map[string]any{}, server: "mine"}
	d.requests = nil
	for range 2 {
		if _, err := chosen.next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := chosen.next(t.Context()); err == nil || d.requests[2]["server"] != "mine" {
		t.Errorf("the server that the user chose was left: %v, %v", err, d.requests)
	}
}

func TestPagerGivesUp(t *testing.T) {
	d := &asked{answer: func(n int, _ map[string]any) (mailPage, error) {
		if n%2 == 1 {
			return mailPage{}, errors.New("gone")
		}
		return mailPage{Server: "one", Cursor: "c"}, nil
	}}
	p := &mailPager{call: d.call, request: map[string]any{}}
	for range 100 {
		if _, err := p.next(t.Context()); err != nil {
			if len(d.requests) != 2*(maxRestarts+1) {
				t.Errorf("%d requests", len(d.requests))
			}
			return
		}
	}
	t.Error("a server that always fails on its second page is asked for ever")
}

// TestBackfillDays asks for whole days without gap or overlap.
func TestBackfillDays(t *testing.T) {
	for _, span := range [][2]uint32{
		{0, 0}, {5, 5}, {5, 86404}, {5, 86405}, {1<<31 - 10*86400, 1 << 31}, {1<<32 - 1 - 86400, 1<<32 - 1},
	} {
		d := &asked{answer: func(int, map[string]any) (mailPage, error) {
			return mailPage{Envelopes: 2, Archived: 1, Skipped: 1, Done: true}, nil
		}}
		var out, errOut strings.Builder
		a := &app{out: &out, err: &errOut}
		r := &backfillRun{app: a, call: d.call, from: span[0], to: span[1], bar: a.newProgress("backfill")}
		if err := r.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		end := uint64(span[1])
		for _, request := range d.requests {
			from, to := request["from"].(uint32), request["to"].(uint32)
			if uint64(to) != end || from > to || to-from >= day {
				t.Errorf("%v: asked for %d to %d", span, from, to)
			}
			end = uint64(from) - 1
		}
		if end+1 != uint64(span[0]) {
			t.Errorf("%v: ends at %d", span, end+1)
		}
		if want := fmt.Sprintf("%d envelopes", 2*len(d.requests)); !strings.HasPrefix(out.String(), want) {
			t.Errorf("prints %q", out.String())
		}
	}
}

// TestBackfillGoesOn says from where.
func TestBackfillGoesOn(t *testing.T) {
	d := &asked{answer: func(n int, _ map[string]any) (mailPage, error) {
		if n == 2 {
			return mailPage{}, fail(fault.Timeout, errors.New("no server"))
		}
		return mailPage{Envelopes: 5, Done: true}, nil
	}}
	a := &app{out: new(strings.Builder), err: new(strings.Builder)}
	r := &backfillRun{app: a, call: d.call, from: 1000, to: 1000 + 5*day - 1, server: "x", bar: a.newProgress("backfill")}
	err := r.run(t.Context())
	want := fmt.Sprintf("no server\n10 envelopes came; go on with --from 1000 --to %d and the same --server", 1000+3*day-1)
	if err == nil || err.Error() != want || exitCode(err) != exitTemporary {
		t.Errorf("got %v, code %d, want %q", err, exitCode(err), want)
	}
}
