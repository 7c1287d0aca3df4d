package transport

import (
	"fmt"
	"math"
	"time"

	"statusd/transport/bundle"
)

// OwnBundle returns the own bundle, signed now, and makes or rotates the
// prekey if that is due (spec 03 section 3.2): it changes the store.
func (d *Device) OwnBundle(st Store, now time.Time) (bundle.Bundle, error) {
	current, err := d.currentPrekey(st, now)
	if err != nil {
		return bundle.Bundle{}, fmt.Errorf("own prekey: %w", err)
	}
	entries := []bundle.Prekey{{
		Installation: d.cfg.Installation, Key: current.ID(), Version: current.Version, Protocol: protocolVersion,
	}}
	paired, err := d.targets(st, d.own)
	if err != nil {
		return bundle.Bundle{}, fmt.Errorf("load own installations: %w", err)
	}
	for _, i := range paired {
		// Ids of another length would make the signed text ambiguous: peers
		// refuse such bundles.
		if len(entries) < MaxTargets && len(i.ID) == len(d.cfg.Installation) {
			entries = append(entries, bundle.Prekey{
				Installation: i.ID, Key: i.Prekey, Version: i.Version, Protocol: i.Protocol,
			})
		}
	}
	b, err := bundle.Sign(d.cfg.Identity, entries, now)
	if err != nil {
		return bundle.Bundle{}, fmt.Errorf("own bundle: %w", err)
	}
	return b, nil
}

// currentPrekey returns the prekey of this installation; a new one if the old
// one has its age, or if our identity is known with a later version.
func (d *Device) currentPrekey(st Store, now time.Time) (OwnPrekey, error) {
	self, err := st.Self()
	if err != nil {
		return OwnPrekey{}, err
	}
	current, ok, err := st.CurrentPrekey()
	if err != nil {
		return OwnPrekey{}, err
	}
	at := now.UnixNano()
	if ok && current.Created >= at-int64(RotateAfter) && current.Version >= self.LastVersion {
		return current, nil
	}
	return d.newPrekey(st, self, current, now)
}

// newPrekey puts a new prekey in the place of the current one, if there is one.
func (d *Device) newPrekey(st Store, self Self, current OwnPrekey, now time.Time) (OwnPrekey, error) {
	at := now.UnixNano()
	if !current.Private.IsZero() {
		current.Replaced = at
		if err := st.PutPrekey(current); err != nil {
			return OwnPrekey{}, err
		}
	}
	if err := st.DeletePrekeys(at - int64(PrekeyRetention)); err != nil {
		return OwnPrekey{}, err
	}
	private, err := d.cfg.NewKey()
	if err != nil {
		return OwnPrekey{}, fmt.Errorf("make key: %w", err)
	}
	self.LastVersion = max(self.LastVersion, current.Version)
	if self.LastVersion < math.MaxUint32 {
		self.LastVersion++
	}
	next := OwnPrekey{Private: private, Version: self.LastVersion, Created: at}
	if err := st.PutPrekey(next); err != nil {
		return OwnPrekey{}, err
	}
	return next, st.PutSelf(self)
}

// learn stores what a verified bundle tells and returns the installations that
// are new.
func (d *Device) learn(st Store, b bundle.Bundle, now time.Time) ([]Installation, error) {
	id := b.Identity()
	if len(b.Prekeys()) == 0 {
		return nil, nil
	}
	p, changed, fresh, err := heard(st, id, now)
	if err != nil {
		return nil, fmt.Errorf("load peer: %w", err)
	}
	if changed {
		if err := st.PutPeer(p); err != nil {
			return nil, fmt.Errorf("store peer: %w", err)
		}
	}
	if fresh {
		if err := st.EvictStrangers(d.own, MaxStrangers); err != nil {
			return nil, fmt.Errorf("evict strangers: %w", err)
		}
	}
	list, err := st.Installations(id)
	if err != nil {
		return nil, fmt.Errorf("load installations: %w", err)
	}
	known := make(map[string]Installation, len(list))
	for _, i := range list {
		known[i.ID] = i
	}
	var added []Installation
	for _, e := range b.Prekeys() {
		if id == d.own && e.Installation == d.cfg.Installation {
			if err := d.learnOwn(st, e); err != nil {
				return nil, err
			}
			continue
		}
		old, ok := known[e.Installation]
		next := merge(old, ok, e, b, id == d.own)
		if ok && next == old {
			continue
		}
		if !ok {
			room, err := makeRoom(st, known, next)
			if err != nil {
				return nil, err
			}
			if !room {
				continue
			}
			added = append(added, next)
		}
		if err := st.PutInstallation(next); err != nil {
			return nil, fmt.Errorf("store installation: %w", err)
		}
		known[next.ID] = next
	}
	return added, nil
}

