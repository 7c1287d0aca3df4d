package event

import "statusd/api"

// ReactionAdded says that somebody reacted to a message.
type ReactionAdded struct {
	Reaction api.Reaction `json:"reaction"`
}

// EventName implements Event.
func (ReactionAdded) EventName() string { return NameReactionAdded }

// ReactionRetracted says that somebody took a reaction back.
type ReactionRetracted struct {
	Reaction api.Reaction `json:"reaction"`
}

// EventName implements Event.
func (ReactionRetracted) EventName() string { return NameReactionRetracted }

// ContactRequested says that somebody added us for the first time.
type ContactRequested struct {
	Contact api.Contact `json:"contact"`
}

// EventName implements Event.
func (ContactRequested) EventName() string { return NameContactRequested }

// ContactUpdated says that a contact has a new name or picture, or was added
// or changed on another device of ours.
type ContactUpdated struct {
	Contact api.Contact `json:"contact"`
}

// EventName implements Event.
func (ContactUpdated) EventName() string { return NameContactUpdated }

// GroupCreated says that a group became known: we are in it, or invited.
type GroupCreated struct {
	Chat api.Chat `json:"chat"`
}

// EventName implements Event.
func (GroupCreated) EventName() string { return NameGroupCreated }

// GroupRenamed says that a group has a new name.
type GroupRenamed struct {
	ChatID string `json:"chatId"`
	Name   string `json:"name"`
	By     string `json:"by"` // contact id
}

// EventName implements Event.
func (GroupRenamed) EventName() string { return NameGroupRenamed }

// MemberChanged is what the six events about one member of a group say.
type MemberChanged struct {
	ChatID string `json:"chatId"`
	Member string `json:"member"` // contact id
	By     string `json:"by"`     // contact id
}

// MemberAdded says that somebody was invited into a group.
type MemberAdded MemberChanged

// EventName implements Event.
func (MemberAdded) EventName() string { return NameMemberAdded }

// MemberJoined says that somebody accepted the invitation into a group.
type MemberJoined MemberChanged

// EventName implements Event.
func (MemberJoined) EventName() string { return NameMemberJoined }

// MemberLeft says that somebody left a group.
type MemberLeft MemberChanged

// EventName implements Event.
func (MemberLeft) EventName() string { return NameMemberLeft }

// MemberRemoved says that somebody was removed from a group.
type MemberRemoved MemberChanged

// EventName implements Event.
func (MemberRemoved) EventName() string { return NameMemberRemoved }

// AdminAdded says that a member became an admin.
type AdminAdded MemberChanged

// EventName implements Event.
func (AdminAdded) EventName() string { return NameAdminAdded }

// AdminRemoved says that a member is no admin any more.
type AdminRemoved MemberChanged

// EventName implements Event.
func (AdminRemoved) EventName() string { return NameAdminRemoved }

// GroupInvitation says that somebody asks to be let into a group of ours, or
// what became of our request.
type GroupInvitation struct {
	Invitation api.Invitation `json:"invitation"`
}

// EventName implements Event.
func (GroupInvitation) EventName() string { return NameGroupInvitation }

// DeviceFound says that another device of this account became known. It gets
// nothing before it is enabled. It comes again with the device's name.
type DeviceFound struct {
	Installation api.Installation `json:"installation"`
}

// EventName implements Event.
func (DeviceFound) EventName() string { return NameDeviceFound }

// DevicePaired says that a device was enabled: it gets copies from now on.
type DevicePaired struct {
	Installation api.Installation `json:"installation"`
}

// EventName implements Event.
func (DevicePaired) EventName() string { return NameDevicePaired }

// DeviceUnpaired says that a device was disabled.
type DeviceUnpaired struct {
	InstallationID string `json:"installationId"`
}

// EventName implements Event.
func (DeviceUnpaired) EventName() string { return NameDeviceUnpaired }

// MessageEdited says that the author replaced the text of a message (later
// extension).
type MessageEdited struct {
	Message api.Message `json:"message"`
}

// EventName implements Event.
func (MessageEdited) EventName() string { return NameMessageEdited }

// MessageDeleted says that the author took a message back (later extension).
type MessageDeleted struct {
	ChatID    string `json:"chatId"`
	MessageID string `json:"messageId"`
	By        string `json:"by"` // contact id
}

// EventName implements Event.
func (MessageDeleted) EventName() string { return NameMessageDeleted }

// MessagePinned says that a message was pinned, or that that was taken back
// (later extension).
type MessagePinned struct {
	ChatID    string `json:"chatId"`
	MessageID string `json:"messageId"`
	By        string `json:"by"` // contact id
	Pinned    bool   `json:"pinned"`
}

// EventName implements Event.
func (MessagePinned) EventName() string { return NameMessagePinned }
