package messenger

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/api"
	"statusd/internal/store"
	"statusd/internal/store/storetest"
	"statusd/messenger/courier"
	"statusd/payloads"
	"statusd/transport"
	"statusd/transport/topics"
)

// sending is what a party handed to its courier.
type sending struct {
	route   int
	chat    string // public sends
	to      []key.Public
	id      courier.ID
	wrapper []byte
	pairing bool
}

// fakeCourier notes what it is to carry.
type fakeCourier struct {
	self      key.Public
	sent      []sending
	canceled  []courier.ID
	forgotten []key.Public
	listening int
	retry     time.Time // when Retry is to be called; zero: never
	paired    bool
	known     bool // what Retry answers
	devices   []transport.Installation
	metadata  transport.Metadata
	fail      error // of SendReliable
}

func (f *fakeCourier) SendPublic(_ context.Context, _ *store.Tx, chat string, id courier.ID, w []byte) error {
	f.sent = append(f.sent, sending{route: routePublic, chat: chat, id: id, wrapper: w})
	return nil
}

func (f *fakeCourier) SendReliable(_ context.Context, _ *store.Tx, to []key.Public, id courier.ID, w []byte) error {
	if f.fail != nil {
		return f.fail
	}
	f.sent = append(f.sent, sending{route: routeReliable, to: slices.Clone(to), id: id, wrapper: w})
	return nil
}

func (f *fakeCourier) SendOnce(_ context.Context, _ *store.Tx, to []key.Public, id courier.ID, w []byte) error {
	f.sent = append(f.sent, sending{route: routeOnce, to: slices.Clone(to), id: id, wrapper: w})
	return nil
}

func (f *fakeCourier) SendPairing(_ context.Context, _ *store.Tx, id courier.ID, w []byte) error {
	f.sent = append(f.sent, sending{route: routeOnce, to: []key.Public{f.self}, id: id, wrapper: w, pairing: true})
	return nil
}

func (f *fakeCourier) Cancel(_ context.Context, _ *store.Tx, id courier.ID) error {
	f.canceled = append(f.canceled, id)
	return nil
}

func (f *fakeCourier) Retry(context.Context, *store.Tx, courier.ID) (bool, error) {
	return f.known, nil
}

func (f *fakeCourier) ForgetPeer(_ context.Context, _ *store.Tx, peer key.Public) error {
	f.forgotten = append(f.forgotten, peer)
	return nil
}

func (f *fakeCourier) MaxWrapper(public bool) int {
	if public {
		return 1 << 20
	}
	return 786_432 - 128
}

func (f *fakeCourier) ListeningChanged(*store.Tx, time.Time) { f.listening++ }

func (f *fakeCourier) RetryAt(_ *store.Tx, at time.Time) {
	if f.retry.IsZero() || at.Before(f.retry) {
		f.retry = at
	}
}

func (f *fakeCourier) Installations(_ *store.Tx, p key.Public) ([]transport.Installation, error) {
	if p != f.self {
		return nil, nil
	}
	return f.devices, nil
}

func (f *fakeCourier) Own(*store.Tx) (transport.Installation, error) {
	return transport.Installation{Identity: f.self, ID: "this", Enabled: true, Metadata: f.metadata}, nil
}

func (f *fakeCourier) Enable(_ *store.Tx, id string) error {
	for i := range f.devices {
		if f.devices[i].ID == id {
			f.devices[i].Enabled, f.paired = true, true
			return nil
		}
	}
	return transport.ErrInstallation
}

func (f *fakeCourier) Disable(_ *store.Tx, id string) error {
	for i := range f.devices {
		if f.devices[i].ID == id {
			f.devices[i].Enabled, f.paired = false, false
			return nil
		}
	}
	return transport.ErrInstallation
}

func (f *fakeCourier) SetMetadata(_ *store.Tx, id string, m transport.Metadata) error {
	if id == "this" {
		f.metadata = m
		return nil
	}
	return transport.ErrInstallation
}

func (f *fakeCourier) PairingReceived(_ *store.Tx, p courier.Parcel, id, name, deviceType string) error {
	if p.From != f.self || p.Protection == transport.Open {
		return transport.ErrNotPaired
	}
	for i := range f.devices {
		if f.devices[i].ID == id {
			f.devices[i].Metadata = transport.Metadata{Name: name, DeviceType: deviceType}
			return nil
		}
	}
	return transport.ErrInstallation
}

func (f *fakeCourier) Paired(*store.Tx) (bool, error) { return f.paired, nil }

// party is somebody with a messenger over a fake courier.
type party struct {
	t       testing.TB
	key     key.Private
	id      string
	db      *store.DB
	courier *fakeCourier
	m       *Messenger
	clock   *atomic.Int64 // Unix milliseconds
	acked   bool          // whether what receive had last is acknowledged
}

