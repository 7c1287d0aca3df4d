package transport

import (
	"crypto/rand"
	"io"
	"slices"
	"time"

	"statusd/accounts/key"
	"statusd/transport/bundle"
	"statusd/transport/dh"
	"statusd/transport/ratchet"
)

// Limits and intervals, with the sections of spec 03 they come from.
const (
	// RotateAfter is the age at which the own prekey is replaced (3.2).
	RotateAfter = 24 * time.Hour
	// PrekeyRetention is how long a replaced prekey can still open first
	// messages: mailservers keep 30 days, and some margin (3.2).
	PrekeyRetention = 45 * 24 * time.Hour
	// MaxTargets is the number of installations of an identity that are
	// written to, and of entries in the own bundle (5, 10).
	MaxTargets = 3
	// MaxInstallations is the number of installations kept of an identity (13).
	MaxInstallations = 32
	// MaxSessions is the number of sessions kept with an installation, enough
	// for 30 days of daily rotation on both sides.
	MaxSessions = 64
	// MaxStrangerSessions is the same for identities we never wrote to.
	MaxStrangerSessions = 8
	// MaxStrangers is the number of identities kept that we never wrote to.
	MaxStrangers = 10_000
	// AnswerInterval is how often one identity is answered at most (8.4).
	AnswerInterval = 7200 * time.Second
	// MaxAnswersPerHour bounds the answers to all identities together that we
	// never wrote to: each costs proof of work, and strangers are free to make.
	MaxAnswersPerHour = 120
	// HealInterval is how soon the sessions with an identity we write to are
	// replaced again. It doubles with each time, to AnswerInterval at most, and
	// starts over after HealForget without one.
	HealInterval = time.Minute
	HealForget   = 24 * time.Hour
	// HealRotate is how long a prekey serves for healing several people before
	// the next one gets another. Two prekeys are never made within
	// HealInterval because of healing.
	HealRotate = time.Hour
	// FreshFor is the age up to which a message that cannot be opened says
	// something of the state of its session: mailservers keep 30 days.
	FreshFor = 30 * 24 * time.Hour
	// ContactCodeInterval is how often the contact code is published (9.3).
	ContactCodeInterval = 6 * time.Hour

	// protocolVersion is what we announce: we negotiate topics (3.2).
	protocolVersion = 1

	// heardResolution is how exactly Peer.Heard is kept, to spare writes.
	heardResolution = time.Hour
)

// Config says who this installation is.
type Config struct {
	Identity     key.Private // the chat key
	Installation string      // id of this device, a UUID in practice
	// NewKey makes keys and Random nonces; nil for the system's sources.
	NewKey func() (key.Private, error)
	Random io.Reader
	// IV chooses the initial vectors of the ratchet; nil for random ones.
	IV ratchet.IV
	// Limits of the ratchet; the zero value for those of deployed peers.
	Limits ratchet.Limits
}

// Device is the secure transport of one identity on one installation. It
// holds no state of its own: methods work on a Store and may run at the same
// time as long as their transactions exclude each other.
type Device struct {
	cfg Config
	own key.Public
}

// New returns the Device of an identity. Errors: ErrConfig.
func New(cfg Config) (*Device, error) {
	if cfg.Identity.IsZero() || cfg.Installation == "" || len(cfg.Installation) > bundle.MaxInstallationID {
		return nil, ErrConfig
	}
	if cfg.NewKey == nil {
		cfg.NewKey = dh.GenerateKey
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.IV == nil {
		cfg.IV = ratchet.RandomIV(cfg.Random)
	}
	if cfg.Limits == (ratchet.Limits{}) {
		cfg.Limits = ratchet.DefaultLimits()
	}
	return &Device{cfg, cfg.Identity.Public()}, nil
}

// Identity returns the public chat key.
func (d *Device) Identity() key.Public { return d.own }

// Installation returns the id of this device.
func (d *Device) Installation() string { return d.cfg.Installation }

// heard returns the record of an identity, to be written if it is new or if
// Heard moved enough.
func heard(st PeerStore, id key.Public, now time.Time) (p Peer, changed, fresh bool, err error) {
	p, ok, err := st.Peer(id)
	if err != nil {
		return Peer{}, false, false, err
	}
	if !ok {
		p = Peer{Identity: id}
	}
	if at := now.UnixNano(); !ok || at-p.Heard >= int64(heardResolution) {
		p.Heard = max(at, p.Heard)
		return p, true, !ok, nil
	}
	return p, false, false, nil
}

// acknowledge adds an installation to those that listen to the negotiated
// topic.
func (p *Peer) acknowledge(installation string) (changed bool) {
	if slices.Contains(p.Acks, installation) {
		return false
	}
	// Installations come and go; peers list at most 32 of theirs, and ours.
	if len(p.Acks) > MaxInstallations {
		p.Acks = slices.Delete(slices.Clone(p.Acks), 0, 1)
	}
	p.Acks = append(slices.Clone(p.Acks), installation)
	return true
}
