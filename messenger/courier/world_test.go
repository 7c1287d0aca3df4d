package courier

import (
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/accounts/key"
	"statusd/accounts/secret"
	"statusd/internal/store"
	"statusd/internal/store/storetest"
	"statusd/internal/test/testnet"
	"statusd/transport/envelopes"
	"statusd/transport/topics"
	"statusd/waku"
	"statusd/waku/wire"
)

// epoch is when the worlds of the tests begin: bundles from before 2015 are
// refused.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ear passes what a host tells to the courier that is there.
type ear struct{ c atomic.Pointer[Courier] }

func (e *ear) with(fn func(c *Courier)) {
	if c := e.c.Load(); c != nil {
		fn(c)
	}
}

func peerOf(id enode.ID) envelopes.Peer { return envelopes.Peer{ID: envelopes.PeerID(id)} }

func (e *ear) Sent(h wire.Hash, p enode.ID) { e.with(func(c *Courier) { c.Sent(h, peerOf(p)) }) }
func (e *ear) Refused(h wire.Hash, p enode.ID, timeError bool, _ string) {
	e.with(func(c *Courier) { c.Refused(h, peerOf(p), timeError) })
}
func (e *ear) ReceivedBack(h wire.Hash, p enode.ID) {
	e.with(func(c *Courier) { c.ReceivedBack(h, peerOf(p)) })
}
func (e *ear) Expired(h wire.Hash) { e.with(func(c *Courier) { c.Expired(h) }) }
func (e *ear) PeerUp(enode.ID)     { e.with((*Courier).PeersChanged) }
func (e *ear) PeerDown(enode.ID)   { e.with((*Courier).PeersChanged) }

// world is a network of relays with people at its nodes, in a bubble.
type world struct {
	t    *testing.T
	net  *testnet.Net
	ears []*ear
}

// newWorld makes a line of nodes.
func newWorld(t *testing.T, nodes int, link testnet.LinkConfig) *world {
	t.Helper()
	return newWorldOf(t, nodes, link, waku.Config{})
}

// newWorldOf makes a line of nodes with a configuration.
func newWorldOf(t *testing.T, nodes int, link testnet.LinkConfig, cfg waku.Config) *world {
	t.Helper()
	return newWorldFrom(t, nodes, link, func(int) waku.Config { return cfg })
}

// newWorldFrom makes a line of nodes, each with a configuration of its own.
func newWorldFrom(t *testing.T, nodes int, link testnet.LinkConfig, cfg func(node int) waku.Config) *world {
	t.Helper()
	time.Sleep(time.Until(epoch))
	w := &world{t: t}
	w.net = testnet.New(t, testnet.Config{Seed: 7, Link: link, Host: func(i int) waku.Config {
		c := cfg(i)
		c.Tracker, c.Watcher, c.WantsMore = w.ears[i], w.ears[i], w.ears[i].PeerUp
		return c
	}})
	for i := range nodes {
		w.addNode()
		if i > 0 {
			w.net.Connect(testnet.Edge{A: i - 1, B: i})
		}
	}
	w.settle(time.Second)
	return w
}

// addNode adds a node without connections and returns its number.
func (w *world) addNode() int {
	w.ears = append(w.ears, new(ear))
	w.net.Add()
	return len(w.ears) - 1
}

func (w *world) settle(d time.Duration) { w.net.Settle(d) }

// person is a device of somebody, with an application that keeps what it gets
// in the database.
type person struct {
	w            *world
	t            testing.TB
	node         int
	identity     key.Private
	installation string
	dir          string
	configure    func(*Config)
	fault        func() error    // of the database, once it is open
	opened       func(bool)      // called when the database was opened, and with false when it failed then
	post         func(waku.Post) // sees what is sealed

	db    *store.DB
	c     *Courier
	chats *fakeChats
	stop  func()
}

func newIdentity(t testing.TB) key.Private {
	t.Helper()
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// person adds a device at a node and logs it in.
func (w *world) person(node int, identity key.Private, installation string) *person {
	w.t.Helper()
	p := w.somebody(node, identity, installation)
	p.login()
	return p
}

func (p *person) key() key.Public { return p.identity.Public() }

// dbKey is the key of all databases of the tests.
func dbKey() secret.Bytes { return secret.New([]byte("0123456789abcdef0123456789abcdef")) }

const tablesOfChats = `CREATE TABLE IF NOT EXISTS test_received (id BLOB PRIMARY KEY NOT NULL, text TEXT NOT NULL)`

// openDB opens a person's database with the table of the fake chats.
func openDB(ctx context.Context, dir string, fault func() error) (*store.DB, error) {
	path := filepath.Join(dir, "client.db")
	if err := storetest.Fresh(path, dbKey()); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Config{Path: path, Key: dbKey(), Fault: fault})
	if err != nil {
		return nil, err
	}
	return db, db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Exec(tablesOfChats); err != nil {
			return err
		}
		knownKeys.Lock()
		defer knownKeys.Unlock()
		for name, k := range knownKeys.keys {
			if err := tx.SymKeys().Put(name, k); err != nil {
				return err
			}
		}
		return nil
	})
}

// knownKeys are the keys of places that a test uses again and again, so that
// each is derived once.
var knownKeys = struct {
	sync.Mutex
	keys map[string][]byte
}{keys: make(map[string][]byte)}

