package runner

import (
	"context"
	"errors"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/netutil"
	"go.uber.org/zap"

	"statusd/discovery"
	"statusd/discovery/topdisc"
	"statusd/internal/deadline"
	"statusd/internal/tdtenr"
)

// Bounds of an advertisement.
const (
	parallelRegistrations = 8
	// recordPeriod passes between two looks at a record that cannot be
	// advertised yet; nobody tells when it changes.
	recordPeriod = time.Second
	// firstWalk and maxWalk are the pauses between walks for a table that
	// stays poor, in fill periods.
	firstWalk = 1.0 / 12
	maxWalk   = 10
)

// ErrAdvertised: this topic is advertised already.
var ErrAdvertised = errors.New("topic discovery: this node advertises the topic already")

// Advertise implements discovery.Advertiser. While the node's record has no
// address that others could use, it waits for one. Errors wrap ErrNotRegistrar
// or ErrAdvertised.
func (s *Service) Advertise(ctx context.Context, topic discovery.Topic) error {
	return wrap("advertise", topic, s.advertise(ctx, topic))
}

// advert is the state of Advertise, owned by its goroutine.
type advert struct {
	*Service
	table    *sharedTable
	core     *topdisc.Advertiser // under Service.mu
	requests *crew
	fillAt   time.Time
	walkAt   time.Time
	walkWait time.Duration
	grew     chan struct{}
	walked   chan struct{} // nil: no walk under way
	told     bool          // that there is no usable address
}

func (s *Service) advertise(ctx context.Context, topic discovery.Topic) error {
	if !s.cfg.Registrar {
		return ErrNotRegistrar
	}
	table, release := s.table(topic)
	defer release()
	a := &advert{Service: s, table: table, requests: newCrew(parallelRegistrations)}
	s.mu.Lock()
	if s.adverts[topic] != nil {
		s.mu.Unlock()
		return ErrAdvertised
	}
	a.core = topdisc.NewAdvertiser(table.Table, s.local.Node(), s.newRNG())
	s.adverts[topic] = a.core
	s.mu.Unlock()
	defer s.locked(func(time.Time) { delete(s.adverts, topic) })

	ctx, cancel := context.WithCancel(ctx)
	defer a.end(cancel)
	var timer deadline.Timer
	defer timer.Disarm()
	for {
		timer.Arm(a.work(ctx))
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C():
			timer.Fired()
		case <-a.grew:
		case <-a.walked:
			a.walked = nil
		case step := <-a.requests.done:
			a.requests.finished()
			s.locked(step)
			s.poke()
		}
	}
}

func (a *advert) end(cancel context.CancelFunc) {
	cancel()
	if a.walked != nil {
		<-a.walked
	}
	a.requests.wait()
}

// work does what is due and returns when there is more to do.
func (a *advert) work(ctx context.Context) time.Time {
	self := a.local.Node()
	now := time.Now()
	if !a.usable(self) {
		return now.Add(recordPeriod)
	}
	a.fill(ctx, now)
	var due []topdisc.Registration
	next := a.fillAt
	a.locked(func(now time.Time) {
		a.core.SetRecord(self, now)
		due = a.core.Due(a.requests.room(), now)
		a.totals.Sent += uint64(len(due))
		if a.requests.room() > len(due) { // otherwise the end of one is the next event
			next = deadline.Earliest(next, a.core.Next())
		}
	})
	for _, r := range due {
		a.requests.start(a.register(ctx, r))
	}
	return next
}

// register returns the request of a registration.
func (a *advert) register(ctx context.Context, r topdisc.Registration) func() func(time.Time) {
	return func() func(time.Time) {
		c, aux, err := a.carrier.Register(ctx, r.To, r.Request)
		return func(now time.Time) {
			if err != nil {
				a.core.Failed(r.To.ID(), err, now)
				return
			}
			a.core.Confirmed(r.To.ID(), c, aux, now)
		}
	}
}

// fill offers the table what discv5 has found since the last time, and starts
// a walk when it stays poor.
func (a *advert) fill(ctx context.Context, now time.Time) {
	if now.Before(a.fillAt) {
		return
	}
	a.fillAt = now.Add(a.p.FillPeriod)
	live := a.liveNodes()
	poor := false
	a.locked(func(now time.Time) {
		for _, n := range live {
			a.table.Insert(n, true, now)
		}
		poor = a.table.NeedsFill()
	})
	if !poor || a.walked != nil {
		return
	}
	if now.Before(a.walkAt) {
		a.fillAt = deadline.Earliest(a.fillAt, a.walkAt)
		return
	}
	period := float64(a.p.FillPeriod)
	a.walkWait = min(max(2*a.walkWait, time.Duration(firstWalk*period)), time.Duration(maxWalk*period))
	a.walkAt = now.Add(a.walkWait)
	a.fillAt = deadline.Earliest(a.fillAt, a.walkAt)
	a.grew, a.walked = a.startWalk(ctx, a.table)
}

// usable reports whether a record can be advertised: it has the entry that
// registrars ask for and an address that is of use to others.
func (a *advert) usable(self *enode.Node) bool {
	err := topdisc.CheckRelayed(self.IPAddr(), self)
	if err == nil && netutil.AddrIsLAN(self.IPAddr()) && !a.p.AllowLocal {
		err = errLocalAddress
	}
	if err != nil && !a.told {
		a.told = true
		a.log.Info("not advertised before the node has a public address",
			zap.String("topic", string(a.table.topic)), zap.Error(err))
	}
	if err == nil {
		a.told = false
	}
	return err == nil && tdtenr.Capable(self)
}

var errLocalAddress = errors.New("the node's record names an address of a private network")
