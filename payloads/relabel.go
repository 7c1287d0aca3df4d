package payloads

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The signature of a wrapper covers the payload and not its type, so anybody
// who can read somebody's payload can pass it on as one of another type. Most
// types tell themselves apart by their fields. Those of the later extensions
// change what others wrote, and share their first fields with reactions: a
// reaction read as a deletion would delete the message that its author liked.
// So they are read strictly.

// field is a field as it stands on the wire.
type field struct {
	number protowire.Number
	kind   protowire.Type
}

// usedFields returns the fields of all types of payloads.
func usedFields() map[field]bool {
	used := make(map[field]bool)
	for _, f := range formats {
		if f.schema == nil {
			continue
		}
		fields := f.schema.Fields()
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
