package transport_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/memstore"
	"statusd/transport/protocol"
	"statusd/transport/ratchet"
)

// chooser picks the next action of a schedule.
type chooser interface{ IntN(n int) int }

// script chooses by the bytes of a fuzzer, and then always 0.
type script struct{ data []byte }

func (s *script) IntN(n int) int {
	if len(s.data) == 0 || n <= 1 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return int(b) % n
}

// parcel is a message on its way to all devices of an identity.
type parcel struct {
	from   *party
	to     key.Public
	data   []byte
	text   string
	answer bool
	// opened says what became of it at each device.
	opened, confirmed map[*party]bool
}

// world is people with devices, the messages between them and what must hold:
// whatever a device opens is what was sent, no message key seals twice (or,
// after a copy was put back, not with one initial vector), and unless somebody
// went back to a backup or a copy each message that arrives can be read.
type world struct {
	t        testing.TB
	choose   chooser
	now      time.Time
	people   [2]key.Private
	devices  []*party
	transit  []*parcel
	sealed   map[string]string // initial vectors, by the name of the message key
	backups  map[*party]*memstore.Store
	restored bool // a backup was put back, or a copy
	copied   bool // the store of a running device was put back from a copy
	count    int
	opened   int
	keys     uint64
}

func newWorld(t testing.TB, choose chooser) *world {
	w := &world{
		t: t, choose: choose, now: start, sealed: make(map[string]string), backups: make(map[*party]*memstore.Store),
	}
	for i := range w.people {
		w.people[i] = w.key()
		w.addDevice(i)
	}
	return w
}

// key makes the keys of the world, the same ones each time it is run.
func (w *world) key() key.Private {
	w.keys++
	d := sha256.Sum256(binary.BigEndian.AppendUint64(nil, w.keys))
	return mustPrivate(w.t, d[:])
}

func (w *world) addDevice(person int) *party {
	n := 0
	for _, p := range w.devices {
		if p.identity.Equal(w.people[person]) {
			n++
		}
	}
	if n == transport.MaxTargets {
		return nil
	}
	p := newParty(w.t, w.people[person], fmt.Sprintf("device-%d-%d", person, n))
	p.source = w.key
	w.devices = append(w.devices, p)
	return p
}

// pair makes all devices of a person known to each other and enabled.
func (w *world) pair() {
	for _, p := range w.devices {
		var others []*party
		for _, q := range w.devices {
			if q != p && q.identity.Equal(p.identity) {
				others = append(others, q)
			}
		}
		p.announce(w.now, others...)
		for _, q := range others {
			q.must(func(st transport.Store) error { return q.dev.Enable(st, p.dev.Installation()) })
		}
	}
}

func (w *world) device() *party { return w.devices[w.choose.IntN(len(w.devices))] }

// send makes a message of a device to a person, which may be its own.
func (w *world) send(p *party, person int) *parcel {
	w.count++
	text := fmt.Sprintf("message %d", w.count)
	var out transport.Outgoing
	p.must(func(st transport.Store) (err error) {
		out, err = p.dev.SendDirect(st, w.people[person].Public(), []byte(text), w.now)
		return err
	})
	for _, d := range decode(w.t, out.Data).Direct {
		if d.DR == nil {
			continue
		}
		name, iv := fmt.Sprintf("%x %x %d", d.DR.ID, d.DR.Key, d.DR.N), string(d.Payload[:ratchet.IVSize])
		if was, ok := w.sealed[name]; ok && !w.copied {
			w.t.Fatalf("a message key sealed two messages: %s", name)
		} else if was == iv {
			w.t.Fatalf("a message key sealed two messages with one initial vector: %s", name)
		}
		w.sealed[name] = iv
	}
	return w.post(&parcel{from: p, to: w.people[person].Public(), data: out.Data, text: text})
}

func (w *world) post(m *parcel) *parcel {
	m.opened, m.confirmed = make(map[*party]bool), make(map[*party]bool)
	w.transit = append(w.transit, m)
	return m
}

// hand gives a message to one device and reports whether it was opened.
func (w *world) hand(m *parcel, p *party) bool {
	if p == m.from || p.dev.Identity() != m.to {
		return false
	}
	got, err := p.receive(m.from, m.data, w.now)
	if err != nil {
		w.failed(m, p, err)
		return false
	}
	switch {
	case !bytes.Equal(got.Plaintext, []byte(m.text)):
		w.t.Fatalf("got %q, sent %q", got.Plaintext, m.text)
	case m.confirmed[p] && got.Protection == transport.Ratchet && !w.restored:
		w.t.Fatalf("%q was opened after its confirmation", m.text)
	case m.opened[p] && !m.confirmed[p] && got.Protection == transport.Ratchet && !got.Copy && !w.restored:
		w.t.Fatalf("a copy of %q is not marked", m.text)
	}
	m.opened[p] = true
	w.opened++
	if w.choose.IntN(4) != 0 {
		p.confirm(m.data)
		m.confirmed[p] = true
	}
	return true
}

// failed judges an error and answers if that is due.
func (w *world) failed(m *parcel, p *party, err error) {
	_, direct := decode(w.t, m.data).Direct[p.dev.Installation()]
	_, any := decode(w.t, m.data).Direct[protocol.AnyDevice]
	if (direct || any) && !m.confirmed[p] && !w.restored {
		w.t.Fatalf("%q cannot be read: %v", m.text, err)
	}
	if errors.Is(err, transport.ErrNotProtocol) || errors.Is(err, transport.ErrPanic) ||
		errors.Is(err, transport.ErrBundle) {
		w.t.Fatalf("%q: %v", m.text, err)
	}
	if !transport.NeedsAnswer(err) {
		return
	}
	out, ok := p.answerTo(m.from, m.data, err, w.now)
	if ok {
		w.post(&parcel{from: p, to: m.from.dev.Identity(), data: out.Data, answer: true})
	}
}

