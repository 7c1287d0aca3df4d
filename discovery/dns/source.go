package dns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common/lru"
	"github.com/ethereum/go-ethereum/p2p/dnsdisc"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"statusd/discovery"
	"statusd/internal/blocking"
)

// Defaults and limits of a Source (spec 08 section 4).
const (
	DefaultTimeout = 5 * time.Second
	// DefaultRate is how many questions are asked for one tree in a second,
	// after the first Burst.
	DefaultRate = 3
	Burst       = 10
	// MaxDomains bounds the trees of a source, those of links included.
	MaxDomains = 16
	// cacheLimit is how many entries are kept. An entry cannot change: its
	// name is its hash.
	cacheLimit = 1000
	// rootFresh is how long a root is not asked for again.
	rootFresh = time.Minute
	// A root that cannot be had is asked for again after firstRest, which
	// doubles to maxRest.
	firstRest = 5 * time.Second
	maxRest   = 5 * time.Minute
	// maxMisses ends a walk: so many entries in a row could not be had.
	maxMisses = 8
)

// Config sets up a Source.
type Config struct {
	// Trees are the trees to search; see ParseLink. MaxDomains at most.
	Trees []Link
	// Sequences remembers sequence numbers across restarts; nil: this run
	// only.
	Sequences Sequences
	// Resolver looks up TXT records; nil: that of the system.
	Resolver dnsdisc.Resolver
	// AllowLocal passes on nodes with private and loopback addresses.
	AllowLocal bool
	Timeout    time.Duration // of one question; 0: DefaultTimeout
	Rate       float64       // questions per second for one tree; 0: DefaultRate
	Logger     *zap.Logger   // nil: nothing is logged
}

// Source finds the nodes of trees. It is a discovery.Source. All methods are
// safe for concurrent use.
type Source struct {
	cfg   Config
	log   *zap.Logger
	cache *lru.Cache[string, entry]

	mu    sync.Mutex // protects what follows
	trees map[string]*tree
}

// tree is what is known of one tree. Its fields belong to the Source's lock,
// but for the first ones, which do not change.
type tree struct {
	link   Link
	linked bool // another tree led to it
	asks   *rate.Limiter
	turn   chan struct{} // capacity 1: held while a question is asked

	root     Root
	accepted time.Time // when the root came; zero: none yet
	failures int       // in a row
	rests    time.Time
	err      error // of the last try
	nodes    int   // records seen in the last walk
}

var (
	errNoTrees  = errors.New("no trees are known")
	errTooMany  = fmt.Errorf("more than %d trees", MaxDomains)
	errResting  = errors.New("tree failed lately")
	errUnending = errors.New("too many entries of the tree cannot be had")
)

// New returns a source of at least one tree. It asks nobody.
func New(cfg Config) (*Source, error) {
	switch {
	case len(cfg.Trees) == 0:
		return nil, errNoTrees
	case len(cfg.Trees) > MaxDomains:
		return nil, errTooMany
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	if cfg.Resolver == nil {
		cfg.Resolver = NewResolver("")
	}
	if cfg.Sequences == nil {
		cfg.Sequences = &FileSequences{trees: make(map[string]sequence)}
	}
	cfg.Timeout, cfg.Rate = cmp.Or(cfg.Timeout, DefaultTimeout), cmp.Or(cfg.Rate, DefaultRate)
	s := &Source{
		cfg: cfg, log: cfg.Logger.Named("dns"), cache: lru.NewCache[string, entry](cacheLimit),
		trees: make(map[string]*tree),
	}
	for _, l := range cfg.Trees {
		s.addTree(l, false)
	}
	return s, nil
}

// addTree returns the tree of a link, nil when there are too many.
func (s *Source) addTree(l Link, linked bool) *tree {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.trees[l.String()]
	if t == nil && len(s.trees) < MaxDomains {
		limit := rate.NewLimiter(rate.Limit(s.cfg.Rate), Burst)
		t = &tree{link: l, linked: linked, asks: limit, turn: make(chan struct{}, 1)}
		s.trees[l.String()] = t
	}
	return t
}

// Name implements discovery.Source.
func (s *Source) Name() string { return "dns" }

// TreeStatus is what is known of one tree.
type TreeStatus struct {
	URL        string
	Linked     bool      // another tree led to it
	Seq        uint64    // of the root in use
	Accepted   time.Time // when that root came; zero: none yet
	Nodes      int       // records seen in the last walk
	Error      string    // of the last try; empty: it went well
	RestsUntil time.Time // not asked before
}

// Status returns what is known of each tree: those of the configuration before
// those that links led to, in the order of their URLs.
func (s *Source) Status() []TreeStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []TreeStatus
	for url, t := range s.trees {
		st := TreeStatus{url, t.linked, t.root.Seq, t.accepted, t.nodes, "", t.rests}
		if t.err != nil {
			st.Error = t.err.Error()
		}
		out = append(out, st)
	}
	slices.SortFunc(out, func(a, b TreeStatus) int {
		if a.Linked != b.Linked {
			if a.Linked {
				return 1
			}
			return -1
		}
		return strings.Compare(a.URL, b.URL)
	})
	return out
}

