package transport

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"statusd/accounts/key"
	"statusd/transport/dh"
	"statusd/transport/protocol"
)

// Answer makes the empty message that tells an identity about this
// installation after it sent something that could not be opened because of why
// (spec 03 section 8.4). If the session is broken, for instance because one of
// the two went back to an earlier copy of its state, it is given up besides, so
// that both sides start another: see heal. ok is false when nothing is to be
// sent: the identity was answered recently, or the message is old. The answer
// deserves a second of effort and no tracking.
func (d *Device) Answer(st Store, msg Incoming, why error, now time.Time) (out Outgoing, ok bool, err error) {
	if msg.From.IsZero() || !NeedsAnswer(why) {
		return Outgoing{}, false, nil
	}
	p, _, fresh, err := heard(st, msg.From, now)
	if err != nil {
		return Outgoing{}, false, fmt.Errorf("load peer: %w", err)
	}
	switch {
	case brokenSession(why) && stale(msg, p, now):
		return Outgoing{}, false, nil
	case brokenSession(why) && (p.Written || msg.From == d.own):
		ok, err = d.heal(st, msg, p, now)
	case msg.From != d.own:
		ok, err = d.answerRarely(st, p, fresh, brokenSession(why), now)
	}
	if err != nil || !ok {
		return Outgoing{}, false, err
	}
	if err := answered(st, msg, now); err != nil {
		return Outgoing{}, false, fmt.Errorf("remember what was answered: %w", err)
	}
	if out, err = d.sendExchange(st, msg.From, nil, now); err != nil {
		return Outgoing{}, false, err
	}
	out.Untracked = true
	out.Waku.PoWTime = time.Second
	return out, true, nil
}

// answered makes a message count as known, with all that its sender sent before
// it: the answer is about them too.
func answered(st Store, msg Incoming, now time.Time) error {
	in := &incoming{from: msg.From, data: msg.Data, now: now}
	if m, err := protocol.Decode(msg.Data); err == nil {
		for _, raw := range m.Bundles {
			if b, err := raw.Verify(now); err == nil {
				in.bundles = append(in.bundles, b)
			}
		}
	}
	m := in.opened()
	if m.Sent > 0 {
		return st.PassOpened(msg.From, m.Sent)
	}
	if known, _, err := st.Opened(msg.From, m.Digest); err != nil || known {
		return err
	}
	return st.PutOpened(msg.From, m, MaxStrangerOpened, MaxAllOpened)
}

// stale reports whether a message says nothing about the sessions of today: it
// was sent before they were given up last, or it is older than what mailservers
// keep.
func stale(msg Incoming, p Peer, now time.Time) bool {
	return !msg.Sent.IsZero() && (msg.Sent.UnixNano() <= p.Healed || now.Sub(msg.Sent) > FreshFor)
}

// answerRarely takes an answer out of the allowance of an identity and, if we
// never wrote to it, out of that of all strangers.
func (d *Device) answerRarely(st Store, p Peer, fresh, broken bool, now time.Time) (bool, error) {
	self, err := st.Self()
	if err != nil {
		return false, fmt.Errorf("load own record: %w", err)
	}
	at := now.UnixNano()
	if recently(p.Answered, at, AnswerInterval) {
		return false, nil
	}
	if !p.Written {
		if !recently(self.AnswersFrom, at, time.Hour) {
			self.AnswersFrom, self.Answers = at, 0
		}
		if self.Answers >= MaxAnswersPerHour {
			return false, nil
		}
		self.Answers++
	}
	p.Answered = at
	if err := errors.Join(st.PutSelf(self), st.PutPeer(p)); err != nil {
		return false, fmt.Errorf("store time of the answer: %w", err)
	}
	if broken {
		if err := d.retire(st, p.Identity); err != nil {
			return false, err
		}
	}
	if fresh {
		if err := st.EvictStrangers(d.own, MaxStrangers); err != nil {
			return false, fmt.Errorf("evict strangers: %w", err)
		}
	}
	return true, nil
}

