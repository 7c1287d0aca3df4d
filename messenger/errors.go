package messenger

import (
	"errors"
	"fmt"
	"sync"

	"statusd/fault"
	"statusd/messenger/courier"
	"statusd/payloads"
)

// Errors of what users ask for. What breaks a rule of payloads is a
// *payloads.RuleError.
var (
	ErrUnknownChat = fault.New(fault.NotFound, "no such chat",
		"see the list of chats, or create it first")
	ErrUnknownContact    = fault.New(fault.NotFound, "no such contact", "")
	ErrUnknownMessage    = fault.New(fault.NotFound, "no such message", "")
	ErrUnknownReaction   = fault.New(fault.NotFound, "no such reaction", "")
	ErrUnknownInvitation = fault.New(fault.NotFound, "no such invitation", "")
	ErrRecipient         = fault.New(fault.InvalidRecipient,
		"recipient is neither a contact (zQ3sh…, 0x04…), a #channel, a group nor a @nickname", "")
	ErrNoPerson = fault.New(fault.InvalidRecipient, "no public key, and no @ with a nickname",
		"give zQ3sh…, 0x04…, or @ and the nickname of a contact")
	ErrNoGroup = fault.New(fault.InvalidRecipient, "there is no private group of this name or id",
		"see the list of groups")
	ErrManyChats = fault.New(fault.Busy, fmt.Sprintf("%d chats are active already; leave one first", MaxListened), "")
	ErrExists    = fault.New(fault.Exists, "the chat exists already", "")
	ErrChatType  = fault.New(fault.InvalidParams, "the chat is of a kind that cannot do this", "")
	ErrNotMember = fault.New(fault.InvalidRecipient,
		"you are not a member of this group, or have not joined it yet", "")
	ErrNotAdmin   = fault.New(fault.InvalidParams, "only admins of the group can do this", "")
	ErrNotOwner   = fault.New(fault.InvalidRecipient, "only its owner writes in a profile chat", "")
	ErrNotAuthor  = errors.New("only the author of a message can do this")
	ErrBlocked    = fault.New(fault.InvalidRecipient, "the contact is blocked; unblock it first", "")
	ErrSelf       = fault.New(fault.InvalidRecipient, "this cannot be done with yourself", "")
	ErrTooLarge   = fault.New(fault.InvalidParams, "the message is too large to be sent", "")
	ErrNoWrapper  = fault.New(fault.InvalidParams, "the message is not ours, or too old to be sent again", "")
	ErrStatus     = fault.New(fault.InvalidParams, "status is none of sending, sent, not-sent, delivered", "")
	ErrCursor     = fault.New(fault.InvalidParams, "cursor is not one that a page returned", "")
	ErrAttachment = fault.New(fault.InvalidParams, "the file cannot be attached", "")
	ErrAmbiguous  = fault.New(fault.InvalidRecipient, "the recipient is ambiguous", "")
	ErrNameLookup = fault.New(fault.InvalidRecipient,
		"names ending in .eth cannot be looked up here; use the contact id", "")
	ErrTransaction   = fault.New(fault.InvalidParams, "the message is no transaction request that can be answered so", "")
	ErrExtensionOff  = fault.New(fault.InvalidParams, "later extensions are switched off in the configuration", "")
	ErrUnpaired      = fault.New(fault.InvalidParams, "no other device is enabled; enable one first", "")
	ErrSetting       = fault.New(fault.InvalidParams, "this cannot be kept", "")
	ErrManyNotes     = fault.New(fault.Busy, "frontends keep too much with this account", "take something away first")
	ErrUnknownWallet = fault.New(fault.NotFound, "no such account of a wallet", "see accounts_getAccounts")
	ErrRequest       = fault.New(fault.InvalidParams, "the requestId cannot be used", "")
	// ErrRequestChanged: followed by what is not the same.
	ErrRequestChanged = fault.New(fault.Exists, "this requestId was used for something else",
		"give a new message a new requestId")
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
