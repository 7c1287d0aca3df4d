package waku

import (
	"crypto/ecdsa"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/waku/wire"
)

// Bounds of what a polling filter keeps between two polls. The oldest message
// goes when one is passed; that is counted and logged. storeMaxTotal bounds all
// such filters together: anybody who knows the keys of public chats can fill
// those that nobody polls any more. The fullest filter gives way then.
const (
	storeMaxMessages = 8192
	storeMaxBytes    = 64 << 20
	storeMaxTotal    = 256 << 20
)

// filter is one installed FilterSpec.
type filter struct {
	FilterSpec
	id      FilterID
	guest   *Guest          // whose it is; nil: the host's owner
	cipher  *wire.SymCipher // nil: asymmetric
	key     [32]byte        // identifies the key; equal keys open the same envelopes
	sink    Sink            // nil: polled
	store   *store          // nil: pushed
	removed atomic.Bool
}

// newFilter checks a spec and prepares its key.
func newFilter(g *Guest, spec FilterSpec, sink Sink) (*filter, error) {
	f := &filter{FilterSpec: spec, id: FilterID(randomID()), guest: g, sink: sink}
	f.Topics = slices.Clone(spec.Topics)
	slices.SortFunc(f.Topics, func(a, b wire.Topic) int { return slices.Compare(a[:], b[:]) })
	f.Topics = slices.Compact(f.Topics)
	switch {
	case (len(spec.SymKey) == 0) == (spec.PrivateKey == nil):
		return nil, ErrFilterKey
	case spec.PrivateKey != nil:
		f.key = [32]byte(crypto.Keccak256([]byte("asymmetric"), crypto.FromECDSAPub(&spec.PrivateKey.PublicKey)))
	default:
		cipher, err := wire.NewSymCipher(spec.SymKey)
		if err != nil {
			return nil, err
		}
		f.cipher = cipher
		f.key = [32]byte(crypto.Keccak256([]byte("symmetric"), spec.SymKey))
	}
	return f, nil
}

// open decrypts the data field with the filter's key.
func (f *filter) open(data []byte) ([]byte, error) {
	if f.cipher != nil {
		return f.cipher.Open(data)
	}
	return wire.OpenAsymmetric(f.PrivateKey, data)
}

// takes reports whether the filter wants an envelope that came this way, apart
// from topic, key and signer. The minimum proof of work does not apply to
// peer-to-peer messages: nobody mined for them.
func (f *filter) takes(pow float64, p2p bool) bool {
	if p2p {
		return f.AllowP2P
	}
	return pow >= f.MinPoW
}

// filterSet is the installed filters, by topic.
type filterSet struct {
	stored atomic.Int64 // bytes that the stores hold

	mu       sync.RWMutex
	byID     map[FilterID]*filter
	byTopic  map[wire.Topic][]*filter
	wildcard []*filter

	// Of all guests together; topics are counted once for each filter.
	guestFilters, guestTopics int
}

func newFilterSet() *filterSet {
	return &filterSet{byID: make(map[FilterID]*filter), byTopic: make(map[wire.Topic][]*filter)}
}

// add installs a filter. It refuses one that would bring the number of topics
// above what can be announced.
func (s *filterSet) add(f *filter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := make(map[wire.Topic]struct{})
	for _, t := range f.Topics {
		if len(s.byTopic[t]) == 0 {
			fresh[t] = struct{}{}
		}
	}
	if len(s.byTopic)+len(fresh) > wire.MaxTopicInterest {
		return ErrTooManyTopics
	}
	if f.sink == nil {
		f.store = &store{total: &s.stored, seen: make(map[wire.Hash]struct{})}
	}
	s.byID[f.id] = f
	if len(f.Topics) == 0 {
		s.wildcard = append(s.wildcard, f)
	}
	for _, t := range f.Topics {
		s.byTopic[t] = append(s.byTopic[t], f)
	}
	if f.guest != nil {
		s.guestFilters++
		s.guestTopics += len(f.Topics)
	}
	return nil
}

