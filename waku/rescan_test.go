package waku

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"statusd/waku/wire"
)

// TestRescan finds again what the pool holds for the filters named, in order,
// and only that.
func TestRescan(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := startHost(t, Config{})
		a, b := testTopic(1), testTopic(2)
		var all []*wire.Envelope
		for i, post := range []struct {
			key   byte
			topic wire.Topic
		}{{1, a}, {2, a}, {1, a}, {1, b}, {3, b}} {
			all = append(all, sealedAt(t, time.Now(), post.key, 50, post.topic, []byte(fmt.Sprint(i))))
			if err := h.Submit(all[i]); err != nil {
				t.Fatal(err)
			}
		}
		install := func(key byte, topics ...wire.Topic) FilterID {
			id, err := h.InstallFilter(FilterSpec{SymKey: testKey(key), Topics: topics}, new(recorder))
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		one, two, both := install(1, a), install(2, a), install(1, a, b)
		scan := func(want func(wire.Hash) bool, ids ...FilterID) (got []string) {
			err := h.Rescan(t.Context(), ids, want, func(m *ReceivedMessage, fits []FilterID) error {
				if len(fits) == 0 {
					t.Error("no filter is named")
				}
				got = append(got, string(m.Payload))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			return got
		}
		for _, c := range []struct {
			name string
			got  []string
			want []string
		}{
			{"one topic, one key", scan(nil, one), []string{"0", "2"}},
			{"two keys", scan(nil, one, two), []string{"0", "1", "2"}},
			{"two topics", scan(nil, both), []string{"0", "2", "3"}},
			{"each once", scan(nil, both, one), []string{"0", "2", "3"}},
			{"no filter", scan(nil), nil},
			{"unknown filter", scan(nil, "x"), nil},
			{"not wanted", scan(func(h wire.Hash) bool { return h != all[0].Hash() }, one), []string{"2"}},
		} {
			if !slices.Equal(c.got, c.want) {
				t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
			}
		}
		stop := errors.New("stop")
		refuse := func(*ReceivedMessage, []FilterID) error { return stop }
		if err := h.Rescan(t.Context(), []FilterID{one}, nil, refuse); err != stop {
			t.Errorf("an error of the receiver: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.Rescan(ctx, []FilterID{one}, nil, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		time.Sleep(time.Minute) // everything has expired
		if got := scan(nil, both); got != nil {
			t.Errorf("expired: %q", got)
		}
	})
}

// TestTrackerSeesTheEnd: an own envelope that comes back, that expires, that
// has to make room, and that is too late after its delay.
func TestTrackerSeesTheEnd(t *testing.T) {
	bothVersions(t, func(t *testing.T, version uint) {
		k := new(tracks)
		h := startHost(t, Config{Tracker: k, PoolEnvelopes: 1})
		own, foreign := testEnvelope(1), testEnvelope(2)
		if err := h.Submit(own); err != nil {
			t.Fatal(err)
		}
		r := dial(t, h, version, 0, &wire.StatusOptions{Topics: []wire.Topic{}})
		if err := r.sendEnvelopes(own); err != nil {
			t.Fatal(err)
		}
		k.want(t, "sent to us by a peer", fmt.Sprintf("back %s %s", own.Hash(), r.id))
		if err := r.sendEnvelopes(foreign); err != nil {
			t.Fatal(err)
		}
		k.want(t, "pushed out", fmt.Sprintf("expired %s", own.Hash()))
		time.Sleep(time.Hour)
		k.want(t, "a foreign one expired")
		last := testEnvelope(3)
		if err := h.Submit(last); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		k.want(t, "expired", fmt.Sprintf("expired %s", last.Hash()))
	})
	bubble(t, func(t *testing.T) {
		k := new(tracks)
		h := startHost(t, Config{Tracker: k, OwnPostJitter: 1000 * time.Hour})
		env := testEnvelope(1)
		if err := h.Submit(env); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1001 * time.Hour)
		k.want(t, "too late", fmt.Sprintf("expired %s", env.Hash()))
	})
}
