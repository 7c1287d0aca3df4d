// Package peercache remembers which nodes served a topic, so that a restarted
// node finds its peers within a second and without asking anybody.
//
// It is one JSON file with a few kilobytes, replaced as a whole at each change
// (internal/atomicfile): after a kill or a power cut the file holds the state
// before or after the last change. A database would buy nothing here: changes
// come with connects and failures, some in a minute, and the file is read
// once.
//
//	{"version": 1, "nodes": [
//	  {"topic": "whisper", "node": "enr:…", "lastSuccess": "2026-08-01T12:00:00Z", "failures": 0}, …]}
//
// A topic yields its own nodes and no others: topics are compared, not
// prefixes of keys (spec 08 section 5.3 point 2). One failure does not remove a
// node, since an outage of the network would then empty the cache: five in a
// row do, or two weeks without success.
//
// The package starts no goroutine.
package peercache

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/discovery"
	"statusd/internal/atomicfile"
)

// Limits of the cache (spec 08 section 5.3).
const (
	// MaxAge is how long a node is remembered without a success.
	MaxAge = 14 * 24 * time.Hour
	// MaxFailures is how many failures in a row a node survives, less one.
	MaxFailures = 5
	// MaxNodes bounds the nodes of one topic; the one whose success is longest
	// ago goes first.
	MaxNodes = 64
	// maxTopics bounds the topics.
	maxTopics = 32
	// maxFile bounds the file, in bytes: 600 for each node.
	maxFile = 4 << 20
)

// The pace of Search.
const (
	// first is how many nodes are told at once (status-go v0.63.12, peers).
	first = 5
	// step is the pause before each further one.
	step = 2 * time.Second
)

const version = 1

// Config sets up a Cache.
type Config struct {
	Path   string           // of the file; its folder must exist
	Now    func() time.Time // nil: time.Now
	Logger *zap.Logger      // nil: nothing is logged
}

// Entry is what is known of a node under one topic.
type Entry struct {
	Topic       discovery.Topic
	Node        *enode.Node
	LastSuccess time.Time
	Failures    int // since then
}

// key is one node of one topic.
type key struct {
	topic discovery.Topic
	id    enode.ID
}

// Cache is an open cache. It is a discovery.Source. All methods are safe for
// concurrent use; those that change something return when it is on disk.
type Cache struct {
	path string
	now  func() time.Time
	log  *zap.Logger

	mu      sync.Mutex // protects what follows
	entries map[key]Entry
	changes uint64

	writing sync.Mutex // orders writes of the file, and protects written; taken after mu was released
	written uint64     // changes that are in the file
}

// Open reads the cache. A file that cannot be understood is put aside with the
// suffix .damaged, and the cache begins empty.
func Open(cfg Config) (*Cache, error) {
	c := &Cache{path: cfg.Path, now: cfg.Now, log: cfg.Logger, entries: make(map[key]Entry)}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = zap.NewNop()
	}
	raw, err := read(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = c.parse(raw)
	} else if !errors.Is(err, errFile) {
		return nil, fmt.Errorf("%w", err)
	}
	if err != nil {
		aside := c.path + ".damaged"
		c.log.Warn("peer cache cannot be read and begins empty", zap.String("path", c.path),
			zap.String("movedTo", aside), zap.Error(err))
		clear(c.entries)
		if err := atomicfile.Rename(c.path, aside); err != nil {
			return nil, fmt.Errorf("%w", err)
		}
	}
	return c, nil
}

var (
	errFile = errors.New("larger than 4 MiB")
	errForm = errors.New("not a peer cache of version 1")
)

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(raw) > maxFile {
		err = errFile
	}
	return raw, err
}

// file and record are the form on disk.
type file struct {
	Version int      `json:"version"`
	Nodes   []record `json:"nodes"`
}

type record struct {
	Topic       discovery.Topic `json:"topic"`
	Node        string          `json:"node"`
	LastSuccess time.Time       `json:"lastSuccess"`
	Failures    int             `json:"failures"`
}

// parse takes over a file. Single nodes that cannot be read are left out.
func (c *Cache) parse(raw []byte) error {
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return err
	}
	if f.Version != version {
		return errForm
	}
	now := c.now()
	unread := 0
	for _, r := range f.Nodes {
		n, err := enode.Parse(enode.ValidSchemes, r.Node)
		if err != nil || !usable(n) {
			unread++
			continue
		}
		if r.LastSuccess.After(now) { // of a time when the clock was wrong
			r.LastSuccess = now
		}
		c.entries[key{r.Topic, n.ID()}] = Entry{r.Topic, n, r.LastSuccess, max(r.Failures, 0)}
	}
	for topic := range c.topics() {
		c.trim(topic, now)
	}
	if unread > 0 {
		c.log.Warn("nodes of the peer cache cannot be read and are left out", zap.String("path", c.path),
			zap.Int("nodes", unread))
	}
	return nil
}

