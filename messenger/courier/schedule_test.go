package courier

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/internal/store"
	"statusd/internal/test/testnet"
	"statusd/transport/dh"
	"statusd/transport/topics"
	"statusd/waku"
)

// household is a person with several devices, each at a node of its own.
type household struct {
	id      identity
	devices []*person
	nodes   []int
}

// schedule plays random events between two people with up to three devices
// each, over a bad network.
type schedule struct {
	t     *testing.T
	w     *world
	rnd   *rand.Rand
	homes [2]*household
	sent  [2][]string // texts for each
	n     int
}

const hub = 0

// devicesEach is how many devices each of the two has at most.
const devicesEach = 3

func newSchedule(t *testing.T, seed uint64, people [2]identity, link testnet.LinkConfig) *schedule {
	t.Helper()
	// Loss does not spare what nodes say of their interest, as a real connection
	// would: they want everything.
	w := newWorldOf(t, 1, testnet.LinkConfig{}, waku.Config{FullNode: true})
	s := &schedule{t: t, w: w, rnd: rand.New(rand.NewPCG(seed, 1))}
	for i := range s.homes {
		s.homes[i] = &household{id: people[i]}
		for range devicesEach {
			node := w.net.Nodes()
			w.ears = append(w.ears, new(ear))
			w.net.Add()
			w.net.ConnectWith(testnet.Edge{A: hub, B: node}, link)
			s.homes[i].nodes = append(s.homes[i].nodes, node)
		}
	}
	for i := range s.homes {
		s.addDevice(i)
	}
	w.settle(time.Minute)
	return s
}

// addDevice logs in another device of somebody; the others are online for that,
// so that all learn of each other, and enable it.
func (s *schedule) addDevice(who int) {
	s.t.Helper()
	h := s.homes[who]
	if len(h.devices) == devicesEach {
		return
	}
	for _, d := range h.devices {
		s.power(d, true)
	}
	p := s.w.somebody(h.nodes[len(h.devices)], h.id.Private, fmt.Sprintf("%d-%d", who, len(h.devices)))
	other := s.homes[1-who].id.Public()
	p.chats.listen("", &other)
	h.devices = append(h.devices, p)
	p.login()
	// Until everybody knows everybody: contact codes may be lost on the way.
	for range 60 {
		s.w.settle(time.Minute)
		if s.pairAll(h) {
			s.w.settle(time.Minute)
			return
		}
		for _, d := range h.devices {
			d.do(d.c.republish)
		}
	}
	s.t.Fatalf("the devices of %d do not find each other", who)
}

// pairAll enables all devices of somebody everywhere, and reports whether all
// of them are known everywhere.
func (s *schedule) pairAll(h *household) (all bool) {
	all = true
	for _, d := range h.devices {
		d.do(func(tx *store.Tx) error {
			list, err := d.c.Installations(tx, h.id.Public())
			all = all && len(list) == len(h.devices)-1
			for _, i := range list {
				if !i.Enabled && err == nil {
					err = d.c.Enable(tx, i.ID)
				}
			}
			return err
		})
	}
	return all
}

// power switches a device on or off.
func (s *schedule) power(p *person, on bool) {
	switch {
	case on && p.stop == nil:
		p.login()
	case !on && p.stop != nil:
		p.logout()
	}
}

// say has a device that is on write to the other person, and to its siblings.
func (s *schedule) say(who int) {
	var on []*person
	for _, d := range s.homes[who].devices {
		if d.stop != nil {
			on = append(on, d)
		}
	}
	if len(on) == 0 {
		return
	}
	p := on[s.rnd.IntN(len(on))]
	s.n++
	text := fmt.Sprintf("%3d from %s", s.n, p.installation)
	s.sent[1-who] = append(s.sent[1-who], text)
	to := []key.Public{s.homes[1-who].id.Public()}
	p.do(func(tx *store.Tx) error {
		paired, err := p.c.Paired(tx)
		if err != nil {
			return err
		}
		if paired {
			to = append(to, p.key())
		}
		return p.c.SendReliable(context.Background(), tx, to, idOf(text), []byte(text))
	})
}

