package rendezvous

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/discovery"
)

// Search implements discovery.Source. All servers that do not rest are asked
// at once; then one at a time, in turn, with growing pauses. The same node may
// be found again and again, which shows that it is still there. When none of
// the servers can be used, the error matches ErrUnavailable.
func (c *Client) Search(ctx context.Context, topic discovery.Topic, found func(*enode.Node)) error {
	defer c.enter()()
	var mu sync.Mutex // one call of found at a time
	one := func(n *enode.Node) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() == nil {
			found(n)
		}
	}
	pause := firstPause
	var servers []int
	c.plan(func(f *fleet, now time.Time) { servers = f.round(now) })
	for {
		var all sync.WaitGroup
		for _, i := range servers {
			all.Go(func() { c.discover(ctx, i, topic, one) })
		}
		all.Wait()
		if ctx.Err() != nil {
			return nil
		}
		if err := c.available(); err != nil {
			return err
		}
		if wait(ctx, pause); ctx.Err() != nil {
			return nil
		}
		pause = min(pause*3/2, maxPause)
		servers = servers[:0]
		c.plan(func(f *fleet, now time.Time) {
			if i := f.turn(now); i >= 0 {
				servers = append(servers, i)
			}
		})
	}
}

// available returns nil as long as a server can be asked.
func (c *Client) available() (err error) {
	c.plan(func(f *fleet, now time.Time) {
		if len(f.round(now)) == 0 {
			in := f.wakes(now).Sub(now).Round(time.Second)
			err = fmt.Errorf("%w; the next try is possible in %v; one of them: %s", ErrUnavailable, in, f.states[0].reason)
		}
	})
	return err
}

// discover asks one server.
func (c *Client) discover(ctx context.Context, i int, topic discovery.Topic, found func(*enode.Node)) {
	var answer DiscoverResponse
	err := c.ask(ctx, i, CodeDiscover, &Discover{MaxRecords, string(topic)}, func(body []byte) (Status, string, error) {
		m, err := DecodeDiscoverResponse(body)
		answer = m
		return m.Status, m.Message, err
	})
	if err != nil {
		return // noted
	}
	for _, record := range answer.Records {
		n, err := enode.New(enode.ValidSchemes, record)
		if err == nil && c.candidate(n, topic, i) {
			found(n)
		}
	}
}

// candidate reports whether a node that a server named is worth passing on.
func (c *Client) candidate(n *enode.Node, topic discovery.Topic, server int) bool {
	if c.cfg.Record != nil && n.ID() == c.cfg.Record().ID() || !discovery.MayServe(n, topic) {
		return false
	}
	if c.cfg.AllowLocal {
		return discovery.Reachable(n, true)
	}
	from := c.links[server].server.IPAddr() // invalid for a name: taken for a public one
	return discovery.Reachable(n, true) && discovery.Plausible(from, n.IPAddr())
}

// Advertise implements discovery.Advertiser. The record is registered at three
// servers, or all if there are fewer, and renewed there. A failing server is
// replaced by one that is not in use. While the record holds no address that
// others can reach, nothing is registered.
func (c *Client) Advertise(ctx context.Context, topic discovery.Topic) error {
	if c.cfg.Record == nil {
		return fmt.Errorf("no record to register under %s", topic)
	}
	if !validTopic(string(topic)) {
		return fmt.Errorf("topic %q: want 1 to %d bytes, none of them 0xff", topic, MaxTopic)
	}
	defer c.enter()()
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // jitter is no secret
	var p *placement
	c.plan(func(f *fleet, now time.Time) { p = newPlacement(f, c.first, now, random) })
	warned := false
	for ctx.Err() == nil {
		own := c.cfg.Record()
		usable := discovery.Reachable(own, c.cfg.AllowLocal)
		if !usable || c.outdated(own) {
			c.learnAddress(ctx)
			own = c.cfg.Record()
			usable = discovery.Reachable(own, c.cfg.AllowLocal)
		}
		if usable {
			c.renew(ctx, p, topic, own)
		} else {
			c.plan(func(_ *fleet, now time.Time) { p.postpone(now) })
		}
		if !usable && !warned {
			c.log.Warn("not registered: the node record has no address that others can reach",
				zap.Stringer("ip", own.IPAddr()), zap.Int("tcp", own.TCP()))
		}
		warned = !usable
		var next time.Time
		c.plan(func(*fleet, time.Time) { next = p.next() })
		wait(ctx, time.Until(next))
	}
	return nil
}