// heal gives up the sessions with an identity that we write to, or with another
// device of ours: they only receive from now on. The own prekey is replaced if
// the peer may have built a session on it, or may know a later one that was
// lost; the version of the new one is above any of those. The peer learns it
// from the answer: statusd starts a new session then, a peer of 2020 when it
// writes next.
//
// Anybody we write to can make this happen by sending nonsense. It costs an
// answer, and a handshake with the next messages; the interval bounds it.
func (d *Device) heal(st Store, msg Incoming, p Peer, now time.Time) (bool, error) {
	m, err := protocol.Decode(msg.Data)
	if err != nil {
		return false, nil //nolint:nilerr // it failed for another reason
	}
	if own, err := d.ownDevice(st, msg.From, m.Installation); err != nil || !own && msg.From == d.own {
		return false, err
	}
	at := now.UnixNano()
	if !recently(p.Healed, at, HealForget) {
		p.Heals = 0
	}
	if p.Heals > 0 && recently(p.Healed, at, min(HealInterval<<min(p.Heals-1, 16), AnswerInterval)) {
		return false, nil
	}
	p.Healed = at
	p.Heals++
	if err := st.PutPeer(p); err != nil {
		return false, fmt.Errorf("store peer: %w", err)
	}
	if err := d.retire(st, msg.From); err != nil {
		return false, err
	}
	return true, d.rotateFor(st, msg.From, m, now)
}

// ownDevice reports whether an installation is an enabled other device of ours.
func (d *Device) ownDevice(st Store, from key.Public, installation string) (bool, error) {
	if from != d.own || installation == d.cfg.Installation {
		return false, nil
	}
	list, err := st.Installations(d.own)
	if err != nil {
		return false, fmt.Errorf("own installations: %w", err)
	}
	return slices.ContainsFunc(list, func(i Installation) bool { return i.ID == installation && i.Enabled }), nil
}

// retire makes the sessions with all installations of an identity receive only.
func (d *Device) retire(st Store, id key.Public) error {
	list, err := st.Installations(id)
	if err != nil {
		return fmt.Errorf("load installations: %w", err)
	}
	for _, i := range list {
		if err := st.RetireSessions(Scope{Identity: id, Installation: i.ID}, math.MaxInt64); err != nil {
			return fmt.Errorf("retire sessions: %w", err)
		}
	}
	return nil
}

// rotateFor replaces the own prekey after a message whose session is broken,
// unless the current one is new and has nothing to do with that session.
func (d *Device) rotateFor(st Store, from key.Public, m protocol.Message, now time.Time) error {
	self, err := st.Self()
	if err != nil {
		return fmt.Errorf("load own record: %w", err)
	}
	current, ok, err := st.CurrentPrekey()
	if err != nil {
		return fmt.Errorf("load prekey: %w", err)
	}
	at := now.UnixNano()
	if ok && recently(current.Created, at, HealInterval) {
		return nil
	}
	if ok && recently(current.Created, at, HealRotate) {
		concerned, err := d.builtOn(st, from, m, current)
		if err != nil || !concerned {
			return err
		}
	}
	self.LastVersion = aboveLost(max(self.LastVersion, current.Version), now)
	if _, err := d.newPrekey(st, self, current, now); err != nil {
		return fmt.Errorf("replace prekey: %w", err)
	}
	return nil
}

// builtOn reports whether a session of ours that a message names may be built
// on the current prekey, or on one of ours that was lost.
func (d *Device) builtOn(st Store, from key.Public, m protocol.Message, current OwnPrekey) (bool, error) {
	entry := m.Direct[d.cfg.Installation]
	if entry.DR == nil {
		return false, nil
	}
	id, err := dh.ToPoint(entry.DR.ID)
	if err != nil {
		return false, nil //nolint:nilerr // no key at all
	}
	if id == current.ID() {
		return true, nil
	}
	_, known, err := st.Prekey(id)
	if err != nil {
		return false, fmt.Errorf("load prekey: %w", err)
	}
	sessions, err := st.Sessions(from, m.Installation, id)
	if err != nil {
		return false, fmt.Errorf("load sessions: %w", err)
	}
	return !known && len(sessions) == 0, nil
}

// recently reports whether less than d passed since a time, or whether the
// clock was set back behind it by less than d.
func recently(since, now int64, d time.Duration) bool {
	return since != 0 && now-since < int64(d) && since-now < int64(d)
}
