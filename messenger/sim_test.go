package messenger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"statusd/api"
	"statusd/internal/test/testnet"
)

// newMessages returns the ids of the messages that an event announces.
func newMessages(body []byte) (ids []string) {
	var news api.Changes
	if err := json.Unmarshal(body, &news); err != nil {
		return []string{err.Error()}
	}
	for i := range news.Messages {
		if news.Messages[i].New && news.Messages[i].MessageType != api.MessageSystem {
			ids = append(ids, news.Messages[i].ID)
		}
	}
	return ids
}

// simMessage is a message that was sent, and who is to have it.
type simMessage struct {
	id, text  string
	by        *simDevice
	at        time.Time
	public    bool
	receivers []*simPerson
	// all are the receivers whose devices were all up at the time: each of the
	// devices is to have it. Of the others one device must, in the end.
	all map[*simPerson]bool
}

// simGroup is a group with its members in the order of joining.
type simGroup struct {
	id      string
	creator *simPerson
	members []*simPerson // without the leaver
	leaver  *simPerson   // listens, and goes some time; nil when gone
}

// simRun is a simulation as it goes on.
type simRun struct {
	*simWorld
	groups   []*simGroup
	sent     []*simMessage
	public   map[string][]*simPerson
	returns  map[*simDevice]time.Time // when those that crashed come back
	silenced map[*testnet.Link]time.Time
	crashes  int
}

// quiet is how long before and after a message a device must be up so that a
// message counts as sent while it was up.
const quiet = 2 * time.Minute

func simulate(t *testing.T, cfg simConfig) {
	r := &simRun{
		simWorld: newSimWorld(t, cfg), public: make(map[string][]*simPerson),
		returns: make(map[*simDevice]time.Time), silenced: make(map[*testnet.Link]time.Time),
	}
	r.pairDevices()
	r.makeGroups()
	r.joinPublic()
	r.net.Settle(5 * time.Minute)
	gap := cfg.length / time.Duration(cfg.actions)
	for i := range cfg.actions {
		r.net.Settle(time.Duration(r.rnd.Int64N(int64(2 * gap))))
		r.revive(false)
		r.act(i)
	}
	r.revive(true)
	r.net.Settle(3 * time.Hour) // what was missed is sent again with growing pauses
	r.check()
}

// makeGroups has people found groups; the others join at times of their own.
func (r *simRun) makeGroups() {
	ctx := context.Background()
	for i := range r.cfg.groups {
		order := r.rnd.Perm(len(r.people))[:min(len(r.people), 4+i)]
		g := &simGroup{creator: r.people[order[0]]}
		var ids []string
		for _, j := range order[1:] {
			ids = append(ids, r.people[j].id)
		}
		d := g.creator.devices[0]
		out, err := d.m.Groups().Create(ctx, fmt.Sprint("group ", i), ids)
		d.ok(err)
		g.id, g.members = out.Chats[0].ID, []*simPerson{g.creator}
		r.net.Settle(10 * time.Minute) // some packets are lost
		for _, j := range order[1:] {
			p := r.people[j]
			_, err := p.devices[0].m.Groups().Confirm(ctx, g.id)
			p.devices[0].ok(err)
			g.members = append(g.members, p)
			r.net.Settle(time.Duration(r.rnd.IntN(3)) * time.Second) // others join at the same time
		}
		last := len(g.members) - 1
		g.leaver, g.members = g.members[last], g.members[:last]
		r.groups = append(r.groups, g)
	}
	r.net.Settle(10 * time.Minute)
}

func (r *simRun) joinPublic() {
	for i := range r.cfg.pub {
		name := fmt.Sprint("channel-", i)
		for j, p := range r.people {
			if j%3 == i%3 || j%2 == 0 {
				for _, d := range p.devices {
					d.ok(d.m.Chats().Join(context.Background(), name))
				}
				r.public[name] = append(r.public[name], p)
			}
		}
	}
}

