package payloads

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"statusd/payloads/internal/pb"
)

// The signature of a wrapper covers the payload and not its type, so anybody
// who can read somebody's payload can pass it on as one of another type. Most
// types tell themselves apart by their fields. Those of the later extensions
// change what others wrote, and share their first fields with reactions: a
// reaction read as a deletion would delete the message that its author liked.
// So they are read strictly.

// schemas are the messages of all types of payloads. That of a push
// registration is left out: it travels encrypted, as bytes without fields.
func schemas() []proto.Message {
	return []proto.Message{
		&pb.ChatMessage{}, &pb.ContactUpdate{}, &pb.MembershipUpdateMessage{}, &pb.PairInstallation{},
		&pb.SyncInstallation{}, &pb.RequestAddressForTransaction{}, &pb.AcceptRequestAddressForTransaction{},
		&pb.DeclineRequestAddressForTransaction{}, &pb.RequestTransaction{}, &pb.SendTransaction{},
		&pb.DeclineRequestTransaction{}, &pb.SyncInstallationContact{}, &pb.SyncInstallationAccount{},
		&pb.SyncInstallationPublicChat{}, &pb.ContactCodeAdvertisement{},
		&pb.PushNotificationRegistrationResponse{}, &pb.PushNotificationQuery{},
		&pb.PushNotificationQueryResponse{}, &pb.PushNotificationRequest{}, &pb.PushNotificationResponse{},
		&pb.EmojiReaction{}, &pb.GroupChatInvitation{}, &pb.PinMessage{}, &pb.EditMessage{}, &pb.DeleteMessage{},
	}
}

// field is a field as it stands on the wire.
type field struct {
	number protowire.Number
	kind   protowire.Type
}

// usedFields returns the fields of all types of payloads.
func usedFields() map[field]bool {
	used := make(map[field]bool)
	for _, m := range schemas() {
		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			used[fieldOf(fields.Get(i))] = true
		}
	}
	return used
}

// fieldOf returns how a field of the schema stands on the wire. The schema has
// numbers of variable length, texts, bytes and messages only.
func fieldOf(f protoreflect.FieldDescriptor) field {
	switch f.Kind() {
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return field{f.Number(), protowire.BytesType}
	}
	return field{f.Number(), protowire.VarintType}
}

// checkFields refuses bytes that were signed as a payload of another type than
// that of the schema: a field of the schema that is of another kind, and one
// that the schema lacks and another type has. Other fields that the schema
// lacks are those of later clients, and ignored. data is well-formed.
func checkFields(data []byte, schema protoreflect.MessageDescriptor) error {
	var used map[field]bool
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeField(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		f, known := field{number, kind}, schema.Fields().ByNumber(number)
		if known == nil && used == nil {
			used = usedFields()
		}
		if known != nil && fieldOf(known) != f || known == nil && used[f] {
			return broken(RuleRelabelled, "field %d is that of a payload of another type", number)
		}
	}
	return nil
}

// readStrict is read for types that others must not be taken for.
func readStrict[M proto.Message, B Body](data []byte, m M, of func(M) B) (Body, error) {
	body, err := read(data, m, of)
	if err != nil {
		return nil, err
	}
	if err := checkFields(data, m.ProtoReflect().Descriptor()); err != nil {
		return nil, err
	}
	return body, nil
}
