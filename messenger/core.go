package messenger

import (
	"context"
	"time"

	"go.uber.org/zap"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/event"
	"statusd/payloads"
)

// core is what the services and handlers of one account share. It holds no
// state but the pictures of contacts and the counters.
type core struct {
	identity   key.Private
	self       key.Public
	id         string // our contact id
	db         *store.DB
	courier    Courier
	now        func() time.Time
	log        *zap.Logger
	names      Names
	policy     Policy
	extensions bool
	drops      *drops
	faces      *faces
	signers    *signers
	meter      Meter // nil: nothing is counted
	parts
}

// parts are the features of an account and what they share. Each reaches the
// others by their names here.
type parts struct {
	chats        *Chats
	messages     *Messages
	mail         *Mail
	groups       *Groups
	membership   *membership
	invitations  *invitations
	contacts     *Contacts
	reactions    *Reactions
	changes      *changes
	devices      *Devices
	transactions *Transactions
	settings     *Settings

	composer  *composer
	sender    *sender
	requests  *requests
	places    *places
	held      *holding
	copies    *copies
	strangers *strangers
	guests    *guests
	views     *views
	counts    *counts
}

func newParts(c *core) parts {
	return parts{
		chats: &Chats{c}, messages: &Messages{c}, mail: &Mail{c}, groups: &Groups{c}, membership: &membership{c},
		invitations: &invitations{c}, contacts: &Contacts{c}, reactions: &Reactions{c}, changes: &changes{c},
		devices: &Devices{c}, transactions: &Transactions{c}, settings: &Settings{c},
		composer: &composer{c}, sender: &sender{c}, requests: &requests{c}, places: &places{c}, held: &holding{c},
		copies: &copies{c}, strangers: &strangers{c}, guests: &guests{c}, views: &views{c}, counts: &counts{c},
	}
}

// millis returns the time in Unix milliseconds.
func (c *core) millis() uint64 { return uint64(max(c.now().UnixMilli(), 0)) }

// update runs a change that a user asks for.
func (c *core) update(ctx context.Context, fn func(tx *store.Tx) error) error {
	return c.db.Update(ctx, fn)
}

// append adds an event to the log.
func (c *core) append(tx *store.Tx, e api.EventPayload) error { return event.Append(tx, e, c.now()) }

// chat returns a chat that is not deleted.
func (c *core) chat(tx *store.Tx, id string) (store.Chat, error) {
	chat, found, err := tx.Chats().ByID(id)
	if err != nil {
		return store.Chat{}, err
	}
	if !found || chat.Deleted {
		return store.Chat{}, ErrUnknownChat
	}
	return chat, nil
}

// maxAhead is how far ahead of the time others can push the clock of a chat, in
// milliseconds. Receivers accept twice as much, so that what we write above it
// passes, also where the time is a little behind ours.
const maxAhead = payloads.MaxClockAhead / 2

// wholeSeconds returns the time in Unix milliseconds as receivers see it: they
// compare clocks with envelopes, which tell whole seconds.
func (c *core) wholeSeconds() uint64 { return c.millis() / second * second }

// ceiling is the highest clock that a chat takes over from others.
func (c *core) ceiling() uint64 { return c.wholeSeconds() + maxAhead }

// lastClock returns the clock of a chat, or, where a clock above it would not be
// accepted, the highest that others can push it to: this device's time was set
// back, and to be delivered matters more than the order.
func (c *core) lastClock(chat *store.Chat) uint64 {
	if payloads.NextClock(chat.LastClock, c.millis()) > c.wholeSeconds()+payloads.MaxClockAhead {
		return c.ceiling()
	}
	return chat.LastClock
}

// clock returns the clock of the next payload of a chat, and keeps it as the
// chat's. It is above all our clocks before unless lastClock starts again.
func (c *core) clock(chat *store.Chat) uint64 {
	chat.LastClock = payloads.NextClock(c.lastClock(chat), c.millis())
	return chat.LastClock
}

// raise makes a received clock the chat's, as far as others may.
func (c *core) raise(chat *store.Chat, clock uint64) {
	chat.LastClock = max(chat.LastClock, min(clock, c.ceiling()))
}

// oneToOne returns the chat with a person; a new one is not stored yet. The
// chat is active when it is new.
func (c *core) oneToOne(tx *store.Tx, id string) (store.Chat, error) {
	chat, found, err := tx.Chats().ByID(id)
	if err != nil || found && !chat.Deleted {
		return chat, err
	}
	fresh := store.Chat{
		ID: id, Type: store.ChatOneToOne, Name: id[:min(len(id), 8)], Active: true, Timestamp: c.now().UnixMilli(),
		Color: colorOf(id),
	}
	if found { // it was deleted: what came before stays away
		fresh.Key, fresh.DeletedClock, fresh.LastClock = chat.Key, chat.DeletedClock, chat.LastClock
		fresh.Stranger, fresh.BegunBy = chat.BegunBy != "", chat.BegunBy
	}
	return fresh, nil
}

// colorOf picks one of the colours of new chats.
func colorOf(id string) string {
	colors := [...]string{"#fa6565", "#887af9", "#FE8F59", "#7cda00", "#51d0f0", "#d37ef4"}
	sum := 0
	for _, b := range []byte(id) {
		sum += int(b)
	}
	return colors[sum%len(colors)]
}

// file puts a message into its chat: the row, and what the chat shows of it.
func (c *core) file(tx *store.Tx, chat *store.Chat, m *store.Message) error {
	c.raise(chat, m.Clock)
	chat.Timestamp = max(chat.Timestamp, c.now().UnixMilli())
	chat.Active, chat.Deleted = true, false
	if chat.Key == 0 {
		if err := tx.Chats().Save(chat); err != nil {
			return err
		}
	}
	m.ChatKey, m.ChatID = chat.Key, chat.ID
	if err := tx.Messages().Put(m); err != nil {
		return err
	}
	if !m.Seen {
		chat.Unread++
	}
	if !m.Hidden {
		last, found, err := tx.Messages().BySeq(chat.Last)
		if err != nil {
			return err
		}
		if chat.Last == 0 || !found || m.Clock >= last.Clock {
			chat.Last = m.Seq
		}
	}
	return tx.Chats().Save(chat)
}