func (s *filterSet) remove(id FilterID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.byID[id]
	if f == nil {
		return false
	}
	f.removed.Store(true)
	if f.store != nil {
		f.store.close()
	}
	delete(s.byID, id)
	if f.guest != nil {
		s.guestFilters--
		s.guestTopics -= len(f.Topics)
	}
	s.wildcard = without(s.wildcard, f)
	for _, t := range f.Topics {
		if list := without(s.byTopic[t], f); len(list) > 0 {
			s.byTopic[t] = list
		} else {
			delete(s.byTopic, t)
		}
	}
	return true
}

// without returns a new slice, since readers may hold the old one.
func without(list []*filter, f *filter) []*filter {
	out := make([]*filter, 0, len(list))
	for _, g := range list {
		if g != f {
			out = append(out, g)
		}
	}
	return out
}

// get returns the filter with an id, nil if the guest has none of that id.
func (s *filterSet) get(g *Guest, id FilterID) *filter {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if f := s.byID[id]; f != nil && f.guest == g {
		return f
	}
	return nil
}

// topics returns the topics of all filters, how many filters there are, and
// whether one of them wants every topic.
func (s *filterSet) topics() (topics map[wire.Topic]struct{}, filters int, wildcard bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	topics = make(map[wire.Topic]struct{}, len(s.byTopic))
	for t := range s.byTopic {
		topics[t] = struct{}{}
	}
	return topics, len(s.byID), len(s.wildcard) > 0
}

// candidates returns the filters to try on a topic: those that list it and
// those that list none. The slices must not be changed.
func (s *filterSet) candidates(t wire.Topic) (listed, wildcard []*filter) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.byTopic[t], s.wildcard
}

// fullest returns the filter whose store holds the most bytes, or nil.
func (s *filterSet) fullest() (f *filter) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	most := 0
	for _, g := range s.byID {
		if g.store == nil {
			continue
		}
		if n := g.store.held(); n > most {
			f, most = g, n
		}
	}
	return f
}

// waiting counts the messages that the polling filters of a guest hold.
func (s *filterSet) waiting(g *Guest) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := 0
	for _, f := range s.byID {
		if f.store != nil && f.guest == g {
			n += f.store.len()
		}
	}
	return n
}

// match opens an envelope for every filter that fits and returns those, and
// the message. Each distinct key is tried once; after the first that opens,
// only filters with that key can fit.
func match(env *wire.Envelope, pow float64, p2p bool, candidates ...[]*filter) (fits []*filter, msg *ReceivedMessage) {
	var opener [32]byte
	var tried [][32]byte
	for _, list := range candidates {
		for _, f := range list {
			switch {
			case !f.takes(pow, p2p):
				continue
			case msg == nil:
				if slices.Contains(tried, f.key) {
					continue
				}
				tried = append(tried, f.key)
				plain, err := f.open(env.Data())
				if err != nil {
					continue
				}
				opened, err := wire.DecodePlain(plain)
				if err != nil {
					return nil, nil
				}
				opener, msg = f.key, newReceived(env, pow, p2p, f, opened)
			case f.key != opener:
				continue
			}
			if sameKey(f.Src, msg.Src) {
				fits = append(fits, f)
			}
		}
	}
	return fits, msg
}

// sameKey reports whether a signer satisfies what a filter demands.
func sameKey(want, got *ecdsa.PublicKey) bool {
	return want == nil || got != nil && want.Equal(got)
}

func newReceived(env *wire.Envelope, pow float64, p2p bool, f *filter, plain wire.Plain) *ReceivedMessage {
	m := &ReceivedMessage{
		Hash: env.Hash(), Topic: env.Topic(), Sent: env.Sent(), TTL: env.TTL(), PoW: pow,
		Payload: plain.Payload, Padding: plain.Padding, Src: plain.Signer, P2P: p2p,
	}
	if f.PrivateKey != nil {
		m.Dst = &f.PrivateKey.PublicKey
	}
	return m
}

