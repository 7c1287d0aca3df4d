package rpc

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"

	"statusd/api"
	"statusd/rpc/jsonrpc"
)

// The types of this file are the parts of an OpenRPC 1.3 document that we use
// (https://spec.open-rpc.org).

type openRPC struct {
	OpenRPC string       `json:"openrpc"`
	Info    openRPCInfo  `json:"info"`
	Methods []rpcMethod  `json:"methods"`
	Errors  []rpcFailure `json:"x-errors"` // that any method may answer with
}

type openRPCInfo struct {
	Title       string            `json:"title"`
	Version     string            `json:"version"`
	Description string            `json:"description"`
	License     map[string]string `json:"license"`
}

type rpcMethod struct {
	Name           string              `json:"name"`
	Summary        string              `json:"summary"`
	Tags           []map[string]string `json:"tags"`
	ParamStructure string              `json:"paramStructure"`
	Params         []contentDescriptor `json:"params"`
	Result         contentDescriptor   `json:"result"`
	Examples       []examplePairing    `json:"examples"`
	Scope          string              `json:"x-scope"`
	Since          string              `json:"x-since"`
	AliasOf        string              `json:"x-alias-of,omitempty"`
	Secret         bool                `json:"x-secret,omitempty"`
}

type contentDescriptor struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Required    bool   `json:"required,omitempty"`
	Schema      schema `json:"schema"`
}

type examplePairing struct {
	Name   string         `json:"name"`
	Params []exampleValue `json:"params"`
	Result exampleValue   `json:"result"`
	Setup  []setupCall    `json:"x-setup,omitempty"`
	Fails  jsonrpc.Code   `json:"x-fails,omitempty"`
}

type exampleValue struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
}

type rpcFailure struct {
	Code    jsonrpc.Code `json:"code"`
	Message string       `json:"message"`
}

// descriptions are the documents that discover answers with, encoded once:
// they are large, and whoever asks for many shall not take the memory that
// making one needs, so many times.
type descriptions struct {
	mu  sync.Mutex
	all map[bool]json.RawMessage // by whether all namespaces are on offer
}

// discover describes what a connection may see.
func (s *Server) discover(ctx context.Context, _ api.None) (json.RawMessage, error) {
	c, d := callFrom(ctx).caller, &s.described
	d.mu.Lock()
	defer d.mu.Unlock()
	whole := c.modules == nil
	if doc, ok := d.all[whole]; ok {
		return doc, nil
	}
	doc, err := jsonrpc.Marshal(s.describe(c))
	if err != nil {
		return nil, err
	}
	if d.all == nil {
		d.all = make(map[bool]json.RawMessage)
	}
	d.all[whole] = doc
	return doc, nil
}

// describe describes all methods of the namespaces on offer to a caller, also
// those for which the scope is missing.
func (s *Server) describe(c *caller) *openRPC {
	doc := &openRPC{
		OpenRPC: "1.3.2",
		Info: openRPCInfo{
			Title: "statusd", Version: s.cfg.Version.Version,
			Description: "Control interface of a Status node. Parameters may be given by position or by name.",
			License:     map[string]string{"name": "Apache-2.0"},
		},
		Errors: failures(),
	}
	for _, m := range s.dispatch.methods {
		if c.offers(namespace(m.name)) {
			doc.Methods = append(doc.Methods, m.describe())
		}
	}
	slices.SortFunc(doc.Methods, func(a, b rpcMethod) int { return strings.Compare(a.Name, b.Name) })
	return doc
}

// describe makes the entry of a method from its row in the table.
func (m *method) describe() rpcMethod {
	out := rpcMethod{
		Name: m.name, Summary: m.summary, Tags: []map[string]string{{"name": namespace(m.name)}}, ParamStructure: "either",
		Params: make([]contentDescriptor, len(m.params)),
		Result: contentDescriptor{Name: "result", Description: m.result, Schema: schemaOf(m.handler.result)},
		Scope:  m.scope.String(), Since: m.since, AliasOf: m.aliasOf, Secret: m.secret,
	}
	for i, p := range m.params {
		out.Params[i] = contentDescriptor{
			Name: p.name, Description: p.doc, Schema: schemaOf(m.handler.args[i]),
			Required: m.handler.args[i].Kind() != reflect.Pointer,
		}
	}
	pair := examplePairing{
		Name: m.name, Params: []exampleValue{}, Setup: m.example.setup, Fails: m.example.fails,
		Result: exampleValue{Name: "result", Value: json.RawMessage(m.example.result)},
	}
	values, _ := jsonrpc.Bind(json.RawMessage(m.example.params), m.paramNames(), nil)
	for i, v := range values {
		if v == nil {
			v = json.RawMessage("null")
		}
		pair.Params = append(pair.Params, exampleValue{Name: m.params[i].name, Value: v})
	}
	out.Examples = []examplePairing{pair}
	return out
}

// failures are the errors that do not depend on the method.
func failures() []rpcFailure {
	return []rpcFailure{
		{jsonrpc.CodeParse, "the request is not JSON"},
		{jsonrpc.CodeInvalidRequest, "the request is not a JSON-RPC 2.0 request, or a batch is too large"},
		{jsonrpc.CodeMethodNotFound, "the method does not exist, or is not on offer here"},
		{jsonrpc.CodeInvalidParams, "a parameter is missing, unknown, or of the wrong type"},
		{jsonrpc.CodeInternal, "a defect of the daemon; the log has details under the request id"},
		{
			jsonrpc.CodeFailed, "the method could not do it; the message says why. The kinds disk_full and io_error " +
				"mean the disk: nothing was done",
		},
		{jsonrpc.CodeTimeout, "it took too long"},
		{jsonrpc.CodeTooLargeReply, "the answers of a batch became too large; this one was not run"},
		{jsonrpc.CodeBusy, "a queue or a limit is full"},
		{jsonrpc.CodeUnauthenticated, "the token is missing or not valid"},
		{jsonrpc.CodeScope, "the token does not allow this, or the connection could be listened to"},
	}
}
