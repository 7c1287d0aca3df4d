package storetest

import (
	"bytes"
	"errors"
	"math"

	"statusd/transport"
	"statusd/transport/dh"
	"statusd/transport/ratchet"
)

// session returns a session with installation "i" of a new identity.
func (s *suite) session(created int64) transport.Session {
	s.t.Helper()
	prekey := s.key()
	shared, err := dh.NewSecret(s.key().Reveal())
	if err != nil {
		s.t.Fatal(err)
	}
	state, err := ratchet.NewResponder(shared, prekey)
	if err != nil {
		s.t.Fatal(err)
	}
	return transport.Session{
		ID: transport.SessionID{
			Identity: s.key().Public(), Installation: "i", Prekey: dh.PointOf(prekey.Public()),
			Ephemeral: dh.PointOf(s.key().Public()),
		},
		Initiator: true, Answered: true, Order: math.MaxUint64, Created: created, Used: created, State: state,
		Spent: bytes.Repeat([]byte{1, 2}, 8*transport.MaxSpent),
	}
}

// sibling returns another session with the same installation and prekey.
func (s *suite) sibling(x transport.Session, created int64) transport.Session {
	x.ID.Ephemeral = dh.PointOf(s.key().Public())
	x.Created, x.Used, x.Spent = created, created, nil
	return x
}

// find returns a session of the same installation and prekey as x.
func (s *suite) find(st transport.Store, x transport.SessionID) (found transport.Session, ok bool) {
	s.t.Helper()
	list, err := st.Sessions(x.Identity, x.Installation, x.Prekey)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, y := range list {
		if y.ID == x {
			return y, true
		}
	}
	return transport.Session{}, false
}

func (s *suite) sessions() {
	x := s.session(5)
	y, elsewhere := s.sibling(x, 9), s.session(1)
	elsewhere.ID.Identity = x.ID.Identity
	raw := x.State.Append(nil)
	s.do(func(st transport.Store) error {
		return errors.Join(st.PutSession(x), st.PutSession(y), st.PutSession(elsewhere))
	})
	for range 2 { // the second time after wiping what was returned
		s.do(func(st transport.Store) error {
			got, ok := s.find(st, x.ID)
			if !ok || !bytes.Equal(got.State.Append(nil), raw) {
				s.t.Errorf("state of the session differs, found: %v", ok)
			}
			got.State.Wipe()
			got.State = x.State
			equal(s, "order and flags", [4]any{got.Order, got.Initiator, got.Answered, got.Retired},
				[4]any{uint64(math.MaxUint64), true, true, false})
			equal(s, "spent numbers", string(got.Spent), string(x.Spent))
			bare, _ := s.find(st, y.ID)
			equal(s, "no spent numbers", len(bare.Spent), 0)
			list, err := st.Sessions(x.ID.Identity, "i", x.ID.Prekey)
			equal(s, "sessions on a prekey", len(list), 2)
			return err
		})
	}
	retired := func() (got [3]bool) {
		s.do(func(st transport.Store) error {
			for i, id := range []transport.SessionID{x.ID, y.ID, elsewhere.ID} {
				found, _ := s.find(st, id)
				got[i] = found.Retired
			}
			return nil
		})
		return got
	}
	for _, c := range []struct {
		scope  transport.Scope
		before int64
		want   [3]bool
	}{
		{transport.Scope{Identity: s.key().Public(), Installation: "i"}, 100, [3]bool{}},
		{transport.Scope{Identity: x.ID.Identity, Installation: "j"}, 100, [3]bool{}},
		{transport.Scope{Identity: x.ID.Identity, Installation: "i"}, 5, [3]bool{false, false, true}},
		{transport.Scope{Identity: x.ID.Identity, Installation: "i"}, 6, [3]bool{true, false, true}},
		{transport.Scope{Everybody: true}, math.MaxInt64, [3]bool{true, true, true}},
	} {
		s.do(func(st transport.Store) error { return st.RetireSessions(c.scope, c.before) })
		equal(s, "retired", retired(), c.want)
	}
	s.do(func(st transport.Store) error { return st.PutSession(x) }) // replaces
	equal(s, "retired", retired(), [3]bool{false, true, true})
}