// InstallFilter starts matching envelopes. Without a sink the messages wait
// for FilterMessages. Peers learn at once of topics that are new.
func (h *Host) InstallFilter(spec FilterSpec, sink Sink) (FilterID, error) {
	return h.install(nil, spec, sink)
}

func (h *Host) install(g *Guest, spec FilterSpec, sink Sink) (FilterID, error) {
	f, err := newFilter(g, spec, sink)
	if err != nil {
		return "", err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if g != nil {
		if err := g.admit(f); err != nil {
			return "", err
		}
	}
	if err := h.filters.add(f); err != nil {
		return "", err
	}
	if g != nil {
		g.took(f)
	}
	h.refreshInterest()
	return f.id, nil
}

// UninstallFilter stops a filter and reports whether it was there. Peers learn
// at once that topics are no longer wanted. A message that is being delivered
// just then may still arrive.
func (h *Host) UninstallFilter(id FilterID) bool { return h.uninstall(nil, id) }

func (h *Host) uninstall(g *Guest, id FilterID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.filters.get(g, id)
	if f == nil {
		return false
	}
	h.filters.remove(id)
	if g != nil {
		g.left(f)
	}
	h.refreshInterest()
	return true
}

// FilterMessages returns what a polling filter has gathered since the last
// call, oldest first. It is empty for a filter with a sink.
func (h *Host) FilterMessages(id FilterID) ([]*ReceivedMessage, error) {
	return h.filterMessages(nil, id)
}

func (h *Host) filterMessages(g *Guest, id FilterID) ([]*ReceivedMessage, error) {
	f := h.filters.get(g, id)
	if f == nil {
		return nil, ErrUnknownFilter
	}
	if f.store == nil {
		return nil, nil
	}
	return f.store.drain(), nil
}

// store gathers the messages of a polling filter.
type store struct {
	total *atomic.Int64 // bytes of all stores

	mu     sync.Mutex
	list   []*ReceivedMessage
	seen   map[wire.Hash]struct{}
	bytes  int
	closed bool
	warned bool // of drops since the last poll
}

// add keeps a message unless it is there already, and returns how many old
// ones had to go for it.
func (s *store) add(m *ReceivedMessage) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.seen[m.Hash]; ok || s.closed {
		return 0
	}
	s.seen[m.Hash] = struct{}{}
	s.list = append(s.list, m)
	s.count(m.size())
	for len(s.list) > storeMaxMessages || s.bytes > storeMaxBytes && len(s.list) > 1 {
		s.dropOldest()
		dropped++
	}
	return dropped
}

// shed drops the oldest message while the stores together hold more than
// limit bytes, and returns how many went.
func (s *store) shed(limit int64) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.list) > 0 && s.total.Load() > limit {
		s.dropOldest()
		dropped++
	}
	return dropped
}

func (s *store) dropOldest() {
	old := s.list[0]
	s.list[0] = nil
	s.list = s.list[1:]
	delete(s.seen, old.Hash)
	s.count(-old.size())
}

func (s *store) count(n int) {
	s.bytes += n
	s.total.Add(int64(n))
}

func (m *ReceivedMessage) size() int { return len(m.Payload) + len(m.Padding) }

func (s *store) drain() []*ReceivedMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.list
	s.list, s.warned = nil, false
	s.count(-s.bytes)
	clear(s.seen)
	return out
}

// warn reports whether to log that messages were dropped: once between two
// polls, since anybody can make it happen at any rate.
func (s *store) warn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.warned
	s.warned = true
	return first
}

// close drops what is kept and all that is added later.
func (s *store) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.drain()
}

func (s *store) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.list)
}

func (s *store) held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}
