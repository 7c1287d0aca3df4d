package messenger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/api"
	"statusd/internal/store"
	"statusd/internal/store/storetest"
	"statusd/internal/test/testnet"
	"statusd/messenger/courier"
	"statusd/transport/envelopes"
	"statusd/waku"
	"statusd/waku/wire"
)

// ear passes what a host tells to the courier that is there.
type ear struct {
	c atomic.Pointer[courier.Courier]
}

func (e *ear) with(fn func(c *courier.Courier)) {
	if c := e.c.Load(); c != nil {
		fn(c)
	}
}

func peerOf(id enode.ID) envelopes.Peer { return envelopes.Peer{ID: envelopes.PeerID(id)} }

func (e *ear) Sent(h wire.Hash, p enode.ID) {
	e.with(func(c *courier.Courier) { c.Sent(h, peerOf(p)) })
}
func (e *ear) Refused(h wire.Hash, p enode.ID, timeError bool, _ string) {
	e.with(func(c *courier.Courier) { c.Refused(h, peerOf(p), timeError) })
}

func (e *ear) ReceivedBack(h wire.Hash, p enode.ID) {
	e.with(func(c *courier.Courier) { c.ReceivedBack(h, peerOf(p)) })
}
func (e *ear) Expired(h wire.Hash) { e.with(func(c *courier.Courier) { c.Expired(h) }) }
func (e *ear) PeerUp(enode.ID)     { e.with((*courier.Courier).PeersChanged) }
func (e *ear) PeerDown(enode.ID)   { e.with((*courier.Courier).PeersChanged) }

// simConfig sets up a simulated network of people.
type simConfig struct {
	seed                                 uint64
	relays, people, devices, groups, pub int
	actions                              int
	length                               time.Duration
	link                                 testnet.LinkConfig
}

// simWorld is a whole network in a bubble: relays, and people's devices with a
// host, a courier and a messenger each.
type simWorld struct {
	t       *testing.T
	cfg     simConfig
	rnd     *rand.Rand
	net     *testnet.Net
	ears    []*ear
	people  []*simPerson
	devices []*simDevice
}

// simPerson is somebody with one or two devices.
type simPerson struct {
	key     key.Private
	id      string
	devices []*simDevice
}

// simDevice is a device at its own node.
type simDevice struct {
	w      *simWorld
	person *simPerson
	node   int
	name   string
	dir    string
	edges  []testnet.Edge

	db   *store.DB
	c    *courier.Courier
	m    *Messenger
	stop func()
	// up is since when the device runs, downs are the times when it went down.
	up    time.Time
	downs []time.Time
}

// newSimWorld makes the network and starts everybody.
func newSimWorld(t *testing.T, cfg simConfig) *simWorld {
	t.Helper()
	time.Sleep(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	w := &simWorld{t: t, cfg: cfg, rnd: rand.New(rand.NewPCG(cfg.seed, 1))}
	nodes := cfg.relays + cfg.people + cfg.devices
	for range nodes {
		w.ears = append(w.ears, new(ear))
	}
	w.net = testnet.New(t, testnet.Config{Seed: cfg.seed, Link: cfg.link, Host: func(i int) waku.Config {
		return waku.Config{Tracker: w.ears[i], Watcher: w.ears[i], WantsMore: w.ears[i].PeerUp, FullNode: i < cfg.relays}
	}})
	for i := range cfg.relays {
		w.net.Add()
		for j := range i {
			w.net.Connect(testnet.Edge{A: j, B: i})
		}
	}
	for i := range cfg.people {
		k := newKey(t)
		w.people = append(w.people, &simPerson{key: k, id: k.Public().ContactID()})
		w.addDevice(w.people[i])
	}
	for i := range cfg.devices {
		w.addDevice(w.people[i])
	}
	w.net.Settle(10 * time.Second)
	return w
}

// dir returns a folder for a database, in memory where there is such a place:
// a day of commits is not what disks are for.
func (w *simWorld) dir() string {
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); err != nil || !info.IsDir() {
		return w.t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "statusd-sim-")
	if err != nil {
		return w.t.TempDir()
	}
	w.t.Cleanup(func() { _ = os.RemoveAll(dir) }) // memory comes back with the test's end at the latest
	return dir
}

