package transport_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/dh"
	"statusd/waku/wire"
)

var errPower = errors.New("power cut")

// faulty is a store that fails at one of its calls.
type faulty struct {
	transport.Store
	left *int // calls until the failing one; below 0 none fails any more
}

func (f faulty) cut() error {
	*f.left--
	if *f.left == 0 {
		return errPower
	}
	return nil
}

// read and write run a call unless it is the failing one.
func read[V any](f faulty, call func() (V, error)) (v V, err error) {
	if err := f.cut(); err != nil {
		return v, err
	}
	return call()
}

func find[V any](f faulty, call func() (V, bool, error)) (v V, ok bool, err error) {
	if err := f.cut(); err != nil {
		return v, false, err
	}
	return call()
}

func (f faulty) write(call func() error) error { return errors.Join(f.cut(), call()) }

func (f faulty) Self() (transport.Self, error) { return read(f, f.Store.Self) }

func (f faulty) PutSelf(s transport.Self) error {
	return f.write(func() error { return f.Store.PutSelf(s) })
}

func (f faulty) CurrentPrekey() (transport.OwnPrekey, bool, error) {
	return find(f, f.Store.CurrentPrekey)
}

func (f faulty) Prekey(id dh.Point) (transport.OwnPrekey, bool, error) {
	return find(f, func() (transport.OwnPrekey, bool, error) { return f.Store.Prekey(id) })
}

func (f faulty) PutPrekey(p transport.OwnPrekey) error {
	return f.write(func() error { return f.Store.PutPrekey(p) })
}

func (f faulty) DeletePrekeys(before int64) error {
	return f.write(func() error { return f.Store.DeletePrekeys(before) })
}

func (f faulty) Peer(id key.Public) (transport.Peer, bool, error) {
	return find(f, func() (transport.Peer, bool, error) { return f.Store.Peer(id) })
}

func (f faulty) PutPeer(p transport.Peer) error {
	return f.write(func() error { return f.Store.PutPeer(p) })
}

func (f faulty) SecretPeers() ([]transport.Peer, error) { return read(f, f.Store.SecretPeers) }

func (f faulty) EvictStrangers(own key.Public, keep int) error {
	return f.write(func() error { return f.Store.EvictStrangers(own, keep) })
}

func (f faulty) Installations(id key.Public) ([]transport.Installation, error) {
	return read(f, func() ([]transport.Installation, error) { return f.Store.Installations(id) })
}

func (f faulty) PutInstallation(i transport.Installation) error {
	return f.write(func() error { return f.Store.PutInstallation(i) })
}

func (f faulty) DeleteInstallation(identity key.Public, id string) error {
	return f.write(func() error { return f.Store.DeleteInstallation(identity, id) })
}

func (f faulty) Sessions(id key.Public, i string, prekey dh.Point) ([]transport.Session, error) {
	return read(f, func() ([]transport.Session, error) { return f.Store.Sessions(id, i, prekey) })
}

func (f faulty) PutSession(s transport.Session) error {
	return f.write(func() error { return f.Store.PutSession(s) })
}

func (f faulty) TrimSessions(identity key.Public, id string, keep int) error {
	return f.write(func() error { return f.Store.TrimSessions(identity, id, keep) })
}

func (f faulty) RetireSessions(scope transport.Scope, before int64) error {
	return f.write(func() error { return f.Store.RetireSessions(scope, before) })
}

func (f faulty) MessageKey(s transport.SessionID, h dh.Point, n uint32) (transport.MessageKey, bool, error) {
	return find(f, func() (transport.MessageKey, bool, error) { return f.Store.MessageKey(s, h, n) })
}

func (f faulty) PutMessageKeys(s transport.SessionID, keys []transport.MessageKey) error {
	return f.write(func() error { return f.Store.PutMessageKeys(s, keys) })
}

func (f faulty) TrimMessageKeys(s transport.SessionID, highest int, old bool, through uint64) error {
	return f.write(func() error { return f.Store.TrimMessageKeys(s, highest, old, through) })
}

func (f faulty) ConfirmMessageKeys(envelope wire.Hash) error {
	return f.write(func() error { return f.Store.ConfirmMessageKeys(envelope) })
}

func (f faulty) Opened(id key.Public, digest uint64) (known bool, forgotten int64, err error) {
	if err := f.cut(); err != nil {
		return false, 0, err
	}
	return f.Store.Opened(id, digest)
}

func (f faulty) PutOpened(id key.Public, m transport.OpenedMessage, keep, all int) error {
	return f.write(func() error { return f.Store.PutOpened(id, m, keep, all) })
}

func (f faulty) PassOpened(id key.Public, through int64) error {
	return f.write(func() error { return f.Store.PassOpened(id, through) })
}

// stage is an application with durable outbox and inbox around two devices.
// Its steps are transactions, each tried again after the power came back.
type stage struct {
	t      *testing.T
	left   int  // store calls until the power cut
	steps  int  // until one between transactions, see twice
	fired  bool // it happened
	sealed map[string]bool
	inbox  map[*party][]string
}

// run runs a transaction, again if the power was cut in it.
func (s *stage) run(p *party, fn func(st transport.Store) error) {
	s.t.Helper()
	for {
		err := p.update(func(st transport.Store) error { return fn(faulty{st, &s.left}) })
		if err == nil {
			return
		}
		if !errors.Is(err, errPower) {
			s.t.Fatal(err)
		}
		s.fired = true
		p.dev = p.device(p.identity, p.dev.Installation())
	}
}

