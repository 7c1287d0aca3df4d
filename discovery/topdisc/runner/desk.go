package runner

import (
	crand "crypto/rand"
	"net/netip"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/discovery/topdisc"
	"statusd/discovery/topdisc/tdt1"
)

// knownFor is how long a list of nodes that may be handed on is used.
const knownFor = 5 * time.Second

// desk is the registrar's side: it lets one request at a time at the registrar
// and does what costs more, decoding and signatures, outside its lock.
type desk struct {
	server   tdt1.Server
	capable  func() []*enode.Node
	admitted func() // an advertisement more: there is a new moment of expiry

	mu        sync.Mutex
	registrar *topdisc.Registrar
	opened    bool
	known     map[enode.ID]*enode.Node // may be handed on
	knownAt   time.Time
}

func newDesk(self enode.ID, p topdisc.Params, capable func() []*enode.Node, admitted func()) *desk {
	cfg := topdisc.RegistrarConfig{Self: self, Params: p, Start: time.Now()}
	_, _ = crand.Read(cfg.Key[:]) // never fails
	_, _ = crand.Read(cfg.Secret[:])
	d := &desk{capable: capable, admitted: admitted, registrar: topdisc.NewRegistrar(cfg)}
	d.server = tdt1.Server{Registrar: d, Known: d.neighbours, Secret: cfg.Secret}
	return d
}

func (d *desk) open()  { d.setOpen(true) }
func (d *desk) close() { d.setOpen(false) }

func (d *desk) setOpen(open bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened = open
}

// answer answers a request; a closed desk says that it knows no protocol.
func (d *desk) answer(session *enode.Node, from netip.Addr, payload []byte) []byte {
	d.mu.Lock()
	opened := d.opened
	d.mu.Unlock()
	if !opened {
		return nil
	}
	return d.server.Answer(topdisc.Peer{ID: session.ID(), Addr: from}, session, payload, time.Now())
}

// sweep drops what has expired and returns when the next one does.
func (d *desk) sweep(now time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.registrar.Sweep(now)
}

// Allow implements tdt1.Registrar, and so do the other methods.
func (d *desk) Allow(kind topdisc.Kind, from topdisc.Peer, now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.registrar.Allow(kind, from, now)
}

// Register implements tdt1.Registrar.
func (d *desk) Register(
	from topdisc.Peer, req topdisc.RegRequest, now time.Time,
) (topdisc.Confirmation, error) {
	d.mu.Lock()
	c, err := d.registrar.Register(from, req, now)
	d.mu.Unlock()
	if err == nil && c.Admitted() {
		d.admitted()
	}
	return c, err
}

// Query implements tdt1.Registrar.
func (d *desk) Query(s topdisc.Service, seed [8]byte, now time.Time) []*enode.Node {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.registrar.Query(s, seed, now)
}

// Refused implements tdt1.Registrar.
func (d *desk) Refused(reason topdisc.Reason) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.registrar.Refused(reason)
}

// neighbours implements topdisc.Neighbours.
func (d *desk) neighbours(s topdisc.Service, distance int) []*enode.Node {
	now := time.Now()
	d.mu.Lock()
	known := d.known
	stale := known == nil || now.Sub(d.knownAt) > knownFor
	if stale {
		d.knownAt = now // others go on with the old list meanwhile
	}
	d.mu.Unlock()
	if stale {
		known = make(map[enode.ID]*enode.Node)
		for _, n := range d.capable() {
			if old := known[n.ID()]; old == nil || n.Seq() > old.Seq() {
				known[n.ID()] = n
			}
		}
		d.mu.Lock()
		d.known = known // never changed afterwards
		d.mu.Unlock()
	}
	var near []*enode.Node
	for id, n := range known {
		if s.Distance(id) == distance {
			near = append(near, n)
		}
	}
	return near
}
