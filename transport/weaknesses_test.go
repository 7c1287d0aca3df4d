package transport_test

// One test for each weakness of the reference in spec 03 section 13. The
// numbers are those of the section.

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"statusd/transport"
	"statusd/transport/bundle"
	"statusd/transport/dh"
	"statusd/transport/protocol"
	"statusd/transport/x3dh"
)

func (p *party) installationsOf(q *party) []transport.Installation {
	p.tb.Helper()
	var list []transport.Installation
	p.must(func(st transport.Store) (err error) {
		list, err = p.dev.Installations(st, q.dev.Identity())
		return err
	})
	return list
}

func TestW01_BundleIsVerifiedBeforeItIsStored(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	before := alice.installationsOf(bob)
	forged := bundle.RawOf(bob.bundleOf(start.Add(time.Second)))
	forged.Prekeys[0].Version = 1000
	forged.Prekeys[0].Key = bundle.RawOf(alice.bundleOf(start)).Prekeys[0].Key
	_, err := alice.receive(bob, rawMessage("x", []bundle.Raw{forged}, nil, "text"), start)
	if !errors.Is(err, transport.ErrBundle) || !errors.Is(err, bundle.ErrSigner) {
		t.Errorf("forged bundle: %v", err)
	}
	if after := alice.installationsOf(bob); len(after) != 1 || after[0] != before[0] {
		t.Errorf("installations changed from %v to %v", before, after)
	}
	alice.deliver(bob, "still readable", start)
}

func TestW02_StrangerCannotTakeTheSessionOfAPeer(t *testing.T) {
	alice, bob := pairOfParties(t)
	mallory := newParty(t, generate(t), alice.dev.Installation())
	bob.announce(start, alice, mallory)
	mallory.deliver(bob, "I have the same installation id", start)
	alice.deliver(bob, "hello", start)
	bob.deliver(alice, "hello back", start)
	mallory.deliver(bob, "again", start)
	alice.deliver(bob, "not blocked", start)
}

