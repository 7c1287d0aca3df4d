// Package storetest checks that a store keeps the promises of transport.Store:
// what each method finds, replaces and erases, and that what it returns
// shares no secret with what it keeps. Every implementation runs it.
//
// The package is for tests only and starts no goroutines.
package storetest

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/dh"
	"statusd/transport/ratchet"
	"statusd/waku/wire"
)

// Update runs fn in a transaction that commits when fn returns nil.
type Update func(fn func(transport.Store) error) error

var errStop = errors.New("roll back")

// Run runs all checks. open returns an empty store each time.
func Run(t *testing.T, open func(t *testing.T) Update) {
	t.Helper()
	for name, check := range map[string]func(*suite){
		"self": (*suite).self, "prekeys": (*suite).prekeys, "peers": (*suite).peers,
		"strangers": (*suite).strangers, "installations": (*suite).installations,
		"sessions": (*suite).sessions, "trim sessions": (*suite).trimSessions,
		"message keys": (*suite).messageKeys, "trim message keys": (*suite).trimMessageKeys,
		"opened messages": (*suite).opened, "rollback": (*suite).rollback,
	} {
		t.Run(name, func(t *testing.T) { check(&suite{t, open(t)}) })
	}
}

type suite struct {
	t      *testing.T
	update Update
}

