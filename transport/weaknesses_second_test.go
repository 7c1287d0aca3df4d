package transport_test

// The second half of the weaknesses of spec 03 section 13.

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"statusd/transport"
	"statusd/transport/bundle"
	"statusd/transport/dh"
	"statusd/transport/protocol"
	"statusd/transport/topics"
)

// answer makes p answer a message of q that was for other devices.
func (p *party) answer(q *party, now time.Time) (out transport.Outgoing, ok bool) {
	p.tb.Helper()
	return p.answerTo(q, nil, transport.ErrDeviceNotFound, now)
}

func TestW12_UnknownDevicesAreAnswered(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	second := newParty(t, bob.identity, "b515325e-f72f-49fe-8d69-8e32954212b1")
	data := alice.send(bob, "to the first device", start).Data
	_, err := second.receive(alice, data, start)
	if !errors.Is(err, transport.ErrDeviceNotFound) || !transport.NeedsAnswer(err) {
		t.Fatalf("second device: %v", err)
	}
	out, ok := second.answer(alice, start)
	if !ok || !out.Untracked || out.Place != topics.PartitionOf(alice.dev.Identity()) {
		t.Fatalf("answer %v, %+v", ok, out)
	}
	got, err := alice.receive(second, out.Data, start)
	if err != nil || !got.Empty || got.Protection != transport.Exchange || len(got.Plaintext) != 0 {
		t.Fatalf("answer arrived as %+v, %v", got, err)
	}
	next := alice.send(bob, "to both devices", start).Data
	second.expect(alice, next, "to both devices", start)
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{
		{transport.AnswerInterval - 1, false}, {transport.AnswerInterval, true},
		{transport.AnswerInterval + time.Hour, false},
	} {
		if _, ok := second.answer(alice, start.Add(c.after)); ok != c.want {
			t.Errorf("answer after %v: %v, want %v", c.after, ok, c.want)
		}
	}
	if _, ok := second.answer(bob, start); ok {
		t.Error("answered the own identity")
	}
	sent := 0
	for range 2 * transport.MaxAnswersPerHour {
		if _, ok := second.answer(newParty(t, generate(t), "x"), start); ok {
			sent++
		}
	}
	if sent > transport.MaxAnswersPerHour || sent == 0 {
		t.Errorf("%d answers to a flood of strangers", sent)
	}
}

func TestW13_PeerThatLostItsStateStartsAnew(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	for range 3 {
		alice.deliver(bob, "before", start)
		bob.deliver(alice, "before", start)
	}
	reborn := newParty(t, alice.identity, alice.dev.Installation())
	bob.announce(start, reborn)
	for range 3 {
		reborn.deliver(bob, "after", start)
	}
	bob.deliver(reborn, "reply", start)
	reborn.deliver(bob, "and on", start)
}

// TestW13_AnswerEndsASessionThatThePeerLost is about a session that we started
// and that is not in the state the peer went back to.
func TestW13_AnswerEndsASessionThatThePeerLost(t *testing.T) {
	alice, bob := pairOfParties(t)
	prekey := generate(t)
	alice.keys = append(alice.keys, prekey)
	alice.announce(start, bob)
	bob.deliver(alice, "before", start)
	alice.deliver(bob, "before", start)
	restored := newParty(t, alice.identity, alice.dev.Installation())
	restored.keys = append(restored.keys, mustPrivate(t, prekey.Reveal()))
	restored.bundleOf(start)
	now := start.Add(time.Minute)
	lost := bob.send(restored, "lost", now).Data
	_, err := restored.receive(bob, lost, now)
	if !transport.NeedsAnswer(err) {
		t.Fatal(err)
	}
	out, ok := restored.answerTo(bob, lost, err, now)
	if !ok {
		t.Fatal("no answer")
	}
	if got, err := bob.receive(restored, out.Data, now); err != nil || !got.Empty {
		t.Fatalf("answer arrived as %+v, %v", got, err)
	}
	bob.deliver(restored, "arrives", now)
	restored.deliver(bob, "reply", now)
}

