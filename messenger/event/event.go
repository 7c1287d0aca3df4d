// Package event has what the event log of an account says: one struct for each
// thing that a program may want to know, with the name under which it is kept
// (docs/events.md). An event is appended in the transaction that caused it.
//
// Names and fields of messages.new, envelope.*, message.delivered,
// messages.decrypt.failed, bundles.added and mailserver.request.* are those of
// status-go's signals (spec 05 section 14.2); the others are our own. The
// package starts no goroutines and only appends.
package event

import (
	"encoding/json"
	"fmt"
	"time"

	"statusd/api"
	"statusd/internal/store"
)

// Names of events.
const (
	NameMessagesNew          = "messages.new"
	NameEnvelopeSent         = "envelope.sent"
	NameEnvelopeExpired      = "envelope.expired"
	NameMessageDelivered     = "message.delivered"
	NameMessagesDecryptFail  = "messages.decrypt.failed"
	NameBundlesAdded         = "bundles.added"
	NameFilterAdded          = "whisper.filter.added"
	NameHistoryPageCompleted = "mailserver.request.completed"
	NameHistoryPageExpired   = "mailserver.request.expired"
	NameHistorySynced        = "history.synced"
	NameReactionAdded        = "reaction.added"
	NameReactionRetracted    = "reaction.retracted"
	NameContactRequested     = "contact.requested"
	NameContactUpdated       = "contact.updated"
	NameGroupCreated         = "group.created"
	NameGroupRenamed         = "group.renamed"
	NameMemberAdded          = "group.member.added"
	NameMemberJoined         = "group.member.joined"
	NameMemberLeft           = "group.member.left"
	NameMemberRemoved        = "group.member.removed"
	NameAdminAdded           = "group.admin.added"
	NameAdminRemoved         = "group.admin.removed"
	NameGroupInvitation      = "group.invitation"
	NameDeviceFound          = "device.found"
	NameDevicePaired         = "device.paired"
	NameDeviceUnpaired       = "device.unpaired"
	NameMessageEdited        = "message.edited"
	NameMessageDeleted       = "message.deleted"
	NameMessagePinned        = "message.pinned"
	NameAccountLogin         = "account.login"
	NameAccountLogout        = "account.logout"
)

// Event is a struct of this package.
type Event interface{ EventName() string }

// Append writes an event into the log, in the transaction of its cause.
func Append(tx *store.Tx, e Event, now time.Time) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("append %s: %w", e.EventName(), err)
	}
	_, err = tx.AppendEvent(e.EventName(), body, now)
	return err
}

// MessagesNew says that a message came, from others or from another device of
// ours, or was made here: a system message, a note to oneself. The new message
// has New set; the one it answers comes along without. The chats carry neither
// membership events nor, beside the message, anything that did not change.
type MessagesNew struct{ api.Changes }

// EventName implements Event.
func (MessagesNew) EventName() string { return NameMessagesNew }

// EnvelopeSent says that payloads reached a peer of the network: these message
// ids are sent.
type EnvelopeSent struct {
	IDs     []string `json:"ids"`
	Hash    string   `json:"hash"` // 32 zero bytes
	Message string   `json:"message"`
}

// EventName implements Event.
func (EnvelopeSent) EventName() string { return NameEnvelopeSent }

// EnvelopeExpired says that payloads were given up, and why.
type EnvelopeExpired struct {
	IDs     []string `json:"ids"`
	Hash    string   `json:"hash"`
	Message string   `json:"message"`
}

// EventName implements Event.
func (EnvelopeExpired) EventName() string { return NameEnvelopeExpired }

// MessageDelivered says that a recipient acknowledged a message. A message to
// a group is acknowledged by each member; Waiting counts those still missing.
type MessageDelivered struct {
	ChatID    string `json:"chatID"`
	MessageID string `json:"messageID"`
	By        string `json:"by"` // contact id
	Waiting   int    `json:"waiting"`
}

// EventName implements Event.
func (MessageDelivered) EventName() string { return NameMessageDelivered }

// DecryptFailed says that a message of somebody could not be opened. Most
// often it was for another device, and the sender is told about this one.
type DecryptFailed struct {
	Sender string `json:"sender"` // contact id
}

// EventName implements Event.
func (DecryptFailed) EventName() string { return NameMessagesDecryptFail }

// BundlesAdded says that a device of somebody became known.
type BundlesAdded struct {
	Identity       string `json:"identity"` // contact id
	InstallationID string `json:"installationID"`
}

// EventName implements Event.
func (BundlesAdded) EventName() string { return NameBundlesAdded }

// FilterAdded says that this account listens to new places.
type FilterAdded struct {
	Filters []Filter `json:"filters"`
}

// Filter is a place that is listened to.
type Filter struct {
	ChatID   string `json:"chatId"`
	SymKeyID string `json:"symKeyId"` // empty: the keys of an account are for it alone
	Listen   bool   `json:"listen"`
	FilterID string `json:"filterId"` // as in wakuext_loadFilters; not one of waku_*
	Identity string `json:"identity"` // hex without 0x
	Topic    string `json:"topic"`
}

// EventName implements Event.
func (FilterAdded) EventName() string { return NameFilterAdded }

// HistoryPageCompleted says that a mailserver answered a request.
type HistoryPageCompleted struct {
	RequestID        string `json:"requestID"`
	LastEnvelopeHash string `json:"lastEnvelopeHash"`
	Cursor           string `json:"cursor"` // hex without 0x
	ErrorMessage     string `json:"errorMessage"`
}

// EventName implements Event.
func (HistoryPageCompleted) EventName() string { return NameHistoryPageCompleted }

// HistoryPageExpired says that a mailserver did not answer a request.
type HistoryPageExpired struct {
	IDs     []string `json:"ids"` // null
	Hash    string   `json:"hash"`
	Message string   `json:"message"`
}

// EventName implements Event.
func (HistoryPageExpired) EventName() string { return NameHistoryPageExpired }

// HistorySynced says that the history of all chats was fetched up to a time.
type HistorySynced struct {
	To        int64 `json:"to"` // Unix seconds
	Envelopes int   `json:"envelopes"`
}

// EventName implements Event.
func (HistorySynced) EventName() string { return NameHistorySynced }

// AccountLogin says that the account was logged in, AccountLogout that it was
// logged out.
type AccountLogin struct {
	KeyUID string `json:"keyUid"`
}

// EventName implements Event.
func (AccountLogin) EventName() string { return NameAccountLogin }

// AccountLogout is the last event before a logout.
type AccountLogout struct {
	KeyUID string `json:"keyUid"`
}

// EventName implements Event.
func (AccountLogout) EventName() string { return NameAccountLogout }
