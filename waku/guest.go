package waku

import "sync"

// Quotas of guests. What a peer takes is bounded: it refuses a list of more
// than wire.MaxTopicInterest topics, and without its list a node is deaf. Half
// of that is for the host's owner alone, whatever guests do.
const (
	GuestFilters = 256  // of one guest
	GuestTopics  = 1000 // of the filters of one guest, each counted for itself
	GuestKeys    = 1024 // of one guest: key pairs and symmetric keys together

	AllGuestFilters = 1024 // of all guests together
	AllGuestTopics  = 5000
)

// Guest is one user of the host who shares it with others: filters and keys
// that nobody else can see or remove, within quotas. The host's own filters,
// those of Host.InstallFilter, belong to no guest and have no quota. A Guest
// is safe for concurrent use.
type Guest struct {
	host *Host
	keys *Keys
	once sync.Once

	// The rest is guarded by the host's mu.
	filters map[FilterID]struct{}
	topics  int // of its filters, each counted for itself
	closed  bool
}

// NewGuest makes room for another user. Close gives it back.
func (h *Host) NewGuest() *Guest {
	return &Guest{host: h, keys: newKeys(GuestKeys), filters: make(map[FilterID]struct{})}
}

// Keys returns the guest's own keys.
func (g *Guest) Keys() *Keys { return g.keys }

// InstallFilter is Host.InstallFilter for the guest. Errors beside those of
// the host: ErrFilterQuota, ErrTopicQuota, and ErrStopped after Close.
func (g *Guest) InstallFilter(spec FilterSpec, sink Sink) (FilterID, error) {
	return g.host.install(g, spec, sink)
}

// UninstallFilter stops one of the guest's filters and reports whether it was
// there.
func (g *Guest) UninstallFilter(id FilterID) bool { return g.host.uninstall(g, id) }

// FilterMessages is Host.FilterMessages for one of the guest's filters. Of
// others it knows nothing: ErrUnknownFilter.
func (g *Guest) FilterMessages(id FilterID) ([]*ReceivedMessage, error) {
	return g.host.filterMessages(g, id)
}

// Waiting counts the messages that the guest's polling filters hold.
func (g *Guest) Waiting() int { return g.host.filters.waiting(g) }

// Close removes the guest's filters and forgets its keys. Nothing can be
// installed or kept afterwards. It may be called more than once.
func (g *Guest) Close() {
	g.once.Do(func() {
		g.keys.close()
		h := g.host
		h.mu.Lock()
		defer h.mu.Unlock()
		g.closed = true
		for id := range g.filters {
			h.filters.remove(id)
		}
		clear(g.filters)
		g.topics = 0
		h.refreshInterest()
	})
}

// admit checks the quotas for another filter of a guest. The caller holds the
// host's mu.
func (g *Guest) admit(f *filter) error {
	set := g.host.filters
	switch {
	case g.closed:
		return ErrStopped
	case len(g.filters) >= GuestFilters || set.guestFilters >= AllGuestFilters:
		return ErrFilterQuota
	case g.topics+len(f.Topics) > GuestTopics || set.guestTopics+len(f.Topics) > AllGuestTopics:
		return ErrTopicQuota
	}
	return nil
}

// took notes that a filter of the guest was installed, left that one was
// removed. The caller holds the host's mu.
func (g *Guest) took(f *filter) {
	g.filters[f.id] = struct{}{}
	g.topics += len(f.Topics)
}

func (g *Guest) left(f *filter) {
	delete(g.filters, f.id)
	g.topics -= len(f.Topics)
}