func TestW14_SimultaneousHandshakesConverge(t *testing.T) {
	for range 8 {
		alice, bob := pairOfParties(t)
		bob.announce(start, alice)
		alice.announce(start, bob)
		a, b := alice.send(bob, "a", start), bob.send(alice, "b", start)
		alice.expect(bob, b.Data, "b", start)
		bob.expect(alice, a.Data, "a", start)
		header := func(data []byte, to *party) (protocol.Direct, string) {
			d := decode(t, data).Direct[to.dev.Installation()]
			return d, string(d.DR.ID)
		}
		var last string
		keys := make(map[string]bool)
		for range 3 {
			a, b := alice.send(bob, "a", start), bob.send(alice, "b", start)
			alice.expect(bob, b.Data, "b", start)
			bob.expect(alice, a.Data, "a", start)
			x, ida := header(a.Data, bob)
			y, idb := header(b.Data, alice)
			if ida != idb || last != "" && ida != last {
				t.Fatal("two sessions are in use")
			}
			last = ida
			keys[string(x.DR.Key)], keys[string(y.DR.Key)] = true, true
		}
		x, _ := header(alice.send(bob, "a", start).Data, bob)
		y, _ := header(bob.send(alice, "b", start).Data, alice)
		if x.X3DH != nil || y.X3DH != nil || len(keys) < 4 {
			t.Errorf("handshake goes on, %d ratchet keys", len(keys))
		}
	}
}

func TestW15_BadPrekeySpoilsOnlyItself(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	bad := make([]byte, 33)
	bad[0] = 5
	id := "c37bd7c5-774c-4a5b-8c26-dd7266e9fa4f"
	text := id + string(bad) + "1" + fmt.Sprint(start.UnixNano())
	raw := signRaw(t, bob.identity, bundle.Raw{
		Timestamp: start.UnixNano(), Prekeys: []bundle.RawPrekey{{Installation: id, Key: bad, Version: 1, Protocol: 1}},
	}, text)
	_, err := alice.receive(bob, rawMessage("x", []bundle.Raw{raw}, nil, "text"), start)
	if !errors.Is(err, bundle.ErrPrekey) {
		t.Errorf("bad prekey: %v", err)
	}
	// Even if one were in the database, the others would be written to.
	alice.must(func(st transport.Store) error {
		return st.PutInstallation(transport.Installation{
			Identity: bob.dev.Identity(), ID: id, Enabled: true, LastSeen: start.UnixNano() + 1, Prekey: dh.Point(bad),
		})
	})
	out := alice.send(bob, "text", start)
	if len(out.Skipped) != 1 || len(out.Targets) != 1 {
		t.Errorf("skipped %q, wrote to %q", out.Skipped, out.Targets)
	}
	bob.expect(alice, out.Data, "text", start)
}

