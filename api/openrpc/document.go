package openrpc

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"statusd/api"
)

// Version is the version of OpenRPC that the documents follow.
const Version = "1.3.2"

// Document is an OpenRPC document.
type Document struct {
	OpenRPC    string     `json:"openrpc"`
	Info       Info       `json:"info"`
	Methods    []Method   `json:"methods"`
	Components Components `json:"components"`
	Errors     []Ref      `json:"x-errors"`
	Events     []Event    `json:"x-events"`
}

// Info says what the document is about.
type Info struct {
	Title       string  `json:"title"`
	Version     string  `json:"version"` // of the contract
	Description string  `json:"description"`
	License     License `json:"license"`
}

// License names the license of the interface.
type License struct {
	Name string `json:"name"`
}

// Method describes a method.
type Method struct {
	Name           string        `json:"name"`
	Summary        string        `json:"summary"`
	Tags           []Tag         `json:"tags"`
	ParamStructure string        `json:"paramStructure"`
	Params         []Content     `json:"params"`
	Result         Content       `json:"result"`
	Errors         []Ref         `json:"errors,omitempty"`
	Examples       []Pairing     `json:"examples"`
	Scope          api.Scope     `json:"x-scope"`
	Since          string        `json:"x-since"`
	AliasOf        string        `json:"x-alias-of,omitempty"`
	Secret         bool          `json:"x-secret,omitempty"`
	Account        bool          `json:"x-account,omitempty"`
	Notification   *Notification `json:"x-notification,omitempty"`
}

// Tag is a word that a method is filed under: its namespace.
type Tag struct {
	Name string `json:"name"`
}

// Content describes a parameter or a result.
type Content struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Required    bool   `json:"required,omitempty"`
	Schema      Schema `json:"schema"`
}

// Notification is what a subscription pushes.
type Notification struct {
	Name   string `json:"name"`
	Schema Schema `json:"schema"`
}

// Pairing is an example of a call.
type Pairing struct {
	Name   string     `json:"name"`
	Params []Value    `json:"params"`
	Result Value      `json:"result"`
	Setup  []api.Call `json:"x-setup,omitempty"`
	Fails  api.Code   `json:"x-fails,omitempty"`
}

// Value is a value of an example.
type Value struct {
	Name  string   `json:"name"`
	Value api.JSON `json:"value"`
}

// Components are what the rest refers to, by name.
type Components struct {
	Schemas map[string]Schema `json:"schemas"`
	Errors  map[string]Error  `json:"errors"`
}

// Event is a type of events.
type Event struct {
	Type    string `json:"type"`
	Summary string `json:"summary"`          // when it comes
	Signal  bool   `json:"signal,omitempty"` // of the node: in no log
	Schema  Schema `json:"schema"`           // of its member event
}

// Error is a kind of error; data.kind of an answer is its name.
type Error struct {
	Code    api.Code `json:"code"`
	Message string   `json:"message"`
}

// Ref refers to a component.
type Ref struct {
	To string `json:"$ref"`
}

const (
	schemaPath = "#/components/schemas/"
	errorPath  = "#/components/errors/"
)

// New describes the methods for which offered returns true; nil: all.
func New(offered func(api.Description) bool) *Document {
	b := &builder{names: make(map[reflect.Type]string), schemas: make(map[string]Schema)}
	doc := &Document{
		OpenRPC: Version,
		Info: Info{
			Title: "statusd", Version: api.ContractVersion, License: License{"Apache-2.0"},
			Description: "Control interface of a Status node. Parameters may be given by position or by name.",
		},
		Components: Components{Schemas: b.schemas, Errors: make(map[string]Error)},
	}
	for _, class := range api.ErrorClasses() {
		doc.Components.Errors[string(class.Kind)] = Error{class.Code, class.Meaning}
		if class.Any {
			doc.Errors = append(doc.Errors, Ref{errorPath + string(class.Kind)})
		}
	}
	for _, m := range api.Methods() {
		if d := m.Describe(); offered == nil || offered(d) {
			doc.Methods = append(doc.Methods, b.method(d))
		}
	}
	for _, e := range api.Events() {
		doc.Events = append(doc.Events, Event{string(e.Type), e.Summary, e.Signal, b.of(e.Payload)})
	}
	slices.SortFunc(doc.Methods, func(a, b Method) int { return strings.Compare(a.Name, b.Name) })
	return doc
}

// method describes a method.
func (b *builder) method(d api.Description) Method {
	out := Method{
		Name: d.Name, Summary: d.Summary, Tags: []Tag{{api.Namespace(d.Name)}}, ParamStructure: "either",
		Params: []Content{}, Result: Content{Name: "result", Description: d.Returns, Schema: b.result(d.Result)},
		Scope: d.Scope, Since: d.Since, AliasOf: d.AliasOf, Secret: d.Secret, Account: d.Account,
	}
	for _, code := range d.Errors {
		out.Errors = append(out.Errors, Ref{errorPath + string(code.Kind())})
	}
	pair := Pairing{
		Name: d.Name, Params: []Value{}, Setup: d.Example.Setup, Fails: d.Example.Fails,
		Result: Value{"result", api.JSON(d.Example.Result)},
	}
	var values []json.RawMessage // the contract's tests decode every example
	_ = json.Unmarshal([]byte(d.Example.Params), &values)
	for i, p := range d.Params() {
		out.Params = append(out.Params, Content{p.Name, p.Doc, !p.Optional, b.of(p.Type)})
		value := api.JSON("null")
		if i < len(values) {
			value = api.JSON(values[i])
		}
		pair.Params = append(pair.Params, Value{p.Name, value})
	}
	out.Examples = []Pairing{pair}
	if d.Event != nil {
		name := "receive" // that of signal-cli's own
		if base, ok := strings.CutSuffix(d.Name, "_subscribe"); ok {
			name = base + "_subscription"
		}
		out.Notification = &Notification{name, b.of(d.Event)}
	}
	return out
}