func (s *schedule) step() {
	who := s.rnd.IntN(2)
	h := s.homes[who]
	d := h.devices[s.rnd.IntN(len(h.devices))]
	switch k := s.rnd.IntN(20); {
	case k < 11:
		s.say(who)
		if s.rnd.IntN(2) == 0 {
			return // at the same time as the next
		}
		s.w.settle(time.Duration(s.rnd.IntN(20_000)) * time.Millisecond)
	case k < 14:
		s.power(d, false)
		s.power(d, true)
	case k < 16:
		s.power(d, false)
	case k < 18:
		s.power(d, true)
	case k == 18:
		s.addDevice(who)
	default:
		s.w.settle(25 * time.Hour)
	}
}

// settle brings everybody back and heals the network.
func (s *schedule) settle() {
	for _, h := range s.homes {
		for i, d := range h.devices {
			s.w.net.ConnectWith(testnet.Edge{A: hub, B: h.nodes[i]}, testnet.LinkConfig{Latency: 10 * time.Millisecond})
			s.power(d, true)
		}
	}
	s.w.settle(8 * time.Hour)
}

func (s *schedule) check() {
	s.t.Helper()
	for who, h := range s.homes {
		var any []string
		for _, d := range h.devices {
			any = append(any, d.stored()...)
			if n := d.chats.again; n != 0 {
				s.t.Errorf("%s got %d messages twice", d.installation, n)
			}
			stats := d.c.Stats()
			if stats.Outbox != 0 || stats.Inbox != 0 {
				s.t.Errorf("%s: %d in the outbox, %d in the inbox", d.installation, stats.Outbox, stats.Inbox)
			}
		}
		for _, text := range s.sent[who] {
			if !slices.Contains(any, text) {
				s.t.Errorf("%q did not reach %d", text, who)
			}
		}
	}
	// All sides agree again: a word of each reaches every other device.
	for who, h := range s.homes {
		for _, d := range h.devices {
			text := "last of " + d.installation
			to := []key.Public{s.homes[1-who].id.Public()}
			if len(h.devices) > 1 {
				to = append(to, d.key())
			}
			d.do(func(tx *store.Tx) error {
				return d.c.SendReliable(context.Background(), tx, to, idOf(text), []byte(text))
			})
			s.w.settle(5 * time.Minute)
			for _, g := range s.homes {
				for _, reader := range g.devices {
					if reader != d && !slices.Contains(reader.stored(), text) {
						s.t.Errorf("%q did not reach %s: drops %v", text, reader.installation, reader.c.Stats().Drops)
					}
				}
			}
		}
	}
}

// TestSchedules plays random schedules of two people with up to three devices
// each: restarts, devices that are off, new devices, rotation of keys, and a
// network that loses, repeats and reorders. The variable STATUSD_SCHEDULES says
// how many.
func TestSchedules(t *testing.T) {
	people := [2]identity{newPersona(t), newPersona(t)}
	shared, err := dh.Shared(people[0].Private, people[1].Public())
	if err != nil {
		t.Fatal(err)
	}
	know(topics.NegotiatedOf(shared))
	for _, p := range people {
		self, err := dh.Shared(p.Private, p.Public())
		if err != nil {
			t.Fatal(err)
		}
		know(topics.ContactCodeOf(p.Public()), topics.NegotiatedOf(self))
	}
	bad := testnet.LinkConfig{
		Latency: 30 * time.Millisecond, Jitter: 50 * time.Millisecond, Loss: 0.15, Duplicate: 0.2, Reorder: 0.2,
	}
	count := uint64(3)
	if n, err := strconv.ParseUint(os.Getenv("STATUSD_SCHEDULES"), 10, 16); err == nil {
		count = n
	}
	for seed := range count {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSchedule(t, seed, people, bad)
				for range 50 {
					s.step()
				}
				s.settle()
				s.check()
				t.Logf("%d messages, %d and %d devices", s.n, len(s.homes[0].devices), len(s.homes[1].devices))
			})
		})
	}
}
