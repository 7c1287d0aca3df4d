package testnet

import (
	"sync"
	"testing/synctest"
	"time"

	"statusd/waku"
	"statusd/waku/wire"
)

// Inbox gathers what one filter of a node got.
type Inbox struct {
	mu       sync.Mutex
	arrivals map[wire.Hash][]time.Time
}

// Deliver implements waku.Sink.
func (b *Inbox) Deliver(m *waku.ReceivedMessage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.arrivals[m.Hash] = append(b.arrivals[m.Hash], time.Now())
}

// Arrivals returns when an envelope was delivered, once for each time, when
// everybody has finished what is to be done now.
func (b *Inbox) Arrivals(hash wire.Hash) []time.Time {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.arrivals[hash]
}

// Len returns how many different envelopes were delivered.
func (b *Inbox) Len() int {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.arrivals)
}

// Subscribe installs a filter with the symmetric key and the topics on the
// node. It has to be called again after a restart.
func (d *Node) Subscribe(key []byte, topics ...wire.Topic) *Inbox {
	d.net.tb.Helper()
	b := &Inbox{arrivals: make(map[wire.Hash][]time.Time)}
	if _, err := d.host.InstallFilter(waku.FilterSpec{SymKey: key, Topics: topics}, b); err != nil {
		d.net.tb.Fatalf("node %d: %v", d.Index, err)
	}
	return b
}

// Post sends a symmetric message without proof of work from the node.
func (d *Node) Post(key []byte, topic wire.Topic, ttlSeconds uint32, payload []byte) wire.Hash {
	d.net.tb.Helper()
	hash, err := d.host.Post(d.net.tb.Context(), waku.Post{SymKey: key, Topic: topic, TTL: ttlSeconds, Payload: payload})
	if err != nil {
		d.net.tb.Fatalf("node %d: post: %v", d.Index, err)
	}
	return hash
}
