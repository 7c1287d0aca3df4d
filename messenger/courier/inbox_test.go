package courier

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/internal/store"
	"statusd/internal/test/testnet"
	"statusd/mailserver/history"
	"statusd/transport/topics"
	"statusd/waku"
	"statusd/waku/wire"
)

// TestFullInboxFindsEverythingAgain: more messages than the queue holds come
// while the database is busy; what found no room is found in the pool.
func TestFullInboxFindsEverythingAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 1, testnet.LinkConfig{})
		bob := w.person(0, newIdentity(t), "bob-1")
		bob.join("status", time.Time{})
		w.settle(time.Second)
		release := bob.occupy()
		const n = queueLive + 500
		var want []string
		for i := range n {
			text := fmt.Sprintf("message %4d", i)
			want = append(want, text)
			w.flood(text)
		}
		synctest.Wait()
		if got := bob.c.Stats().Inbox; got != queueLive {
			t.Errorf("%d messages wait, want %d", got, queueLive)
		}
		release()
		w.settle(time.Second)
		bob.wants("after the flood", want...)
		if got := bob.texts(); !slices.Equal(got[:queueLive], want[:queueLive]) {
			t.Error("those that were queued are out of order")
		}
	})
}

// TestFloodsDoNotFetchHistoryAgainAndAgain: whoever floods the inbox for hours
// makes the daemon fetch history a few times, and once more after the end; a
// flood long after that is noticed at once again.
func TestFloodsDoNotFetchHistoryAgainAndAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 2, testnet.LinkConfig{})
		mail := newFakeMail()
		bob := w.somebody(0, newIdentity(t), "bob-1")
		bob.configure = func(c *Config) { c.History = mail }
		bob.chats.listen("status", nil)
		bob.login()
		w.settle(time.Minute)
		before, _ := mail.synced()
		message := &waku.ReceivedMessage{Hash: wire.Hash{1}, Payload: []byte("flood"), Src: &strangerKey().PublicKey}
		wave := func() {
			release := bob.occupy()
			for range 2 * queueLive {
				sink{bob.c.inbox, statusPlace()}.Deliver(message)
			}
			release()
			w.settle(10 * time.Second)
		}
		const waves = 360 // an hour
		for range waves {
			wave()
		}
		during, _ := mail.synced()
		if n := during - before; n < 2 || n > 7 {
			t.Errorf("fetched %d times in %d waves", n, waves)
		}
		w.settle(maxMissedWait)
		after, _ := mail.synced()
		if after != during+1 {
			t.Errorf("fetched %d times after the flood", after-during)
		}
		w.settle(24 * time.Hour)
		wave()
		if n, _ := mail.synced(); n != after+1 {
			t.Errorf("fetched %d times in a day and a wave", n-after)
		}
		mail.set(1, errors.New("down"))
		failing, _ := mail.synced()
		for range waves {
			wave()
		}
		if n, _ := mail.synced(); n-failing > 24 {
			t.Errorf("fetched %d times from a server that fails", n-failing)
		}
	})
}

// occupy keeps a person's database busy until it is released.
func (p *person) occupy() (release func()) {
	held, done := make(chan struct{}), make(chan struct{})
	go func() {
		err := p.db.View(context.Background(), func(*store.Tx) error {
			close(held)
			<-done
			return nil
		})
		if err != nil {
			p.t.Error(err)
		}
	}()
	<-held
	return func() { close(done) }
}

// strangerKey signs messages of somebody unknown.
var strangerKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	k, err := crypto.GenerateKey()
	if err != nil {
		panic(err)
	}
	return k
})

// statusKey is the key of the public chat status, which is slow to derive.
var statusKey = sync.OnceValue(func() []byte { return statusPlace().SymKey() })

func statusPlace() topics.Place { return topics.PublicChat("status") }

// flood puts a public message of a stranger into the pool of the first node, as
// a bare wrapper.
func (w *world) flood(text string) {
	w.t.Helper()
	_, err := w.net.Node(0).Host().Post(context.Background(), waku.Post{
		SymKey: statusKey(), Signer: strangerKey(), TTL: 15, Topic: statusPlace().Topic(), Payload: []byte(text),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestLocalFailureKeepsMessages: while the disk is full, messages stay unread
// and nothing is acknowledged; afterwards all of it happens.
func TestLocalFailureKeepsMessages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 2, testnet.LinkConfig{})
		alice, bob := w.person(0, newIdentity(t), "alice-1"), w.somebody(1, newIdentity(t), "bob-1")
		full := new(mains)
		full.off = true
		bob.fault = full.fault
		bob.opened = full.on.Store
		bob.login()
		w.settle(time.Second)
		full.out.Store(true)
		alice.say("keep me", bob)
		w.settle(30 * time.Second)
		if got := alice.chats.all("delivered"); len(got) != 0 {
			t.Errorf("acknowledged before it was stored: %q", got)
		}
		if n := bob.c.Stats().Inbox; n == 0 {
			t.Error("the message is not kept")
		}
		full.out.Store(false)
		w.settle(2 * time.Minute)
		bob.wants("with room on the disk", "keep me")
		if got := alice.chats.all("delivered"); len(got) != 1 {
			t.Errorf("delivered: %q", got)
		}
	})
}

