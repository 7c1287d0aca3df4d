package node

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/discovery"
	"statusd/mailserver/history"
)

func TestFoundMailserversAreDoubted(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	a, b := enode.ID{1}, enode.ID{2}
	good := history.ServerStatus{ID: a, Connected: true}
	gone := history.ServerStatus{ID: a}
	bad := history.ServerStatus{ID: b, Connected: true, GivenUp: 1}
	d := doubts{last: make(map[enode.ID]time.Time)}
	steps := []struct {
		name    string
		after   time.Duration
		servers []history.ServerStatus
		want    []enode.ID
		next    time.Duration
	}{
		{"none at all", 0, nil, nil, 0},
		{"one works", time.Minute, []history.ServerStatus{good, bad}, nil, 0},
		{"none works", time.Minute, []history.ServerStatus{gone, bad}, nil, silentFor},
		{"works again", 29 * time.Second, []history.ServerStatus{good}, nil, 0},
		{"gone again", time.Second, []history.ServerStatus{gone}, nil, silentFor},
		{"for long", silentFor, []history.ServerStatus{gone, bad}, []enode.ID{a, b}, repeatDoubt},
		{"doubted already", time.Minute, []history.ServerStatus{gone, bad}, nil, repeatDoubt - time.Minute},
		{"for longer", repeatDoubt - time.Minute, []history.ServerStatus{gone}, []enode.ID{a, b}, repeatDoubt},
	}
	for _, s := range steps {
		now = now.Add(s.after)
		got, next := d.due(s.servers, []enode.ID{a, b}, now)
		if !slices.Equal(got, s.want) {
			t.Errorf("%s: doubts %v, want %v", s.name, got, s.want)
		}
		if s.next == 0 != next.IsZero() || s.next != 0 && next.Sub(now) != s.next {
			t.Errorf("%s: looks again after %v, want %v", s.name, next.Sub(now), s.next)
		}
	}
}

// TestNetworkWatchEnds also where the kernel tells nothing.
func TestNetworkWatchEnds(t *testing.T) {
	n, err := New(testConfig(t), Deps{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.watchNetwork(ctx) }()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRegistrationIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := &failingAdvertiser{}
		r := &registration{topic: "whisper", by: a}
		done := make(chan error, 1)
		go func() { done <- r.run(ctx, zap.NewNop()) }()
		time.Sleep(firstRegistration / 2)
		synctest.Wait()
		if r.failure() == nil {
			t.Error("no failure noted")
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if a.calls < 20 || a.calls > 40 { // 2 s, 4 s, … 5 min
			t.Errorf("%d tries in two hours", a.calls)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// failingAdvertiser cannot be used, as when a port is taken.
type failingAdvertiser struct{ calls int }

func (f *failingAdvertiser) Name() string { return "failing" }

func (f *failingAdvertiser) Advertise(context.Context, discovery.Topic) error {
	f.calls++
	return errors.New("port in use")
}
