package store

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"statusd/fault"
	"statusd/internal/confusable"
)

const (
	// MaxConsumers bounds the named consumers of all tokens together.
	MaxConsumers = 1000
	// TokenConsumers bounds those of one token, and LocalConsumers those of the
	// socket and of the token in the data directory.
	TokenConsumers = 10
	LocalConsumers = 100
	// MaxConsumerName bounds the name of a consumer in bytes.
	MaxConsumerName = 128
	// ReservedConsumers begins, in any case, the names of the daemon's own
	// consumers.
	ReservedConsumers = "webhook"

	// ReceiveConsumer is what messages are read as where nothing else was said;
	// each owner has its own.
	ReceiveConsumer = "receive"

	// daemon is the owner of the daemon's own consumers.
	daemon = "daemon"
)

// Errors of consumers.
var (
	ErrConsumer = fault.New(fault.InvalidParams,
		fmt.Sprintf("the name of a consumer is UTF-8 text of 1 to %d bytes", MaxConsumerName), "")
	ErrConsumerName = fault.New(fault.InvalidParams, "the name of a consumer has characters that are not shown",
		"choose a name of letters, digits, signs and spaces")
	ErrReserved = fault.New(fault.InvalidParams,
		fmt.Sprintf("names of consumers that begin with %s, or look so, are reserved", ReservedConsumers),
		"choose another name")
	ErrOtherOwner = fault.New(fault.Scope, "the consumer belongs to another token",
		"leave out the owner, or use the token that made it or one of the scope admin")
	ErrManyOwners = fault.New(fault.InvalidParams, "several others have a consumer of this name",
		"say whose with the parameter owner, as status_listConsumers gives it")
	ErrNoConsumer = fault.New(fault.NotFound, "there is no consumer of this name", "status_listConsumers lists them")
	ErrAhead      = fault.New(fault.InvalidParams, "acknowledged an event that has not happened",
		"acknowledge the cursor of an event, or next, as they came")
	ErrOwnQuota = fault.New(fault.Busy,
		fmt.Sprintf("a token may have %d consumers, the socket and rpc-token %d", TokenConsumers, LocalConsumers),
		"remove one that is no longer used with status_removeConsumer")
	ErrTooMany = fault.New(fault.Busy,
		fmt.Sprintf("there are %d consumers of tokens already", MaxConsumers),
		"remove some with status_removeConsumer; an admin lists and removes those of all tokens")
)

// Party is who works with named consumers. Each owner has names of its own, and
// sees, moves and removes its own consumers. The zero Party may do nothing; the
// daemon's own components use Daemon.
type Party struct {
	Owner string // whose the consumers are that it makes
	All   bool   // works with those of others, too
	// Whose is the owner of the consumers that it names. nil: its own one of that
	// name, else the one without owner.
	Whose *string
	// Heir: a consumer without owner, from before there were owners, becomes
	// its own when it names it.
	Heir bool
	// Limit bounds the consumers that it may have. Shared says that they count
	// among MaxConsumers; there, those whose owner has Ended make room. nil: none
	// has.
	Limit  int
	Shared bool
	Ended  func(owner string) bool
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

// mayUse tells whether a party works with the consumers of an owner.
func (p *Party) mayUse(c *Consumer) bool {
	switch {
	case p.Owner == "":
		return false
	case p.All || c.Owner == p.Owner:
		return true
	}
	return c.Owner == "" && p.Heir && !reserved(c.Name)
}

// mayMake tells whether a party may make a consumer of a name. Those that are
// there already keep theirs.
func (p *Party) mayMake(name string) error {
	shown := func(c rune) bool { return unicode.IsGraphic(c) && !confusable.Invisible(c) }
	switch {
	case p.Owner == "":
		return ErrOtherOwner
	case p.Whose != nil && *p.Whose != p.Owner:
		return ErrNoConsumer
	case p.Owner == daemon:
		return nil
	case strings.ContainsFunc(name, func(c rune) bool { return !shown(c) }):
		return ErrConsumerName
	case imitates(name):
		return ErrReserved
	}
	return nil
}

// imitates reports whether a name looks like one of the daemon's own.
func imitates(name string) bool {
	return reserved(name) || slices.ContainsFunc(confusable.Keys(name), func(key string) bool {
		return strings.HasPrefix(key, ReservedConsumers)
	})
}

// Takes reports whether a party becomes the owner of a consumer by naming it.
func (p *Party) Takes(c *Consumer) bool {
	return c.Owner == "" && (p.Heir && !reserved(c.Name) || p.Owner == daemon)
}

// Consumers are the named readers of the event log.
type Consumers struct{ tx *Tx }

// Consumers returns the table.
func (tx *Tx) Consumers() Consumers { return Consumers{tx} }

// ByName returns the consumer that a party means by a name, to read as or to
// move. known is false if there is none. Errors: ErrConsumer, ErrOtherOwner, and for
// one that there is not those of making it: ErrConsumerName, ErrReserved, ErrNoConsumer.
func (cs Consumers) ByName(by Party, name string) (c Consumer, known bool, err error) {
	all, err := cs.namesakes(by, name)
	if err != nil {
		return c, false, err
	}
	return meant(by, name, all)
}

func meant(by Party, name string, all []Consumer) (Consumer, bool, error) {
	owners := []string{by.Owner, ""}
	if by.Whose != nil {
		owners = []string{*by.Whose}
	}
	for _, owner := range owners {
		for _, c := range all {
			if c.Owner == owner {
				return c, true, nil
			}
		}
	}
	if by.Whose != nil && *by.Whose != by.Owner && !by.All {
		return Consumer{}, false, ErrOtherOwner
	}
	return Consumer{}, false, by.mayMake(name)
}

// namesakes lists the consumers of a name that a party works with.
func (cs Consumers) namesakes(by Party, name string) (out []Consumer, err error) {
	if name == "" || len(name) > MaxConsumerName || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return nil, ErrConsumer
	}
	return cs.list(by, `WHERE name = ?`, name)
}