// usable reports whether a node can be connected to.
func usable(n *enode.Node) bool {
	return n.TCP() != 0 && (n.Hostname() != "" || n.IPAddr().IsValid())
}

// topics returns the topics and their numbers of nodes. The caller holds mu,
// here and below.
func (c *Cache) topics() map[discovery.Topic]int {
	out := make(map[discovery.Topic]int)
	for k := range c.entries {
		out[k.topic]++
	}
	return out
}

// trim removes the nodes of a topic that are too old, failed too often, or
// are too many.
func (c *Cache) trim(topic discovery.Topic, now time.Time) {
	list := c.list(topic)
	for i, e := range list {
		if i >= MaxNodes || e.Failures >= MaxFailures || now.Sub(e.LastSuccess) > MaxAge {
			delete(c.entries, key{topic, e.Node.ID()})
		}
	}
}

// list returns the nodes of a topic, the latest success first.
func (c *Cache) list(topic discovery.Topic) []Entry {
	var out []Entry
	for k, e := range c.entries {
		if k.topic == topic {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(b.LastSuccess.Compare(a.LastSuccess), cmp.Compare(a.Failures, b.Failures),
			slices.Compare(a.Node.ID().Bytes(), b.Node.ID().Bytes()))
	})
	return out
}

// Entries returns what is known under a topic, the latest success first.
func (c *Cache) Entries(topic discovery.Topic) []Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trim(topic, c.now())
	return c.list(topic)
}

// Load returns up to limit nodes that served a topic, the latest success
// first. The error is always nil.
func (c *Cache) Load(topic discovery.Topic, limit int) ([]*enode.Node, error) {
	entries := c.Entries(topic)
	nodes := make([]*enode.Node, min(limit, len(entries)))
	for i := range nodes {
		nodes[i] = entries[i].Node
	}
	return nodes, nil
}

// Succeeded notes that a node serves a topic, and where it is. A node that
// nobody could connect to is not remembered.
func (c *Cache) Succeeded(topic discovery.Topic, n *enode.Node) error {
	if !usable(n) || topic == "" {
		return nil
	}
	return c.change(func(now time.Time) bool {
		k := key{topic, n.ID()}
		old, known := c.entries[k]
		if !known && c.topics()[topic] == 0 && len(c.topics()) >= maxTopics {
			return false
		}
		if known && sameEndpoint(old.Node, n) && saysMore(old.Node, n) {
			n = old.Node
		}
		c.entries[k] = Entry{topic, n, now, 0}
		c.trim(topic, now)
		return true
	})
}

func sameEndpoint(a, b *enode.Node) bool {
	return a.IPAddr() == b.IPAddr() && a.TCP() == b.TCP() && a.Hostname() == b.Hostname()
}

// saysMore reports whether a is a record and b an enode, or an older record.
func saysMore(a, b *enode.Node) bool {
	signed := len(a.Record().Signature()) > 0
	return signed && (len(b.Record().Signature()) == 0 || a.Seq() > b.Seq())
}

// Failed counts a failure of a node under a topic. An unknown node stays
// unknown.
func (c *Cache) Failed(topic discovery.Topic, id enode.ID) error {
	return c.change(func(now time.Time) bool {
		e, known := c.entries[key{topic, id}]
		if !known {
			return false
		}
		e.Failures++
		c.entries[key{topic, id}] = e
		c.trim(topic, now)
		return true
	})
}

// change applies fn, which reports whether it changed something, and writes
// the file. A failed write is made up for by the next one.
func (c *Cache) change(fn func(now time.Time) bool) error {
	c.mu.Lock()
	if !fn(c.now().UTC().Round(0)) {
		c.mu.Unlock()
		return nil
	}
	c.changes++
	changes := c.changes
	raw, err := c.encode()
	c.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%w", err)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.written >= changes { // by another call, after this one changed something
		return nil
	}
	if err := atomicfile.Write(c.path, raw, 0o600); err != nil {
		return fmt.Errorf("%w", err)
	}
	c.written = changes
	return nil
}

// encode returns the file.
func (c *Cache) encode() ([]byte, error) {
	f := file{Version: version, Nodes: []record{}}
	topics := c.topics()
	names := make([]discovery.Topic, 0, len(topics))
	for topic := range topics {
		names = append(names, topic)
	}
	slices.Sort(names)
	for _, topic := range names {
		for _, e := range c.list(topic) {
			f.Nodes = append(f.Nodes, record{topic, e.Node.String(), e.LastSuccess, e.Failures})
		}
	}
	return json.MarshalIndent(f, "", " ")
}

// Name implements discovery.Source.
func (c *Cache) Name() string { return "cache" }

// Search implements discovery.Source: it tells the five best nodes at once,
// and then one more every two seconds, so that a cache full of nodes that are
// gone holds up nobody.
func (c *Cache) Search(ctx context.Context, topic discovery.Topic, found func(*enode.Node)) error {
	for i, e := range c.Entries(topic) {
		if i >= first {
			timer := time.NewTimer(step)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		found(e.Node)
	}
	return nil
}