// do runs fn in a transaction of its own.
func (s *suite) do(fn func(transport.Store) error) {
	s.t.Helper()
	if err := s.update(fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *suite) key() key.Private {
	s.t.Helper()
	k, err := key.Generate()
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

// equal compares values that hold no secrets.
func equal[V any](s *suite, what string, got, want V) {
	s.t.Helper()
	if !reflect.DeepEqual(got, want) {
		s.t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func (s *suite) self() {
	want := transport.Self{
		LastVersion: math.MaxUint32, ContactCodeAt: 5, AnswersFrom: math.MaxInt64, Answers: 3,
		Metadata: transport.Metadata{Name: "ñ", DeviceType: "b", PushToken: "c"},
	}
	for _, w := range []transport.Self{{}, want, {LastVersion: 1}} {
		s.do(func(st transport.Store) error {
			if w == (transport.Self{}) {
				return nil // nothing stored reads as the zero value
			}
			return st.PutSelf(w)
		})
		s.do(func(st transport.Store) error {
			got, err := st.Self()
			equal(s, "self", got, w)
			return err
		})
	}
}

func (s *suite) prekeys() {
	old := transport.OwnPrekey{Private: s.key(), Version: 1, Created: 10, Replaced: 20}
	current := transport.OwnPrekey{Private: s.key(), Version: 2, Created: 20}
	bytesOf := string(current.Private.Reveal())
	s.do(func(st transport.Store) error {
		_, ok, err := st.CurrentPrekey()
		equal(s, "current prekey of an empty store", ok, false)
		return errors.Join(err, st.PutPrekey(old), st.PutPrekey(current))
	})
	for range 2 { // the second time after wiping what was returned
		s.do(func(st transport.Store) error {
			got, ok, err := st.CurrentPrekey()
			if !ok || string(got.Private.Reveal()) != bytesOf || got.Version != 2 || got.Created != 20 {
				s.t.Errorf("current prekey %+v, %v, %v", got, ok, err)
			}
			got.Private.Wipe()
			return err
		})
	}
	has := func(id dh.Point) (ok bool) {
		s.do(func(st transport.Store) (err error) {
			_, ok, err = st.Prekey(id)
			return err
		})
		return ok
	}
	s.do(func(st transport.Store) error {
		current.Replaced = 30
		return errors.Join(st.PutPrekey(current), st.DeletePrekeys(20))
	})
	equal(s, "prekeys kept", [2]bool{has(old.ID()), has(current.ID())}, [2]bool{true, true})
	s.do(func(st transport.Store) error { return st.DeletePrekeys(21) })
	equal(s, "prekeys kept", [2]bool{has(old.ID()), has(current.ID())}, [2]bool{false, true})
	s.do(func(st transport.Store) error {
		_, ok, err := st.CurrentPrekey()
		equal(s, "current prekey after its replacement", ok, false)
		return err
	})
}

func (s *suite) peers() {
	shared, err := dh.NewSecret(s.key().Reveal())
	if err != nil {
		s.t.Fatal(err)
	}
	bytesOf := string(shared.Reveal())
	want := transport.Peer{
		Identity: s.key().Public(), Shared: shared, Acks: []string{"a", "ü"}, Heard: 7, Answered: 8, Written: true,
		Healed: 9, Heals: math.MaxUint32,
	}
	plain := transport.Peer{Identity: s.key().Public(), Heard: 1}
	s.do(func(st transport.Store) error {
		return errors.Join(st.PutPeer(transport.Peer{Identity: want.Identity}), st.PutPeer(want), st.PutPeer(plain))
	})
	s.do(func(st transport.Store) error {
		got, ok, err := st.Peer(want.Identity)
		if !ok || string(got.Shared.Reveal()) != bytesOf {
			s.t.Errorf("peer %+v, %v, %v", got, ok, err)
		}
		got.Shared = want.Shared
		equal(s, "peer", got, want)
		_, ok, err2 := st.Peer(s.key().Public())
		equal(s, "unknown peer", ok, false)
		list, err3 := st.SecretPeers()
		if len(list) != 1 || list[0].Identity != want.Identity || string(list[0].Shared.Reveal()) != bytesOf {
			s.t.Errorf("peers with secret: %+v", list)
		}
		got, ok, err4 := st.Peer(plain.Identity)
		equal(s, "peer without secret", ok && got.Shared.IsZero() && len(got.Acks) == 0, true)
		return errors.Join(err, err2, err3, err4)
	})
}

func (s *suite) strangers() {
	own, friend := s.key().Public(), s.key().Public()
	var ids []key.Public
	var sessions []transport.Session
	s.do(func(st transport.Store) error {
		err := errors.Join(st.PutPeer(transport.Peer{Identity: own}),
			st.PutPeer(transport.Peer{Identity: friend, Written: true}))
		for i := range 4 {
			x := s.session(1)
			id := x.ID.Identity
			ids, sessions = append(ids, id), append(sessions, x)
			err = errors.Join(err, st.PutPeer(transport.Peer{Identity: id, Heard: int64(i)}),
				st.PutInstallation(transport.Installation{Identity: id, ID: x.ID.Installation}),
				st.PutSession(x), st.PutMessageKeys(x.ID, s.keys(1)),
				st.PutOpened(id, transport.OpenedMessage{Digest: 1}, 8, 1000))
		}
		return errors.Join(err, st.EvictStrangers(own, 2))
	})
	s.do(func(st transport.Store) error {
		for i, id := range append(ids, own, friend) {
			_, ok, err := st.Peer(id)
			equal(s, "peer", ok, i >= 2)
			if err != nil {
				return err
			}
			if i >= len(sessions) {
				continue
			}
			list, err := st.Installations(id)
			found, err2 := st.Sessions(id, "i", sessions[i].ID.Prekey)
			_, ok, err3 := st.MessageKey(sessions[i].ID, dh.Point{2}, 0)
			known, _, err4 := st.Opened(id, 1)
			if err := errors.Join(err, err2, err3, err4); err != nil {
				return err
			}
			got, stays := [4]bool{len(list) == 1, len(found) == 1, ok, known}, i >= 2
			equal(s, "what belongs to a peer", got, [4]bool{stays, stays, stays, stays})
		}
		return nil
	})
}

func (s *suite) installations() {
	x := s.session(1)
	want := transport.Installation{
		Identity: x.ID.Identity, ID: "i", Enabled: true, Protocol: 3, LastSeen: 4, Prekey: dh.Point{2, 9},
		Version: math.MaxUint32, PrekeySeen: 6, Metadata: transport.Metadata{Name: "n", DeviceType: "d", PushToken: "t"},
	}
	other := transport.Installation{Identity: x.ID.Identity, ID: "j"}
	s.do(func(st transport.Store) error {
		return errors.Join(st.PutInstallation(transport.Installation{Identity: x.ID.Identity, ID: "i"}),
			st.PutInstallation(want), st.PutInstallation(other),
			st.PutInstallation(transport.Installation{Identity: s.key().Public(), ID: "i"}),
			st.PutSession(x), st.PutMessageKeys(x.ID, s.keys(1)))
	})
	s.do(func(st transport.Store) error {
		list, err := st.Installations(x.ID.Identity)
		if len(list) == 2 && list[0].ID != "i" {
			list[0], list[1] = list[1], list[0]
		}
		equal(s, "installations", list, []transport.Installation{want, other})
		return errors.Join(err, st.DeleteInstallation(x.ID.Identity, "i"), st.DeleteInstallation(x.ID.Identity, "none"))
	})
	s.do(func(st transport.Store) error {
		list, err := st.Installations(x.ID.Identity)
		equal(s, "installations left", len(list), 1)
		found, err2 := st.Sessions(x.ID.Identity, "i", x.ID.Prekey)
		equal(s, "sessions of a deleted installation", len(found), 0)
		_, ok, err3 := st.MessageKey(x.ID, dh.Point{2}, 0)
		equal(s, "message key of a deleted installation", ok, false)
		return errors.Join(err, err2, err3)
	})
}

func (s *suite) rollback() {
	x := s.session(1)
	err := s.update(func(st transport.Store) error {
		return errors.Join(st.PutSelf(transport.Self{LastVersion: 1}), st.PutPeer(transport.Peer{Identity: x.ID.Identity}),
			st.PutSession(x), st.PutMessageKeys(x.ID, s.keys(2)),
			st.PutOpened(x.ID.Identity, transport.OpenedMessage{Digest: 1}, 8, 1000), st.PassOpened(x.ID.Identity, 9), errStop)
	})
	if !errors.Is(err, errStop) {
		s.t.Fatal(err)
	}
	s.do(func(st transport.Store) error {
		self, err := st.Self()
		_, peer, err2 := st.Peer(x.ID.Identity)
		list, err3 := st.Sessions(x.ID.Identity, "i", x.ID.Prekey)
		_, ok, err4 := st.MessageKey(x.ID, dh.Point{2}, 0)
		known, forgotten, err5 := st.Opened(x.ID.Identity, 1)
		got := [6]bool{self.LastVersion != 0, peer, len(list) != 0, ok, known, forgotten != 0}
		equal(s, "what is left after a rollback", got, [6]bool{})
		return errors.Join(err, err2, err3, err4, err5)
	})
}

// envelope names an envelope.
func envelope(n byte) wire.Hash { return wire.Hash{n} }

// keys returns n message keys numbered from 0, none of them used.
func (s *suite) keys(n uint32) []transport.MessageKey {
	s.t.Helper()
	var list []transport.MessageKey
	for i := range n {
		mk, err := ratchet.NewMessageKey(s.key().Reveal())
		if err != nil {
			s.t.Fatal(err)
		}
		list = append(list, transport.MessageKey{
			StoredKey: ratchet.StoredKey{Key: dh.Point{2}, N: i, Seq: uint64(i), Seal: mk},
		})
	}
	return list
}