// start is the time at which tests begin.
func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func newKey(t testing.TB) key.Private {
	t.Helper()
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// newParty makes somebody. change may change the configuration.
func newParty(t testing.TB, k key.Private, change ...func(*Config)) *party {
	t.Helper()
	p := &party{
		t: t, key: k, id: k.Public().ContactID(), courier: &fakeCourier{self: k.Public()}, clock: new(atomic.Int64),
	}
	p.clock.Store(start().UnixMilli())
	path, dbKey := filepath.Join(t.TempDir(), "client.db"), secret.New(make([]byte, store.KeySize))
	ok(t, storetest.Fresh(path, dbKey))
	db, err := store.Open(t.Context(), store.Config{Path: path, Key: dbKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // a test that closed it itself gets ErrClosed
	p.db = db
	p.open(change...)
	return p
}

// open makes the messenger over the database, as after a start.
func (p *party) open(change ...func(*Config)) {
	p.t.Helper()
	cfg := Config{Identity: p.key, DB: p.db, Courier: p.courier, Now: p.now}
	for _, fn := range change {
		fn(&cfg)
	}
	m, err := New(p.t.Context(), cfg)
	if err != nil {
		p.t.Fatal(err)
	}
	p.m = m
}

func (p *party) now() time.Time { return time.UnixMilli(p.clock.Load()) }

func (p *party) pass(d time.Duration) { p.clock.Add(d.Milliseconds()) }

// parcelFrom is what arrives of something another party sent.
func (p *party) parcelFrom(from *party, s sending) courier.Parcel {
	c := courier.Parcel{
		Data: s.wrapper, From: from.key.Public(), Sent: from.now().Truncate(time.Second),
		Protection: transport.Ratchet, Synced: s.route == routeReliable, Live: true,
		Place: topics.PartitionOf(p.key.Public()), Paired: from.id == p.id,
	}
	switch {
	case s.route == routePublic:
		c.Place, c.Protection, c.Paired = topics.PublicChat(s.chat), transport.Open, false
	case s.pairing:
		c.Protection, c.Paired = transport.Exchange, false
	}
	return c
}

// receive hands a parcel to the messenger as the courier does: in a
// transaction of its own, with nothing kept of what is refused.
func (p *party) receive(c courier.Parcel) error {
	p.t.Helper()
	var refused error
	err := p.db.Update(context.Background(), func(tx *store.Tx) error {
		again := false
		err := tx.Savepoint(func() error {
			err := p.m.Receive(context.Background(), tx, c)
			if again = errors.Is(err, courier.ErrAgain) && !errors.Is(err, courier.ErrDrop); again {
				refused = err
				return nil
			}
			return err
		})
		if errors.Is(err, courier.ErrDrop) {
			refused = err
			again, err = p.m.Refused(context.Background(), tx, c, err)
		}
		p.acked = !again
		return err
	})
	if err != nil {
		p.t.Fatalf("receive: %v", err)
	}
	return refused
}

// retry has the messenger try again what it held, as the courier does, if it is
// time.
func (p *party) retry() {
	p.t.Helper()
	for at := p.courier.retry; !at.IsZero() && !at.After(p.now()); at = p.courier.retry {
		p.courier.retry = time.Time{}
		err := p.db.Update(context.Background(), func(tx *store.Tx) error {
			next, err := p.m.Retry(context.Background(), tx, tx.Savepoint)
			if !next.IsZero() {
				p.courier.RetryAt(tx, next)
			}
			return err
		})
		ok(p.t, err)
	}
}

// take is receive of everything that another party sent since the last call,
// to this party or in public.
func (p *party) take(from *party) {
	p.t.Helper()
	for _, s := range from.flush() {
		p.takeOne(from, s)
	}
}

func (p *party) takeOne(from *party, s sending) {
	p.t.Helper()
	if s.route == routePublic || slices.Contains(s.to, p.key.Public()) {
		if err := p.receive(p.parcelFrom(from, s)); err != nil {
			p.t.Fatalf("receive: %v", err)
		}
	}
}

// flush returns what was sent since the last call.
func (p *party) flush() []sending {
	out := p.courier.sent
	p.courier.sent = nil
	return out
}

// spread hands what a party sent to all others.
func spread(from *party, others ...*party) {
	from.t.Helper()
	for _, s := range from.flush() {
		for _, p := range others {
			p.takeOne(from, s)
		}
	}
}

// drops returns the counters that are not zero, without duplicates.
func (p *party) drops() map[string]uint64 { return p.m.Drops() }

// wantDrops checks that exactly these reasons were counted since the start.
func (p *party) wantDrops(want map[string]uint64) {
	p.t.Helper()
	if got := p.drops(); !maps.Equal(got, want) {
		p.t.Errorf("drops %v, want %v", got, want)
	}
}

// events returns the names of events since the last one seen.
func (p *party) events(after *int64) (names []api.EventType, bodies []string) {
	p.t.Helper()
	err := p.db.View(context.Background(), func(tx *store.Tx) error {
		page, err := tx.EventLog().Read(store.EventQuery{Since: *after})
		for _, e := range page.Events {
			names, bodies = append(names, api.EventType(e.Type)), append(bodies, string(e.Body))
		}
		*after = page.Next
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return names, bodies
}

// wantEvents checks the names of the events since the last call.
func (p *party) wantEvents(after *int64, want ...api.EventType) []string {
	p.t.Helper()
	names, bodies := p.events(after)
	if !slices.Equal(names, want) {
		p.t.Errorf("events %v, want %v\n%s", names, want, strings.Join(bodies, "\n"))
	}
	return bodies
}

// seal makes the wrapper of a body that breaks rules, too.
func seal(t testing.TB, body payloads.Body, by key.Private) []byte {
	t.Helper()
	m, err := payloads.Seal(body, by)
	if err != nil {
		t.Fatal(err)
	}
	return m.Wrapper
}

// ok fails the test for an error.
func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must fails the test for an error.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
