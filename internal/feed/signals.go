package feed

import (
	"encoding/json"
	"sync"
	"time"

	"statusd/api"
	"statusd/internal/broadcast"
)

// RingSize is how many signals wait for slow readers.
const RingSize = 1024

// Signals keeps the newest signals of the node in memory. The zero value is
// not of use: see NewSignals.
type Signals struct {
	now func() time.Time

	mu   sync.Mutex
	ring []api.Event
	last int64             // number of the newest signal, from 1 on
	next broadcast.Waiters // for the next signal
}

// NewSignals makes an empty ring.
func NewSignals(now func() time.Time) *Signals {
	return &Signals{now: now, ring: make([]api.Event, RingSize)}
}

// Emit tells who listens. It does not block. A nil receiver does nothing.
func (s *Signals) Emit(e api.EventPayload) {
	if s == nil {
		return
	}
	body, err := json.Marshal(e)
	if err != nil {
		return // a type of ours that is not JSON: found by the first test of the signal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.ring[s.last%RingSize] = api.Event{Time: s.now().UnixMilli(), Type: e.EventType(), Event: body}
	s.next.Wake()
}

// after returns the signals that came after number seq, how many of them are
// gone, the number of the newest, and a channel that is closed by the next.
func (s *Signals) after(seq int64) (events []api.Event, lost int, last int64, next <-chan struct{}) {
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
	return events, lost, s.last, s.next.Next()
}
