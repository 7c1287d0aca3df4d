package payloads

import (
	"bytes"
	"fmt"
	"strings"

	"statusd/accounts/key"
	"statusd/fault"
	"statusd/payloads/internal/pb"
)

// ErrEvent is wrapped by the errors about group events that cannot be read or
// are not allowed where they stand.
var ErrEvent = fault.New(fault.InvalidParams, "group event is invalid", "")

// EventType says what a group event does.
type EventType int32

// The event types (spec 05 section 9.2).
const (
	ChatCreated   EventType = 1
	NameChanged   EventType = 2
	MembersAdded  EventType = 3
	MemberJoined  EventType = 4
	MemberRemoved EventType = 5
	AdminsAdded   EventType = 6
	AdminRemoved  EventType = 7
)

// String names the type.
func (t EventType) String() string {
	switch t {
	case ChatCreated:
		return "chat created"
	case NameChanged:
		return "name changed"
	case MembersAdded:
		return "members added"
	case MemberJoined:
		return "member joined"
	case MemberRemoved:
		return "member removed"
	case AdminsAdded:
		return "admins added"
	case AdminRemoved:
		return "admin removed"
	}
	return fmt.Sprintf("event type %d", int32(t))
}

// Event is one signed change of a private group.
type Event struct {
	Type    EventType
	Clock   uint64
	Members []string // contact ids
	Name    string
	// From is the contact id of the signer.
	From string
	// Raw is signature || encoding, as it is forwarded; never encoded again.
	Raw []byte
	// Twin says that its signer made more than one signature of it. Peers of
	// 2020 take the copies for different events.
	Twin bool

	id EventID // see ID
}

// ParseEvent reads a signed event of a group. The chat id is bound by the
// signature alone: an event of another chat comes out as one of some other
// signer. Errors: ErrEvent, ErrMalformed, ErrSignature.
func ParseEvent(chatID string, raw []byte) (Event, error) {
	e, err := readEvent(raw)
	if err != nil {
		return Event{}, err
	}
	return e, e.recover(chatID)
}

// readEvent decodes an event without asking who signed it.
func readEvent(raw []byte) (Event, error) {
	if len(raw) <= signatureSize {
		return Event{}, fmt.Errorf("%w: %d bytes", ErrEvent, len(raw))
	}
	var m pb.MembershipUpdateEvent
	if err := unmarshal(raw[signatureSize:], &m); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	return Event{
		Type: EventType(m.GetType()), Clock: m.GetClock(), Members: m.GetMembers(), Name: m.GetName(),
		Raw: bytes.Clone(raw),
	}, nil
}

// recover fills in who signed the event.
func (e *Event) recover(chatID string) (err error) {
	e.From, err = Signer(eventDigest(chatID, e.content()), e.Raw[:signatureSize])
	return err
}

func eventDigest(chatID string, encoded []byte) [32]byte { return keccak([]byte(chatID), encoded) }

// signEvent encodes and signs an event.
func signEvent(chatID string, e Event, by key.Private) (Event, error) {
	encoded, err := marshal(&pb.MembershipUpdateEvent{
		Clock: e.Clock, Members: e.Members, Name: e.Name, Type: int32(e.Type),
	})
	if err != nil {
		return Event{}, err
	}
	signature, err := by.Sign(eventDigest(chatID, encoded))
	if err != nil {
		return Event{}, fmt.Errorf("sign group event: %w", err)
	}
	e.From, e.Raw = by.Public().ContactID(), append(signature[:], encoded...)
	return e, nil
}

// Signature returns the signature. It does not identify the event: see ID.
func (e *Event) Signature() [signatureSize]byte { return [signatureSize]byte(e.Raw) }

// MessageID returns the id of the local system message that shows the event.
func (e *Event) MessageID() MessageID { return keccak(e.Raw[:signatureSize]) }

// Text returns the text of that message; people are shown as @ and contact id.
func (e *Event) Text() string {
	people := make([]string, len(e.Members))
	for i, m := range e.Members {
		people[i] = "@" + m
	}
	list, from := strings.Join(people, ", "), "@"+e.From
	switch e.Type {
	case ChatCreated:
		return from + " created the group " + e.Name
	case NameChanged:
		return from + " changed the group's name to " + e.Name
	case MembersAdded:
		return from + " has invited " + list
	case MemberJoined:
		return from + " joined the group"
	case AdminsAdded:
		return from + " has made " + list + " admin"
	case MemberRemoved:
		if len(e.Members) == 1 && e.Members[0] == e.From {
			return from + " left the group"
		}
		return from + " removed " + list
	case AdminRemoved:
		return list + " is not admin any more"
	}
	return ""
}

