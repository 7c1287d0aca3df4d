package payloads

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Type is the type of an application payload (spec 05 section 2).
type Type int32

// The types of the reference, and of its later versions where noted.
const (
	TypeUnknown                    Type = 0
	TypeChatMessage                Type = 1
	TypeContactUpdate              Type = 2
	TypeMembershipUpdate           Type = 3
	TypePairInstallation           Type = 4
	TypeSyncInstallation           Type = 5
	TypeRequestAddress             Type = 6
	TypeAcceptRequestAddress       Type = 7
	TypeDeclineRequestAddress      Type = 8
	TypeRequestTransaction         Type = 9
	TypeSendTransaction            Type = 10
	TypeDeclineRequestTransaction  Type = 11
	TypeSyncInstallationContact    Type = 12
	TypeSyncInstallationAccount    Type = 13
	TypeSyncInstallationPublicChat Type = 14
	TypeContactCodeAdvertisement   Type = 15
	TypePushRegistration           Type = 16
	TypePushRegistrationResponse   Type = 17
	TypePushQuery                  Type = 18
	TypePushQueryResponse          Type = 19
	TypePushRequest                Type = 20
	TypePushResponse               Type = 21
	TypeEmojiReaction              Type = 22
	TypeGroupInvitation            Type = 23
	TypePinMessage                 Type = 28 // later extension
	TypeEditMessage                Type = 29 // later extension
	TypeDeleteMessage              Type = 31 // later extension
)

// Extension reports whether peers of v0.63 do not know the type.
func (t Type) Extension() bool { return t > TypeGroupInvitation }

// OwnOnly reports whether a payload of the type counts only when its author is
// the receiving account itself, on another device.
func (t Type) OwnOnly() bool {
	switch t {
	case TypePairInstallation, TypeSyncInstallation, TypeSyncInstallationContact,
		TypeSyncInstallationAccount, TypeSyncInstallationPublicChat:
		return true
	}
	return false
}

// Body is the content of a payload. Its implementations are the structs of
// this package; they are values whose slices nobody changes.
type Body interface {
	// Type returns the type that goes into the wrapper.
	Type() Type
	// Validate applies the rules for what is received. Errors are *RuleError.
	Validate() error
	// encode returns the payload bytes.
	encode() ([]byte, error)
}

// timed is a Body with a Lamport clock that has to be plausible.
type timed interface {
	// clocks returns the clocks to check, and whether they are compared with
	// the local time instead of the envelope's.
	clocks() (values []uint64, local bool)
}

// Placed is a Body that names the chat it belongs to.
type Placed interface {
	// Place returns the kind and id of the chat.
	Place() (MessageType, string)
}

// strict is a Body with rules for sending beyond those of Validate.
type strict interface{ validateOwn() error }

// format is how the payloads of a type are read.
type format struct {
	read func(data []byte) (Body, error)
	// schema are the fields on the wire; nil for bytes without fields.
	schema protoreflect.MessageDescriptor
	// strict refuses what was signed as a payload of another type; see
	// checkFields.
	strict bool
}

// formats are those of all types that have a Body. Nobody changes them.
var formats = map[Type]format{
	TypeChatMessage:                of(chatMessageOf),
	TypeContactUpdate:              of(contactUpdateOf),
	TypeMembershipUpdate:           of(membershipUpdateOf),
	TypePairInstallation:           of(pairInstallationOf),
	TypeSyncInstallation:           of(syncInstallationOf),
	TypeRequestAddress:             of(requestAddressOf),
	TypeAcceptRequestAddress:       of(acceptRequestAddressOf),
	TypeDeclineRequestAddress:      of(declineRequestAddressOf),
	TypeRequestTransaction:         of(requestTransactionOf),
	TypeSendTransaction:            of(sendTransactionOf),
	TypeDeclineRequestTransaction:  of(declineRequestTransactionOf),
	TypeSyncInstallationContact:    of(syncContactOf),
	TypeSyncInstallationAccount:    of(syncAccountOf),
	TypeSyncInstallationPublicChat: of(syncPublicChatOf),
	TypeContactCodeAdvertisement:   of(contactCodeOf),
	TypePushRegistration:           {read: pushRegistrationOf}, // encrypted
	TypePushRegistrationResponse:   of(pushRegistrationResponseOf),
	TypePushQuery:                  of(pushQueryOf),
	TypePushQueryResponse:          of(pushQueryResponseOf),
	TypePushRequest:                of(pushRequestOf),
	TypePushResponse:               of(pushResponseOf),
	TypeEmojiReaction:              of(emojiReactionOf),
	TypeGroupInvitation:            of(groupInvitationOf),
	TypePinMessage:                 strictly(of(pinMessageOf)),
	TypeEditMessage:                strictly(of(editMessageOf)),
	TypeDeleteMessage:              strictly(of(deleteMessageOf)),
}

// of is the format of a generated message M, which convert makes a Body of.
func of[T any, M interface {
	*T
	proto.Message
}, B Body](convert func(M) B) format {
	read := func(data []byte) (Body, error) {
		m := M(new(T))
		if err := unmarshal(data, m); err != nil {
			return nil, err
		}
		return convert(m), nil
	}
	return format{read: read, schema: M(nil).ProtoReflect().Descriptor()}
}

// strictly is a format that others must not be taken for.
func strictly(f format) format {
	f.strict = true
	return f
}

// decode reads the payload of a type. ok is false for a type without a Body.
func decode(t Type, data []byte) (body Body, ok bool, err error) {
	f, ok := formats[t]
	if !ok {
		return nil, false, nil
	}
	if body, err = f.read(data); err == nil && f.strict {
		err = checkFields(data, f.schema)
	}
	if err != nil {
		return nil, true, err
	}
	return body, true, nil
}

// maxFields bounds the fields of a payload, those of nested messages included.
// The largest payload that people make is a group's event list: 16 384 events
// of the smallest size exceed the largest envelope.
const maxFields = 1 << 14

// unmarshal decodes protobuf with a bound on what it allocates.
func unmarshal(data []byte, m proto.Message) error {
	budget := maxFields
	if err := countFields(data, m.ProtoReflect().Descriptor(), &budget); err != nil {
		return err
	}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, m); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// marshal encodes canonically: fields ascending, defaults left out.
func marshal(m proto.Message) ([]byte, error) {
	b, err := (proto.MarshalOptions{Deterministic: true}).Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return b, nil
}