// Ack notes that a named consumer is done with the events up to seq. A
// smaller number than before changes nothing. One that is new becomes the
// party's. Errors: those of Consumer, ErrAhead, ErrOwnQuota, ErrTooMany.
func (cs Consumers) Ack(by Party, name string, seq int64, now time.Time) error {
	c, known, err := cs.ByName(by, name)
	if err != nil {
		return err
	}
	_, last, err := cs.tx.EventLog().Bounds()
	if err != nil {
		return err
	}
	if seq < 0 || seq > last {
		return fmt.Errorf("%w: %d, the last is %d", ErrAhead, seq, last)
	}
	if !known {
		if err := cs.roomFor(by); err != nil {
			return err
		}
	}
	owner := c.Owner
	switch {
	case !known:
		owner = by.Owner
	case by.Takes(&c):
		owner = by.Owner
		err = cs.tx.Exec(`UPDATE event_consumer SET owner = ? WHERE name = ? AND owner = ''`, owner, name)
	}
	if err == nil {
		err = cs.tx.Exec(`INSERT INTO event_consumer (name, owner, seq, time) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq), time = excluded.time`,
			name, owner, seq, now.UnixMilli())
	}
	if err != nil {
		return fmt.Errorf("acknowledge events: %w", err)
	}
	return nil
}

// roomFor checks that a party may have one more consumer.
func (cs Consumers) roomFor(by Party) error {
	count := func(condition string, args ...any) (n int64, err error) {
		_, err = cs.tx.Get(`SELECT count(*) FROM event_consumer WHERE `+condition, args, func(r Row) { n = r.Int64(0) })
		return n, err
	}
	if by.Limit > 0 {
		n, err := count(`owner = ?`, by.Owner)
		if err != nil {
			return fmt.Errorf("count consumers: %w", err)
		}
		if n >= int64(by.Limit) {
			return ErrOwnQuota
		}
	}
	if by.Shared {
		n, err := count(`owner LIKE 'token:%'`)
		if err != nil {
			return fmt.Errorf("count consumers: %w", err)
		}
		if n >= MaxConsumers {
			return cs.endedMakesRoom(by)
		}
	}
	return nil
}

// endedMakesRoom removes the consumer of an owner that has ended whose last
// acknowledgement is the oldest. Error: ErrTooMany.
func (cs Consumers) endedMakesRoom(by Party) error {
	all, err := cs.list(Daemon(), `WHERE owner LIKE 'token:%' ORDER BY time`)
	if err != nil {
		return err
	}
	for i := range all {
		if by.Ended != nil && by.Ended(all[i].Owner) {
			return cs.remove(&all[i])
		}
	}
	return ErrTooMany
}

// RemoveEnded removes the consumers whose owner has ended, of those that
// acknowledged nothing for as long as events are kept: the log has nothing left
// that they were done with, and who comes back begins where they were. It returns
// their number.
func (cs Consumers) RemoveEnded(ended func(owner string) bool, now time.Time) (n int, err error) {
	all, err := cs.list(Daemon(), `WHERE owner LIKE 'token:%' AND time < ?`,
		now.Add(-cs.tx.db.limits.Age).UnixMilli())
	for i := range all {
		if err == nil && ended(all[i].Owner) {
			n++
			err = cs.remove(&all[i])
		}
	}
	return n, err
}

// List lists the named consumers that a party works with, in the order of
// names and owners.
func (cs Consumers) List(by Party) ([]Consumer, error) {
	return cs.list(by, `ORDER BY name, owner`)
}

// list lists those of some rows that a party works with.
func (cs Consumers) list(by Party, which string, args ...any) (out []Consumer, err error) {
	err = cs.tx.Query(`SELECT name, owner, seq, time FROM event_consumer `+which, args, func(r Row) error {
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

// Remove forgets a named consumer and reports whether there was one. A
// party that works with those of others and has none of this name means that of
// another if just one has it. Errors: those of Consumer, ErrManyOwners.
func (cs Consumers) Remove(by Party, name string) (bool, error) {
	all, err := cs.namesakes(by, name)
	if err != nil {
		return false, err
	}
	c, known, err := meant(by, name, all)
	switch {
	case !known && by.Whose == nil && len(all) > 1:
		return false, ErrManyOwners
	case !known && by.Whose == nil && len(all) == 1:
		c = all[0]
	case !known || err != nil:
		return false, err
	}
	return true, cs.remove(&c)
}

func (cs Consumers) remove(c *Consumer) error {
	if err := cs.tx.Exec(`DELETE FROM event_consumer WHERE name = ? AND owner = ?`, c.Name, c.Owner); err != nil {
		return fmt.Errorf("remove consumer: %w", err)
	}
	return nil
}
