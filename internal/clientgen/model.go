package main

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"statusd/api"
)

// contract is the contract as the writers of the languages need it.
type contract struct {
	methods []method
	objects []object
	enums   []enum
	texts   []text
	errors  []api.ErrorClass
	events  []event // of the log of an account
}

// event is a type of events in the log of an account.
type event struct {
	name, doc string
	told      ref
}

// method is a method with its types.
type method struct {
	api.Description
	params  []param
	result  ref
	event   *ref // of a subscription
	timeout time.Duration
}

// topic is what a subscription is for, which is no choice.
func (m method) topic() string {
	if m.Topic != "" && len(m.params) > 0 {
		return m.Topic
	}
	return ""
}

// accountDoc explains the parameter that methods about an account have besides
// their own.
const accountDoc = "key-uid of the account that must be logged in; if left out that of the client, if it has one"

// asked are the parameters that callers give, those first that must be given.
func (m method) asked() []param {
	out := slices.Clone(m.params)
	if m.topic() != "" {
		out = out[1:]
	}
	if m.Account {
		out = append(out, param{name: "account", doc: accountDoc, ref: ref{shape: plain}, optional: true})
	}
	slices.SortStableFunc(out, func(a, b param) int {
		switch {
		case a.optional == b.optional:
			return 0
		case b.optional:
			return -1
		}
		return 1
	})
	return out
}

// flags say, in every language, what the core does with the call.
func (m method) flags() string {
	var flags []string
	if m.Account {
		flags = append(flags, "ACCOUNT")
	}
	if m.Scope == api.ScopeRead && m.event == nil {
		flags = append(flags, "SAFE")
	}
	if m.Secret {
		flags = append(flags, "SECRET")
	}
	if len(flags) == 0 {
		return "0"
	}
	return strings.Join(flags, " | ")
}

// param is a parameter of a method.
type param struct {
	name, doc string
	ref       ref
	optional  bool
}

// object is a JSON object with known members.
type object struct {
	name, doc string
	members   []param
}

// enum is a string or a number of which only some values are used.
type enum struct {
	name, doc string
	number    bool
	values    []member
}

// text is a string with a form of its own.
type text struct{ name, doc string }

// shape is what a value is in JSON.
type shape int

const (
	anything shape = iota
	nothing        // null
	boolean
	integer
	number
	plain // string
	list
	dict      // object with any members of one type
	named     // object, enum or text
	oneOrMore // of texts: one, or a list
)

// ref is a type as a place in the contract refers to it.
type ref struct {
	shape    shape
	name     string // of a named one
	elem     *ref   // of a list or dict
	nullable bool
	bytes    bool // a text that stands for bytes in hex
}

// collector walks through the types.
type collector struct {
	words   *words
	objects map[string]*object
	enums   map[string]enum
	texts   map[string]text
	asked   map[string]bool // objects that are arguments
	told    map[string]bool // objects that are answers or events
	goTypes map[string]reflect.Type
	problem error
}