// TestMessageThatFailsAlone: a message that only its receiver cannot take does
// not hold up others, and is tried again.
func TestMessageThatFailsAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 2, testnet.LinkConfig{})
		alice, bob := w.person(0, newIdentity(t), "alice-1"), w.person(1, newIdentity(t), "bob-1")
		failures := 3
		bob.chats.fault = func(text string) error {
			if text == "poison" && failures > 0 {
				failures--
				return errors.New("cannot take this now")
			}
			if text == "panic" {
				panic("this receiver has a bug")
			}
			return nil
		}
		w.settle(time.Second)
		for _, text := range []string{"poison", "panic", "good"} {
			alice.say(text, bob)
		}
		w.settle(2 * time.Second)
		bob.wants("at first", "good")
		w.settle(10 * time.Minute)
		bob.wants("later", "good", "poison")
		if n := bob.c.Stats().Drops["panic"]; n == 0 {
			t.Error("the panic is not counted")
		}
	})
}

// fakeMail is a mailserver behind the interface of the courier: it delivers
// envelopes to the filters of a host and waits as the client does.
type fakeMail struct {
	mu      sync.Mutex
	changed chan struct{}
	servers int
	fail    error
	calls   []string
	deliver func() int // envelopes of the page
	topics  [][]wire.Topic
	saved   int
}

func newFakeMail() *fakeMail { return &fakeMail{changed: make(chan struct{}), servers: 1} }

func (m *fakeMail) Status() []history.ServerStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	return make([]history.ServerStatus, m.servers)
}

func (m *fakeMail) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

func (m *fakeMail) set(servers int, fail error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.servers, m.fail = servers, fail
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *fakeMail) SyncLedger(
	ctx context.Context, l history.Ledger, topics []wire.Topic, from, to uint32, _ func(history.Result),
) (history.Result, error) {
	m.mu.Lock()
	m.calls = append(m.calls, fmt.Sprint(time.Duration(to-from)*time.Second))
	m.topics = append(m.topics, topics)
	fail, deliver := m.fail, m.deliver
	m.mu.Unlock()
	if fail != nil {
		return history.Result{}, fail
	}
	n := 0
	if deliver != nil {
		n = deliver()
	}
	if err := l.Settled(ctx); err != nil {
		return history.Result{}, err
	}
	m.mu.Lock()
	m.saved++
	m.mu.Unlock()
	spans := map[wire.Topic]history.Spans{topics[0]: {{From: from, To: to}}}
	return history.Result{Pages: 1, Envelopes: n}, l.Store.SaveSpans(spans, "")
}

func (m *fakeMail) synced() (n int, saved int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.calls), m.saved
}

// TestHistoryIsFetched: at the start once there are a peer and a server, after
// an outage, for a new chat, again after a failure; a page counts once its
// envelopes are stored.
func TestHistoryIsFetched(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 1, testnet.LinkConfig{})
		w.ears = append(w.ears, new(ear))
		w.net.Add()
		mail := newFakeMail()
		mail.servers = 0
		bob := w.somebody(0, newIdentity(t), "bob-1")
		bob.configure = func(c *Config) { c.History = mail }
		bob.login()
		expect := func(when string, calls, saved int) {
			t.Helper()
			synctest.Wait()
			if n, s := mail.synced(); n != calls || s != saved {
				t.Errorf("%s: %d fetches, %d counted, want %d and %d", when, n, s, calls, saved)
			}
		}
		w.settle(time.Hour)
		expect("without a peer", 0, 0)
		w.net.Connect(testnet.Edge{A: 0, B: 1})
		w.settle(time.Second)
		expect("without a server", 0, 0)
		mail.set(1, errors.New("down"))
		w.settle(time.Second)
		expect("a server that fails", 1, 0)
		mail.set(1, nil)
		w.settle(minHistoryRetry)
		expect("it works", 2, 1)
		if got := bob.chats.all("history"); len(got) != 1 {
			t.Errorf("noted: %q", got)
		}
		w.settle(24 * time.Hour)
		expect("a quiet day", 2, 1)
		w.net.Link(testnet.Edge{A: 0, B: 1}).Close()
		w.settle(time.Second)
		w.net.Connect(testnet.Edge{A: 0, B: 1})
		w.settle(time.Second)
		expect("a moment without peers", 2, 1)
		w.net.Link(testnet.Edge{A: 0, B: 1}).Close()
		w.settle(time.Minute)
		w.net.Connect(testnet.Edge{A: 0, B: 1})
		w.settle(time.Second)
		expect("an outage", 3, 2)
		bob.join("status", time.Now().Add(-time.Hour))
		w.settle(time.Second)
		expect("a new chat", 4, 3)
		last := mail.topics[len(mail.topics)-1]
		if !slices.Equal(last, []wire.Topic{statusPlace().Topic()}) || mail.calls[3] != "1h0m0s" {
			t.Errorf("fetched %v, %s", last, mail.calls[3])
		}
	})
}

