package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"

	"statusd/api"
)

// Version is the value of the jsonrpc member.
const Version = "2.0"

// maxMethodName bounds the name of a method, in bytes. It is quoted in answers.
const maxMethodName = 128

// Request is one call or notification.
type Request struct {
	ID     json.RawMessage // as received; nil: a notification
	Method string
	Params json.RawMessage // array or object; nil: none
}

// Notification tells whether nobody waits for an answer.
func (r *Request) Notification() bool { return r.ID == nil }

// Item is one element of a message: a request or the reason why it is none.
// With an error only the ID of the request is set, and only if it is usable.
type Item struct {
	Request
	Err *api.Error
}

// Message is a single request or a batch.
type Message struct {
	Batch bool
	Items []Item // exactly one unless Batch
}

// Parse takes a message apart. maxItems bounds a batch. An error means that
// the message as a whole has to be answered with it; Message.Items then holds
// at most one item, whose ID belongs into the answer.
func Parse(raw []byte, maxItems int) (Message, *api.Error) {
	raw = bytes.Trim(raw, space)
	switch {
	case len(raw) == 0:
		return Message{}, api.NewError(api.CodeParse, "parse error: the request is empty").
			WithHint(`send one JSON object such as {"jsonrpc":"2.0","id":1,"method":"%s"}`, api.WakuVersion.Name)
	case !utf8.Valid(raw):
		return Message{}, api.NewError(api.CodeParse, "parse error: the request is not UTF-8 text")
	case !json.Valid(raw):
		return Message{}, syntaxError(json.Unmarshal(raw, new(json.RawMessage)))
	}
	if raw[0] != '[' {
		return Message{Items: []Item{parseItem(raw)}}, nil
	}
	return parseBatch(raw, maxItems)
}

func parseBatch(raw []byte, maxItems int) (Message, *api.Error) {
	m := Message{Batch: true}
	for elem := range elements(raw) {
		if len(m.Items) == maxItems {
			return Message{Batch: true, Items: firstCall(m.Items)},
				api.NewError(api.CodeInvalidRequest, "batch too large").
					WithHint("send at most %d requests in a batch", maxItems)
		}
		m.Items = append(m.Items, parseItem(elem))
	}
	if len(m.Items) == 0 {
		return Message{}, api.NewError(api.CodeInvalidRequest, "empty batch")
	}
	return m, nil
}

// firstCall returns the first item that somebody waits for: its id goes into
// the one answer that a batch as a whole gets, as go-ethereum does.
func firstCall(items []Item) []Item {
	for _, it := range items {
		if it.ID != nil {
			return []Item{it}
		}
	}
	return nil
}

func parseItem(raw []byte) Item {
	if raw[0] != '{' {
		return invalid(nil, "invalid request: want a JSON object")
	}
	var version string
	var method []byte
	var it Item
	for name, value := range members(raw) {
		switch name {
		case "jsonrpc":
			version = unquote(value)
		case "id":
			it.ID = value
		case "method":
			method = value
		case "params":
			it.Params = value
		}
	}
	if it.ID != nil && !validID(it.ID) {
		return invalid(nil, "invalid request: id must be a string, a number or null")
	}
	switch {
	case version != Version:
		return invalid(it.ID, `invalid request: "jsonrpc" must be "2.0"`)
	case len(method) == 0:
		return invalid(it.ID, `invalid request: "method" is missing`)
	case method[0] != '"':
		return invalid(it.ID, `invalid request: "method" must be a string`)
	}
	it.Method = unquote(method)
	if len(it.Method) == 0 || len(it.Method) > maxMethodName {
		return invalid(it.ID, `invalid request: "method" is empty or too long`)
	}
	if string(it.Params) == "null" {
		it.Params = nil
	}
	if it.Params != nil && it.Params[0] != '[' && it.Params[0] != '{' {
		return Item{
			Request: Request{ID: it.ID},
			Err:     api.NewError(api.CodeInvalidParams, "params must be an array or an object"),
		}
	}
	return it
}

// invalid makes the item of a message that is no request. It is answered even
// without an id, since nobody can tell whether it was meant as a notification.
func invalid(id json.RawMessage, text string) Item {
	if id == nil {
		id = json.RawMessage("null")
	}
	return Item{Request: Request{ID: id}, Err: api.NewError(api.CodeInvalidRequest, "%s", text).
		WithHint(`a request looks like {"jsonrpc":"2.0","id":1,"method":"%s","params":[]}`, api.WakuVersion.Name)}
}

func validID(id []byte) bool {
	switch c := id[0]; {
	case c == '"', c == '-', c >= '0' && c <= '9':
		return true
	default:
		return string(id) == "null"
	}
}

// syntaxError describes where text stops being JSON.
func syntaxError(err error) *api.Error {
	text := "parse error: not valid JSON"
	var se *json.SyntaxError
	if errors.As(err, &se) {
		text = "parse error: " + se.Error() + " (byte " + strconv.FormatInt(se.Offset, 10) + ")"
	}
	return api.NewError(api.CodeParse, "%s", text)
}
