package configs

import (
	"bytes"
	"encoding/json"
	"strings"
)

// object is a JSON object that keeps the order of its members.
type object struct {
	names   []string
	members map[string]any
}

func newObject() *object { return &object{members: map[string]any{}} }

// put stores a value under a dotted path.
func (o *object) put(path string, value any) {
	name, rest, nested := strings.Cut(path, ".")
	old, known := o.members[name]
	if !known {
		o.names = append(o.names, name)
	}
	if !nested {
		o.members[name] = value
		return
	}
	group, ok := old.(*object)
	if !ok {
		group = newObject()
		o.members[name] = group
	}
	group.put(rest, value)
}

// MarshalJSON writes the members in order.
func (o *object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(o.members[name])
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