// collect builds the contract from package api.
func collect(w *words) (*contract, error) {
	c := &collector{
		words: w, objects: make(map[string]*object), enums: make(map[string]enum), texts: make(map[string]text),
		asked: make(map[string]bool), told: make(map[string]bool), goTypes: make(map[string]reflect.Type),
	}
	out := &contract{errors: api.ErrorClasses()}
	for _, m := range api.Methods() {
		out.methods = append(out.methods, c.method(m.Describe()))
	}
	slices.SortFunc(out.methods, func(a, b method) int { return strings.Compare(a.Name, b.Name) })
	for _, e := range api.Events() {
		if !e.Signal {
			out.events = append(out.events, event{string(e.Type), e.Summary, c.ref(e.Payload, c.told)})
		}
	}
	c.separate(out)
	for _, name := range slices.Sorted(maps.Keys(c.objects)) {
		o := *c.objects[name]
		if c.asked[name] && !c.told[name] { // what may be null may be left out
			for i := range o.members {
				o.members[i].optional = o.members[i].optional || o.members[i].ref.nullable
			}
		}
		out.objects = append(out.objects, o)
	}
	for _, name := range slices.Sorted(maps.Keys(c.enums)) {
		out.enums = append(out.enums, c.enums[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.texts)) {
		out.texts = append(out.texts, c.texts[name])
	}
	return out, c.problem
}

// separate gives objects that are both arguments and answers a second form for
// arguments, called Input, in which everything may be left out.
func (c *collector) separate(out *contract) {
	both := make(map[string]bool)
	for name := range c.objects {
		both[name] = c.asked[name] && c.told[name]
	}
	var input func(r ref) ref
	input = func(r ref) ref {
		if r.elem != nil {
			elem := input(*r.elem)
			r.elem = &elem
		}
		if r.shape == named && both[r.name] {
			r.name += "Input"
		}
		return r
	}
	inputs := func(of []param, optional bool) []param {
		changed := slices.Clone(of)
		for i := range changed {
			changed[i].ref = input(changed[i].ref)
			changed[i].optional = changed[i].optional || optional
		}
		return changed
	}
	for i, m := range out.methods {
		out.methods[i].params = inputs(m.params, false)
	}
	for name, o := range maps.Clone(c.objects) {
		switch {
		case both[name]:
			second := &object{name: name + "Input", doc: "What may be given of " + name + ".", members: inputs(o.members, true)}
			c.objects[second.name] = second
		case c.asked[name]:
			o.members = inputs(o.members, false)
		}
	}
}

func (c *collector) method(d api.Description) method {
	m := method{Description: d, timeout: d.Timeout}
	switch {
	case d.Args.Implements(reflect.TypeFor[api.Patient]()):
		m.timeout = api.MaxTimeout
	case m.timeout == 0:
		m.timeout = api.DefaultTimeout
	}
	for _, p := range d.Params() {
		r := c.ref(p.Type, c.asked)
		r.nullable = r.nullable && !p.Optional // leaving it out says the same
		m.params = append(m.params, param{name: p.Name, doc: p.Doc, ref: r, optional: p.Optional})
	}
	m.result = c.ref(d.Result, c.told)
	if d.Event != nil {
		event := c.ref(d.Event, c.told)
		m.event = &event
	}
	return m
}

// Forms in JSON that reflection cannot see. A type of the contract with a
// MarshalJSON of its own has to stand here.
var forms = map[reflect.Type]ref{
	reflect.TypeFor[api.None]():            {shape: nothing},
	reflect.TypeFor[api.JSON]():            {shape: anything},
	reflect.TypeFor[json.RawMessage]():     {shape: anything},
	reflect.TypeFor[api.ComponentHealth](): {shape: dict, elem: &ref{shape: plain}},
	reflect.TypeFor[api.Secret]():          {shape: plain},
	reflect.TypeFor[api.Recipients]():      {shape: oneOrMore},
	reflect.TypeFor[[]byte]():              {shape: plain}, // base64
}

// hexes are the texts that stand for bytes in hex.
var hexes = []reflect.Type{
	reflect.TypeFor[api.Bytes](), reflect.TypeFor[api.LooseBytes](), reflect.TypeFor[api.Hash](),
	reflect.TypeFor[api.Topic](),
}

// ref says how a type looks in JSON, and notes it if it has a name. seen is
// where objects are marked as arguments or answers.
func (c *collector) ref(t reflect.Type, seen map[string]bool) ref {
	if r, ok := forms[t]; ok {
		return r
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		c.texts["Timestamp"] = text{"Timestamp", "Timestamp is a time by RFC 3339."}
		return ref{shape: named, name: "Timestamp"}
	case t.Kind() == reflect.Pointer:
		r := c.ref(t.Elem(), seen)
		r.nullable = true
		return r
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		name := c.claim(t)
		c.texts[name] = text{name, c.words.types[t.Name()]}
		return ref{shape: named, name: name, bytes: slices.Contains(hexes, t)}
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		c.fail("%s writes its JSON itself: say in clientgen's table of forms how it looks", t)
		return ref{}
	}
	if r, ok := c.enum(t); ok {
		return r
	}
	return c.composed(t, seen)
}

// composed says it for what the kinds of Go say enough of.
func (c *collector) composed(t reflect.Type, seen map[string]bool) ref {
	switch t.Kind() {
	case reflect.Bool:
		return ref{shape: boolean}
	case reflect.String:
		return ref{shape: plain}
	case reflect.Float32, reflect.Float64:
		return ref{shape: number}
	case reflect.Slice, reflect.Array:
		elem := c.ref(t.Elem(), seen)
		return ref{shape: list, elem: &elem}
	case reflect.Map:
		elem := c.ref(t.Elem(), seen)
		return ref{shape: dict, elem: &elem}
	case reflect.Struct:
		return c.object(t, seen)
	case reflect.Interface:
		return ref{shape: anything}
	}
	if t.ConvertibleTo(reflect.TypeFor[int64]()) {
		return ref{shape: integer}
	}
	c.fail("%s has no form in JSON", t)
	return ref{}
}

// enum notes a type that lists its values.
func (c *collector) enum(t reflect.Type) (ref, bool) {
	values, ok := t.MethodByName("Values")
	if !ok || t.Kind() == reflect.Struct || values.Type.NumIn() != 1 || values.Type.NumOut() != 1 {
		return ref{}, false
	}
	name := c.claim(t)
	e := enum{name: name, doc: c.words.types[t.Name()], number: t.Kind() != reflect.String}
	listed := values.Func.Call([]reflect.Value{reflect.Zero(t)})[0]
	for i := range listed.Len() {
		e.values = append(e.values, c.named(t.Name(), listed.Index(i)))
	}
	c.enums[name] = e
	return ref{shape: named, name: name}, true
}

// named finds the name of a value of an enumeration.
func (c *collector) named(of string, v reflect.Value) member {
	var value any
	switch {
	case v.Kind() == reflect.String:
		value = v.String()
	case v.CanInt():
		value = v.Int()
	default:
		value = int64(v.Uint())
	}
	for _, known := range c.words.consts[of] {
		if known.value == value {
			return known
		}
	}
	c.fail("%s has the value %v without a constant", of, value)
	return member{value: value}
}

// object notes a struct.
func (c *collector) object(t reflect.Type, seen map[string]bool) ref {
	name := c.claim(t)
	r := ref{shape: named, name: name}
	if seen[name] {
		return r
	}
	seen[name] = true
	o := &object{name: name, doc: c.words.types[t.Name()]}
	c.objects[name] = o // before its members: they may lead back to it
	o.members = c.members(t, seen)
	c.objects[name] = o
	return r
}

// members lists the members of a struct, those of embedded ones among them.
func (c *collector) members(t reflect.Type, seen map[string]bool) (out []param) {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			of, maybe := f.Type, f.Type.Kind() == reflect.Pointer // nil: all are left out
			if maybe {
				of = of.Elem()
			}
			for _, m := range c.members(of, seen) {
				m.optional = m.optional || maybe
				out = append(out, m)
			}
			continue
		case !f.IsExported() || name == "-" && options == "":
			continue
		case name == "":
			name = f.Name
		}
		doc := f.Tag.Get("doc")
		if doc == "" {
			doc = c.words.fields[t.Name()][f.Name]
		}
		r := c.ref(f.Type, seen)
		optional := strings.Contains(options, "omit")
		// A pointer to a list may also be there and point to none.
		toList := f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Slice
		r.nullable = (r.nullable || emptyIsNull(f.Type)) && (!optional || toList)
		out = append(out, param{name: name, doc: doc, ref: r, optional: optional})
	}
	return out
}

// emptyIsNull tells whether Go writes null for a value of the type that has
// nothing in it.
func emptyIsNull(t reflect.Type) bool {
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || t.Implements(reflect.TypeFor[json.Marshaler]()) {
		return false
	}
	return t.Kind() == reflect.Slice || t.Kind() == reflect.Map
}

// claim is the name of a type in the clients. Two types of one name are an
// error.
func (c *collector) claim(t reflect.Type) string {
	name := t.Name()
	if base, args, generic := strings.Cut(name, "["); generic { // List[statusd/api.Chat]
		name = base
		for arg := range strings.SplitSeq(strings.TrimSuffix(args, "]"), ",") {
			name += arg[strings.LastIndexByte(arg, '.')+1:]
		}
	}
	if name == "" {
		c.fail("a struct without a name has %d fields: give it one", t.NumField())
		return "Unnamed"
	}
	if other, taken := c.goTypes[name]; taken && other != t {
		c.fail("%s and %s have one name", t, other)
	}
	c.goTypes[name] = t
	return name
}

func (c *collector) fail(format string, args ...any) {
	c.problem = errors.Join(c.problem, fmt.Errorf(format, args...))
}
