package api

// accountEvents are those of an account's log. Those of status-go's signals
// have its names and fields.
func accountEvents() []EventDescription {
	return []EventDescription{
		told(MessagesNewEvent{}, "something came: a message, a reaction, a changed contact, a request for an invitation, "+
			"a device, a chat joined on another device; own messages from other devices and notes to oneself, too"),
		told(EnvelopeSentEvent{}, "an envelope with these payloads reached a peer: their messages are sent"),
		told(EnvelopeExpiredEvent{}, "these payloads were given up: their messages are not sent"),
		told(MessageDeliveredEvent{}, "a recipient acknowledged; in groups once for each member"),
		told(MessagesDecryptFailEvent{}, "a message of that person could not be opened"),
		told(BundlesAddedEvent{}, "a device of somebody became known"),
		told(FilterAddedEvent{}, "the account listens to a topic agreed with somebody"),
		told(HistoryPageCompletedEvent{}, "a mailserver answered"),
		told(HistoryPageExpiredEvent{}, "a mailserver did not answer"),
		told(HistorySyncedEvent{}, "the history of all chats was fetched"),
		told(ReactionAddedEvent{}, "somebody reacted to a message"),
		told(ReactionRetractedEvent{}, "somebody took a reaction back"),
		told(ContactRequestedEvent{}, "somebody added us for the first time"),
		told(ContactUpdatedEvent{}, "a contact has a new name or picture, or was added or changed on another device"),
		told(GroupCreatedEvent{}, "a group became known: made here, or we were invited"),
		told(GroupRenamedEvent{}, "a group has a new name"),
		told(MemberAddedEvent{}, "somebody was invited into a group"),
		told(MemberJoinedEvent{}, "somebody accepted the invitation into a group"),
		told(MemberLeftEvent{}, "somebody left a group"),
		told(MemberRemovedEvent{}, "somebody was removed from a group"),
		told(AdminAddedEvent{}, "a member became an admin"),
		told(AdminRemovedEvent{}, "somebody gave up being an admin"),
		told(GroupInvitationEvent{}, "somebody asks to be let into a group, or our request was granted or refused"),
		told(DeviceFoundEvent{}, "another device of the account became known, or told its name"),
		told(DevicePairedEvent{}, "a device was enabled here"),
		told(DeviceUnpairedEvent{}, "a device was disabled here"),
		told(MessageEditedEvent{}, "its author changed the text of a message (with LaterExtensions)"),
		told(MessageDeletedEvent{}, "its author took a message back (with LaterExtensions)"),
		told(MessagePinnedEvent{}, "a message was pinned, or no longer is (with LaterExtensions)"),
		told(AccountLoginEvent{}, "the account was logged in"),
		told(AccountLogoutEvent{}, "the last event before the account is logged out"),
	}
}

// MessagesNewEvent says that a message came, from others or from another device
// of ours, or was made here: a system message, a note to oneself. The new
// message has New set; the one it answers comes along without. The chats carry
// neither membership events nor, beside the message, anything that did not
// change.
type MessagesNewEvent struct{ Changes }

// EventType implements EventPayload.
func (MessagesNewEvent) EventType() EventType { return EventMessagesNew }

// EnvelopeSentEvent says that payloads reached a peer of the network: these
// message ids are sent.
type EnvelopeSentEvent struct {
	IDs     []string `json:"ids"`
	Hash    string   `json:"hash"` // 32 zero bytes
	Message string   `json:"message"`
}

// EventType implements EventPayload.
func (EnvelopeSentEvent) EventType() EventType { return EventEnvelopeSent }

// EnvelopeExpiredEvent says that payloads were given up, and why.
type EnvelopeExpiredEvent struct {
	IDs     []string `json:"ids"`
	Hash    string   `json:"hash"`
	Message string   `json:"message"`
}

// EventType implements EventPayload.
func (EnvelopeExpiredEvent) EventType() EventType { return EventEnvelopeExpired }

// MessageDeliveredEvent says that a recipient acknowledged a message. A message
// to a group is acknowledged by each member; Waiting counts those still
// missing.
type MessageDeliveredEvent struct {
	ChatID    string `json:"chatID"`
	MessageID string `json:"messageID"`
	By        string `json:"by"` // contact id
	Waiting   int    `json:"waiting"`
}

// EventType implements EventPayload.
func (MessageDeliveredEvent) EventType() EventType { return EventMessageDelivered }

// MessagesDecryptFailEvent says that a message of somebody could not be opened.
// Most often it was for another device, and the sender is told about this one.
type MessagesDecryptFailEvent struct {
	Sender string `json:"sender"` // contact id
}

// EventType implements EventPayload.
func (MessagesDecryptFailEvent) EventType() EventType { return EventMessagesDecryptFail }

// BundlesAddedEvent says that a device of somebody became known.
type BundlesAddedEvent struct {
	Identity       string `json:"identity"` // contact id
	InstallationID string `json:"installationID"`
}

// EventType implements EventPayload.
func (BundlesAddedEvent) EventType() EventType { return EventBundlesAdded }

// FilterAddedEvent says that this account listens to new places.
type FilterAddedEvent struct {
	Filters []AddedFilter `json:"filters"`
}

// AddedFilter is a place that is listened to.
type AddedFilter struct {
	ChatID   string `json:"chatId"`
	SymKeyID string `json:"symKeyId"` // empty: the keys of an account are for it alone
	Listen   bool   `json:"listen"`
	FilterID string `json:"filterId"` // as in wakuext_loadFilters; not one of waku_*
	Identity string `json:"identity"` // hex without 0x
	Topic    string `json:"topic"`
}

// EventType implements EventPayload.
func (FilterAddedEvent) EventType() EventType { return EventFilterAdded }

// HistoryPageCompletedEvent says that a mailserver answered a request.
type HistoryPageCompletedEvent struct {
	RequestID        string `json:"requestID"`
	LastEnvelopeHash string `json:"lastEnvelopeHash"`
	Cursor           string `json:"cursor"` // hex without 0x
	ErrorMessage     string `json:"errorMessage"`
}

// EventType implements EventPayload.
func (HistoryPageCompletedEvent) EventType() EventType { return EventHistoryPageCompleted }

// HistoryPageExpiredEvent says that a mailserver did not answer a request.
type HistoryPageExpiredEvent struct {
	IDs     []string `json:"ids"` // null
	Hash    string   `json:"hash"`
	Message string   `json:"message"`
}

// EventType implements EventPayload.
func (HistoryPageExpiredEvent) EventType() EventType { return EventHistoryPageExpired }

// HistorySyncedEvent says that the history of all chats was fetched up to a
// time.
type HistorySyncedEvent struct {
	To        int64 `json:"to"` // Unix seconds
	Envelopes int   `json:"envelopes"`
}

// EventType implements EventPayload.
func (HistorySyncedEvent) EventType() EventType { return EventHistorySynced }

// AccountLoginEvent says that the account was logged in.
type AccountLoginEvent struct {
	KeyUID string `json:"keyUid"`
}

// EventType implements EventPayload.
func (AccountLoginEvent) EventType() EventType { return EventAccountLogin }

// AccountLogoutEvent is the last event before a logout.
type AccountLogoutEvent struct {
	KeyUID string `json:"keyUid"`
}

// EventType implements EventPayload.
func (AccountLogoutEvent) EventType() EventType { return EventAccountLogout }
