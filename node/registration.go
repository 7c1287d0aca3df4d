package node

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"statusd/api"
	"statusd/discovery"
	"statusd/internal/deadline"
)

// Pauses after an advertiser failed; they double.
const (
	firstRegistration = 2 * time.Second
	maxRegistration   = 5 * time.Minute
)

// registration keeps this node findable under one topic in one way.
type registration struct {
	topic discovery.Topic
	by    discovery.Advertiser

	mu  sync.Mutex
	err error // of the last try; nil while it works
}

// run advertises until ctx ends. An advertiser that fails is tried again.
func (r *registration) run(ctx context.Context, log *zap.Logger) error {
	var timer deadline.Timer
	defer timer.Disarm()
	pause := firstRegistration
	for {
		began := time.Now()
		r.note(nil)
		err := r.by.Advertise(ctx, r.topic)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(began) > maxRegistration {
			pause = firstRegistration
		}
		r.note(err)
		log.Warn("registration failed, will be tried again", zap.String("topic", string(r.topic)),
			zap.String("by", r.by.Name()), zap.Duration("pause", pause), zap.Error(err))
		timer.Arm(time.Now().Add(pause))
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C():
			timer.Fired()
		}
		pause = min(2*pause, maxRegistration)
	}
}

func (r *registration) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// failure returns why the registration does not work, nil while it does.
func (r *registration) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// signals passes signals of the pool to whoever listens.
type signals struct {
	mu        sync.Mutex
	next      int
	listeners map[int]func(api.EventPayload)
}

// tell calls everybody who listens.
func (s *signals) tell(e api.EventPayload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.listeners {
		f(e) // does not block, and holding mu makes stop final
	}
}

func (s *signals) add(f func(api.EventPayload)) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listeners == nil {
		s.listeners = make(map[int]func(api.EventPayload))
	}
	id := s.next
	s.next++
	s.listeners[id] = f
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.listeners, id)
	}
}
