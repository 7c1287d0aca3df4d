package transport

import (
	"errors"
	"fmt"
	"time"

	"statusd/accounts/key"
	"statusd/transport/bundle"
	"statusd/transport/dh"
	"statusd/transport/protocol"
	"statusd/transport/ratchet"
	"statusd/transport/topics"
	"statusd/waku/wire"
)

// Incoming is a waku message that was opened and whose signature was checked.
type Incoming struct {
	From     key.Public // who signed the waku message
	Data     []byte     // its payload; it is not kept
	Envelope wire.Hash  // for Confirm
	Sent     time.Time  // of the envelope; zero: now
}

// Protection says how this layer protected a message.
type Protection uint8

// Protections of messages, weakest first.
const (
	// Open is content of a public message: whoever knows the topic reads it.
	Open Protection = iota
	// Exchange is content sealed to the identity key: no forward secrecy.
	Exchange
	// Ratchet is content of a session with one installation.
	Ratchet
)

// String names the protection.
func (p Protection) String() string {
	switch p {
	case Open:
		return "open"
	case Exchange:
		return "exchange"
	case Ratchet:
		return "ratchet"
	}
	return "unknown"
}

// Decrypted is the outcome of Receive.
type Decrypted struct {
	Plaintext    []byte
	Protection   Protection
	From         key.Public
	Installation string // of the sender, as the message names it
	// Paired says that an enabled installation of our own identity sent this
	// over a session. Payloads that only own devices may send need it; the one
	// that asks for pairing comes before, as an Exchange of our own identity.
	Paired bool
	// Empty says that there is nothing to hand on: the message only brought a
	// bundle, in answer to one the sender could not open.
	Empty bool
	// Copy says that the message was opened before and not confirmed since.
	Copy bool
	// Restarted says that the sender could not open something of ours: what it
	// has not acknowledged is worth sending again at once.
	Restarted bool
	// New are the installations that the bundles made known. Those of our own
	// identity wait to be paired.
	New []Installation
	// Listen is the negotiated place of the sender, if it knows of it: a filter
	// must be there from now on.
	Listen *topics.Place
}

// Vouches reports whether the message proves that author wrote its content to
// us: the content carries signatures of its own, which anybody can pass on.
// One-to-one content needs this; that of groups may come through others.
func (d Decrypted) Vouches(author key.Public) bool {
	return d.Protection != Open && author == d.From
}

// incoming is a message on its way through Receive.
type incoming struct {
	from     key.Public
	envelope wire.Hash
	data     []byte
	now      time.Time
	message  protocol.Message
	bundles  []bundle.Bundle
	// of the ratchet entry
	handshake bool
	prekey    dh.Point
	ephemeral dh.Point
	header    ratchet.Header
}

// Receive opens a message (spec 03 section 8.4). On success it writes what the
// message changed: ratchet, keys, bundles, the negotiated secret. On failure it
// wrote nothing. See the errors for what the caller does then.
func (d *Device) Receive(st Store, msg Incoming, now time.Time) (out Decrypted, err error) {
	defer func() {
		if recover() != nil { // one message must not end the process
			out, err = Decrypted{}, ErrPanic
		}
	}()
	in := &incoming{from: msg.From, envelope: msg.Envelope, data: msg.Data, now: now}
	if in.message, err = protocol.Decode(msg.Data); err != nil {
		return Decrypted{}, fmt.Errorf("%w: %w", ErrNotProtocol, err)
	}
	if !in.message.HasContent() {
		return Decrypted{}, ErrNotProtocol
	}
	for _, raw := range in.message.Bundles {
		b, err := raw.Verify(now)
		if err != nil {
			return Decrypted{}, fmt.Errorf("%w: %w", ErrBundle, err)
		}
		in.bundles = append(in.bundles, b)
	}
	out = Decrypted{From: msg.From, Installation: in.message.Installation}
	var commit func(Store) error
	if len(in.message.Public) > 0 {
		out.Plaintext = in.message.Public
	} else if commit, err = d.open(st, in, &out); err != nil {
		return Decrypted{}, err
	}
	if err := d.store(st, in, &out, commit); err != nil {
		return Decrypted{}, fmt.Errorf("store what was received: %w", err)
	}
	return out, nil
}

// open decrypts without writing. The returned function writes.
func (d *Device) open(st Store, in *incoming, out *Decrypted) (func(Store) error, error) {
	entry, ok := in.message.Direct[d.cfg.Installation]
	if !ok {
		entry, ok = in.message.Direct[protocol.AnyDevice]
	}
	switch {
	case !ok && in.from == d.own:
		return nil, ErrNotPaired
	case !ok:
		if copied, err := in.copied(st); err != nil || copied {
			return nil, copyOr(err)
		}
		return nil, ErrDeviceNotFound
	case entry.DR != nil:
		return d.openRatchet(st, in, entry, out)
	case entry.DH != nil:
		return d.openExchange(st, in, entry, out)
	}
	return nil, ErrNoKey
}