// renew registers wherever it is time to.
func (c *Client) renew(ctx context.Context, p *placement, topic discovery.Topic, own *enode.Node) {
	var due []int
	servers := make(map[int]int, keepAt) // by slot
	c.plan(func(_ *fleet, now time.Time) {
		due = p.due(now)
		for _, i := range due {
			servers[i] = p.slots[i].server
		}
	})
	request := &Register{Topic: string(topic), Record: *own.Record(), TTL: uint64(RegisterTTL)}
	var all sync.WaitGroup
	for _, i := range due {
		all.Go(func() {
			err := c.ask(ctx, servers[i], CodeRegister, request, func(body []byte) (Status, string, error) {
				m, err := DecodeRegisterResponse(body)
				return m.Status, m.Message, err
			})
			if refused(err) && ctx.Err() == nil {
				c.log.Warn("registration refused", zap.String("server", c.links[servers[i]].address), zap.Error(err))
			}
			c.plan(func(_ *fleet, now time.Time) {
				if err == nil || refused(err) {
					p.renewed(i, now)
				} else {
					p.failed(i, now)
				}
			})
		})
	}
	all.Wait()
}

// learnAddress asks the servers where they see this node, and passes on what
// most of them say if others could reach it: one server alone cannot make the
// node advertise the address of somebody else.
func (c *Client) learnAddress(ctx context.Context) {
	if c.cfg.OnRemoteIP == nil {
		return
	}
	var servers []int
	c.plan(func(f *fleet, now time.Time) { servers = f.round(now) })
	answers := make([]netip.Addr, len(servers))
	var all sync.WaitGroup
	for k, server := range servers {
		all.Go(func() { answers[k] = c.seenBy(ctx, server) })
	}
	all.Wait()
	seen := mostNamed(answers)
	if !seen.IsValid() || ctx.Err() != nil {
		return
	}
	c.plan(func(_ *fleet, now time.Time) { c.learned, c.learnedAt = seen, now })
	c.cfg.OnRemoteIP(seen)
}

// outdated reports whether the record has an address that servers told so long
// ago that it may have changed.
func (c *Client) outdated(own *enode.Node) (old bool) {
	c.plan(func(_ *fleet, now time.Time) {
		old = c.learned.IsValid() && own.IPAddr().Unmap() == c.learned && now.Sub(c.learnedAt) >= relearn
		if old {
			c.learnedAt = now // one of those who advertise asks
		}
	})
	return old
}

// seenBy returns the address at which a server sees this node, the zero value
// when it does not say or others could not reach it.
func (c *Client) seenBy(ctx context.Context, server int) (seen netip.Addr) {
	err := c.ask(ctx, server, CodeRemoteIP, struct{}{}, func(body []byte) (Status, string, error) {
		m, err := DecodeRemoteIPResponse(body)
		if err == nil && m.Status == StatusOK {
			seen, err = netip.ParseAddr(m.IP)
		}
		return m.Status, "", err
	})
	seen = seen.Unmap()
	if err != nil || seen.Zone() != "" || seen.IsUnspecified() || seen.IsMulticast() ||
		!c.cfg.AllowLocal && discovery.Local(seen) {
		return netip.Addr{}
	}
	return seen
}

// mostNamed returns the address that is named most often, of several the one
// that comes first; the zero value does not count.
func mostNamed(answers []netip.Addr) (best netip.Addr) {
	named, most := make(map[netip.Addr]int), 0
	for _, a := range answers {
		if a.IsValid() {
			named[a]++
		}
	}
	for _, a := range answers {
		if named[a] > most {
			best, most = a, named[a]
		}
	}
	return best
}
