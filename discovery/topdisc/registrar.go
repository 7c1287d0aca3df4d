package topdisc

import (
	"math"
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/p2p/netutil"

	"statusd/internal/tdtenr"
)

// minPort is the lowest UDP port of a record that discv5 passes on.
const minPort = 1025

// RegistrarConfig sets up a Registrar.
type RegistrarConfig struct {
	Self   enode.ID
	Params Params
	// Key authenticates tickets and Secret orders answers: random, new for
	// each process.
	Key    TicketKey
	Secret [32]byte
	// Start is the zero of the registrar's clock, which tickets carry.
	Start time.Time
}

// Registrar keeps advertisements. It is not safe for concurrent use; times
// must not go backwards.
type Registrar struct {
	cfg   RegistrarConfig
	p     Params
	cache *adCache
	limit *limiter
	stats RegistrarStats
}

// RegistrarStats counts what a registrar did.
type RegistrarStats struct {
	Registrations uint64 // answered: admitted or told to wait
	Admitted      uint64
	Renewed       uint64 // of those admitted
	Queries       uint64 // answered, each page
	Expired       uint64
	Refused       [Reasons]uint64
}

// NewRegistrar returns a registrar without advertisements.
func NewRegistrar(cfg RegistrarConfig) *Registrar {
	cfg.Params = cfg.Params.WithDefaults()
	r := &Registrar{cfg: cfg, p: cfg.Params, cache: newAdCache()}
	r.limit = newLimiter(&r.p)
	return r
}

func (r *Registrar) clock(now time.Time) float64 { return max(0, ms(now.Sub(r.cfg.Start))) }

func (r *Registrar) sweep(now float64) { r.stats.Expired += uint64(r.cache.sweep(now)) } //nolint:gosec // a count

// Sweep drops expired advertisements and returns when the next one expires,
// zero for none. Every other method drops them too.
func (r *Registrar) Sweep(now time.Time) (next time.Time) {
	r.sweep(r.clock(now))
	if r.cache.first == nil {
		return time.Time{}
	}
	return r.cfg.Start.Add(time.Duration(math.Ceil(r.cache.first.expires)) * time.Millisecond)
}

// Allow counts a request against the limits. It comes before everything that
// costs work: checking a signature, making an answer.
func (r *Registrar) Allow(kind Kind, from Peer, now time.Time) error {
	reason, ok := r.limit.allow(kind, from, r.clock(now))
	if !ok {
		return r.Refused(reason)
	}
	return nil
}

// Refused counts a refusal and returns it.
func (r *Registrar) Refused(reason Reason) error {
	r.stats.Refused[reason]++
	return Refuse(reason)
}

// Register handles a registration of the peer from, which Allow let pass. The
// error is a *Refusal.
func (r *Registrar) Register(from Peer, req RegRequest, now time.Time) (Confirmation, error) {
	t := r.clock(now)
	r.sweep(t)
	ip, reason, ok := r.check(from, req.Node)
	if !ok {
		return Confirmation{}, r.Refused(reason)
	}
	old := r.cache.get(req.Service, from.ID)
	if old != nil && req.Node.Seq() < old.node.Seq() {
		return Confirmation{}, r.Refused(ReasonOldRecord)
	}
	digest, err := adDigest(req.Service, req.Node)
	if err != nil {
		return Confirmation{}, r.Refused(ReasonBadRecord)
	}
	first := t
	tk, ok := openTicket(req.Ticket, &r.cfg.Key, r.cfg.Self, from.ID)
	if ok && tk.digest == digest && tk.usable(t, r.p.Earliness, r.p.RetryWindow) {
		first = float64(tk.init)
	}
	r.stats.Registrations++
	others := r.cache.count
	if old != nil {
		others--
	}
	left := r.waiting(req.Service, ip, old, t) - (t - first)
	if left <= 0 && others < r.p.Capacity {
		r.admit(req, ip, old, t)
		return Confirmation{Wait: r.p.Lifetime}, nil
	}
	wait := uint32(math.Ceil(min(ms(r.p.Lifetime), max(left, 1)))) // Lifetime is a day at most
	tk = ticket{init: uint64(first), mod: uint64(t), wait: wait, digest: digest}
	return Confirmation{
		Ticket: tk.encode(&r.cfg.Key, r.cfg.Self, from.ID),
		Wait:   time.Duration(wait) * time.Millisecond,
	}, nil
}