// search is one call of Search.
type search struct {
	*Source
	topic discovery.Topic
	all   sync.WaitGroup

	mu      sync.Mutex // protects what follows; held during found
	found   func(*enode.Node)
	started map[*tree]bool
	roots   int     // configured trees whose root was had
	errs    []error // of the others
}

// Search implements discovery.Source: it walks through all trees and those
// they link to, and returns when everything was seen. An error says that of no
// configured tree a root could be had.
func (s *Source) Search(ctx context.Context, topic discovery.Topic, found func(*enode.Node)) error {
	run := &search{Source: s, topic: topic, found: found, started: make(map[*tree]bool)}
	for _, l := range s.cfg.Trees {
		run.start(ctx, l, false)
	}
	run.all.Wait()
	if run.roots > 0 || ctx.Err() != nil {
		return nil
	}
	return errors.Join(run.errs...)
}

// start walks through a tree in a goroutine, unless that was done already.
func (r *search) start(ctx context.Context, l Link, linked bool) {
	t := r.addTree(l, linked)
	if t == nil {
		r.log.Warn("link to a tree is not followed: there are too many", zap.String("domain", l.Domain))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started[t] {
		r.started[t] = true
		r.all.Go(func() { r.tree(ctx, t) })
	}
}

// tree visits one tree.
func (r *search) tree(ctx context.Context, t *tree) {
	root, err := r.root(ctx, t)
	r.mu.Lock()
	if err == nil && !t.linked {
		r.roots++
	} else if !t.linked {
		r.errs = append(r.errs, fmt.Errorf("%w (%s)", err, t.link.Domain))
	}
	r.mu.Unlock()
	if err != nil {
		return
	}
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // the order is no secret
	err = r.visit(ctx, t, newWalk(root.Links, random), func(e entry) {
		if e.link != nil {
			r.start(ctx, *e.link, true)
		}
	})
	nodes := 0
	err = errors.Join(err, r.visit(ctx, t, newWalk(root.Nodes, random), func(e entry) {
		if e.node != nil {
			nodes++
			r.tell(ctx, e.node)
		}
	}))
	if ctx.Err() != nil {
		return
	}
	r.Source.mu.Lock()
	defer r.Source.mu.Unlock()
	t.err, t.nodes = err, nodes
}

// tell passes on a node that may serve the topic.
func (r *search) tell(ctx context.Context, n *enode.Node) {
	if !discovery.MayServe(n, r.topic) || !discovery.Reachable(n, r.cfg.AllowLocal) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() == nil {
		r.found(n)
	}
}

// takeTurn waits until nobody else asks about a tree, so that two searches do
// not ask the same. The function ends the turn.
func (t *tree) takeTurn(ctx context.Context) (end func(), err error) {
	select {
	case t.turn <- struct{}{}:
		return func() { <-t.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// root returns the root of a tree, from the name server unless it is fresh.
func (s *Source) root(ctx context.Context, t *tree) (Root, error) {
	end, err := t.takeTurn(ctx)
	if err != nil {
		return Root{}, err
	}
	defer end()
	s.mu.Lock()
	now := time.Now()
	root, fresh := t.root, !t.accepted.IsZero() && now.Sub(t.accepted) < rootFresh
	resting, last := t.rests.After(now), t.err
	s.mu.Unlock()
	if fresh {
		return root, nil
	}
	if resting {
		return Root{}, fmt.Errorf("%w: %w", errResting, last)
	}
	root, err = s.askRoot(ctx, t)
	if err != nil && ctx.Err() != nil {
		return Root{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now = time.Now()
	t.err = err
	if err != nil {
		s.log.Warn("tree cannot be used", zap.String("domain", t.link.Domain), zap.Error(err))
		t.rests = now.Add(min(firstRest<<min(t.failures, 6), maxRest))
		t.failures++
		return Root{}, err
	}
	t.root, t.accepted, t.failures, t.rests = root, now, 0, time.Time{}
	return root, nil
}

// askRoot has the name server tell the root, and accepts the newest of those
// that are signed, if it is not older than one seen before.
func (s *Source) askRoot(ctx context.Context, t *tree) (Root, error) {
	texts, err := s.lookup(ctx, t, t.link.Domain)
	if err != nil {
		return Root{}, err
	}
	var best Root
	err = ErrNoRoot
	for _, text := range texts {
		if !strings.HasPrefix(text, strings.TrimSpace(rootPrefix)) {
			continue
		}
		root, bad := parseRoot(text, t.link.Key)
		switch {
		case bad == nil && (err != nil || root.Seq > best.Seq):
			best, err = root, nil
		case bad != nil && errors.Is(err, ErrNoRoot):
			err = bad
		}
	}
	if err != nil {
		return Root{}, err
	}
	url := t.link.String()
	if known := s.cfg.Sequences.Sequence(url); best.Seq < known {
		return Root{}, fmt.Errorf("%w: sequence number %d after %d", ErrOlder, best.Seq, known)
	}
	if err := s.cfg.Sequences.Seen(url, best.Seq); err != nil {
		s.log.Warn("sequence number not stored", zap.String("domain", t.link.Domain), zap.Error(err))
	}
	return best, nil
}

// visit gives the entries of a subtree to use. One that cannot be had or is
// not what its hash says is left out.
func (s *Source) visit(ctx context.Context, t *tree, w *walk, use func(entry)) error {
	var last error
	misses := 0
	for hash, ok := w.next(); ok && ctx.Err() == nil; hash, ok = w.next() {
		e, err := s.entry(ctx, t, hash)
		if err == nil {
			misses = 0
			w.add(e.children)
			use(e)
			continue
		}
		if ctx.Err() != nil {
			break
		}
		s.log.Debug("entry left out", zap.String("domain", t.link.Domain), zap.String("hash", hash), zap.Error(err))
		last = err
		if misses++; misses >= maxMisses {
			return fmt.Errorf("%w: %w", errUnending, last)
		}
	}
	return last
}

// entry returns what a hash stands for.
func (s *Source) entry(ctx context.Context, t *tree, hash string) (entry, error) {
	if e, ok := s.cache.Get(hash); ok {
		return e, nil
	}
	end, err := t.takeTurn(ctx)
	if err != nil {
		return entry{}, err
	}
	defer end()
	if e, ok := s.cache.Get(hash); ok {
		return e, nil
	}
	texts, err := s.lookup(ctx, t, hash+"."+t.link.Domain)
	if err != nil {
		return entry{}, err
	}
	err = ErrEntry
	for _, text := range texts {
		if !isTreeText(text) {
			continue
		}
		e, bad := parseEntry(hash, text)
		if bad == nil {
			s.cache.Add(hash, e)
			return e, nil
		}
		err = bad
	}
	return entry{}, err
}

// lookup asks for the TXT records of a name, when it is the tree's turn.
func (s *Source) lookup(ctx context.Context, t *tree, name string) ([]string, error) {
	if err := t.asks.Wait(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	texts, err := blocking.Call(ctx, func() ([]string, error) { return s.cfg.Resolver.LookupTXT(ctx, name) })
	if err != nil {
		return nil, fmt.Errorf("look up: %w", err)
	}
	return texts, nil
}