// twice reports whether the power is cut right after a step, so that it is
// done again from durable state.
func (s *stage) twice() bool {
	s.steps--
	if s.steps != 0 {
		return false
	}
	s.fired = true
	return true
}

// send is the sending side: seal and put into the outbox, commit, post. What
// is posted twice has the same bytes.
func (s *stage) send(from, to *party, text string, now time.Time) {
	s.t.Helper()
	var outbox []byte
	s.run(from, func(st transport.Store) error {
		out, err := from.dev.SendDirect(st, to.dev.Identity(), []byte(text), now)
		outbox = out.Data
		return err
	})
	for id, d := range decode(s.t, outbox).Direct {
		if d.DR == nil {
			continue
		}
		name := fmt.Sprintf("%s %x %d", id, d.DR.Key, d.DR.N)
		if s.sealed[name] {
			s.t.Fatalf("a message key sealed two messages: %s", name)
		}
		s.sealed[name] = true
	}
	s.receive(from, to, outbox, now)
	if s.twice() {
		s.receive(from, to, outbox, now)
	}
}

// receive is the receiving side: open, store unless it is known, confirm,
// commit. A copy that comes later is either known or cannot be opened.
func (s *stage) receive(from, to *party, data []byte, now time.Time) {
	s.t.Helper()
	deliver := func() {
		s.run(to, func(st transport.Store) error {
			in := transport.Incoming{From: from.dev.Identity(), Data: data, Envelope: hashOf(data)}
			got, err := to.dev.Receive(st, in, now)
			if errors.Is(err, transport.ErrDecrypt) && !errors.Is(err, errPower) {
				return nil // dropped
			}
			if err != nil {
				return err
			}
			if err := to.dev.Confirm(st, hashOf(data)); err != nil {
				return err
			}
			if text := string(got.Plaintext); !got.Empty && !slices.Contains(s.inbox[to], text) {
				s.inbox[to] = append(s.inbox[to], text) // the last step: commits with the rest
			}
			return nil
		})
	}
	deliver()
	if s.twice() {
		deliver()
	}
}

// play has two people write to each other, with handshakes from both sides,
// rotation and skipped messages.
func (s *stage) play() {
	alice, bob := pairOfParties(s.t)
	want := make(map[*party][]string)
	n := 0
	say := func(from, to *party, now time.Time) {
		n++
		text := fmt.Sprint("text ", n)
		want[to] = append(want[to], text)
		s.send(from, to, text, now)
	}
	now := start
	for day := range 3 {
		say(alice, bob, now)
		say(bob, alice, now)
		say(bob, alice, now)
		now = start.Add(time.Duration(day+1) * 25 * time.Hour)
	}
	for _, p := range []*party{alice, bob} {
		if !slices.Equal(s.inbox[p], want[p]) {
			s.t.Errorf("arrived %q, sent %q", s.inbox[p], want[p])
		}
	}
}

func newStage(t *testing.T) *stage {
	return &stage{t: t, sealed: make(map[string]bool), inbox: make(map[*party][]string)}
}

// cutEverywhere plays once for each point at which the power can be cut.
func cutEverywhere(t *testing.T, least int, at func(s *stage, k int)) {
	t.Helper()
	points := 0
	for k := 1; ; k++ {
		s := newStage(t)
		at(s, k)
		s.play()
		if !s.fired {
			break
		}
		points++
		if t.Failed() {
			t.Fatalf("after a power cut at point %d", k)
		}
	}
	if points < least {
		t.Errorf("only %d points were tried", points)
	}
	t.Logf("%d points", points)
}

// TestPowerCutAtEachStoreCall cuts the power at every call of the store once.
func TestPowerCutAtEachStoreCall(t *testing.T) {
	cutEverywhere(t, 100, func(s *stage, k int) { s.left = k })
}

// TestPowerCutBetweenTransactions cuts it after each step that leaves the
// transaction: bytes are posted twice, envelopes come again.
func TestPowerCutBetweenTransactions(t *testing.T) {
	cutEverywhere(t, 15, func(s *stage, k int) { s.steps = k })
}

// TestAnswersSurvivePowerCuts does the same for the answer to a message that
// could not be opened, and for what it changes.
func TestAnswersSurvivePowerCuts(t *testing.T) {
	for k := 1; ; k++ {
		s := newStage(t)
		alice, bob := pairOfParties(t)
		prekey := generate(t)
		alice.keys = append(alice.keys, mustPrivate(t, prekey.Reveal()))
		alice.announce(start, bob)
		bob.deliver(alice, "before", start)
		alice.deliver(bob, "before", start)
		restored := newParty(t, alice.identity, alice.dev.Installation())
		restored.keys = append(restored.keys, prekey)
		restored.bundleOf(start)
		lost := bob.send(restored, "lost", start).Data
		_, why := restored.receive(bob, lost, start)
		if !transport.NeedsAnswer(why) {
			t.Fatal(why)
		}
		s.left = k
		now := start.Add(time.Minute)
		var answer []byte
		s.run(restored, func(st transport.Store) error {
			out, ok, err := restored.dev.Answer(st, transport.Incoming{From: bob.dev.Identity(), Data: lost}, why, now)
			if err == nil && !ok {
				t.Error("no answer")
			}
			answer = out.Data
			return err
		})
		s.receive(restored, bob, answer, now)
		s.send(bob, restored, "again", now)
		if got := s.inbox[restored]; len(got) != 1 || got[0] != "again" {
			t.Fatalf("cut at %d: arrived %q", k, got)
		}
		if !s.fired {
			break
		}
	}
}