func (s *suite) trimSessions() {
	x := s.session(1)
	all := []transport.Session{x, s.sibling(x, 3), s.sibling(x, 2)}
	s.do(func(st transport.Store) (err error) {
		for _, y := range all {
			err = errors.Join(err, st.PutSession(y), st.PutMessageKeys(y.ID, s.keys(1)))
		}
		return errors.Join(err, st.TrimSessions(x.ID.Identity, "i", 3), st.TrimSessions(x.ID.Identity, "j", 0))
	})
	for _, c := range []struct {
		keep int
		want [3]bool
	}{{3, [3]bool{true, true, true}}, {2, [3]bool{false, true, true}}, {1, [3]bool{false, true, false}}, {0, [3]bool{}}} {
		s.do(func(st transport.Store) error { return st.TrimSessions(x.ID.Identity, "i", c.keep) })
		s.do(func(st transport.Store) error {
			for i, y := range all {
				_, ok := s.find(st, y.ID)
				_, has, err := st.MessageKey(y.ID, dh.Point{2}, 0)
				equal(s, "session and its key", [2]bool{ok, has}, [2]bool{c.want[i], c.want[i]})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func (s *suite) messageKeys() {
	x := s.session(1)
	y := s.sibling(x, 2)
	keys := s.keys(3)
	keys[1].Envelope = envelope(1)
	raw := string(keys[1].Seal.Reveal())
	s.do(func(st transport.Store) error {
		return errors.Join(st.PutSession(x), st.PutSession(y), st.PutMessageKeys(x.ID, keys))
	})
	has := func(n uint32) (k transport.MessageKey, ok bool) {
		s.do(func(st transport.Store) (err error) {
			k, ok, err = st.MessageKey(x.ID, dh.Point{2}, n)
			return err
		})
		return k, ok
	}
	for range 2 { // the second time after wiping what was returned
		k, ok := has(1)
		if !ok || string(k.Seal.Reveal()) != raw || k.N != 1 || k.Seq != 1 || k.Envelope != envelope(1) {
			s.t.Errorf("message key %+v, %v", k, ok)
		}
		k.Seal.Wipe()
	}
	s.do(func(st transport.Store) error {
		_, other, err := st.MessageKey(y.ID, dh.Point{2}, 1)
		_, header, err2 := st.MessageKey(x.ID, dh.Point{3}, 1)
		equal(s, "keys of another session, of another header", [2]bool{other, header}, [2]bool{})
		moved := keys[1] // opened again from another envelope
		moved.Envelope = envelope(2)
		return errors.Join(err, err2, st.PutMessageKeys(x.ID, []transport.MessageKey{moved}),
			st.ConfirmMessageKeys(envelope(1)), st.ConfirmMessageKeys(envelope(9)))
	})
	if k, ok := has(1); !ok || k.Envelope != envelope(2) {
		s.t.Errorf("key of two envelopes after confirming the first: %+v, %v", k, ok)
	}
	s.do(func(st transport.Store) error { return st.ConfirmMessageKeys(envelope(2)) })
	_, first := has(0)
	_, second := has(1)
	equal(s, "keys after the confirmation", [2]bool{first, second}, [2]bool{true, false})
}

func (s *suite) trimMessageKeys() {
	x := s.session(1)
	keys := s.keys(6)
	for i := range keys {
		keys[i].Envelope = envelope(byte(10 + i)) //nolint:gosec // few
	}
	s.do(func(st transport.Store) error {
		return errors.Join(st.PutSession(x), st.PutMessageKeys(x.ID, keys))
	})
	left := func() (list []int) {
		s.do(func(st transport.Store) error {
			for i := range keys {
				_, ok, err := st.MessageKey(x.ID, dh.Point{2}, uint32(i)) //nolint:gosec // few
				if err != nil {
					return err
				}
				if ok {
					list = append(list, i)
				}
			}
			return nil
		})
		return list
	}
	for _, c := range []struct {
		highest int
		old     bool
		through uint64
		want    []int
	}{
		{6, false, 5, []int{0, 1, 2, 3, 4, 5}}, {6, true, 0, []int{1, 2, 3, 4, 5}}, {3, false, 0, []int{3, 4, 5}},
		{3, true, 3, []int{4, 5}}, {0, false, 0, nil},
	} {
		s.do(func(st transport.Store) error { return st.TrimMessageKeys(x.ID, c.highest, c.old, c.through) })
		equal(s, "keys left", left(), c.want)
	}
	s.do(func(st transport.Store) error { // links of trimmed keys are gone
		return errors.Join(st.PutMessageKeys(x.ID, s.keys(1)), st.ConfirmMessageKeys(envelope(10)))
	})
	equal(s, "keys left", left(), []int{0})
}