// TestHistoryWaitsForTheInbox: envelopes that the inbox cannot store keep the
// page from counting.
func TestHistoryWaitsForTheInbox(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 2, testnet.LinkConfig{})
		mail := newFakeMail()
		bob := w.somebody(0, newIdentity(t), "bob-1")
		bob.configure = func(c *Config) { c.History = mail }
		bob.chats.listen("status", nil)
		var bad atomic.Bool
		bad.Store(true)
		bob.chats.fault = func(text string) error {
			if bad.Load() && text == "old 1" {
				return errors.New("not now")
			}
			return nil
		}
		mail.deliver = func() int {
			for i := range 3 {
				m := &waku.ReceivedMessage{
					Hash: wire.Hash{byte(i), 9}, Payload: fmt.Appendf(nil, "old %d", i), P2P: true, Src: &strangerKey().PublicKey,
				}
				sink{bob.c.inbox, statusPlace()}.Deliver(m)
			}
			return 3
		}
		bob.login()
		w.settle(3 * time.Second)
		if _, saved := mail.synced(); saved != 0 {
			t.Error("a page counts whose envelopes are not stored")
		}
		bob.wants("all but one", "old 0", "old 2")
		bad.Store(false)
		w.settle(5 * time.Minute)
		bob.wants("after all", "old 0", "old 1", "old 2")
		if calls, saved := mail.synced(); saved != 1 || calls < 2 {
			t.Errorf("%d fetches, %d count", calls, saved)
		}
		if p, _ := bob.chats.parcel("old 0"); p.Live {
			t.Error("history is taken for live")
		}
	})
}

// TestHold holds a sender back while the inbox is half full, and lets it go
// when there is room, when it has gone, and after a while.
func TestHold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 1, testnet.LinkConfig{})
		bob := w.person(0, newIdentity(t), "bob-1")
		bob.c.Hold(nil) // there is room
		release := bob.occupy()
		for i := range holdFrom {
			sink{bob.c.inbox, statusPlace()}.Deliver(&waku.ReceivedMessage{Hash: wire.Hash{byte(i), byte(i >> 8)}, P2P: true})
		}
		start := time.Now()
		bob.c.Hold(nil)
		if took := time.Since(start); took != holdAtMost {
			t.Errorf("let go after %v", took)
		}
		gone := make(chan struct{})
		close(gone)
		bob.c.Hold(gone)
		free := make(chan struct{})
		go func() {
			bob.c.Hold(nil)
			close(free)
		}()
		time.Sleep(time.Second)
		release()
		<-free
		if took := time.Since(start); took != holdAtMost+time.Second {
			t.Errorf("let go after %v", took)
		}
	})
}

// TestHistoryOfALongSession: an archive is read backwards, so that the first
// message is further ahead of its session than a ratchet bears. It is read when
// those before it have come.
func TestHistoryOfALongSession(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, 1, testnet.LinkConfig{})
		bob := w.person(0, newIdentity(t), "bob-1")
		dan := newWriter(t, w.net.Node(0).Host())
		dan.meet(bob.c)
		const n = 1500
		list := dan.outgoing(bob.c, n)
		deliver := func(i int) {
			sink{bob.c.inbox, statusPlace()}.Deliver(&waku.ReceivedMessage{
				Hash: wire.Hash{byte(i), byte(i >> 8), 1}, Payload: list[i].Data, P2P: true, Src: &dan.signer().PublicKey,
			})
		}
		deliver(n - 1)
		w.settle(time.Second)
		if got := bob.texts(); len(got) != 0 {
			t.Fatalf("got %d messages", len(got))
		}
		for i := n - 600; i > 0; i -= 300 {
			deliver(i)
		}
		for i := range n - 1 {
			deliver(i)
		}
		w.settle(time.Hour)
		if got := len(bob.texts()); got != n {
			t.Errorf("got %d of %d messages, drops %v", got, n, bob.c.Stats().Drops)
		}
	})
}
