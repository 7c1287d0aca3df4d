package store

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// MaxConsumers bounds the named consumers of all tokens together.
	MaxConsumers = 1000
	// MaxConsumerName bounds the name of a consumer in bytes.
	MaxConsumerName = 128
	// ReservedConsumers begins, in any case, the names of the daemon's own
	// consumers.
	ReservedConsumers = "webhook"

	// ReceiveConsumer is what reads where nothing else was said, over the socket
	// above all: no token makes it. One of a token's own is called OwnConsumers
	// and its owner, and made by nobody else, so that nobody can take it first.
	ReceiveConsumer = "receive"
	OwnConsumers    = ReceiveConsumer + "/"

	// daemon is the owner of the daemon's own consumers.
	daemon = "daemon"
)

// Errors of consumers.
var (
	ErrConsumer = fmt.Errorf("store: name of a consumer is not UTF-8 text of 1 to %d bytes", MaxConsumerName)
	ErrReserved = fmt.Errorf("store: the name of a consumer is reserved: %s, and those that begin with %s or %s",
		ReceiveConsumer, ReservedConsumers, OwnConsumers)
	ErrOtherOwner = errors.New("store: the consumer belongs to somebody else")
	ErrAhead      = errors.New("store: acknowledged an event that has not happened")
	ErrOwnQuota   = errors.New("store: as many consumers as one owner may have")
	ErrTooMany    = fmt.Errorf("store: more than %d consumers of all tokens; remove one", MaxConsumers)
)

// Party is who works with named consumers. It sees, moves and removes its own.
// The zero Party may do nothing; the daemon's own components use Daemon.
type Party struct {
	Owner string // whose the consumers are that it makes
	All   bool   // works with those of others, too
	// Heir: a consumer without owner, from before there were owners, becomes
	// its own when it names it.
	Heir bool
	// Limit bounds the consumers that it may have. Shared says that they count
	// among MaxConsumers.
	Limit  int
	Shared bool
}

// Daemon is the daemon itself. Its consumers count nowhere and keep nobody
// else's from being made, nor the reverse.
func Daemon() Party { return Party{Owner: daemon, All: true} }

// Consumer is a named consumer of the event log.
type Consumer struct {
	Name  string
	Owner string // empty: none, it is from before there were owners
	Seq   int64  // the last event it is done with
	Time  time.Time
}

// Daemons reports whether the daemon itself reads under this name.
func (c *Consumer) Daemons() bool { return c.Owner == daemon || reserved(c.Name) }

// reserved reports whether a name is for the daemon's own consumers.
func reserved(name string) bool {
	n := len(ReservedConsumers)
	return len(name) >= n && strings.EqualFold(name[:n], ReservedConsumers)
}

// mayUse tells whether a party works with a consumer that there is.
func (p *Party) mayUse(c *Consumer) bool {
	switch {
	case p.Owner == "":
		return false
	case p.All || c.Owner == p.Owner:
		return true
	}
	return c.Owner == "" && p.Heir && !reserved(c.Name)
}

// ReadsAs reports whether a party reads under the name of a consumer that there
// is: not under that of another owner, also if it may move and remove it, since
// the two would take each other's place.
func (p *Party) ReadsAs(c *Consumer) bool {
	return p.Owner == daemon || c.Owner == "" || c.Owner == p.Owner
}

// mayMake tells whether a party may make a consumer of a name.
func (p *Party) mayMake(name string) error {
	switch {
	case p.Owner == "":
		return ErrOtherOwner
	case reserved(name) && p.Owner != daemon:
		return ErrReserved
	}
	owner, own := strings.CutPrefix(name, OwnConsumers)
	if own && owner != p.Owner || name == ReceiveConsumer && p.Shared {
		return ErrReserved
	}
	return nil
}

// Takes reports whether a party becomes the owner of a consumer by naming it.
func (p *Party) Takes(c *Consumer) bool {
	return c.Owner == "" && (p.Heir && !reserved(c.Name) || p.Owner == daemon)
}

