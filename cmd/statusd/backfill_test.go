package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"statusd/api"
	"statusd/fault"
)

// asked notes the requests of a backfill: a daemon.
type asked struct {
	requests []api.BackfillRequest
	answer   func(n int) (api.BackfilledPage, error)
}

func (d *asked) Call(_ context.Context, _ api.Spec, args, result any) error {
	d.requests = append(d.requests, args.(api.BackfillArgs).Request)
	page, err := d.answer(len(d.requests) - 1)
	*result.(*api.BackfilledPage) = page
	return err
}

// pagesOf are what a pager asks for, until it ends.
func pagesOf(t *testing.T, p *mailPager, answer func(n int) (mailPage, error)) (got []string, err error) {
	t.Helper()
	p.ask = func(_ context.Context, server, cursor string, restart bool) (mailPage, error) {
		got = append(got, fmt.Sprintf("%s/%s/%t", server, cursor, restart))
		return answer(len(got) - 1)
	}
	for range 100 {
		page, err := p.next(t.Context())
		if err != nil || page.Done {
			return got, err
		}
	}
	return got, errors.New("it never ends")
}

// TestPagerStaysAtOneServer: a cursor goes back to the server that gave it, and
// the daemon may begin anew at another one, unless the user chose the server.
func TestPagerStaysAtOneServer(t *testing.T) {
	answer := func(n int) (mailPage, error) {
		page := mailPage{Server: "one", Cursor: fmt.Sprint("cursor ", n), Done: n == 3}
		if n >= 2 {
			page.Server, page.Restarted = "two", n == 2
		}
		return page, nil
	}
	got, err := pagesOf(t, &mailPager{}, answer)
	want := []string{"//true", "one/cursor 0/true", "one/cursor 1/true", "two/cursor 2/true"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q: %v", got, want, err)
	}
	got, err = pagesOf(t, &mailPager{server: "mine"}, answer)
	if err != nil || got[0] != "mine//false" || got[1] != "mine/cursor 0/false" {
		t.Errorf("the server that the user chose was left: %q, %v", got, err)
	}
}

func TestPagerGivesUp(t *testing.T) {
	got, err := pagesOf(t, &mailPager{}, func(n int) (mailPage, error) {
		return mailPage{Server: "one", Cursor: "c", Restarted: n > 0}, nil
	})
	if err == nil || len(got) != maxRestarts+2 {
		t.Errorf("%d requests, %v", len(got), err)
	}
}

// TestBackfillDays asks for whole days without gap or overlap.
func TestBackfillDays(t *testing.T) {
	for _, span := range [][2]uint32{
		{0, 0}, {5, 5}, {5, 86404}, {5, 86405}, {1<<31 - 10*86400, 1 << 31}, {1<<32 - 1 - 86400, 1<<32 - 1},
	} {
		d := &asked{answer: func(int) (api.BackfilledPage, error) {
			return api.BackfilledPage{Envelopes: 2, Archived: 1, Skipped: 1, Done: true}, nil
		}}
		var out, errOut strings.Builder
		a := &app{out: &out, err: &errOut}
		r := &backfillRun{app: a, conn: d, from: span[0], to: span[1], bar: a.newProgress("backfill")}
		if err := r.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		end := uint64(span[1])
		for _, request := range d.requests {
			from, to := request.From, request.To
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
	d := &asked{answer: func(n int) (api.BackfilledPage, error) {
		if n == 2 {
			return api.BackfilledPage{}, fail(fault.Timeout, errors.New("no server"))
		}
		return api.BackfilledPage{Envelopes: 5, Done: true}, nil
	}}
	a := &app{out: new(strings.Builder), err: new(strings.Builder)}
	r := &backfillRun{app: a, conn: d, from: 1000, to: 1000 + 5*day - 1, server: "x", bar: a.newProgress("backfill")}
	err := r.run(t.Context())
	want := fmt.Sprintf("no server\n10 envelopes came; go on with --from 1000 --to %d and the same --server", 1000+3*day-1)
	if err == nil || err.Error() != want || exitCode(err) != exitTemporary {
		t.Errorf("got %v, code %d, want %q", err, exitCode(err), want)
	}
}
