package storetest

import (
	"errors"
	"math"

	"statusd/accounts/key"
	"statusd/transport"
)

// opened checks what is remembered of messages, and that there is a bound for
// each sender and one for all.
func (s *suite) opened() {
	a, b := s.key().Public(), s.key().Public()
	look := func(id key.Public, digest uint64) (known bool, forgotten int64) {
		s.do(func(st transport.Store) (err error) {
			known, forgotten, err = st.Opened(id, digest)
			return err
		})
		return known, forgotten
	}
	put := func(id key.Public, digest uint64, sent int64, keep, all int) {
		s.do(func(st transport.Store) error {
			return st.PutOpened(id, transport.OpenedMessage{Digest: digest, Sent: sent}, keep, all)
		})
	}
	kept := func(id key.Public, from, to uint64) (n int) {
		for digest := from; digest < to; digest++ {
			if known, _ := look(id, digest); known {
				n++
			}
		}
		return n
	}
	put(a, math.MaxUint64, 7, 64, 1000)
	for id, want := range map[key.Public]bool{a: true, b: false} {
		known, forgotten := look(id, math.MaxUint64)
		equal(s, "known, forgotten", [2]any{known, forgotten}, [2]any{want, int64(0)})
	}
	for i := range uint64(200) {
		put(a, i, 1000-int64(i), 64, 1000) // the clock of the sender runs backwards
	}
	known, forgotten := look(a, math.MaxUint64)
	equal(s, "the oldest is known", known, false)
	equal(s, "time of what is forgotten", forgotten, int64(1000))
	if n := kept(a, 136, 200); n != 64 {
		s.t.Errorf("%d of the last 64 are known", n)
	}
	if n := kept(a, 0, 136); n > 8 {
		s.t.Errorf("%d older ones are known", n)
	}
	for i := range uint64(200) {
		put(b, i, 5, 64, 80)
	}
	if n := kept(a, 0, 200) + kept(b, 0, 200); n > 96 {
		s.t.Errorf("%d are known of both", n)
	}
	s.do(func(st transport.Store) error { return errors.Join(st.PassOpened(a, 10), st.PassOpened(b, 2000)) })
	_, ofA := look(a, 0)
	_, ofB := look(b, 0)
	equal(s, "time of what is forgotten", [2]int64{ofA, ofB}, [2]int64{1000, 2000})
}