// openExchange opens a message by one exchange with the identity key.
func (d *Device) openExchange(
	st Store, in *incoming, entry protocol.Direct, out *Decrypted,
) (func(Store) error, error) {
	ephemeral, err := parse(entry.DH.Key)
	if err != nil {
		return nil, err
	}
	shared, err := dh.Shared(d.cfg.Identity, ephemeral)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDecrypt, err)
	}
	defer shared.Wipe()
	if out.Plaintext, err = dh.Open(shared, entry.Payload); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDecrypt, err)
	}
	out.Protection = Exchange
	out.Empty = len(out.Plaintext) == 0
	if !out.Empty || in.from == d.own && in.message.Installation == d.cfg.Installation {
		return nil, nil
	}
	if copied, err := in.copied(st); err != nil || copied { // what was restarted then has gone on
		return nil, copyOr(err)
	}
	return func(st Store) error { return d.restart(st, in, out) }, nil
}

// restart gives up sending on the sessions with an installation that said it
// could not open something: the next message starts a new one. The time of
// the signed bundle keeps an answer that comes late from doing harm.
func (d *Device) restart(st Store, in *incoming, out *Decrypted) error {
	for _, b := range in.bundles {
		if _, ok := b.Prekey(in.message.Installation); ok && b.Identity() == in.from {
			out.Restarted = true
			return st.RetireSessions(Scope{Identity: in.from, Installation: in.message.Installation}, b.Timestamp())
		}
	}
	return nil
}

func parse(b []byte) (key.Public, error) {
	p, err := dh.ToPoint(b)
	if err != nil {
		return key.Public{}, fmt.Errorf("%w: %w", ErrHeader, err)
	}
	k, err := p.Parse()
	if err != nil {
		return key.Public{}, fmt.Errorf("%w: %w", ErrHeader, err)
	}
	return k, nil
}

// openRatchet opens a message of a session, trying those it may belong to.
func (d *Device) openRatchet(
	st Store, in *incoming, entry protocol.Direct, out *Decrypted,
) (func(Store) error, error) {
	if err := in.headers(entry); err != nil {
		return nil, err
	}
	list, err := d.candidates(st, in)
	if errors.Is(err, ErrSessionNotFound) {
		if copied, err := in.copied(st); err != nil || copied {
			return nil, copyOr(err)
		}
	}
	if err != nil {
		return nil, err
	}
	var failed error
	for i := range list {
		s := list[i]
		commit, err := d.try(st, in, s, entry.Payload, out)
		if err == nil {
			out.Protection = Ratchet
			return commit, nil
		}
		if errors.Is(err, errStore) {
			return nil, err
		}
		failed = errors.Join(failed, err)
	}
	verdict := in.verdict(list, entry.Payload)
	if verdict == nil || errors.Is(verdict, ErrSpent) {
		copied, err := in.copied(st)
		if err != nil {
			return nil, copyOr(err)
		}
		if copied {
			verdict = ErrCopy
		}
	}
	if verdict != nil {
		failed = fmt.Errorf("%w: %w", verdict, failed)
	}
	return nil, fmt.Errorf("%w: %w", ErrDecrypt, failed)
}

// copyOr returns the error for a copy, unless finding out failed.
func copyOr(err error) error {
	if err != nil {
		return fmt.Errorf("%w: load opened messages: %w", errStore, err)
	}
	return fmt.Errorf("%w: %w", ErrDecrypt, ErrCopy)
}

// verdict says whether a message that none of its sessions opened has a number
// that was used before: ErrCopy or ErrSpent.
func (in *incoming) verdict(list []Session, payload []byte) (verdict error) {
	for _, s := range list {
		number, same := s.Spent.find(in.header, payload)
		switch {
		case same:
			return ErrCopy
		case s.State.Peer != in.header.Key || in.header.N >= s.State.RecvCount:
		case number:
			verdict = ErrSpent
		case verdict == nil:
			verdict = ErrCopy // of a message so old that only its number is known
		}
	}
	return verdict
}

// errStore marks errors that are not the message's fault.
var errStore = errors.New("store")

// headers checks the headers of a ratchet entry.
func (in *incoming) headers(entry protocol.Direct) (err error) {
	if in.header.Key, err = dh.ToPoint(entry.DR.Key); err != nil {
		return fmt.Errorf("%w: %w", ErrHeader, err)
	}
	if in.prekey, err = dh.ToPoint(entry.DR.ID); err != nil {
		return fmt.Errorf("%w: %w", ErrHeader, err)
	}
	in.header.N, in.header.PN = entry.DR.N, entry.DR.PN
	if entry.X3DH == nil {
		return nil
	}
	in.handshake = true
	if in.ephemeral, err = dh.ToPoint(entry.X3DH.Key); err != nil {
		return fmt.Errorf("%w: %w", ErrHeader, err)
	}
	if id, err := dh.ToPoint(entry.X3DH.ID); err != nil || id != in.prekey {
		return ErrSessionNotFound // the two headers name different sessions
	}
	return nil
}

