package history

import (
	"context"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/internal/deadline"
)

// serverRest is how long a server that failed is left alone (spec 08 section
// 5.4).
const serverRest = 2 * time.Minute

// KeeperConfig sets up a Keeper.
type KeeperConfig struct {
	Client *Client
	Dialer Dialer
	Logger *zap.Logger // nil: nothing is logged

	Target      int // servers to stay connected to; 0: 1
	MaxFailures int // pages given up in a row until a server rests; 0: 1
}

// Keeper stays connected to some of a client's servers, so that a request does
// not have to wait for a connection. Below its target it connects to every
// server that does not rest, and drops what is too much as connections come.
// A server that keeps failing is dropped for others, unless it is the only
// one (spec 02 section 8.3).
//
// It works when something happens: servers are set, peers come or go, a page
// is given up, a rest ends.
type Keeper struct {
	cfg   KeeperConfig
	log   *zap.Logger
	asked map[enode.ID]*enode.Node // given to the dialer
}

// NewKeeper builds a keeper, which works while Run does.
func NewKeeper(cfg KeeperConfig) *Keeper {
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	cfg.Target, cfg.MaxFailures = max(1, cfg.Target), max(1, cfg.MaxFailures)
	return &Keeper{cfg: cfg, log: cfg.Logger.Named("history"), asked: make(map[enode.ID]*enode.Node)}
}

// Run keeps connections until ctx ends. What is connected then stays so.
func (k *Keeper) Run(ctx context.Context) error {
	var rest deadline.Timer
	defer rest.Disarm()
	for {
		changed := k.cfg.Client.Changed()
		if next := k.round(); next == 0 {
			rest.Disarm()
		} else {
			rest.Arm(time.Now().Add(next))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-rest.C():
			rest.Fired()
		}
	}
}

// candidate is a server as the keeper sees it.
type candidate struct {
	node      *enode.Node
	connected bool
	busy      bool          // a fetch goes on there
	rests     time.Duration // for how much longer; 0: it does not
}

// round brings the connections nearer to the target and returns the time until
// a rest ends, zero when none does.
func (k *Keeper) round() time.Duration {
	list := k.cfg.Client.candidates(k.cfg.MaxFailures)
	if len(list) == 1 {
		list[0].rests = 0
	}
	connect, drop, next := plan(list, k.cfg.Target)
	listed := make(map[enode.ID]bool, len(list))
	for _, c := range list {
		listed[c.node.ID()] = true
	}
	for id, node := range k.asked {
		if !listed[id] {
			drop = append(drop, node)
		}
	}
	for _, node := range drop {
		if k.asked[node.ID()] == nil && !k.cfg.Client.connected(node.ID()) {
			continue
		}
		delete(k.asked, node.ID())
		if err := k.cfg.Dialer.Disconnect(node); err != nil {
			k.log.Debug("mailserver not disconnected", zap.Stringer("server", node.ID()), zap.Error(err))
		}
	}
	for _, node := range connect {
		if k.asked[node.ID()] != nil {
			continue
		}
		k.asked[node.ID()] = node
		if err := k.cfg.Dialer.Connect(node); err != nil {
			k.log.Warn("mailserver cannot be dialled", zap.Stringer("server", node.ID()), zap.Error(err))
		}
	}
	return next
}

// plan says which servers to connect to and which to drop, and when to look
// again. The best come first in list.
func plan(list []candidate, target int) (connect, drop []*enode.Node, next time.Duration) {
	have := 0
	for _, c := range list {
		if c.connected && c.rests == 0 {
			have++
		}
	}
	kept := 0
	for _, c := range list {
		switch {
		case c.rests > 0:
			if next == 0 || c.rests < next {
				next = c.rests
			}
			if !c.busy {
				drop = append(drop, c.node)
			}
		case c.connected && (kept < target || c.busy):
			kept++
			connect = append(connect, c.node)
		case have >= target && !c.busy:
			drop = append(drop, c.node)
		default:
			connect = append(connect, c.node)
		}
	}
	return connect, drop, next
}

// Changed returns a channel that is closed when servers or their records change
// the next time.
func (c *Client) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed.Next()
}

func (c *Client) connected(id enode.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.servers[id]
	return s != nil && s.status.Connected
}

// candidates lists the servers, the best first.
func (c *Client) candidates(maxFailures int) []candidate {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.Now()
	var out []candidate
	for _, s := range c.ranked() {
		one := candidate{node: s.Node, connected: s.status.Connected, busy: s.line.users > 0}
		if s.status.GivenUp >= maxFailures {
			one.rests = max(0, s.status.LastFailure.Add(serverRest).Sub(now))
		}
		out = append(out, one)
	}
	return out
}
