package api

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// EventType says what an event tells of.
type EventType string

// Types of events of an account. They are kept in its log, in the order in
// which they happened.
const (
	EventMessagesNew          EventType = "messages.new"
	EventEnvelopeSent         EventType = "envelope.sent"
	EventEnvelopeExpired      EventType = "envelope.expired"
	EventMessageDelivered     EventType = "message.delivered"
	EventMessagesDecryptFail  EventType = "messages.decrypt.failed"
	EventBundlesAdded         EventType = "bundles.added"
	EventFilterAdded          EventType = "whisper.filter.added"
	EventHistoryPageCompleted EventType = "mailserver.request.completed"
	EventHistoryPageExpired   EventType = "mailserver.request.expired"
	EventHistorySynced        EventType = "history.synced"
	EventReactionAdded        EventType = "reaction.added"
	EventReactionRetracted    EventType = "reaction.retracted"
	EventContactRequested     EventType = "contact.requested"
	EventContactUpdated       EventType = "contact.updated"
	EventGroupCreated         EventType = "group.created"
	EventGroupRenamed         EventType = "group.renamed"
	EventMemberAdded          EventType = "group.member.added"
	EventMemberJoined         EventType = "group.member.joined"
	EventMemberLeft           EventType = "group.member.left"
	EventMemberRemoved        EventType = "group.member.removed"
	EventAdminAdded           EventType = "group.admin.added"
	EventAdminRemoved         EventType = "group.admin.removed"
	EventGroupInvitation      EventType = "group.invitation"
	EventDeviceFound          EventType = "device.found"
	EventDevicePaired         EventType = "device.paired"
	EventDeviceUnpaired       EventType = "device.unpaired"
	EventMessageEdited        EventType = "message.edited"
	EventMessageDeleted       EventType = "message.deleted"
	EventMessagePinned        EventType = "message.pinned"
	EventAccountLogin         EventType = "account.login"
	EventAccountLogout        EventType = "account.logout"
)

// Types of signals of the node. They are in no log, and reach those who listen
// at the time.
const (
	EventNodeStarted      EventType = "node.started"
	EventNodeReady        EventType = "node.ready"
	EventNodeStopped      EventType = "node.stopped"
	EventNodeCrashed      EventType = "node.crashed"
	EventNodeLogin        EventType = "node.login"
	EventDiscoveryStarted EventType = "discovery.started"
	EventDiscoveryStopped EventType = "discovery.stopped"
	EventDiscoverySummary EventType = "discovery.summary"
	EventEnodeDiscovered  EventType = "enode.discovered"
)

// Values implements Enum.
func (EventType) Values() []EventType {
	all := Events()
	out := make([]EventType, len(all))
	for i, e := range all {
		out[i] = e.Type
	}
	return out
}

// Event is one thing that happened. Signals of the node have neither cursor nor
// account.
type Event struct {
	Cursor  int64     `json:"cursor,omitempty"`  // place in the log of the account
	Account string    `json:"account,omitempty"` // 0x key-uid
	Time    int64     `json:"time"`              // Unix milliseconds
	Type    EventType `json:"type"`
	// Event is what it tells, of the type that Events names; see Decode.
	Event json.RawMessage `json:"event"`
}

// Decode returns what the event tells, as a value of the type that belongs to
// its own; nil without an error for an event of a type that this version does
// not know.
func (e Event) Decode() (EventPayload, error) {
	for _, known := range Events() {
		if known.Type != e.Type {
			continue
		}
		v := reflect.New(known.Payload)
		if err := json.Unmarshal(e.Event, v.Interface()); err != nil {
			return nil, fmt.Errorf("event %d, %s: %w", e.Cursor, e.Type, err)
		}
		return v.Elem().Interface().(EventPayload), nil //nolint:forcetypeassert // Events is made of them
	}
	return nil, nil
}

// EventPayload is what an event tells: one type for each type of events.
type EventPayload interface{ EventType() EventType }

// EventDescription says everything about a type of events.
type EventDescription struct {
	Type    EventType
	Summary string       // when it comes
	Payload reflect.Type // it implements EventPayload
	Signal  bool         // of the node, not of an account
}

// Events describes all types of events.
func Events() []EventDescription { return append(accountEvents(), nodeEvents()...) }

func told(p EventPayload, summary string) EventDescription {
	return EventDescription{Type: p.EventType(), Summary: summary, Payload: reflect.TypeOf(p)}
}

// EventPage is a part of the event log.
type EventPage struct {
	Events []Event `json:"events"`
	Next   int64   `json:"next"` // since of the next reading
	Gap    bool    `json:"gap,omitempty"`
	From   int64   `json:"from,omitempty"` // with Gap: the oldest event there is
}

// EventNotice is what a subscriber gets: an event, or the news that events are
// gone from the log that it has not had.
type EventNotice struct {
	*Event
	Gap  bool  `json:"gap,omitempty"`
	From int64 `json:"from,omitempty"` // with Gap: the oldest event there is
}

// EventsLost stands in a stream where a reader was too slow for signals of the
// node. Events of an account are never lost.
type EventsLost struct {
	Dropped int `json:"dropped"`
}
