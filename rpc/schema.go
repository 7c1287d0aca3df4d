package rpc

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/waku/wire"
)

// schema is a JSON schema, as far as our types need it.
type schema map[string]any

// schemaOf describes how values of a type look in JSON. Types with a form of
// their own are listed; the rest follows from reflection.
func schemaOf(t reflect.Type) schema {
	switch t {
	case reflect.TypeFor[hexutil.Bytes](), reflect.TypeFor[api.Bytes]():
		return schema{"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$", "title": "bytes"}
	case reflect.TypeFor[hexutil.Uint](), reflect.TypeFor[api.Quantity]():
		return schema{"type": "string", "pattern": "^0x[0-9a-f]+$", "title": "number in hex"}
	case reflect.TypeFor[api.Secret]():
		return schema{"type": "string", "title": "secret string"}
	case reflect.TypeFor[api.LooseBytes]():
		return schema{"type": "string", "title": "bytes in 0x hex or base64"}
	case reflect.TypeFor[wire.Topic](), reflect.TypeFor[api.Topic]():
		return schema{"type": "string", "pattern": "^0x[0-9a-fA-F]{8}$", "title": "topic"}
	case reflect.TypeFor[wire.Hash](), reflect.TypeFor[api.Hash]():
		return schema{"type": "string", "pattern": "^0x[0-9a-fA-F]{64}$", "title": "hash"}
	case reflect.TypeFor[enode.ID]():
		return schema{"type": "string", "pattern": "^[0-9a-fA-F]{64}$", "title": "node id"}
	case reflect.TypeFor[time.Time]():
		return schema{"type": "string", "format": "date-time"}
	case reflect.TypeFor[api.None]():
		return schema{"type": "null"}
	case reflect.TypeFor[api.ComponentHealth]():
		return schema{"type": "object", "additionalProperties": schema{"type": "string"}}
	case reflect.TypeFor[api.TextNode](): // it holds others
		return schema{"title": "part of a text"}
	case reflect.TypeFor[json.RawMessage](), reflect.TypeFor[api.JSON]():
		return schema{"title": "any JSON"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return schema{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return schema{"type": "integer", "minimum": 0}
	case reflect.Float32, reflect.Float64:
		return schema{"type": "number"}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return schema{"type": "string", "title": "bytes in base64"}
		}
		return schema{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		return structSchema(t)
	default: // any: nothing is known
		return schema{}
	}
}

// structSchema describes the members of a struct by their JSON names.
func structSchema(t reflect.Type) schema {
	properties := make(schema)
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		if f.Anonymous && name == "" {
			maps.Copy(properties, structSchema(deref(f.Type))["properties"].(schema)) //nolint:forcetypeassert // below
			continue
		}
		if name == "" {
			name = f.Name
		}
		p := schemaOf(f.Type)
		if f.Type.Kind() == reflect.Pointer {
			p["type"] = []any{p["type"], "null"}
		}
		switch doc := f.Tag.Get("doc"); {
		case doc != "":
			p["description"] = doc
		case strings.HasPrefix(options, "omit"):
			p["description"] = "left out when it has nothing to say"
		}
		properties[name] = p
	}
	return schema{"type": "object", "properties": properties}
}
