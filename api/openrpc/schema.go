package openrpc

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"statusd/api"
)

// Schema is a JSON schema, as far as our types need it.
type Schema map[string]any

// builder makes schemas and collects the components that they refer to.
type builder struct {
	names   map[reflect.Type]string
	schemas map[string]Schema
}

// result is the schema of a result: None is null.
func (b *builder) result(t reflect.Type) Schema {
	if t == reflect.TypeFor[api.None]() {
		return Schema{"type": "null"}
	}
	return b.of(t)
}

// of is the schema of a type: a reference if the contract has a name for it.
// A pointer is the same as what it points to; whether it may be null or absent
// is up to where it stands.
func (b *builder) of(t reflect.Type) Schema {
	if t.Kind() == reflect.Pointer {
		return b.of(t.Elem())
	}
	if t.PkgPath() != reflect.TypeFor[api.None]().PkgPath() || t.Name() == "" {
		return b.shape(t)
	}
	name, known := b.names[t]
	if !known {
		name = t.Name()
		b.names[t] = name // before its members, which may refer to it
		b.schemas[name] = b.shape(t)
	}
	return Schema{"$ref": schemaPath + name}
}

// shape spells a type out.
func (b *builder) shape(t reflect.Type) Schema {
	if s, ok := reflect.Zero(t).Interface().(api.Shaped); ok {
		var out Schema
		if json.Unmarshal([]byte(s.JSONShape()), &out) == nil { // the tests decode all of them
			return out
		}
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return Schema{"type": "string", "format": "date-time"}
	case reflect.TypeFor[json.RawMessage](), reflect.TypeFor[api.JSON]():
		return Schema{}
	}
	switch t.Kind() {
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.String:
		return withValues(t, Schema{"type": "string"})
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return withValues(t, Schema{"type": "integer"})
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if s := withValues(t, Schema{"type": "integer"}); s["enum"] != nil {
			return s
		}
		return Schema{"type": "integer", "minimum": 0}
	case reflect.Float32, reflect.Float64:
		return Schema{"type": "number"}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return Schema{"type": "string", "contentEncoding": "base64"}
		}
		return Schema{"type": "array", "items": b.of(t.Elem())}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": b.of(t.Elem())}
	case reflect.Struct:
		return b.object(t)
	default: // any: nothing is known
		return Schema{}
	}
}

// withValues adds the values of an enumeration.
func withValues(t reflect.Type, s Schema) Schema {
	method, ok := t.MethodByName("Values")
	if !ok || method.Type.NumIn() != 1 {
		return s
	}
	list := method.Func.Call([]reflect.Value{reflect.Zero(t)})[0]
	values := make([]any, list.Len())
	for i := range values {
		values[i] = list.Index(i).Interface()
	}
	s["enum"] = values
	return s
}

// object describes the members of a struct by their names in JSON.
func (b *builder) object(t reflect.Type) Schema {
	properties, required := make(map[string]Schema), []string{}
	b.members(t, properties, &required)
	out := Schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func (b *builder) members(t reflect.Type, properties map[string]Schema, required *[]string) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			if f.Type.Kind() == reflect.Pointer { // all of it may be missing
				b.members(f.Type.Elem(), properties, &[]string{})
			} else {
				b.members(f.Type, properties, required)
			}
			continue
		}
		if name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		s := b.of(f.Type)
		nullable := f.Type.Kind() == reflect.Pointer || f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Map
		switch {
		case strings.Contains(options, "omit"):
			if f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Slice { // to one that may be nil
				s = Schema{"anyOf": []Schema{s, {"type": "null"}}}
			}
		case nullable:
			s = Schema{"anyOf": []Schema{s, {"type": "null"}}}
			fallthrough
		default:
			*required = append(*required, name)
		}
		if doc := f.Tag.Get("doc"); doc != "" {
			if s["$ref"] != nil { // what stands beside a reference is ignored
				s = Schema{"allOf": []Schema{s}}
			}
			s["description"] = doc
		}
		properties[name] = s
	}
}
