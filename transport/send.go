package transport

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"statusd/accounts/key"
	"statusd/transport/bundle"
	"statusd/transport/dh"
	"statusd/transport/protocol"
	"statusd/transport/topics"
)

// Outgoing is a message ready for a waku envelope. It may leave the process
// once the transaction that made it is durable.
type Outgoing struct {
	// Data is the payload of the waku message, signed with the identity key.
	Data []byte
	// Place is where it goes. Sending needs no filter there. If the place is
	// not symmetric, the waku message is encrypted to To.
	Place topics.Place
	To    key.Public
	// Listen is the negotiated place of the recipient, nil if there is none:
	// install its filter before sending.
	Listen *topics.Place
	// Targets are the installations that can read the message, empty when it
	// was encrypted for any device. Skipped could not be written to.
	Targets, Skipped []string
	// Untracked marks answers: nobody waits for them.
	Untracked bool
	// Waku has the parameters of the envelope.
	Waku WakuParams
}

// SendDirect encrypts a payload for all active installations of an identity,
// which may be our own: then for our other devices (spec 03 section 5).
func (d *Device) SendDirect(st Store, to key.Public, payload []byte, now time.Time) (Outgoing, error) {
	out, direct, err := d.seal(st, to, payload, now)
	if err != nil {
		return Outgoing{}, err
	}
	return d.wrap(st, out, direct, nil, now)
}

// SendDirectWithin is SendDirect for a payload so large that one message for
// all installations may be longer than limit bytes: then there is a message
// for each installation.
func (d *Device) SendDirectWithin(
	st Store, to key.Public, payload []byte, now time.Time, limit int,
) ([]Outgoing, error) {
	out, direct, err := d.seal(st, to, payload, now)
	if err != nil {
		return nil, err
	}
	whole, err := d.wrap(st, out, direct, nil, now)
	if err != nil || len(direct) == 1 || len(whole.Data) <= limit {
		return []Outgoing{whole}, err
	}
	list := make([]Outgoing, 0, len(direct))
	for _, id := range out.Targets {
		part := out
		part.Targets = []string{id}
		if part, err = d.wrap(st, part, map[string]protocol.Direct{id: direct[id]}, nil, now); err != nil {
			return nil, err
		}
		list = append(list, part)
	}
	return list, nil
}

// seal encrypts a payload for the installations of an identity and says where
// it goes.
func (d *Device) seal(
	st Store, to key.Public, payload []byte, now time.Time,
) (Outgoing, map[string]protocol.Direct, error) {
	if to.IsZero() {
		return Outgoing{}, nil, ErrRecipient
	}
	out := Outgoing{To: to}
	direct, err := d.encryptAll(st, to, payload, now, &out)
	if err != nil {
		return Outgoing{}, nil, fmt.Errorf("encrypt for installations: %w", err)
	}
	if len(direct) == 0 {
		if direct, err = d.exchange(to, payload); err != nil {
			return Outgoing{}, nil, err
		}
	}
	p, err := d.recordSecret(st, to, now)
	if err != nil {
		return Outgoing{}, nil, err
	}
	listen := topics.NegotiatedOf(p.Shared)
	out.Listen, out.Place = &listen, topics.PartitionOf(to)
	agreed := len(out.Targets) > 0
	for _, id := range out.Targets {
		agreed = agreed && slices.Contains(p.Acks, id)
	}
	if agreed {
		out.Place = listen
	}
	return out, direct, nil
}

// recordSecret notes that we write to an identity and listen to the secret
// topic.
func (d *Device) recordSecret(st Store, to key.Public, now time.Time) (Peer, error) {
	p, _, fresh, err := heard(st, to, now)
	if err != nil {
		return Peer{}, fmt.Errorf("load peer: %w", err)
	}
	if fresh {
		p.Heard = 0
	}
	known := p.Written && !p.Shared.IsZero()
	if p.Shared.IsZero() {
		if p.Shared, err = dh.Shared(d.cfg.Identity, to); err != nil {
			return Peer{}, fmt.Errorf("negotiate topic: %w", err)
		}
	}
	p.Written = true
	if p.acknowledge(d.cfg.Installation) || !known {
		if err := st.PutPeer(p); err != nil {
			return Peer{}, fmt.Errorf("store peer: %w", err)
		}
	}
	return p, nil
}

// targets returns the installations that a message to an identity is for.
func (d *Device) targets(st InstallationStore, to key.Public) ([]Installation, error) {
	all, err := st.Installations(to)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(slices.Clone(all), func(i Installation) bool {
		return !i.Enabled || i.ID == d.cfg.Installation && to == d.own
	})
	newestFirst(all)
	return all[:min(len(all), MaxTargets)], nil
}

func newestFirst(list []Installation) {
	slices.SortFunc(list, func(a, b Installation) int {
		return cmp.Or(cmp.Compare(b.LastSeen, a.LastSeen), strings.Compare(a.ID, b.ID))
	})
}

