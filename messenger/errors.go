package messenger

import (
	"errors"
	"fmt"
	"sync"

	"statusd/messenger/courier"
	"statusd/payloads"
)

// Errors of what users ask for. What breaks a rule of payloads is a
// *payloads.RuleError.
var (
	ErrUnknownChat       = errors.New("no such chat: see the list of chats, or create it first")
	ErrUnknownContact    = errors.New("no such contact")
	ErrUnknownMessage    = errors.New("no such message")
	ErrUnknownReaction   = errors.New("no such reaction")
	ErrUnknownInvitation = errors.New("no such invitation")
	ErrRecipient         = errors.New(
		"recipient is neither a contact (zQ3sh…, 0x04…), a #channel, a group nor a @nickname")
	ErrManyChats    = fmt.Errorf("%d chats are active already; leave one first", MaxListened)
	ErrExists       = errors.New("the chat exists already")
	ErrChatType     = errors.New("the chat is of a kind that cannot do this")
	ErrNotMember    = errors.New("you are not a member of this group, or have not joined it yet")
	ErrNotAdmin     = errors.New("only admins of the group can do this")
	ErrNotOwner     = errors.New("only its owner writes in a profile chat")
	ErrNotAuthor    = errors.New("only the author of a message can do this")
	ErrBlocked      = errors.New("the contact is blocked; unblock it first")
	ErrSelf         = errors.New("this cannot be done with yourself")
	ErrTooLarge     = errors.New("the message is too large to be sent")
	ErrNoWrapper    = errors.New("the message is not ours, or too old to be sent again")
	ErrStatus       = errors.New("status is none of sending, sent, not-sent, delivered")
	ErrCursor       = errors.New("cursor is not one that a page returned")
	ErrAttachment   = errors.New("the file cannot be attached")
	ErrAmbiguous    = errors.New("the recipient is ambiguous")
	ErrNameLookup   = errors.New("names ending in .eth cannot be looked up here; use the contact id")
	ErrTransaction  = errors.New("the message is no transaction request that can be answered so")
	ErrExtensionOff = errors.New("later extensions are switched off in the configuration")
	ErrUnpaired     = errors.New("no other device is enabled; enable one first")
)

// dropError refuses a received payload.
type dropError struct {
	reason string
	err    error
	// again: the payload is neither acknowledged nor remembered. wait: it is
	// held for what is said here, and only if that is not possible as above.
	again bool
	wait  *wait
}

func (e *dropError) Error() string {
	if e.err != nil {
		return e.reason + ": " + e.err.Error()
	}
	return e.reason
}

func (e *dropError) Unwrap() []error { return []error{courier.ErrDrop, e.err} }

// drop refuses a received payload for good, for a reason, which names a
// counter.
func drop(reason string) error { return &dropError{reason: reason} }

// noRoom refuses a received payload that is not kept: it may come again, and is
// not acknowledged.
func noRoom(reason string) error { return &dropError{reason: reason, again: true} }

// notYet refuses a received payload that may be handled later; see hold.
func notYet(reason string, w wait) error { return &dropError{reason: reason, wait: &w} }

// dropFor refuses a received payload because of an error of package payloads.
func dropFor(err error) error { return &dropError{reason: payloads.Reason(err), err: err} }

// drops counts refused payloads by reason.
type drops struct {
	mu     sync.Mutex
	counts map[string]uint64
}

func newDrops() *drops { return &drops{counts: make(map[string]uint64)} }

func (d *drops) count(reason string) { d.add(reason, 1) }

func (d *drops) add(reason string, n uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts[reason] += n
}

func (d *drops) snapshot() map[string]uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make(map[string]uint64, len(d.counts))
	for reason, n := range d.counts {
		out[reason] = n
	}
	return out
}

func tooLarge(size, limit int) error {
	return fmt.Errorf("%w: it takes %d bytes, %d are possible: use a smaller picture or a shorter text",
		ErrTooLarge, size, limit)
}

// asDrop reports whether an error refuses a payload.
func asDrop(err error, target **dropError) bool { return errors.As(err, target) }