func TestW16_UndecryptableContentIsNotRaw(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	raw := []byte{0x12, 3, 'a', 'b', 'c', 0x18, 1} // like a wrapper: payload, type
	for name, data := range map[string][]byte{"wrapper": raw, "noise": {0xff, 1}, "nothing": nil} {
		if _, err := bob.receive(alice, data, start); !errors.Is(err, transport.ErrNotProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
	data := alice.send(bob, "text", start).Data
	other := newParty(t, generate(t), "other")
	for name, c := range map[string]struct {
		to   *party
		data []byte
	}{
		"damaged":   {bob, edit(t, data, func(m *protocol.Message) { m.Direct[bob.dev.Installation()].Payload[0] ^= 1 })},
		"to others": {other, data},
		"no header": {bob, edit(t, data, func(m *protocol.Message) {
			m.Direct = map[string]protocol.Direct{protocol.AnyDevice: {Payload: []byte("text")}}
		})},
	} {
		if _, err := c.to.receive(alice, c.data, start); err == nil || errors.Is(err, transport.ErrNotProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestW17_PublicContentIsMarked(t *testing.T) {
	alice, bob := pairOfParties(t)
	own := newParty(t, bob.identity, "b515325e-f72f-49fe-8d69-8e32954212b1")
	own.announce(start, bob)
	bob.must(func(st transport.Store) error { return bob.dev.Enable(st, own.dev.Installation()) })
	b := own.bundleOf(start)
	for _, from := range []*party{alice, own} {
		data := rawMessage(own.dev.Installation(), []bundle.Raw{bundle.RawOf(b)}, map[string]protocol.Direct{
			bob.dev.Installation(): {Payload: []byte("ignored")},
		}, "looks direct")
		got := bob.expect(from, data, "looks direct", start)
		if got.Protection != transport.Open || got.Paired || got.Listen != nil || got.Vouches(from.dev.Identity()) {
			t.Errorf("got %+v", got)
		}
		err := bob.update(func(st transport.Store) error {
			return bob.dev.PairingReceived(st, got, own.dev.Installation(), "name", "type")
		})
		if !errors.Is(err, transport.ErrNotPaired) {
			t.Errorf("pairing by a public message: %v", err)
		}
	}
}

func TestW18_ForwardedContentIsNotDirect(t *testing.T) {
	alice, bob := pairOfParties(t)
	carol := newParty(t, generate(t), "c37bd7c5-774c-4a5b-8c26-dd7266e9fa4f")
	text := "signed by alice, for bob"
	got := alice.deliver(bob, text, start)
	if !got.Vouches(alice.dev.Identity()) {
		t.Error("a direct message does not vouch for its author")
	}
	if got := bob.deliver(carol, text, start); got.Vouches(alice.dev.Identity()) {
		t.Error("bob vouches for alice")
	}
}

func TestW19_SendingListensNowhereElse(t *testing.T) {
	alice, bob := pairOfParties(t)
	alice.send(bob, "text", start)
	carol := newParty(t, generate(t), "c37bd7c5-774c-4a5b-8c26-dd7266e9fa4f")
	alice.must(func(st transport.Store) error {
		places, err := alice.dev.Listening(st, []string{"status"}, nil)
		for _, p := range places {
			for _, q := range []*party{bob, carol} {
				id := q.dev.Identity()
				if p == topics.PartitionOf(id) || p == topics.PersonalOf(id) || p == topics.ContactCodeOf(id) {
					t.Errorf("listens on %s", p)
				}
			}
		}
		if len(places) != 5 || places[1] != topics.PartitionOf(alice.dev.Identity()) {
			t.Errorf("places %v", places)
		}
		return err
	})
}

func TestW20_WhatPeersAnnounceIsBounded(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	const total = 50_000
	point := entry(t, "x", 1).Key
	alice.must(func(st transport.Store) error {
		now := start
		for i := 0; i < total; {
			var entries []bundle.Prekey
			for range bundle.MaxPrekeys {
				entries = append(entries, bundle.Prekey{Installation: fmt.Sprintf("%036d", i), Key: point, Version: 1})
				i++
			}
			now = now.Add(time.Second)
			data := protocol.Encode("x", []bundle.Bundle{signed(t, bob.identity, now, entries...)}, nil, []byte("a"))
			in := transport.Incoming{From: bob.dev.Identity(), Data: data}
			if _, err := alice.dev.Receive(st, in, now); err != nil {
				return err
			}
		}
		return nil
	})
	if _, n, _, _ := alice.counts(); n != transport.MaxInstallations {
		t.Errorf("%d installations are kept", n)
	}
	if out := alice.send(bob, "text", start.Add(time.Hour)); len(out.Targets) != transport.MaxTargets {
		t.Errorf("written to %d installations", len(out.Targets))
	}
	own := bundle.RawOf(bob.bundleOf(start))
	many := make([]bundle.Raw, protocol.MaxBundles+1)
	for i := range many {
		many[i] = own
	}
	if _, err := alice.receive(bob, rawMessage("x", many, nil, "text"), start); !errors.Is(err, protocol.ErrTooMany) {
		t.Errorf("%d bundles: %v", len(many), err)
	}
}

func TestW20_FloodsOfHandshakesAreBounded(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	for i := range 3 * transport.MaxStrangerSessions {
		reborn := newParty(t, alice.identity, alice.dev.Installation())
		now := start.Add(time.Duration(i) * time.Second)
		bob.announce(start, reborn)
		reborn.deliver(bob, "handshake", now)
	}
	if _, _, n, _ := bob.counts(); n != transport.MaxStrangerSessions {
		t.Errorf("%d sessions with one installation of a stranger", n)
	}
	bob.must(func(st transport.Store) error {
		for range 200 {
			id := generate(t).Public()
			if err := st.PutPeer(transport.Peer{Identity: id, Heard: start.UnixNano()}); err != nil {
				return err
			}
			i := transport.Installation{Identity: id, ID: "x", Prekey: entry(t, "x", 1).Key}
			if err := st.PutInstallation(i); err != nil {
				return err
			}
		}
		return st.EvictStrangers(bob.dev.Identity(), 50)
	})
	if peers, installations, _, _ := bob.counts(); peers > 52 || installations > 51 {
		t.Errorf("%d peers, %d installations", peers, installations)
	}
}

func TestW21_SessionsBeginWithTheFirstMessageOpened(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	data := alice.send(bob, "text", start).Data
	before := snapshot(bob)
	bad := edit(t, data, func(m *protocol.Message) { m.Direct[bob.dev.Installation()].Payload[17] ^= 1 })
	if _, err := bob.receive(alice, bad, start); !errors.Is(err, transport.ErrDecrypt) {
		t.Fatal(err)
	}
	if after := snapshot(bob); after != before {
		t.Errorf("state went from %v to %v", before, after)
	}
	bob.expect(alice, data, "text", start)
	if _, _, n, _ := bob.counts(); n != 1 {
		t.Errorf("%d sessions", n)
	}
}