// encryptAll makes an entry for each target. An installation whose prekey is
// of no use is skipped, errors of the store end the whole.
func (d *Device) encryptAll(
	st Store, to key.Public, payload []byte, now time.Time, out *Outgoing,
) (map[string]protocol.Direct, error) {
	list, err := d.targets(st, to)
	if err != nil {
		return nil, err
	}
	direct := make(map[string]protocol.Direct)
	for _, i := range list {
		s, err := d.sendingSession(st, i, now)
		if errors.Is(err, errUnusable) {
			out.Skipped = append(out.Skipped, i.ID)
			continue
		}
		if err != nil {
			return nil, err
		}
		old := s.State
		next, h, sealed, err := s.State.Encrypt(payload, d.cfg.IV)
		if err != nil {
			return nil, err
		}
		s.State, s.Used = next, now.UnixNano()
		if err := st.PutSession(s); err != nil {
			return nil, err
		}
		old.Replace(next)
		entry := protocol.Direct{
			DR:      &protocol.DRHeader{Key: h.Key[:], N: h.N, PN: h.PN, ID: s.ID.Prekey[:]},
			Payload: sealed,
		}
		if s.Initiator && !s.Answered {
			entry.X3DH = &protocol.X3DHHeader{Key: s.ID.Ephemeral[:], ID: s.ID.Prekey[:]}
		}
		direct[i.ID] = entry
		out.Targets = append(out.Targets, i.ID)
		if err := st.TrimSessions(to, i.ID, MaxSessions); err != nil {
			return nil, err
		}
	}
	return direct, nil
}

// exchange encrypts a payload for any device of an identity (section 6).
func (d *Device) exchange(to key.Public, payload []byte) (map[string]protocol.Direct, error) {
	e, err := d.cfg.NewKey()
	if err != nil {
		return nil, fmt.Errorf("make ephemeral key: %w", err)
	}
	defer e.Wipe()
	shared, err := dh.Shared(e, to)
	if err != nil {
		return nil, fmt.Errorf("exchange keys: %w", err)
	}
	defer shared.Wipe()
	var nonce [dh.NonceSize]byte
	if _, err := io.ReadFull(d.cfg.Random, nonce[:]); err != nil {
		return nil, fmt.Errorf("make nonce: %w", err)
	}
	sealed, err := dh.Seal(shared, nonce, payload)
	if err != nil {
		return nil, fmt.Errorf("seal message: %w", err)
	}
	point := dh.PointOf(e.Public())
	return map[string]protocol.Direct{
		protocol.AnyDevice: {DH: &protocol.DHHeader{Key: point[:]}, Payload: sealed},
	}, nil
}

// wrap adds the own bundle, which is signed last, and encodes the message.
func (d *Device) wrap(
	st Store, out Outgoing, direct map[string]protocol.Direct, public []byte, now time.Time,
) (Outgoing, error) {
	b, err := d.OwnBundle(st, now)
	if err != nil {
		return Outgoing{}, err
	}
	out.Data = protocol.Encode(d.cfg.Installation, []bundle.Bundle{b}, direct, public)
	out.Waku = ParamsFor(len(out.Data))
	return out, nil
}

// sendExchange sends by one exchange to the partition of an identity. Such
// messages never use the negotiated topic.
func (d *Device) sendExchange(st Store, to key.Public, payload []byte, now time.Time) (Outgoing, error) {
	direct, err := d.exchange(to, payload)
	if err != nil {
		return Outgoing{}, err
	}
	return d.wrap(st, Outgoing{To: to, Place: topics.PartitionOf(to)}, direct, nil, now)
}

// SendPublic wraps a payload for a public chat. It is not encrypted by this
// layer: everybody who knows the name of the chat can read it.
func (d *Device) SendPublic(st Store, place topics.Place, payload []byte, now time.Time) (Outgoing, error) {
	if place.Kind != topics.Public {
		return Outgoing{}, ErrPlace
	}
	if len(payload) == 0 {
		return Outgoing{}, ErrEmpty
	}
	return d.wrap(st, Outgoing{Place: place}, nil, payload, now)
}

// SendContactCode wraps the contact code advertisement, an application payload
// of type 15, and remembers the time (section 9.3).
func (d *Device) SendContactCode(st Store, payload []byte, now time.Time) (Outgoing, error) {
	if len(payload) == 0 {
		return Outgoing{}, ErrEmpty
	}
	out, err := d.wrap(st, Outgoing{Place: topics.ContactCodeOf(d.own)}, nil, payload, now)
	if err != nil {
		return Outgoing{}, err
	}
	self, err := st.Self()
	if err != nil {
		return Outgoing{}, fmt.Errorf("load own record: %w", err)
	}
	self.ContactCodeAt = now.UnixNano()
	if err := st.PutSelf(self); err != nil {
		return Outgoing{}, fmt.Errorf("store own record: %w", err)
	}
	return out, nil
}

// ContactCodeDue returns when the contact code is to be published next: the
// interval after the last time, or at once after a new prekey.
func (d *Device) ContactCodeDue(st Store) (time.Time, error) {
	self, err := st.Self()
	if err != nil {
		return time.Time{}, fmt.Errorf("load own record: %w", err)
	}
	if self.ContactCodeAt == 0 {
		return time.Time{}, nil
	}
	current, ok, err := st.CurrentPrekey()
	if err != nil {
		return time.Time{}, fmt.Errorf("load prekey: %w", err)
	}
	if ok && current.Created > self.ContactCodeAt {
		return time.Unix(0, current.Created), nil
	}
	return time.Unix(0, self.ContactCodeAt).Add(ContactCodeInterval), nil
}

// SendPairing sends the message that shows this installation to our other
// devices, paired or not (section 10). payload is an application payload of
// type 4. Errors: ErrNoMetadata.
func (d *Device) SendPairing(st Store, payload []byte, now time.Time) (Outgoing, error) {
	self, err := st.Self()
	if err != nil {
		return Outgoing{}, fmt.Errorf("load own record: %w", err)
	}
	if self.Metadata.Name == "" {
		return Outgoing{}, ErrNoMetadata
	}
	return d.sendExchange(st, d.own, payload, now)
}