func (r *Registrar) admit(req RegRequest, ip netip.Addr, old *ad, now float64) {
	r.stats.Admitted++
	if old != nil {
		r.stats.Renewed++
	}
	r.cache.put(&ad{
		service: req.Service, node: req.Node, ip: ip, expires: now + ms(r.p.Lifetime),
	}, now)
}

// waiting computes the waiting time with the lower bounds applied, and moves
// the bounds. An advertisement that is there already is not counted.
func (r *Registrar) waiting(s Service, ip netip.Addr, old *ad, now float64) float64 {
	cached, perService := r.cache.count, 0
	svc := r.cache.services[s]
	if svc != nil {
		perService = len(svc.ads)
	}
	var without netip.Addr
	if old != nil {
		cached--
		perService--
		without = old.ip
	}
	var score float64
	var atAddress *bound
	if ip.IsValid() {
		score, atAddress = r.cache.tree.look(ip, without)
	}
	w := r.p.wait(cached, perService, score)
	if math.IsInf(w.total(), 1) {
		return math.Inf(1)
	}
	if svc != nil {
		w.service = svc.bound.raise(w.service, now)
	}
	if atAddress != nil {
		w.address = atAddress.raise(w.address, now)
	}
	return w.total()
}

// check applies the rules for records of advertisers and returns the address
// that counts in the tree, invalid when none does.
func (r *Registrar) check(from Peer, n *enode.Node) (netip.Addr, Reason, bool) {
	switch {
	case n.ID() != from.ID:
		return netip.Addr{}, ReasonOtherNode, false
	case !tdtenr.Capable(n):
		return netip.Addr{}, ReasonNotCapable, false
	}
	ip, port := endpoint(n)
	source := from.Addr.Unmap()
	local := netutil.AddrIsLAN(ip) && netutil.AddrIsLAN(source)
	switch {
	case !ip.IsValid() || ip != source && !local:
		return netip.Addr{}, ReasonAddress, false
	case port < minPort:
		return netip.Addr{}, ReasonLowPort, false
	case local && r.p.AllowLocal:
		return netip.Addr{}, 0, true
	}
	return ip, 0, true
}

// endpoint returns the address that a record is judged by, "ip" before "ip6",
// and the UDP port that goes with it. Missing ones are zero.
func endpoint(n *enode.Node) (netip.Addr, int) {
	var (
		v4    enr.IPv4Addr
		v6    enr.IPv6Addr
		port  enr.UDP
		port6 enr.UDP6
	)
	_ = n.Load(&port)
	if n.Load(&v4) == nil {
		return netip.Addr(v4), int(port)
	}
	if n.Load(&v6) != nil {
		return netip.Addr{}, 0
	}
	if n.Load(&port6) == nil {
		port = enr.UDP(port6)
	}
	return netip.Addr(v6).Unmap(), int(port)
}

// CheckRelayed applies the rules for records that another node hands on: a
// public sender may not name private addresses, and the UDP port is one that
// discv5 passes on (spec 08 sections 1.4 and 2.11).
func CheckRelayed(sender netip.Addr, n *enode.Node) error {
	ip, port := endpoint(n)
	if port < minPort {
		return Refuse(ReasonLowPort)
	}
	return netutil.CheckRelayAddr(sender.Unmap(), ip)
}

// Query returns the advertisements of a service, at most Params.AdsPerAnswer,
// in the order that belongs to seed. Allow let the request pass.
func (r *Registrar) Query(s Service, seed [8]byte, now time.Time) []*enode.Node {
	r.sweep(r.clock(now))
	r.stats.Queries++
	svc := r.cache.services[s]
	if svc == nil {
		return nil
	}
	top := newRanking(&r.cfg.Secret, seed, r.p.AdsPerAnswer)
	for _, a := range svc.ads {
		top.add(a.node)
	}
	return top.nodes()
}

// Stats returns the counters.
func (r *Registrar) Stats() RegistrarStats { return r.stats }

// Ads returns the number of advertisements and of services they belong to.
func (r *Registrar) Ads() (ads, services int) { return r.cache.count, len(r.cache.services) }

// Each calls yield for each advertisement, in order of admission.
func (r *Registrar) Each(yield func(*enode.Node)) {
	for a := r.cache.first; a != nil; a = a.next {
		yield(a.node)
	}
}

// Params returns the registrar's constants.
func (r *Registrar) Params() Params { return r.p }