// MembershipUpdate carries the complete event list of a group and, with it, at
// most one message or reaction.
type MembershipUpdate struct {
	ChatID string
	// Events are the signed events, as in Event.Raw.
	Events   [][]byte
	Message  *ChatMessage
	Reaction *EmojiReaction

	// verified are the events of the group of which this is the update: their
	// signatures were checked for the chat of.
	of       string
	verified []Event
	// read holds the events of a received update, without signers.
	read    []Event
	readErr error
}

// Type implements Body.
func (*MembershipUpdate) Type() Type { return TypeMembershipUpdate }

// clocks are those of the events; the attached message has its own check.
func (u *MembershipUpdate) clocks() ([]uint64, bool) {
	read, _ := u.events()
	values := make([]uint64, len(read))
	for i := range read {
		values[i] = read[i].Clock
	}
	return values, true
}

// Validate implements Body. What is attached is not looked at: it may be
// refused while the events still count.
func (u *MembershipUpdate) Validate() error {
	if u.ChatID == "" {
		return broken(RuleChatID, "the group update names no group")
	}
	read, err := u.events()
	if err != nil {
		return err
	}
	if len(read) == 0 {
		return broken(RuleEvents, "the group update has no events")
	}
	for i := range read {
		if err := needClock(read[i].Clock); err != nil {
			return err
		}
	}
	return nil
}

// validateOwn checks that receivers can fold the events and accept what is
// attached.
func (u *MembershipUpdate) validateOwn() error {
	var verified []Event
	if u.of == u.ChatID {
		verified = u.verified
	}
	if _, err := u.alone(rawEvents(verified), Signer); err != nil {
		return err
	}
	attached, err := u.attached()
	if err != nil || attached == nil {
		return err
	}
	return validateForSending(attached)
}

// events decodes the events once.
func (u *MembershipUpdate) events() ([]Event, error) {
	if u.read == nil && u.readErr == nil {
		u.read, u.readErr = readEvents(u.Events)
	}
	return u.read, u.readErr
}

func readEvents(raw [][]byte) ([]Event, error) {
	events := make([]Event, len(raw))
	for i := range raw {
		var err error
		if events[i], err = readEvent(raw[i]); err != nil {
			return nil, fmt.Errorf("event %d: %w", i, err)
		}
	}
	return events, nil
}

// attached returns what is attached, nil if nothing is. Its chat must be the
// update's group, or the update would smuggle messages into other chats.
func (u *MembershipUpdate) attached() (Body, error) {
	var body Body
	var kind MessageType
	var chatID string
	switch {
	case u.Message != nil && u.Reaction != nil:
		return nil, broken(RuleAttachment, "a group update carries a message or a reaction, not both")
	case u.Message != nil:
		body, kind, chatID = u.Message, u.Message.MessageType, u.Message.ChatID
	case u.Reaction != nil:
		body, kind, chatID = u.Reaction, u.Reaction.MessageType, u.Reaction.ChatID
	default:
		return nil, nil
	}
	if kind != PrivateGroup || chatID != u.ChatID {
		return nil, broken(RuleAttachment, "what a group update carries must belong to that group")
	}
	return body, nil
}

// Attachment returns the message or reaction that a group update carries, as a
// Message of its own with the same id and author. ok is false when m carries
// none. An error concerns the attachment alone; the events of the update count
// all the same.
func (m *Message) Attachment() (attachment Message, ok bool, err error) {
	u, isUpdate := m.Body.(*MembershipUpdate)
	if !isUpdate || u.Message == nil && u.Reaction == nil {
		return Message{}, false, nil
	}
	body, err := u.attached()
	if err != nil {
		return Message{}, true, err
	}
	if err := body.Validate(); err != nil {
		return Message{}, true, err
	}
	attachment = *m
	attachment.Type, attachment.Body = body.Type(), body
	return attachment, true, nil
}

func (u *MembershipUpdate) encode() ([]byte, error) {
	m := &pb.MembershipUpdateMessage{ChatId: u.ChatID, Events: u.Events}
	switch {
	case u.Message != nil:
		m.ChatEntity = &pb.MembershipUpdateMessage_Message{Message: u.Message.wire()}
	case u.Reaction != nil:
		m.ChatEntity = &pb.MembershipUpdateMessage_EmojiReaction{EmojiReaction: u.Reaction.wire()}
	}
	return marshal(m)
}

func membershipUpdateOf(m *pb.MembershipUpdateMessage) *MembershipUpdate {
	u := &MembershipUpdate{ChatID: m.GetChatId(), Events: m.GetEvents()}
	if c := m.GetMessage(); c != nil {
		u.Message = chatMessageOf(c)
	}
	if r := m.GetEmojiReaction(); r != nil {
		u.Reaction = emojiReactionOf(r)
	}
	return u
}