// revive brings back what has crashed or fallen silent long enough.
func (r *simRun) revive(everybody bool) {
	for d, at := range r.returns {
		if everybody || time.Now().After(at) {
			delete(r.returns, d)
			d.restart()
		}
	}
	for l, at := range r.silenced {
		if everybody || time.Now().After(at) {
			delete(r.silenced, l)
			l.Silence(false)
		}
	}
	synctest.Wait()
}

// act does one thing that happens in a day.
func (r *simRun) act(i int) {
	d := r.devices[r.rnd.IntN(len(r.devices))]
	if !d.running() {
		return
	}
	switch n := r.rnd.IntN(100); {
	case n < 40:
		p := r.people[r.rnd.IntN(len(r.people))]
		r.send(d, p.id, fmt.Sprint("message ", i), []*simPerson{p}, false)
	case n < 70:
		r.inGroup(d, i)
	case n < 85:
		r.inPublic(d, i)
	case n < 90 && len(r.devices)-len(r.returns) > 3:
		r.crashes++
		d.crash()
		r.returns[d] = time.Now().Add(time.Duration(1+r.rnd.IntN(40)) * time.Minute)
	case n < 95:
		l := r.net.Link(d.edges[r.rnd.IntN(len(d.edges))])
		l.Silence(true)
		r.silenced[l] = time.Now().Add(time.Duration(1+r.rnd.IntN(10)) * time.Minute)
	default:
		r.changeGroup(i)
	}
}

// inGroup sends to a group that the device's owner is in, and reacts to it.
func (r *simRun) inGroup(d *simDevice, i int) {
	for _, j := range r.rnd.Perm(len(r.groups)) {
		g := r.groups[j]
		if slices.Contains(g.members, d.person) {
			r.send(d, g.id, fmt.Sprint("group message ", i), g.members, false)
			last := r.sent[len(r.sent)-1]
			_, err := d.m.Reactions().Send(context.Background(), g.id, last.id, api.EmojiLove)
			d.ok(err)
			return
		}
	}
}

func (r *simRun) inPublic(d *simDevice, i int) {
	for name, people := range r.public {
		if slices.Contains(people, d.person) {
			r.send(d, "#"+name, fmt.Sprint("public message ", i), people, true)
			return
		}
	}
}

// changeGroup has the founder of a group change it, or somebody leave: changes
// that exclude each other have no common state in this protocol.
func (r *simRun) changeGroup(i int) {
	g := r.groups[r.rnd.IntN(len(r.groups))]
	d := g.creator.devices[0]
	if !d.running() {
		return
	}
	ctx := context.Background()
	if away := g.leaver; away != nil && away.devices[0].running() && r.rnd.IntN(4) == 0 {
		_, err := away.devices[0].m.Groups().Leave(ctx, g.id, true)
		d.ok(err)
		g.leaver = nil
		return
	}
	if r.rnd.IntN(2) == 0 {
		_, err := d.m.Groups().Rename(ctx, g.id, fmt.Sprint("renamed ", i))
		d.ok(err)
		return
	}
	var admins []string
	c, err := d.m.Chats().ByID(ctx, g.id)
	d.ok(err)
	for _, m := range c.Members {
		if !m.Admin && (g.leaver == nil || m.ID != g.leaver.id) {
			admins = []string{m.ID}
		}
	}
	if admins != nil {
		_, err := d.m.Groups().AddAdmins(ctx, g.id, admins)
		d.ok(err)
	}
}

// send sends a text and notes who is to get it.
func (r *simRun) send(d *simDevice, to, text string, receivers []*simPerson, public bool) {
	out, err := d.m.Mail().SendTo(context.Background(), SendRequest{Recipients: []string{to}, Message: text})
	d.ok(err)
	m := &simMessage{
		id: out.MessageID, text: text, by: d, at: time.Now(), public: public, all: make(map[*simPerson]bool),
	}
	m.receivers = slices.Clone(receivers)
	if !slices.Contains(m.receivers, d.person) {
		m.receivers = append(m.receivers, d.person) // the sender's other devices
	}
	for _, p := range m.receivers {
		m.all[p] = p.isUp(time.Now().Add(-quiet)) && !r.silent(p)
	}
	r.sent = append(r.sent, m)
}

