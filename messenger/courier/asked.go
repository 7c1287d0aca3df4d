package courier

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"statusd/accounts/key"
	"statusd/fault"
	"statusd/internal/store"
	"statusd/transport/topics"
	"statusd/waku"
)

// hintFilters is what to do about places that are too many.
const hintFilters = "remove some with wakuext_removeFilters; those of a token go when it is revoked"

// Bounds of the places that owners ask for besides those of the account: a
// peer takes a bounded number of topics, which the account needs.
const (
	MaxAsked    = 500  // of one owner
	maxAskedAll = 2000 // of all owners together
)

// Errors of Listen.
var (
	errEnded = fault.New(fault.NotLoggedIn, "the account is logged out",
		"log in with account_login, or: statusd account login")
	ErrTooMuch  = fault.New(fault.Busy, fmt.Sprintf("more than %d places asked for", MaxAsked), hintFilters)
	ErrAskedAll = fault.New(fault.Busy, fmt.Sprintf("more than %d places asked for by all together", maxAskedAll),
		hintFilters)
)

// owners are those who asked for a place.
type owners map[string]bool

// asked is what owners, who are callers from outside, want listened to besides
// the places of the account. It is guarded by the mu of the filters.
type asked struct {
	chats  map[string]owners
	people map[key.Public]owners
}

func newAsked() asked {
	return asked{chats: make(map[string]owners), people: make(map[key.Public]owners)}
}

// count returns how many places an owner asked for, and all of them together.
func (a *asked) count(owner string) (own, all int) {
	for _, o := range a.chats {
		own, all = own+one(o[owner]), all+len(o)
	}
	for _, o := range a.people {
		own, all = own+one(o[owner]), all+len(o)
	}
	return own, all
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// add notes that an owner asks for places, all or none, and returns those that
// it had not asked for.
func (a *asked) add(owner string, chats []string, people []key.Public) (map[topics.Place]bool, error) {
	own, all := a.count(owner)
	fresh := make(map[topics.Place]bool)
	for _, c := range chats {
		if !a.chats[c][owner] {
			fresh[topics.PublicChat(c)] = true
		}
	}
	for _, p := range people {
		if !a.people[p][owner] {
			fresh[topics.ContactCodeOf(p)] = true
		}
	}
	switch {
	case own+len(fresh) > MaxAsked:
		return nil, ErrTooMuch
	case all+len(fresh) > maxAskedAll:
		return nil, ErrAskedAll
	}
	for _, c := range chats {
		claim(a.chats, c, owner)
	}
	for _, p := range people {
		claim(a.people, p, owner)
	}
	return fresh, nil
}

func claim[K comparable](all map[K]owners, k K, owner string) {
	if all[k] == nil {
		all[k] = make(owners)
	}
	all[k][owner] = true
}

// drop takes back what an owner asked for, of the places that which names.
func (a *asked) drop(owner string, which func(topics.Place) bool) {
	for c := range a.chats {
		if which(topics.PublicChat(c)) {
			release(a.chats, c, owner)
		}
	}
	for p := range a.people {
		if which(topics.ContactCodeOf(p)) {
			release(a.people, p, owner)
		}
	}
}

func release[K comparable](all map[K]owners, k K, owner string) {
	delete(all[k], owner)
	if len(all[k]) == 0 {
		delete(all, k)
	}
}

func newFilterName() string {
	var b [32]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Filter describes an installed filter. Name is what it is known by here; the
// host knows it by another one, so that nobody but the account can reach it
// there.
type Filter struct {
	Name   string
	Place  topics.Place
	Person key.Public // whose place it is; zero: a chat, or unknown
}

// Filters lists the installed filters in the order of installing.
func (c *Courier) Filters(ctx context.Context) ([]Filter, error) {
	people := make(map[topics.Place]key.Public)
	err := c.cfg.DB.View(ctx, func(tx *store.Tx) error {
		_, list, err := c.chats.Listening(ctx, tx)
		if err != nil {
			return err
		}
		for _, p := range append(list, c.own) {
			people[topics.ContactCodeOf(p)] = p
		}
		peers, err := tx.Transport().SecretPeers()
		for _, p := range peers {
			people[topics.NegotiatedOf(p.Shared)] = p.Identity
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	people[topics.PartitionOf(c.own)], people[topics.PersonalOf(c.own)] = c.own, c.own
	f := c.filters
	f.mu.Lock()
	defer f.mu.Unlock()
	for p := range f.asked.people {
		people[topics.ContactCodeOf(p)] = p
	}
	list := make([]Filter, 0, len(f.on))
	for p, on := range f.on {
		list = append(list, Filter{on.name, p, people[p]})
	}
	slices.SortFunc(list, func(a, b Filter) int { return cmp.Compare(f.on[a.Place].seq, f.on[b.Place].seq) })
	return list, nil
}

// Listen adds places that an owner wants listened to until the account is
// logged out, and returns when they are. Errors: ErrTooMuch and ErrAskedAll,
// and those of the host; nothing is added then.
func (c *Courier) Listen(ctx context.Context, owner string, chats []string, people []key.Public) error {
	f := c.filters
	f.mu.Lock()
	if f.ended {
		f.mu.Unlock()
		return errEnded
	}
	fresh, err := f.asked.add(owner, chats, people)
	f.mu.Unlock()
	if err != nil {
		return err
	}
	var places []topics.Place
	for _, id := range chats {
		places = append(places, topics.PublicChat(id))
	}
	for _, p := range people {
		places = append(places, topics.ContactCodeOf(p))
	}
	for _, p := range places {
		if err := f.ensure(ctx, p); err != nil {
			f.mu.Lock()
			f.asked.drop(owner, func(p topics.Place) bool { return fresh[p] })
			f.mu.Unlock()
			f.changed()
			if errors.Is(err, waku.ErrTooManyTopics) {
				err = fault.WithHint(err, "remove filters with wakuext_removeFilters, or leave chats")
			}
			return err
		}
	}
	return nil
}

// Ignore takes back what an owner asked Listen for, of the filters with some
// names. A place that the account or another owner wants stays; unknown names
// do not matter.
func (c *Courier) Ignore(ctx context.Context, owner string, names []string) error {
	f := c.filters
	f.mu.Lock()
	chosen := make(map[topics.Place]bool)
	for p, on := range f.on {
		if slices.Contains(names, on.name) {
			chosen[p] = true
		}
	}
	f.asked.drop(owner, func(p topics.Place) bool { return chosen[p] })
	f.mu.Unlock()
	return f.prune(ctx)
}

// Release takes back all that an owner asked Listen for.
func (c *Courier) Release(owner string) {
	f := c.filters
	f.mu.Lock()
	f.asked.drop(owner, func(topics.Place) bool { return true })
	f.mu.Unlock()
	f.changed()
}

// prune removes the filters of places that nobody wants any more.
func (f *filters) prune(ctx context.Context) error {
	f.mu.Lock()
	before := f.seq
	f.mu.Unlock()
	wanted, err := f.wanted(ctx)
	if err != nil {
		return err
	}
	if err := f.removeOthers(ctx, wanted, before); err != nil {
		return err
	}
	f.changed() // follow may just be installing what was wanted a moment ago
	return nil
}
