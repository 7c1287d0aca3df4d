package api

// ReactionAddedEvent says that somebody reacted to a message.
type ReactionAddedEvent struct {
	Reaction Reaction `json:"reaction"`
}

// EventType implements EventPayload.
func (ReactionAddedEvent) EventType() EventType { return EventReactionAdded }

// ReactionRetractedEvent says that somebody took a reaction back.
type ReactionRetractedEvent struct {
	Reaction Reaction `json:"reaction"`
}

// EventType implements EventPayload.
func (ReactionRetractedEvent) EventType() EventType { return EventReactionRetracted }

// ContactRequestedEvent says that somebody added us for the first time.
type ContactRequestedEvent struct {
	Contact Contact `json:"contact"`
}

// EventType implements EventPayload.
func (ContactRequestedEvent) EventType() EventType { return EventContactRequested }

// ContactUpdatedEvent says that a contact has a new name or picture, or was
// added or changed on another device of ours.
type ContactUpdatedEvent struct {
	Contact Contact `json:"contact"`
}

// EventType implements EventPayload.
func (ContactUpdatedEvent) EventType() EventType { return EventContactUpdated }

// GroupCreatedEvent says that a group became known: we are in it, or invited.
type GroupCreatedEvent struct {
	Chat Chat `json:"chat"`
}

// EventType implements EventPayload.
func (GroupCreatedEvent) EventType() EventType { return EventGroupCreated }

// GroupRenamedEvent says that a group has a new name.
type GroupRenamedEvent struct {
	ChatID string `json:"chatId"`
	Name   string `json:"name"`
	By     string `json:"by"` // contact id
}

// EventType implements EventPayload.
func (GroupRenamedEvent) EventType() EventType { return EventGroupRenamed }

// MemberChanged is what the six events about one member of a group tell.
type MemberChanged struct {
	ChatID string `json:"chatId"`
	Member string `json:"member"` // contact id
	By     string `json:"by"`     // contact id
}

// MemberAddedEvent says that somebody was invited into a group.
type MemberAddedEvent struct{ MemberChanged }

// EventType implements EventPayload.
func (MemberAddedEvent) EventType() EventType { return EventMemberAdded }

// MemberJoinedEvent says that somebody accepted the invitation into a group.
type MemberJoinedEvent struct{ MemberChanged }

// EventType implements EventPayload.
func (MemberJoinedEvent) EventType() EventType { return EventMemberJoined }

// MemberLeftEvent says that somebody left a group.
type MemberLeftEvent struct{ MemberChanged }

// EventType implements EventPayload.
func (MemberLeftEvent) EventType() EventType { return EventMemberLeft }

// MemberRemovedEvent says that somebody was removed from a group.
type MemberRemovedEvent struct{ MemberChanged }

// EventType implements EventPayload.
func (MemberRemovedEvent) EventType() EventType { return EventMemberRemoved }

// AdminAddedEvent says that a member became an admin.
type AdminAddedEvent struct{ MemberChanged }

// EventType implements EventPayload.
func (AdminAddedEvent) EventType() EventType { return EventAdminAdded }

// AdminRemovedEvent says that a member is no admin any more.
type AdminRemovedEvent struct{ MemberChanged }

// EventType implements EventPayload.
func (AdminRemovedEvent) EventType() EventType { return EventAdminRemoved }

// GroupInvitationEvent says that somebody asks to be let into a group of ours,
// or what became of our request.
type GroupInvitationEvent struct {
	Invitation Invitation `json:"invitation"`
}

// EventType implements EventPayload.
func (GroupInvitationEvent) EventType() EventType { return EventGroupInvitation }

// DeviceFoundEvent says that another device of this account became known. It
// gets nothing before it is enabled. It comes again with the device's name.
type DeviceFoundEvent struct {
	Installation Installation `json:"installation"`
}

// EventType implements EventPayload.
func (DeviceFoundEvent) EventType() EventType { return EventDeviceFound }

// DevicePairedEvent says that a device was enabled: it gets copies from now on.
type DevicePairedEvent struct {
	Installation Installation `json:"installation"`
}

// EventType implements EventPayload.
func (DevicePairedEvent) EventType() EventType { return EventDevicePaired }

// DeviceUnpairedEvent says that a device was disabled.
type DeviceUnpairedEvent struct {
	InstallationID string `json:"installationId"`
}

// EventType implements EventPayload.
func (DeviceUnpairedEvent) EventType() EventType { return EventDeviceUnpaired }

// MessageEditedEvent says that the author replaced the text of a message (later
// extension).
type MessageEditedEvent struct {
	Message Message `json:"message"`
}

// EventType implements EventPayload.
func (MessageEditedEvent) EventType() EventType { return EventMessageEdited }

// MessageDeletedEvent says that the author took a message back (later
// extension).
type MessageDeletedEvent struct {
	ChatID    string `json:"chatId"`
	MessageID string `json:"messageId"`
	By        string `json:"by"` // contact id
}

// EventType implements EventPayload.
func (MessageDeletedEvent) EventType() EventType { return EventMessageDeleted }

// MessagePinnedEvent says that a message was pinned, or that that was taken
// back (later extension).
type MessagePinnedEvent struct {
	ChatID    string `json:"chatId"`
	MessageID string `json:"messageId"`
	By        string `json:"by"` // contact id
	Pinned    bool   `json:"pinned"`
}

// EventType implements EventPayload.
func (MessagePinnedEvent) EventType() EventType { return EventMessagePinned }