// step does one thing that can happen.
func (w *world) step() {
	w.now = w.now.Add(time.Second)
	switch w.choose.IntN(16) {
	case 0, 1, 2, 3:
		w.send(w.device(), w.choose.IntN(2))
	case 4, 5, 6, 7, 8: // deliver, in any order
		if len(w.transit) > 0 {
			i := w.choose.IntN(len(w.transit))
			m := w.transit[i]
			w.hand(m, w.device())
		}
	case 9: // drop
		if len(w.transit) > 0 {
			i := w.choose.IntN(len(w.transit))
			w.transit = append(w.transit[:i:i], w.transit[i+1:]...)
		}
	case 10: // time passes, prekeys rotate
		if w.now.Sub(start) < 6*24*time.Hour {
			w.now = w.now.Add(time.Duration(w.choose.IntN(30)) * time.Hour)
		}
	case 11: // restart
		p := w.device()
		p.dev = p.device(p.identity, p.dev.Installation())
	case 12: // a transaction that is rolled back
		p := w.device()
		_ = p.update(func(st transport.Store) error {
			_, err := p.dev.SendDirect(st, w.people[w.choose.IntN(2)].Public(), []byte("lost"), w.now)
			return errors.Join(err, errors.New("power cut"))
		})
	case 13:
		if w.choose.IntN(3) == 0 {
			w.addDevice(w.choose.IntN(2))
			w.pair()
		}
	case 14: // back up
		if p := w.device(); w.choose.IntN(2) == 0 {
			w.backups[p] = p.store.Clone()
		}
	case 15: // restore
		if p := w.device(); w.backups[p] != nil && w.choose.IntN(2) == 0 {
			p.store = w.backups[p].Clone()
			if w.choose.IntN(2) == 0 {
				w.copied = true // nobody tells the device
			} else {
				p.must(func(st transport.Store) error { return p.dev.Restored(st, w.now) })
			}
			w.restored = true
			w.pair() // the backup may be older than the pairing
		}
	}
}

// settle delivers everything and then lets all write to all until that works,
// which after a restored backup takes some days of new prekeys.
func (w *world) settle() {
	w.t.Helper()
	w.drain()
	good, rounds := 0, 0
	for ; good < 3 && rounds < 20; rounds++ {
		w.now = w.now.Add(9 * time.Hour)
		good++
		if !w.round() {
			good = 0
		}
	}
	if good < 3 {
		w.t.Fatalf("no agreement after %d rounds", rounds)
	}
}

// writable reports whether a device has somebody to write to in a person: not
// itself alone.
func (w *world) writable(p *party, person int) bool {
	for _, q := range w.devices {
		if q != p && q.identity.Equal(w.people[person]) {
			return true
		}
	}
	return false
}

// round has everybody write to everybody and reports whether all could be read
// by the devices that the messages were for.
func (w *world) round() bool {
	ok := true
	for _, p := range w.devices {
		for person := range w.people {
			if !w.writable(p, person) {
				continue
			}
			m := w.send(p, person)
			for _, q := range w.devices {
				if q == p || q.dev.Identity() != m.to {
					continue
				}
				if !w.hand(m, q) {
					ok = false
				}
			}
		}
	}
	w.drain()
	return ok
}

// drain delivers what is on its way, also what arises from that.
func (w *world) drain() {
	for len(w.transit) > 0 {
		m := w.transit[0]
		w.transit = w.transit[1:]
		for _, q := range w.devices {
			if !m.opened[q] {
				w.hand(m, q)
			}
		}
	}
}

// agree expects one session in use between each two devices that write to each
// other, without handshake.
func (w *world) agree() {
	w.t.Helper()
	w.round()
	used := make(map[string]string)
	for _, p := range w.devices {
		for person := range w.people {
			if !w.writable(p, person) {
				continue
			}
			m := w.send(p, person)
			for id, d := range decode(w.t, m.data).Direct {
				if d.DR == nil {
					w.t.Fatalf("%s writes without session", p.dev.Installation())
				}
				if d.X3DH != nil {
					w.t.Errorf("%s still shakes hands with %s", p.dev.Installation(), id)
				}
				a, b := min(p.dev.Installation(), id), max(p.dev.Installation(), id)
				if was, ok := used[a+b]; ok && was != string(d.DR.ID) {
					w.t.Errorf("%s and %s use two sessions", a, b)
				}
				used[a+b] = string(d.DR.ID)
			}
		}
	}
	w.drain()
}

// TestRandomSchedules runs two people with up to three devices each.
func TestRandomSchedules(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, rand.New(rand.NewPCG(seed, 5)))
			for range w.choose.IntN(3) {
				w.addDevice(0)
			}
			for range w.choose.IntN(3) {
				w.addDevice(1)
			}
			w.pair()
			for range 150 {
				w.step()
			}
			w.settle()
			w.agree()
			t.Logf("%d devices, %d messages, opened %d times, restored: %v", len(w.devices), w.count, w.opened, w.restored)
		})
	}
}

// FuzzTwoParties lets the fuzzer choose what happens to two people.
func FuzzTwoParties(f *testing.F) {
	f.Add([]byte{})
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		data := make([]byte, 100)
		for i := range data {
			data[i] = byte(rnd.UintN(256)) //nolint:gosec // a byte
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 400 {
			return
		}
		s := &script{data}
		w := newWorld(t, s)
		for len(s.data) > 0 {
			w.step()
		}
		w.settle()
		w.agree()
	})
}