// merge returns the record of an installation after an entry of a bundle. A
// prekey becomes the current one only by a higher version, or, after a loss of
// state, by the same version at a later time; the flag is the owner's.
func merge(i Installation, known bool, e bundle.Prekey, b bundle.Bundle, own bool) Installation {
	at := b.Timestamp()
	if !known {
		return Installation{
			Identity: b.Identity(), ID: e.Installation, Enabled: !own, Protocol: e.Protocol, LastSeen: at,
			Prekey: e.Key, Version: e.Version, PrekeySeen: at,
		}
	}
	i.LastSeen = max(i.LastSeen, at)
	i.Protocol = max(i.Protocol, e.Protocol)
	switch {
	case e.Key == i.Prekey && e.Version == i.Version:
		i.PrekeySeen = max(i.PrekeySeen, at)
	case e.Version > i.Version, e.Version == i.Version && at > i.PrekeySeen:
		i.Prekey, i.Version, i.PrekeySeen = e.Key, e.Version, at
	}
	return i
}

// makeRoom erases the installation that was not seen for longest when an
// identity has too many. Our own paired devices stay. It reports whether the
// new one may be stored.
func makeRoom(st Store, known map[string]Installation, next Installation) (bool, error) {
	if len(known) < MaxInstallations {
		return true, nil
	}
	var oldest *Installation
	for _, i := range known {
		paired := !next.Enabled && i.Enabled
		if !paired && (oldest == nil || i.LastSeen < oldest.LastSeen ||
			i.LastSeen == oldest.LastSeen && i.ID < oldest.ID) {
			oldest = &i
		}
	}
	if oldest == nil || oldest.LastSeen > next.LastSeen {
		return false, nil
	}
	delete(known, oldest.ID)
	if err := st.DeleteInstallation(oldest.Identity, oldest.ID); err != nil {
		return false, fmt.Errorf("delete installation: %w", err)
	}
	return true, nil
}

// learnOwn looks at the entry that a bundle of our identity has for this
// installation. If it is ahead of our own prekey, state was lost: the next
// prekey must get a higher version, or peers would ignore it.
func (d *Device) learnOwn(st Store, e bundle.Prekey) error {
	self, err := st.Self()
	if err != nil {
		return fmt.Errorf("load own record: %w", err)
	}
	current, ok, err := st.CurrentPrekey()
	if err != nil {
		return fmt.Errorf("load prekey: %w", err)
	}
	last := e.Version
	if ok && e.Version == current.Version && e.Key != current.ID() && last < math.MaxUint32 {
		last++
	}
	if last <= self.LastVersion {
		return nil
	}
	self.LastVersion = last
	if err := st.PutSelf(self); err != nil {
		return fmt.Errorf("store own record: %w", err)
	}
	return nil
}

// Restored prepares state that came from a backup, before anything is sent.
// Sessions in it may lag behind what peers saw: to use one again could seal
// two messages with one key. All of them only receive from now on, and the own
// prekey is replaced by one with a version above any that was lost.
func (d *Device) Restored(st Store, now time.Time) error {
	if err := st.RetireSessions(Scope{Everybody: true}, math.MaxInt64); err != nil {
		return fmt.Errorf("retire sessions: %w", err)
	}
	current, ok, err := st.CurrentPrekey()
	if err != nil {
		return fmt.Errorf("load prekey: %w", err)
	}
	self, err := st.Self()
	if err != nil {
		return fmt.Errorf("load own record: %w", err)
	}
	if ok {
		self.LastVersion = max(self.LastVersion, current.Version)
	}
	self.LastVersion = aboveLost(self.LastVersion, now)
	if err := st.PutSelf(self); err != nil {
		return fmt.Errorf("store own record: %w", err)
	}
	return nil
}

// aboveLost returns a version such that the next one is above every version
// that this installation can have given to a prekey and forgotten, with the
// state that was lost. Versions rise by one a day, and here to the minutes of
// the calendar; since that happens once a minute at most, none is ever ahead
// of it. Peers of 2020 only compare versions, which have 32 bits: enough for
// some 8000 years.
func aboveLost(last uint32, now time.Time) uint32 {
	minutes := min(max(0, now.Unix()/60), math.MaxUint32-1)
	return max(last, uint32(minutes)) //nolint:gosec // bounded above, not negative
}
