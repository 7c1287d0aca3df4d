package transport_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
	"statusd/transport"
	"statusd/transport/bundle"
	"statusd/transport/protocol"
	"statusd/transport/topics"
)

func TestConfigIsChecked(t *testing.T) {
	for _, cfg := range []transport.Config{
		{}, {Identity: generate(t)}, {Installation: "x"},
		{Identity: generate(t), Installation: strings.Repeat("x", 257)},
	} {
		if _, err := transport.New(cfg); !errors.Is(err, transport.ErrConfig) {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

func TestSendingRefuses(t *testing.T) {
	alice, _ := pairOfParties(t)
	for name, c := range map[string]struct {
		want error
		send func(st transport.Store) (transport.Outgoing, error)
	}{
		"no recipient": {transport.ErrRecipient, func(st transport.Store) (transport.Outgoing, error) {
			return alice.dev.SendDirect(st, key.Public{}, []byte("x"), start)
		}},
		"empty public message": {transport.ErrEmpty, func(st transport.Store) (transport.Outgoing, error) {
			return alice.dev.SendPublic(st, topics.PublicChat("status"), nil, start)
		}},
		"public message to a person": {transport.ErrPlace, func(st transport.Store) (transport.Outgoing, error) {
			return alice.dev.SendPublic(st, topics.PartitionOf(alice.dev.Identity()), []byte("x"), start)
		}},
		"empty contact code": {transport.ErrEmpty, func(st transport.Store) (transport.Outgoing, error) {
			return alice.dev.SendContactCode(st, nil, start)
		}},
		"pairing without a name": {transport.ErrNoMetadata, func(st transport.Store) (transport.Outgoing, error) {
			return alice.dev.SendPairing(st, []byte("x"), start)
		}},
	} {
		err := alice.update(func(st transport.Store) error {
			_, err := c.send(st)
			return err
		})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestWakuParameters(t *testing.T) {
	for n, want := range map[int]float64{0: 0.002, 50_000: 0.002, 50_001: 0.000002} {
		if p := transport.ParamsFor(n); p.PoWTarget != want || p.TTL != 15*time.Second || p.PoWTime != 5*time.Second {
			t.Errorf("%d bytes: %+v", n, p)
		}
	}
	if got := transport.MaxBatch(1 << 20); got != 786_432 {
		t.Errorf("largest batch %d", got)
	}
}

func TestPairing(t *testing.T) {
	identity := generate(t)
	var devices []*party
	for _, id := range []string{"device-a", "device-b", "device-c", "device-d"} {
		devices = append(devices, newParty(t, identity, id))
	}
	first, second := devices[0], devices[1]
	for _, p := range devices[1:] {
		p.announce(start, first)
	}
	first.announce(start, second)
	try := func(p *party, fn func(*transport.Device, transport.Store) error) error {
		return p.update(func(st transport.Store) error { return fn(p.dev, st) })
	}
	second.must(func(st transport.Store) error {
		return second.dev.SetMetadata(st, "device-b", transport.Metadata{Name: "phone", DeviceType: "android"})
	})
	var pairing transport.Outgoing
	second.must(func(st transport.Store) (err error) {
		pairing, err = second.dev.SendPairing(st, []byte("pair"), start)
		return err
	})
	got := first.expect(second, pairing.Data, "pair", start)
	if got.Protection != transport.Exchange || got.Paired || pairing.Place != topics.PartitionOf(identity.Public()) {
		t.Errorf("pairing came as %+v on %s", got, pairing.Place)
	}
	for _, err := range []error{
		try(first, func(d *transport.Device, st transport.Store) error {
			return d.PairingReceived(st, got, "device-b", "phone", "android")
		}),
		try(first, func(d *transport.Device, st transport.Store) error { return d.Enable(st, "device-b") }),
		try(first, func(d *transport.Device, st transport.Store) error { return d.Enable(st, "device-c") }),
		try(first, func(d *transport.Device, st transport.Store) error { return d.Enable(st, "device-b") }),
		try(second, func(d *transport.Device, st transport.Store) error { return d.Enable(st, "device-a") }),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for want, fn := range map[error]func(*transport.Device, transport.Store) error{
		transport.ErrTooManyOwn: func(d *transport.Device, st transport.Store) error { return d.Enable(st, "device-d") },
		transport.ErrInstallation: func(d *transport.Device, st transport.Store) error {
			return d.Disable(st, "unheard of")
		},
		transport.ErrNotPaired: func(d *transport.Device, st transport.Store) error {
			return d.PairingReceived(st, transport.Decrypted{From: identity.Public()}, "device-b", "x", "y")
		},
	} {
		if err := try(first, fn); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if i := first.installationsOf(first)[0]; i.ID != "device-b" || i.Metadata.Name != "phone" {
		t.Errorf("installation %+v", i)
	}
	if got := second.deliver(first, "sync", start); !got.Paired || got.Protection != transport.Ratchet {
		t.Errorf("from a paired device: %+v", got)
	}
	if n := len(first.bundleOf(start).Prekeys()); n != 3 {
		t.Errorf("bundle of %d installations", n)
	}
	first.must(func(st transport.Store) error { return first.dev.Disable(st, "device-b") })
	if got := second.deliver(first, "sync", start); got.Paired {
		t.Error("a disabled device is still trusted")
	}
	if _, ok := first.bundleOf(start).Prekey("device-b"); ok {
		t.Error("a disabled device is still in the bundle")
	}
}

func TestContactCodeIsDue(t *testing.T) {
	alice, bob := pairOfParties(t)
	due := func() (at time.Time) {
		alice.must(func(st transport.Store) (err error) {
			at, err = alice.dev.ContactCodeDue(st)
			return err
		})
		return at
	}
	if !due().IsZero() {
		t.Errorf("at first due at %v", due())
	}
	alice.announce(start, bob)
	if !due().Equal(start.Add(transport.ContactCodeInterval)) {
		t.Errorf("after publishing due at %v", due())
	}
	later := start.Add(25 * time.Hour)
	alice.send(bob, "rotates", later)
	if due().After(later) {
		t.Errorf("after rotation due at %v", due())
	}
	alice.announce(later, bob)
	if !due().Equal(later.Add(transport.ContactCodeInterval)) {
		t.Errorf("after publishing again due at %v", due())
	}
}

func TestVersionsRiseAfterALossOfState(t *testing.T) {
	alice, bob := pairOfParties(t)
	sibling := newParty(t, bob.identity, "b515325e-f72f-49fe-8d69-8e32954212b1")
	for day := range 4 {
		bob.announce(start.Add(time.Duration(day)*25*time.Hour), alice, sibling)
	}
	sibling.must(func(st transport.Store) error { return sibling.dev.Enable(st, bob.dev.Installation()) })
	now := start.Add(80 * time.Hour)
	reborn := newParty(t, bob.identity, bob.dev.Installation())
	reborn.bundleOf(now)
	sibling.announce(now, reborn) // it tells of version 4
	p, _ := reborn.bundleOf(now).Prekey(bob.dev.Installation())
	if p.Version != 5 {
		t.Errorf("version %d after 4 were used", p.Version)
	}
	reborn.announce(now, alice)
	alice.deliver(reborn, "arrives", now)
}

func TestRestoredBackupSealsNothingTwice(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	alice.deliver(bob, "one", start)
	bob.deliver(alice, "two", start)
	backup := alice.store.Clone()
	alice.deliver(bob, "three", start)
	lost := decode(t, alice.send(bob, "four", start).Data).Direct[bob.dev.Installation()].DR
	alice.store = backup
	now := start.Add(50 * time.Hour)
	alice.must(func(st transport.Store) error { return alice.dev.Restored(st, now) })
	next := alice.send(bob, "five", now)
	h := decode(t, next.Data).Direct[bob.dev.Installation()]
	if string(h.DR.Key) == string(lost.Key) || h.X3DH == nil {
		t.Error("a session from the backup is used to send")
	}
	bob.expect(alice, next.Data, "five", now)
	if v := bob.installationsOf(alice)[0].Version; v < 4 {
		t.Errorf("version %d after two lost rotations", v)
	}
	bob.deliver(alice, "six", now)
}

// TestTamperedMessages changes every byte of messages, one at a time: each is
// refused, or what comes out is what was sent.
func TestTamperedMessages(t *testing.T) {
	alice, bob := pairOfParties(t)
	bob.announce(start, alice)
	first := alice.send(bob, "text", start).Data
	plain := newParty(t, generate(t), "c37bd7c5-774c-4a5b-8c26-dd7266e9fa4f")
	for name, c := range map[string]struct {
		to   *party
		data []byte
	}{"ratchet": {bob, first}, "exchange": {plain, alice.send(plain, "text", start).Data}} {
		refused := 0
		for i := range c.data {
			bad := append([]byte(nil), c.data...)
			bad[i] ^= 0x21
			to := *c.to
			to.store = c.to.store.Clone()
			got, err := to.receive(alice, bad, start)
			switch {
			case errors.Is(err, transport.ErrPanic):
				t.Fatalf("%s: byte %d: %v", name, i, err)
			case err != nil:
				refused++
			case string(got.Plaintext) != "text":
				t.Errorf("%s: byte %d: opened to %q", name, i, got.Plaintext)
			}
		}
		t.Logf("%s: %d of %d refused", name, refused, len(c.data))
		c.to.expect(alice, c.data, "text", start)
	}
}

// FuzzReceive feeds anything to a device that has a session.
func FuzzReceive(f *testing.F) {
	f.Add([]byte{})
	for _, c := range vectors.Section[[]vectorError](f, vectors.Load(f, area), "protocol_message_errors") {
		f.Add([]byte(c.Data))
	}
	alice, bob := pairOfParties(f)
	bob.announce(start, alice)
	f.Add(alice.send(bob, "text", start).Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		to := *bob
		to.tb, to.store = t, bob.store.Clone()
		before := snapshot(&to)
		got, err := to.receive(alice, data, start)
		if errors.Is(err, transport.ErrPanic) {
			t.Fatal(err)
		}
		if err != nil && snapshot(&to) != before {
			t.Error("a failure changed the state")
		}
		if err == nil && got.Protection == transport.Ratchet && string(got.Plaintext) != "text" {
			t.Errorf("opened to %q", got.Plaintext)
		}
	})
}

func TestBundlesOfOthersAreLearnt(t *testing.T) {
	alice, bob := pairOfParties(t)
	carol := newParty(t, generate(t), "c37bd7c5-774c-4a5b-8c26-dd7266e9fa4f")
	data := rawMessage("x", []bundle.Raw{bundle.RawOf(bob.bundleOf(start)), bundle.RawOf(carol.bundleOf(start))},
		map[string]protocol.Direct(nil), "text")
	if got := alice.expect(bob, data, "text", start); len(got.New) != 2 {
		t.Errorf("new installations %+v", got.New)
	}
	if out := alice.send(carol, "hello", start); len(out.Targets) != 1 {
		t.Errorf("written to %q", out.Targets)
	}
}