func TestW03_ShortPayloadIsAnError(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	data := alice.send(bob, "text", start).Data
	for n := range 48 {
		short := edit(t, data, func(m *protocol.Message) {
			d := m.Direct[bob.dev.Installation()]
			d.Payload = d.Payload[:n]
			m.Direct[bob.dev.Installation()] = d
		})
		if _, err := bob.receive(alice, short, start); !errors.Is(err, transport.ErrDecrypt) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	bob.expect(alice, data, "text", start)
}

func TestW04_OlderBundleNeverBecomesLive(t *testing.T) {
	alice, bob := pairOfParties(t)
	old := bob.send(alice, "with the first bundle", start)
	later := start.Add(25 * time.Hour)
	bob.announce(later, alice)
	current := alice.installationsOf(bob)[0]
	if current.Version != 2 {
		t.Fatalf("version %d after rotation", current.Version)
	}
	alice.expect(bob, old.Data, "with the first bundle", later)
	// A paired device may even sign an old prekey of its sibling anew.
	again := current
	again.Version = 1
	b := signed(t, bob.identity, later.Add(time.Hour), entry(t, again.ID, 1))
	if _, err := alice.receive(bob, rawMessage("x", []bundle.Raw{bundle.RawOf(b)}, nil, "text"), later); err != nil {
		t.Fatal(err)
	}
	got := alice.installationsOf(bob)[0]
	if got.Prekey != current.Prekey || got.Version != 2 {
		t.Errorf("live prekey is version %d", got.Version)
	}
}

func TestW05_SignedTextHasOneReading(t *testing.T) {
	alice, bob := pairOfParties(t)
	refused := func(name string, r bundle.Raw, want error) {
		t.Helper()
		_, err := alice.receive(bob, rawMessage("x", []bundle.Raw{r}, nil, "text"), start)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	honest := bundle.RawOf(bob.bundleOf(start))
	stamp := strconv.FormatInt(honest.Timestamp, 10)
	// The first digit of the timestamp moves to the end of the version.
	moved := honest
	moved.Prekeys = append([]bundle.RawPrekey(nil), honest.Prekeys...)
	moved.Prekeys[0].Version = 11
	moved.Timestamp, _ = strconv.ParseInt(stamp[1:], 10, 64)
	refused("timestamp to version", moved, bundle.ErrTimestamp)
	// "2b" after version 1 reads like "b" after version 12. An owner of both ids
	// could sign that; ids of different lengths are refused, by Sign too.
	a, b := entry(t, "a", 1), entry(t, "2b", 1)
	text := "a" + string(a.Key[:]) + "1" + "2b" + string(b.Key[:]) + "1" + stamp
	refused("id to version", signRaw(t, bob.identity, bundle.Raw{
		Timestamp: honest.Timestamp,
		Prekeys: []bundle.RawPrekey{
			{Installation: "a", Key: a.Key[:], Version: 1, Protocol: 1},
			{Installation: "2b", Key: b.Key[:], Version: 1, Protocol: 1},
		},
	}, text), bundle.ErrInstallation)
	if _, err := bundle.Sign(bob.identity, []bundle.Prekey{a, b}, start); !errors.Is(err, bundle.ErrInstallation) {
		t.Errorf("signed ids of different lengths: %v", err)
	}
	if n := len(alice.installationsOf(bob)); n != 0 {
		t.Errorf("%d installations were stored", n)
	}
}

func TestW06_ProtocolVersionOnlyRises(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	lower := bundle.RawOf(bob.bundleOf(start.Add(time.Hour)))
	lower.Prekeys[0].Protocol = 0 // not signed: anybody can change it
	_, err := alice.receive(bob, rawMessage("x", []bundle.Raw{lower}, nil, "text"), start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if got := alice.installationsOf(bob)[0]; got.Protocol != 1 || got.LastSeen == start.UnixNano() {
		t.Errorf("installation %+v", got)
	}
}

func TestW07_MACsAreComparedInConstantTime(t *testing.T) {
	files, err := filepath.Glob("ratchet/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	found := false
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") && strings.Contains(string(text), "bytes.Equal") {
			t.Errorf("%s compares with bytes.Equal", file)
		}
		found = found || strings.Contains(string(text), "subtle.ConstantTimeCompare")
	}
	if !found {
		t.Error("no constant-time comparison")
	}
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	data := alice.send(bob, "text", start).Data
	for i := 1; i <= 32; i++ {
		bad := edit(t, data, func(m *protocol.Message) {
			p := m.Direct[bob.dev.Installation()].Payload
			p[len(p)-i] ^= 0x80
		})
		if _, err := bob.receive(alice, bad, start); !errors.Is(err, transport.ErrDecrypt) {
			t.Errorf("byte %d from the end changed: %v", i, err)
		}
	}
}

func TestW08_UsedKeysGoWithConfirmation(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	for i := range 50 {
		data := alice.send(bob, "text", start).Data
		bob.expect(alice, data, "text", start)
		if got := bob.expect(alice, data, "text", start); !got.Copy {
			t.Error("a copy before the confirmation is not marked")
		}
		bob.confirm(data)
		bob.confirm(data) // once more does no harm
		if _, err := bob.receive(alice, data, start); !errors.Is(err, transport.ErrDecrypt) {
			t.Errorf("message %d: a copy after the confirmation: %v", i, err)
		}
	}
	if _, _, _, keys := bob.counts(); keys != 0 {
		t.Errorf("%d message keys are left", keys)
	}
}

func TestW09_SharedKeysAndOldPrekeysAreErased(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	ephemeral, ratchetKey := generate(t), generate(t)
	alice.keys = append(alice.keys, mustPrivate(t, ephemeral.Reveal()), ratchetKey)
	alice.deliver(bob, "one", start)
	bob.deliver(alice, "two", start)
	alice.deliver(bob, "three", start)
	bob.deliver(alice, "four", start)
	prekey := alice.installationsOf(bob)[0].Prekey
	point, err := prekey.Parse()
	if err != nil {
		t.Fatal(err)
	}
	shared, err := x3dh.Initiate(alice.identity, ephemeral, bob.dev.Identity(), point)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(alice.sessionsWith(bob), bob.sessionsWith(alice)...) {
		for name, k := range map[string][]byte{
			"root": s.State.Root.Reveal(), "send": s.State.Send.Reveal(), "receive": s.State.Recv.Reveal(),
		} {
			if string(k) == string(shared.Reveal()) {
				t.Errorf("%s key is still the shared key", name)
			}
		}
	}
	had := func() (ok bool) {
		bob.must(func(st transport.Store) (err error) {
			_, ok, err = st.Prekey(prekey)
			return err
		})
		return ok
	}
	for now := start; now.Before(start.Add(transport.PrekeyRetention)); now = now.Add(25 * time.Hour) {
		bob.bundleOf(now)
		if !had() {
			t.Fatalf("prekey is gone after %v", now.Sub(start))
		}
	}
	bob.bundleOf(start.Add(transport.PrekeyRetention + 3*25*time.Hour))
	if had() {
		t.Error("an old prekey is kept")
	}
}

func TestW10_MessageKeysBelongToASession(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	first, second := alice.send(bob, "one", start), alice.send(bob, "two", start)
	bob.expect(alice, second.Data, "two", start)
	s := bob.sessionsWith(alice)[0]
	h := decode(t, first.Data).Direct[bob.dev.Installation()].DR
	point, err := dh.ToPoint(h.Key)
	if err != nil {
		t.Fatal(err)
	}
	other := s.ID
	other.Ephemeral[5] ^= 1
	bob.must(func(st transport.Store) error {
		if _, ok, err := st.MessageKey(s.ID, point, h.N); err != nil || !ok {
			t.Errorf("skipped key: %v, %v", ok, err)
		}
		if _, ok, err := st.MessageKey(other, point, h.N); err != nil || ok {
			t.Errorf("key of another session: %v, %v", ok, err)
		}
		return nil
	})
}

func TestW11_HandshakeIsConfirmedByContentOnly(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	alice.deliver(bob, "hello", start)
	reply := bob.send(alice, "reply", start).Data
	bad := edit(t, reply, func(m *protocol.Message) {
		p := m.Direct[alice.dev.Installation()].Payload
		p[20] ^= 1
	})
	if _, err := alice.receive(bob, bad, start); !errors.Is(err, transport.ErrDecrypt) {
		t.Fatal(err)
	}
	handshake := func() bool {
		return decode(t, alice.send(bob, "next", start).Data).Direct[bob.dev.Installation()].X3DH != nil
	}
	if !handshake() {
		t.Error("a damaged reply confirmed the handshake")
	}
	alice.expect(bob, reply, "reply", start)
	if handshake() {
		t.Error("a good reply did not confirm the handshake")
	}
}
