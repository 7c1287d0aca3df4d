package waku

import (
	"encoding/binary"
	"errors"
	"testing"

	"statusd/waku/wire"
)

func manyTopics(from, n int) []wire.Topic {
	out := make([]wire.Topic, n)
	for i := range out {
		binary.BigEndian.PutUint32(out[i][:], uint32(from+i))
	}
	return out
}

// TestGuestsSeeOnlyTheirOwn: neither filters nor keys of the host or of
// another guest can be read or removed.
func TestGuestsSeeOnlyTheirOwn(t *testing.T) {
	h := newHost(t, Config{})
	a, b := h.NewGuest(), h.NewGuest()
	spec := FilterSpec{SymKey: testKey(1), Topics: manyTopics(0, 1)}
	install := func(f func(FilterSpec, Sink) (FilterID, error)) FilterID {
		t.Helper()
		id, err := f(spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	host, ofA, ofB := install(h.InstallFilter), install(a.InstallFilter), install(b.InstallFilter)
	for _, id := range []FilterID{host, ofB} {
		if a.UninstallFilter(id) {
			t.Error("a guest removed the filter of somebody else")
		}
		if _, err := a.FilterMessages(id); !errors.Is(err, ErrUnknownFilter) {
			t.Errorf("messages of somebody else: %v", err)
		}
	}
	for _, id := range []FilterID{ofA, ofB} {
		if _, err := h.FilterMessages(id); h.UninstallFilter(id) || !errors.Is(err, ErrUnknownFilter) {
			t.Errorf("the host works on the filter of a guest: %v", err)
		}
	}
	pair, err := a.Keys().AddKeyPair(newKey(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, there := b.Keys().KeyPair(pair); there || b.Keys().DeleteKeyPair(pair) {
		t.Error("a guest has the key of another")
	}
	sym, err := a.Keys().AddSymKey(testKey(2))
	if err != nil {
		t.Fatal(err)
	}
	if _, there := b.Keys().SymKey(sym); there || b.Keys().DeleteSymKey(sym) {
		t.Error("a guest has the symmetric key of another")
	}

	a.Close()
	a.Close()
	if _, err := a.InstallFilter(spec, nil); !errors.Is(err, ErrStopped) {
		t.Errorf("installed after Close: %v", err)
	}
	if _, err := a.Keys().NewKeyPair(); !errors.Is(err, ErrKeyQuota) {
		t.Errorf("a key after Close: %v", err)
	}
	if _, there := a.Keys().KeyPair(pair); there {
		t.Error("a key outlived its guest")
	}
	if _, n, _ := h.filters.topics(); n != 2 {
		t.Errorf("%d filters are left, want those of the host and of the other guest", n)
	}
	if !h.UninstallFilter(host) || !b.UninstallFilter(ofB) {
		t.Error("owners cannot remove their own")
	}
}

// TestGuestsLeaveRoomForTheHost: whatever guests install, the host can still
// listen to half of what peers accept, and what guests give back counts.
func TestGuestsLeaveRoomForTheHost(t *testing.T) {
	h := newHost(t, Config{})
	spec := func(from, n int) FilterSpec { return FilterSpec{SymKey: testKey(1), Topics: manyTopics(from, n)} }
	first := h.NewGuest()
	if _, err := first.InstallFilter(spec(0, GuestTopics+1), nil); !errors.Is(err, ErrTopicQuota) {
		t.Fatalf("too many topics at once: %v", err)
	}
	guests := []*Guest{first}
	total := 0
	for total < AllGuestTopics {
		g := guests[len(guests)-1]
		if _, err := g.InstallFilter(spec(total, GuestTopics), nil); err != nil {
			t.Fatal(err)
		}
		total += GuestTopics
		if _, err := g.InstallFilter(spec(total, 1), nil); !errors.Is(err, ErrTopicQuota) {
			t.Fatalf("one topic too many: %v", err)
		}
		guests = append(guests, h.NewGuest())
	}
	last := guests[len(guests)-1]
	if _, err := last.InstallFilter(spec(total, 1), nil); !errors.Is(err, ErrTopicQuota) {
		t.Fatalf("beyond the share of guests: %v", err)
	}
	for i := range wire.MaxTopicInterest - AllGuestTopics {
		if _, err := h.InstallFilter(spec(1_000_000+i, 1), nil); err != nil {
			t.Fatalf("filter %d of the host: %v", i, err)
		}
	}
	first.Close()
	if _, err := last.InstallFilter(spec(0, GuestTopics), nil); err != nil {
		t.Errorf("room that was given back is not there: %v", err)
	}
}

func TestGuestsHaveAQuotaOfFiltersAndKeys(t *testing.T) {
	h := newHost(t, Config{})
	g := h.NewGuest()
	var last FilterID
	for range GuestFilters {
		id, err := g.InstallFilter(FilterSpec{SymKey: testKey(1)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		last = id
	}
	if _, err := g.InstallFilter(FilterSpec{SymKey: testKey(1)}, nil); !errors.Is(err, ErrFilterQuota) {
		t.Errorf("one filter too many: %v", err)
	}
	g.UninstallFilter(last)
	if _, err := g.InstallFilter(FilterSpec{SymKey: testKey(1)}, nil); err != nil {
		t.Errorf("room that was given back is not there: %v", err)
	}
	for range GuestKeys {
		if _, err := g.Keys().AddSymKey(testKey(1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := g.Keys().NewKeyPair(); !errors.Is(err, ErrKeyQuota) {
		t.Errorf("one key too many: %v", err)
	}
	if _, err := h.NewGuest().Keys().NewKeyPair(); err != nil {
		t.Errorf("another guest: %v", err)
	}
}