// silent tells whether a link of a person's devices carries nothing.
func (r *simRun) silent(p *simPerson) bool {
	for l := range r.silenced {
		for _, d := range p.devices {
			if l.A == d.node || l.B == d.node {
				return true
			}
		}
	}
	return false
}

// check is the invariant: everybody has everything exactly once, and sees the
// groups as all others do.
func (r *simRun) check() {
	arrivals := make(map[*simDevice]map[string]int)
	for _, d := range r.devices {
		arrivals[d] = d.arrivals()
	}
	copies, lost := 0, 0
	for _, m := range r.sent {
		for _, p := range m.receivers {
			total, missing := 0, 0
			for _, d := range p.devices {
				n := arrivals[d][m.id]
				if d == m.by {
					if n > 1 || n == 1 && m.receivers[0] != d.person {
						r.t.Errorf("%q was announced to its sender %d times", m.text, n)
					}
					continue
				}
				total += n
				if n == 0 {
					missing++
				}
				if n > 1 {
					r.t.Errorf("%s got %q %d times", d.name, m.text, n)
				}
			}
			copies += total
			alone := len(p.devices) == 1 && p.devices[0] == m.by
			switch {
			case alone:
			case m.public && !m.all[p]: // nobody sends it again
				lost += missing
			case m.all[p] && !r.wentDown(p, m.at) && missing > 0:
				r.t.Errorf("%q of %s at %v did not reach %d devices of %.10s", m.text, m.by.name, m.at, missing, p.id)
				for _, d := range p.devices {
					r.t.Log(d.name, arrivals[d][m.id], d.c.Stats().Drops, d.m.Drops(), d.downs)
				}
			case p != m.by.person && total == 0 && !m.public:
				r.t.Errorf("%q of %s at %v is lost for %.10s", m.text, m.by.name, m.at, p.id)
			}
		}
		r.checkStatus(m)
	}
	for _, g := range r.groups {
		want := g.creator.devices[0].roll(g.id)
		for _, p := range g.members {
			for _, d := range p.devices {
				if got := d.roll(g.id); got != want {
					r.t.Errorf("%s sees the group\n%s, its founder\n%s", d.name, got, want)
				}
			}
		}
	}
	r.t.Logf("%d messages, %d copies arrived, %d crashes, %d public copies missed by who was away",
		len(r.sent), copies, r.crashes, lost)
}

// wentDown tells whether a device of a person went down soon after a time.
func (r *simRun) wentDown(p *simPerson, at time.Time) bool {
	return slices.ContainsFunc(p.devices, func(d *simDevice) bool {
		return slices.ContainsFunc(d.downs, func(down time.Time) bool {
			return !down.Before(at) && down.Before(at.Add(quiet))
		})
	})
}

// checkStatus checks that the sender knows what became of a message.
func (r *simRun) checkStatus(m *simMessage) {
	v, err := m.by.m.Messages().ByID(context.Background(), m.id)
	if err != nil {
		r.t.Errorf("%q at its sender: %v", m.text, err)
		return
	}
	want := api.OutgoingDelivered
	if m.public || len(m.receivers) == 1 {
		want = api.OutgoingSent
	}
	if v.OutgoingStatus != want {
		r.t.Errorf("%q of %s is %s, want %s", m.text, m.by.name, v.OutgoingStatus, want)
	}
}

// lossy is a network like a mobile one.
func lossy() testnet.LinkConfig {
	return testnet.LinkConfig{
		Latency: 30 * time.Millisecond, Jitter: 40 * time.Millisecond, Loss: 0.01, Duplicate: 0.01, Reorder: 0.02,
	}
}

// TestSmallNetwork is an hour of a few people.
func TestSmallNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		simulate(t, simConfig{
			seed: 1, relays: 2, people: 4, devices: 1, groups: 1, pub: 1, actions: 60, length: time.Hour, link: lossy(),
		})
	})
}