// Consumer returns how far a named consumer has come. known is false if there
// is none of this name. Errors: ErrConsumer, ErrOtherOwner, and for one that there
// is not ErrReserved.
func (tx *Tx) Consumer(by Party, name string) (c Consumer, known bool, err error) {
	if name == "" || len(name) > MaxConsumerName || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return c, false, ErrConsumer
	}
	known, err = tx.Get(`SELECT owner, seq, time FROM event_consumer WHERE name = ?`, []any{name}, func(r Row) {
		c = Consumer{Name: name, Owner: r.Text(0), Seq: r.Int64(1), Time: time.UnixMilli(r.Int64(2))}
	})
	switch {
	case err != nil:
		return Consumer{}, false, fmt.Errorf("read consumer: %w", err)
	case !known:
		return Consumer{}, false, by.mayMake(name)
	case !by.mayUse(&c):
		return Consumer{}, false, ErrOtherOwner
	}
	return c, true, nil
}

// AckEvents notes that a named consumer is done with the events up to seq. A
// smaller number than before changes nothing. One that is new becomes the
// party's. Errors: those of Consumer, ErrAhead, ErrOwnQuota, ErrTooMany.
func (tx *Tx) AckEvents(by Party, name string, seq int64, now time.Time) error {
	c, known, err := tx.Consumer(by, name)
	if err != nil {
		return err
	}
	_, last, err := tx.eventBounds()
	if err != nil {
		return err
	}
	if seq < 0 || seq > last {
		return fmt.Errorf("%w: %d, the last is %d", ErrAhead, seq, last)
	}
	if !known {
		if err := tx.roomFor(by); err != nil {
			return err
		}
	}
	owner := c.Owner
	if !known || by.Takes(&c) {
		owner = by.Owner
	}
	err = tx.Exec(`INSERT INTO event_consumer (name, seq, time, owner) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE
		SET seq = max(seq, excluded.seq), time = excluded.time, owner = excluded.owner`, name, seq, now.UnixMilli(), owner)
	if err != nil {
		return fmt.Errorf("acknowledge events: %w", err)
	}
	return nil
}

// roomFor checks that a party may have one more consumer.
func (tx *Tx) roomFor(by Party) error {
	count := func(condition string, args ...any) (n int64, err error) {
		_, err = tx.Get(`SELECT count(*) FROM event_consumer WHERE `+condition, args, func(r Row) { n = r.Int64(0) })
		return n, err
	}
	if by.Limit > 0 {
		n, err := count(`owner = ?`, by.Owner)
		if err != nil {
			return fmt.Errorf("count consumers: %w", err)
		}
		if n >= int64(by.Limit) {
			return fmt.Errorf("%w: %d", ErrOwnQuota, by.Limit)
		}
	}
	if by.Shared {
		n, err := count(`owner LIKE 'token:%'`)
		if err != nil {
			return fmt.Errorf("count consumers: %w", err)
		}
		if n >= MaxConsumers {
			return ErrTooMany
		}
	}
	return nil
}

// Consumers lists the named consumers that a party works with, in the order of
// their names.
func (tx *Tx) Consumers(by Party) (out []Consumer, err error) {
	err = tx.Query(`SELECT name, owner, seq, time FROM event_consumer ORDER BY name`, nil, func(r Row) error {
		c := Consumer{Name: r.Text(0), Owner: r.Text(1), Seq: r.Int64(2), Time: time.UnixMilli(r.Int64(3))}
		if by.mayUse(&c) {
			out = append(out, c)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list consumers: %w", err)
	}
	return out, nil
}

// RemoveConsumer forgets a named consumer and reports whether there was one.
// Errors: those of Consumer.
func (tx *Tx) RemoveConsumer(by Party, name string) (bool, error) {
	_, known, err := tx.Consumer(by, name)
	if err != nil || !known {
		return false, err
	}
	if err := tx.Exec(`DELETE FROM event_consumer WHERE name = ?`, name); err != nil {
		return false, fmt.Errorf("remove consumer: %w", err)
	}
	return true, nil
}
