package jsonrpc

import (
	"bytes"
	"encoding/json"

	"statusd/api"
)

// Marshal encodes a result as JSON without escaping <, > and &, which no
// reader of an answer needs.
func Marshal(v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'}), nil
}

// AppendResult appends the answer of a call that succeeded.
func AppendResult(buf []byte, id, result json.RawMessage) []byte {
	buf = appendHead(buf, id)
	buf = append(buf, `,"result":`...)
	buf = append(buf, result...)
	return append(buf, '}')
}

// AppendError appends the answer of a call that failed. A nil id becomes null.
func AppendError(buf []byte, id json.RawMessage, e *api.Error) []byte {
	buf = appendHead(buf, id)
	buf = append(buf, `,"error":`...)
	buf = append(buf, encodeError(e)...)
	return append(buf, '}')
}

func appendHead(buf []byte, id json.RawMessage) []byte {
	if id == nil {
		id = json.RawMessage("null")
	}
	buf = append(buf, `{"jsonrpc":"2.0","id":`...)
	return append(buf, id...)
}

// AppendNotification appends what a subscriber gets: exactly one of result
// and e is set. subscription is its id as JSON; without one the result itself
// is the parameters.
func AppendNotification(buf []byte, method string, subscription, result json.RawMessage, e *api.Error) []byte {
	buf = append(buf, `{"jsonrpc":"2.0","method":"`...)
	buf = append(buf, method...)
	buf = append(buf, `","params":`...)
	member := `"result":`
	if e != nil {
		member, result = `"error":`, encodeError(e)
	}
	switch {
	case subscription != nil:
		buf = append(buf, `{"subscription":`...)
		buf = append(buf, subscription...)
		buf = append(buf, ',')
	case e != nil:
		buf = append(buf, '{')
	default:
		return append(append(buf, result...), '}')
	}
	buf = append(buf, member...)
	buf = append(buf, result...)
	return append(buf, "}}"...)
}

func encodeError(e *api.Error) json.RawMessage {
	out, err := Marshal(e)
	if err != nil { // strings and numbers only: cannot happen
		return json.RawMessage(`{"code":-32603,"message":"internal error"}`)
	}
	return out
}