// try opens a message with one session.
func (d *Device) try(
	st Store, in *incoming, s Session, payload []byte, out *Decrypted,
) (func(Store) error, error) {
	stored, ok, err := st.MessageKey(s.ID, in.header.Key, in.header.N)
	if err != nil {
		return nil, fmt.Errorf("%w: load message key: %w", errStore, err)
	}
	before, fresh := s.State, !s.Initiator && !s.Answered
	s.Answered, s.Used, s.Spent = true, in.now.UnixNano(), s.Spent.add(in.header, payload)
	if ok {
		plaintext, err := ratchet.Reopen(stored.StoredKey, in.header, payload)
		if err != nil {
			return nil, err
		}
		out.Plaintext, out.Copy = plaintext, stored.Envelope != wire.Hash{}
		stored.Envelope = in.envelope
		return func(st Store) error {
			return errors.Join(st.PutSession(s), st.PutMessageKeys(s.ID, []MessageKey{stored}))
		}, nil
	}
	opened, err := s.State.Decrypt(in.header, payload, d.cfg.Limits, d.cfg.NewKey)
	if err != nil {
		return nil, err
	}
	out.Plaintext = opened.Plaintext
	s.State = opened.State
	keys := make([]MessageKey, len(opened.Keys))
	for i, k := range opened.Keys {
		keys[i].StoredKey = k
	}
	keys[len(keys)-1].Envelope = in.envelope
	return func(st Store) error { return d.commitSession(st, s, before, keys, fresh) }, nil
}

// commitSession writes a session that opened a message no key was stored for.
func (d *Device) commitSession(
	st Store, s Session, before ratchet.State, keys []MessageKey, fresh bool,
) error {
	if fresh {
		if err := supersede(st, s.ID); err != nil {
			return err
		}
	}
	highest, through, old := d.cfg.Limits.Trim(s.State)
	if err := st.PutSession(s); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	if err := st.PutMessageKeys(s.ID, keys); err != nil {
		return fmt.Errorf("message keys: %w", err)
	}
	if err := st.TrimMessageKeys(s.ID, highest, old, through); err != nil {
		return fmt.Errorf("old message keys: %w", err)
	}
	before.Replace(s.State)
	for _, k := range keys {
		k.Seal.Wipe()
	}
	return nil
}

// store writes the outcome of a message that was opened.
func (d *Device) store(st Store, in *incoming, out *Decrypted, commit func(Store) error) error {
	for _, b := range in.bundles {
		added, err := d.learn(st, b, in.now)
		if err != nil {
			return err
		}
		out.New = append(out.New, added...)
	}
	if commit != nil {
		if err := commit(st); err != nil {
			return err
		}
	}
	if out.Protection == Open {
		return nil
	}
	if err := d.hear(st, in, out); err != nil {
		return err
	}
	if out.Protection != Ratchet && !out.Empty {
		return nil
	}
	keep, remember := MaxSessions, MaxOpened
	if p, ok, err := st.Peer(in.from); err != nil {
		return fmt.Errorf("peer: %w", err)
	} else if !ok || !p.Written {
		keep, remember = MaxStrangerSessions, MaxStrangerOpened
	}
	if !out.Copy {
		if err := st.PutOpened(in.from, in.opened(), remember, MaxAllOpened); err != nil {
			return fmt.Errorf("opened message: %w", err)
		}
	}
	if out.Protection != Ratchet {
		return nil
	}
	if err := st.TrimSessions(in.from, in.message.Installation, keep); err != nil {
		return fmt.Errorf("old sessions: %w", err)
	}
	if in.from != d.own {
		return nil
	}
	list, err := st.Installations(d.own)
	if err != nil {
		return fmt.Errorf("own installations: %w", err)
	}
	for _, i := range list {
		out.Paired = out.Paired || i.ID == in.message.Installation && i.Enabled
	}
	return nil
}

// hear notes that an identity wrote to us, and the negotiated secret if its
// installation announced that it knows of it (section 9.5).
func (d *Device) hear(st Store, in *incoming, out *Decrypted) error {
	p, changed, fresh, err := heard(st, in.from, in.now)
	if err != nil {
		return fmt.Errorf("peer: %w", err)
	}
	if in.message.Protocol() >= protocolVersion {
		if p.Shared.IsZero() {
			if p.Shared, err = dh.Shared(d.cfg.Identity, in.from); err != nil {
				return fmt.Errorf("negotiate topic: %w", err)
			}
			changed = true
		}
		if p.acknowledge(in.message.Installation) {
			changed = true
		}
		place := topics.NegotiatedOf(p.Shared)
		out.Listen = &place
	}
	if changed {
		if err := st.PutPeer(p); err != nil {
			return fmt.Errorf("peer: %w", err)
		}
	}
	if !fresh {
		return nil
	}
	if err := st.EvictStrangers(d.own, MaxStrangers); err != nil {
		return fmt.Errorf("evict strangers: %w", err)
	}
	return nil
}

// Confirm erases the message key that an envelope used. The caller does so in
// the transaction that stores the content, or drops it as known: from then on
// a copy of the envelope cannot be opened any more (section 8.3).
func (d *Device) Confirm(st Store, envelope wire.Hash) error {
	if err := st.ConfirmMessageKeys(envelope); err != nil {
		return fmt.Errorf("erase message key: %w", err)
	}
	return nil
}