func (w *simWorld) addDevice(p *simPerson) {
	d := &simDevice{w: w, person: p, node: w.net.Add().Index, dir: w.dir()}
	d.name = fmt.Sprintf("device-%04d", d.node) // ids of one length, as UUIDs are: a bundle takes no others
	for _, relay := range w.rnd.Perm(w.cfg.relays)[:min(3, w.cfg.relays)] {
		d.edges = append(d.edges, testnet.Edge{A: relay, B: d.node})
	}
	// Envelopes live 15 s: clocks that differ more cannot talk.
	skew := time.Duration(w.rnd.Int64N(int64(10*time.Second))) - 5*time.Second
	w.net.Node(d.node).Skew(skew)
	p.devices, w.devices = append(p.devices, d), append(w.devices, d)
	d.login()
	w.net.Connect(d.edges...)
}

// login opens the database and starts courier and messenger.
func (d *simDevice) login() {
	t := d.w.t
	t.Helper()
	ctx := context.Background()
	now := d.w.net.Node(d.node).Now
	path, key := filepath.Join(d.dir, "client.db"), secret.New(make([]byte, store.KeySize))
	ok(t, storetest.Fresh(path, key))
	db, err := store.Open(ctx, store.Config{Path: path, Key: key, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	c, err := courier.New(ctx, courier.Config{
		Identity: d.person.key, Installation: d.name, DB: db, Host: d.w.net.Node(d.node).Host(), Now: now,
		Jitter: rand.NewPCG(d.w.cfg.seed, uint64(d.node)),
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(ctx, Config{Identity: d.person.key, DB: db, Courier: c, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	c.Serve(m)
	d.db, d.c, d.m = db, c, m
	runCtx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	d.w.ears[d.node].c.Store(c)
	c.PeersChanged()
	for _, run := range []func(context.Context) error{c.Run, db.Run} {
		wg.Go(func() {
			if err := run(runCtx); err != nil {
				t.Errorf("%s: %v", d.name, err)
			}
		})
	}
	d.stop = func() {
		cancel()
		wg.Wait()
		d.w.ears[d.node].c.CompareAndSwap(c, nil)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		d.stop, d.downs = nil, append(d.downs, time.Now())
	}
	t.Cleanup(func() {
		if d.stop != nil && d.c == c {
			d.stop()
		}
	})
	d.up = time.Now()
}

// crash ends a device in the middle of what it does; its database stays.
func (d *simDevice) crash() {
	d.stop()
	d.w.net.Node(d.node).Crash()
}

// restart brings a device back.
func (d *simDevice) restart() {
	d.w.net.Node(d.node).Start()
	d.login()
	d.w.net.Connect(d.edges...)
}

func (d *simDevice) running() bool { return d.stop != nil }

// ok fails the test for an error of a device.
func (d *simDevice) ok(err error) {
	d.w.t.Helper()
	if err != nil {
		d.w.t.Errorf("%s: %v", d.name, err)
	}
}

// pairDevices has all devices of people with several know each other.
func (w *simWorld) pairDevices() {
	ctx := context.Background()
	for _, p := range w.people {
		if len(p.devices) < 2 {
			continue
		}
		for _, d := range p.devices {
			d.ok(d.m.Devices().SetMetadata(ctx, d.name, api.InstallationMetadata{Name: d.name, DeviceType: "test"}))
			_, err := d.m.Devices().SendPairing(ctx)
			d.ok(err)
		}
	}
	w.net.Settle(time.Minute)
	for _, p := range w.people {
		for _, d := range p.devices {
			for _, other := range p.devices {
				if other != d {
					d.ok(d.m.Devices().Enable(ctx, other.name))
				}
			}
		}
	}
	w.net.Settle(time.Minute)
}

// arrivals counts how often the event log of a device announced each message.
func (d *simDevice) arrivals() map[string]int {
	out := make(map[string]int)
	err := d.db.View(context.Background(), func(tx *store.Tx) error {
		for since, more := int64(0), true; more; {
			page, err := tx.EventLog().Read(store.EventQuery{Since: since, Types: []string{"messages.new"}})
			if err != nil {
				return err
			}
			for i := range page.Events {
				for _, id := range newMessages(page.Events[i].Body) {
					out[id]++
				}
			}
			since, more = page.Next, page.More
		}
		return nil
	})
	d.ok(err)
	return out
}

// roll describes the members of a group as a device sees it.
func (d *simDevice) roll(group string) string {
	c, err := d.m.Chats().ByID(context.Background(), group)
	d.ok(err)
	var lines []string
	for _, m := range c.Members {
		lines = append(lines, fmt.Sprintf("%.14s %t %t", m.ID, m.Admin, m.Joined))
	}
	return fmt.Sprintln(c.Name, len(c.MembershipUpdateEvents), lines)
}

// isUp tells whether all devices of a person have run for a while.
func (p *simPerson) isUp(since time.Time) bool {
	return !slices.ContainsFunc(p.devices, func(d *simDevice) bool { return !d.running() || d.up.After(since) })
}
