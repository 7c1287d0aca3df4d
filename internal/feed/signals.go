package feed

import (
	"encoding/json"
	"sync"
	"time"
)

// RingSize is how many signals wait for slow readers.
const RingSize = 1024

// Names of the node's own signals (spec 05 section 14.2, spec 08 section 5.2).
// Those of an account are in its event log.
const (
	NodeStarted      = "node.started"
	NodeReady        = "node.ready"
	NodeStopped      = "node.stopped"
	NodeCrashed      = "node.crashed" // {error}
	NodeLogin        = "node.login"   // {error}, without error when it succeeded
	DiscoveryStarted = "discovery.started"
	DiscoveryStopped = "discovery.stopped"
	DiscoverySummary = "discovery.summary" // list of peers
	EnodeDiscovered  = "enode.discovered"  // {enode, topic}
)

// Failure is the event of NodeCrashed and NodeLogin.
type Failure struct {
	Error string `json:"error,omitempty"`
}

// Signals keeps the newest signals of the node in memory. The zero value is
// not of use: see NewSignals.
type Signals struct {
	now func() time.Time

	mu   sync.Mutex
	ring []Event
	last int64         // number of the newest signal, from 1 on
	next chan struct{} // closed by the next signal
}

// NewSignals makes an empty ring.
func NewSignals(now func() time.Time) *Signals {
	return &Signals{now: now, ring: make([]Event, RingSize), next: make(chan struct{})}
}

// Emit tells who listens. event must encode as JSON; nil stands for an empty
// object. It does not block. A nil receiver does nothing.
func (s *Signals) Emit(kind string, event any) {
	if s == nil {
		return
	}
	body := json.RawMessage("{}")
	if event != nil {
		raw, err := json.Marshal(event)
		if err != nil {
			return // a type of ours that is not JSON: found by the first test of the signal
		}
		body = raw
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.ring[s.last%RingSize] = Event{Time: s.now().UnixMilli(), Type: kind, Event: body}
	close(s.next)
	s.next = make(chan struct{})
}

// after returns the signals that came after number seq, how many of them are
// gone, the number of the newest, and a channel that is closed by the next.
func (s *Signals) after(seq int64) (events []Event, lost int, last int64, next <-chan struct{}) {
	if s == nil {
		return nil, 0, 0, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if oldest := s.last - RingSize; seq < oldest {
		lost = int(oldest - seq)
		seq = oldest
	}
	for i := seq + 1; i <= s.last; i++ {
		events = append(events, s.ring[i%RingSize])
	}
	return events, lost, s.last, s.next
}