// know derives the keys of places beforehand.
func know(places ...topics.Place) {
	knownKeys.Lock()
	defer knownKeys.Unlock()
	for _, p := range places {
		if knownKeys.keys[p.Name()] == nil {
			knownKeys.keys[p.Name()] = p.SymKey()
		}
	}
}

func (p *person) login() {
	p.t.Helper()
	var err error
	if p.db, err = openDB(context.Background(), p.dir, p.fault); err != nil {
		p.t.Fatal(err)
	}
	cfg := Config{
		Identity: p.identity, Installation: p.installation, DB: p.db, Now: time.Now,
		Host:   sealingHost{p.w.net.Node(p.node).Host(), p},
		Jitter: rand.NewPCG(1, uint64(p.node)),
	}
	if p.configure != nil {
		p.configure(&cfg)
	}
	if p.opened != nil {
		p.opened(true)
	}
	if p.c, err = New(context.Background(), cfg); err != nil {
		if p.opened == nil || !errors.Is(err, errPower) {
			p.t.Fatal(err)
		}
		p.opened(false)
		if err := p.db.Close(); err != nil {
			p.t.Fatal(err)
		}
		p.login()
		return
	}
	p.c.Serve(p.chats)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	c, db := p.c, p.db
	p.w.ears[p.node].c.Store(c)
	c.PeersChanged()
	wg.Go(func() {
		if err := c.Run(ctx); err != nil {
			p.t.Errorf("courier of %s: %v", p.installation, err)
		}
	})
	wg.Go(func() {
		if err := db.Run(ctx); err != nil {
			p.t.Error(err)
		}
	})
	p.stop = func() {
		cancel()
		wg.Wait()
		p.w.ears[p.node].c.CompareAndSwap(c, nil)
		if err := db.Close(); err != nil {
			p.t.Error(err)
		}
		p.stop = nil
	}
	p.t.(*testing.T).Cleanup(func() {
		if p.stop != nil && p.c == c {
			p.stop()
		}
	})
}

// sealingHost shows the test what is sealed.
type sealingHost struct {
	Host
	p *person
}

func (h sealingHost) Seal(ctx context.Context, m waku.Post) (*wire.Envelope, error) {
	if h.p.post != nil {
		h.p.post(m)
	}
	return h.Host.Seal(ctx, m)
}

func (p *person) logout() { p.stop() }

// do runs fn in a transaction.
func (p *person) do(fn func(tx *store.Tx) error) {
	p.t.Helper()
	if err := p.db.Update(context.Background(), fn); err != nil {
		p.t.Fatal(err)
	}
}

func idOf(text string) ID { return sha256.Sum256([]byte(text)) }

// say sends a text until it is acknowledged; shout sends it in public.
func (p *person) say(text string, to ...*person) {
	p.t.Helper()
	var keys []key.Public
	for _, q := range to {
		keys = append(keys, q.key())
	}
	p.do(func(tx *store.Tx) error {
		return p.c.SendReliable(context.Background(), tx, keys, idOf(text), []byte(text))
	})
}

func (p *person) shout(chat, text string) {
	p.t.Helper()
	p.do(func(tx *store.Tx) error {
		return p.c.SendPublic(context.Background(), tx, chat, idOf(text), []byte(text))
	})
}

// join listens to a public chat.
func (p *person) join(chat string, since time.Time) {
	p.t.Helper()
	p.chats.listen(chat, nil)
	p.do(func(tx *store.Tx) error {
		p.c.ListeningChanged(tx, since)
		return nil
	})
}

// follow listens to the contact codes of people.
func (p *person) follow(people ...*person) {
	p.t.Helper()
	for _, q := range people {
		k := q.key()
		p.chats.listen("", &k)
	}
	p.do(func(tx *store.Tx) error {
		p.c.ListeningChanged(tx, time.Time{})
		return nil
	})
}

// texts returns what was received, in the order of arrival.
func (p *person) texts() []string { return p.chats.all("") }

// wants checks what was received, in any order.
func (p *person) wants(when string, want ...string) {
	p.t.Helper()
	synctest.Wait()
	got := slices.Sorted(slices.Values(p.texts()))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		p.t.Errorf("%s: %s got %q, want %q", when, p.installation, got, want)
	}
}

// identity is a person's key.
type identity struct{ key.Private }

func newPersona(t testing.TB) identity { return identity{newIdentity(t)} }

// somebody is person without the login.
func (w *world) somebody(node int, id key.Private, installation string) *person {
	w.t.Helper()
	// A copy of the key: a logout of the real program overwrites its own.
	k, err := key.NewPrivate(id.Reveal())
	if err != nil {
		w.t.Fatal(err)
	}
	return &person{
		w: w, t: w.t, node: node, identity: k, installation: installation, dir: w.t.TempDir(), chats: newFakeChats(),
	}
}

func keysOf(people ...*person) (keys []key.Public) {
	for _, p := range people {
		keys = append(keys, p.key())
	}
	return keys
}

// stored returns the texts in the database, sorted.
func (p *person) stored() (texts []string) {
	p.t.Helper()
	err := p.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.Query(`SELECT text FROM test_received ORDER BY text`, nil, func(r store.Row) error {
			texts = append(texts, r.Text(0))
			return nil
		})
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return texts
}
