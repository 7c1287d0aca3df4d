package transport

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"statusd/accounts/key"
	"statusd/transport/dh"
	"statusd/transport/ratchet"
	"statusd/transport/x3dh"
)

// errUnusable marks an installation that cannot be written to.
var errUnusable = errors.New("installation cannot be written to")

// sendingSession returns the session to write to an installation with: of the
// live ones the first by shared key, a new one if there is none (spec 03
// section 8.5). Both sides see the same sessions and so agree on one.
func (d *Device) sendingSession(st Store, i Installation, now time.Time) (Session, error) {
	live, err := st.Sessions(i.Identity, i.ID, i.Prekey)
	if err != nil {
		return Session{}, err
	}
	live = slices.DeleteFunc(live, func(s Session) bool { return !s.Initiator })
	own, ok, err := st.CurrentPrekey()
	if err != nil {
		return Session{}, err
	}
	if ok {
		theirs, err := st.Sessions(i.Identity, i.ID, own.ID())
		if err != nil {
			return Session{}, err
		}
		for _, s := range theirs {
			if !s.Initiator {
				live = append(live, s)
			}
		}
	}
	live = slices.DeleteFunc(live, func(s Session) bool { return s.Retired || s.State.SendCount == math.MaxUint32 })
	if live, err = afterHealing(st, i.Identity, live); err != nil {
		return Session{}, err
	}
	best, found := Session{}, false
	for _, s := range live {
		if !found || s.Order < best.Order {
			best, found = s, true
		}
	}
	if found {
		return best, nil
	}
	return d.initiate(i, now)
}

// afterHealing leaves out the sessions that we started and the peer did not
// answer, if there are others and sessions with it were given up before: a peer
// of 2020 cannot open a second handshake with one prekey, and so does not
// answer, but starts a session itself.
func afterHealing(st Store, id key.Public, live []Session) ([]Session, error) {
	unanswered := func(s Session) bool { return s.Initiator && !s.Answered }
	if len(live) < 2 || !slices.ContainsFunc(live, unanswered) {
		return live, nil
	}
	p, _, err := st.Peer(id)
	if err != nil {
		return nil, err
	}
	if p.Healed == 0 || !slices.ContainsFunc(live, func(s Session) bool { return !unanswered(s) }) {
		return live, nil
	}
	return slices.DeleteFunc(live, unanswered), nil
}

// initiate runs X3DH with the prekey of an installation.
func (d *Device) initiate(i Installation, now time.Time) (Session, error) {
	prekey, err := i.Prekey.Parse()
	if err != nil {
		return Session{}, errUnusable
	}
	ephemeral, err := d.cfg.NewKey()
	if err != nil {
		return Session{}, fmt.Errorf("make ephemeral key: %w", err)
	}
	defer ephemeral.Wipe()
	shared, err := x3dh.Initiate(d.cfg.Identity, ephemeral, i.Identity, prekey)
	if err != nil {
		return Session{}, errUnusable
	}
	defer shared.Wipe()
	own, err := d.cfg.NewKey()
	if err != nil {
		return Session{}, fmt.Errorf("make ratchet key: %w", err)
	}
	state, err := ratchet.NewInitiator(shared, own, prekey)
	if err != nil {
		return Session{}, errUnusable
	}
	return Session{
		ID:        SessionID{i.Identity, i.ID, i.Prekey, dh.PointOf(ephemeral.Public())},
		Initiator: true, Order: orderOf(shared), Created: now.UnixNano(), State: state,
	}, nil
}

// respond is the other side of initiate: the session that a received handshake
// makes. Errors: ErrSessionNotFound if we do not have the prekey, ErrHeader.
func (d *Device) respond(st Store, id SessionID, now time.Time) (Session, error) {
	prekey, ok, err := st.Prekey(id.Prekey)
	if err != nil {
		return Session{}, fmt.Errorf("load prekey: %w", err)
	}
	if !ok {
		return Session{}, ErrSessionNotFound
	}
	ephemeral, err := id.Ephemeral.Parse()
	if err != nil {
		return Session{}, ErrHeader
	}
	shared, err := x3dh.Respond(d.cfg.Identity, prekey.Private, id.Identity, ephemeral)
	if err != nil {
		return Session{}, fmt.Errorf("agree on a key: %w", err)
	}
	defer shared.Wipe()
	state, err := ratchet.NewResponder(shared, prekey.Private)
	if err != nil {
		return Session{}, fmt.Errorf("start session: %w", err)
	}
	return Session{ID: id, Order: orderOf(shared), Created: now.UnixNano(), State: state}, nil
}

// supersede retires the sessions that a peer started on the same prekey before:
// a peer that still had one of them would not have started another.
func supersede(st Store, id SessionID) error {
	list, err := st.Sessions(id.Identity, id.Installation, id.Prekey)
	if err != nil {
		return fmt.Errorf("load sessions: %w", err)
	}
	for _, s := range list {
		if s.Initiator || s.Retired || s.ID == id {
			continue
		}
		s.Retired = true
		if err := st.PutSession(s); err != nil {
			return fmt.Errorf("retire session: %w", err)
		}
	}
	return nil
}

func orderOf(shared dh.Secret) uint64 { return binary.BigEndian.Uint64(shared.Reveal()) }

// candidates returns the sessions that a message may belong to, best first.
// With a handshake there is exactly one, which may be new.
func (d *Device) candidates(st Store, in *incoming) ([]Session, error) {
	all, err := st.Sessions(in.from, in.message.Installation, in.prekey)
	if err != nil {
		return nil, fmt.Errorf("load sessions: %w", err)
	}
	if !in.handshake {
		if len(all) == 0 {
			return nil, ErrSessionNotFound
		}
		slices.SortStableFunc(all, func(a, b Session) int {
			return cmp.Or(in.expected(b)-in.expected(a), cmp.Compare(b.Created, a.Created))
		})
		return all, nil
	}
	i := slices.IndexFunc(all, func(s Session) bool { return s.ID.Ephemeral == in.ephemeral })
	if i >= 0 {
		return all[i : i+1], nil
	}
	if known, _, err := st.Opened(in.from, in.opened().Digest); err != nil || known { // its session is gone
		return nil, copyOr(err)
	}
	s, err := d.respond(st, SessionID{in.from, in.message.Installation, in.prekey, in.ephemeral}, in.now)
	if err != nil {
		return nil, err
	}
	return []Session{s}, nil
}

// expected is 1 if the header has the ratchet key that a session expects.
func (in *incoming) expected(s Session) int {
	if s.State.Peer == in.header.Key {
		return 1
	}
	return 0
}
