package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"statusd/api"
)

const (
	pythonHead  = "# Generated from the contract (package api) by internal/clientgen. Do not edit.\n"
	pythonWidth = 100
)

// writer writes lines.
type writer struct{ bytes.Buffer }

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

// pythonText is a string literal; what Go escapes, Python understands.
func pythonText(s string) string { return strconv.QuoteToASCII(s) }

// docstring writes a documentation string.
func (w *writer) docstring(indent, text string) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), `"""`, `\"\"\"`)
	lines := wrap(text, pythonWidth-len(indent)-3)
	switch {
	case len(lines) == 0:
	case len(lines) == 1 && len(lines[0]) < pythonWidth-len(indent)-6 && !strings.HasSuffix(lines[0], `"`):
		w.line(`%s"""%s"""`, indent, lines[0])
	default:
		w.line(`%s"""%s`, indent, lines[0])
		for _, l := range lines[1:] {
			w.line("%s%s", indent, l)
		}
		w.line(`%s"""`, indent)
	}
}

// comment writes text as comments.
func (w *writer) comment(indent, text string) {
	for _, l := range wrap(text, pythonWidth-len(indent)-2) {
		w.line("%s# %s", indent, l)
	}
}

// pythonRef is a type in an annotation. prefix stands before names of types.
func pythonRef(r ref, prefix string) string {
	var out string
	switch r.shape {
	case nothing:
		return "None"
	case anything:
		return "Any"
	case boolean:
		out = "bool"
	case integer:
		out = "int"
	case number:
		out = "float"
	case plain:
		out = "str"
	case list:
		out = "list[" + pythonRef(*r.elem, prefix) + "]"
	case oneOrMore:
		out = "str | list[str]"
	case dict:
		out = "dict[str, " + pythonRef(*r.elem, prefix) + "]"
	case named:
		out = prefix + r.name
	}
	if r.nullable {
		out += " | None"
	}
	return out
}

// pythonTypes writes types.py.
func pythonTypes(c *contract) []byte {
	w := new(writer)
	w.WriteString(pythonHead)
	w.docstring("", "Types of the contract: what methods take and answer, as it is in JSON.\nObjects are dicts; "+
		"a member that is NotRequired may be missing. A newer daemon may add members and values of enumerations.")
	w.line("\nfrom __future__ import annotations\n")
	w.line("from typing import Any, Final, Literal, NotRequired, TypeAlias, TypedDict, Union\n")
	w.line("CONTRACT_VERSION: Final = %s", pythonText(api.ContractVersion))
	w.docstring("", "Version of the contract that this package was made from, by semantic versioning.")
	for _, t := range c.texts {
		w.line("\n%s: TypeAlias = str", t.name)
		w.docstring("", t.doc)
	}
	for _, e := range c.enums {
		w.pythonEnum(e)
	}
	for _, o := range c.objects {
		w.pythonObject(o)
	}
	w.pythonEvents(c)
	return w.Bytes()
}

// pythonEvents writes the union of what is in the event log: mypy tells its
// members apart by their type.
func (w *writer) pythonEvents(c *contract) {
	var names []string
	for _, e := range c.events {
		name := "Logged" + strings.TrimSuffix(e.told.name, "Event")
		names = append(names, name)
		w.line("\n\nclass %s(TypedDict):", name)
		w.docstring("    ", "An event of the log: "+e.doc+".")
		w.line("\n    cursor: int\n    account: str\n    time: int\n    type: Literal[%s]\n    event: %s",
			pythonText(e.name), pythonRef(e.told, ""))
	}
	w.line("\n\nLogEvent: TypeAlias = Union[")
	for _, n := range names {
		w.line("    %s,", n)
	}
	w.line("]")
	w.docstring("", "Whatever is in the log of an account; its type says what it tells.")
}

func (w *writer) pythonEnum(e enum) {
	w.line("")
	var literals []string
	for _, v := range e.values {
		literal := fmt.Sprint(v.value)
		if !e.number {
			literal = pythonText(v.value.(string))
		}
		literals = append(literals, literal)
		w.line("%s: Final = %s", upper(v.name), literal)
		w.docstring("", v.doc)
	}
	w.line("%s: TypeAlias = Literal[", e.name)
	for _, l := range literals {
		w.line("    %s,", l)
	}
	w.line("]")
	w.docstring("", e.doc)
}

// pythonObject writes a TypedDict. The form of a class cannot have members
// whose names are no identifiers or are keywords, as from is.
func (w *writer) pythonObject(o object) {
	class := true
	for _, m := range o.members {
		class = class && identifier(m.name) && !slices.Contains(pythonWords, m.name)
	}
	w.line("\n")
	if class {
		w.line("class %s(TypedDict):", o.name)
		w.docstring("    ", o.doc)
		if o.doc == "" && len(o.members) == 0 {
			w.line("    pass")
		}
		for i, m := range o.members {
			if i == 0 && o.doc != "" {
				w.line("")
			}
			w.line("    %s: %s", m.name, pythonMember(m))
			w.docstring("    ", m.doc)
		}
		return
	}
	w.line("%s = TypedDict(\n    %s,\n    {", o.name, pythonText(o.name))
	for _, m := range o.members {
		w.comment("        ", m.doc)
		of := pythonText(pythonRef(m.ref, ""))
		if m.optional {
			of = "NotRequired[" + of + "]"
		}
		w.line("        %s: %s,", pythonText(m.name), of)
	}
	w.line("    },\n)")
	w.docstring("", o.doc)
}

func pythonMember(m param) string {
	of := pythonRef(m.ref, "")
	if m.optional {
		of = "NotRequired[" + of + "]"
	}
	return of
}

// pythonVersion writes _version.py.
func pythonVersion() []byte {
	w := new(writer)
	w.WriteString(pythonHead)
	w.docstring("", "The version of this package is that of the contract.")
	w.line("\nVERSION = %s", pythonText(api.ContractVersion))
	return w.Bytes()
}

// pythonErrors writes errors.py.
func pythonErrors(c *contract) []byte {
	w := new(writer)
	w.WriteString(pythonHead)
	w.docstring("", "What calls can raise: one class for each kind of error.")
	w.line("\nfrom __future__ import annotations\n")
	w.line("from typing import Final\n")
	w.line("from ._errors import ConnectionLostError, RpcError, StatusdError\n")
	names := []string{"ConnectionLostError", "RpcError", "StatusdError", "BY_KIND"}
	for _, class := range c.errors {
		name := errorName(class.Kind)
		names = append(names, name)
		w.line("\nclass %s(RpcError):", name)
		w.docstring("    ", fmt.Sprintf("%s%s (kind %s, code %d).", strings.ToUpper(class.Meaning[:1]), class.Meaning[1:],
			class.Kind, class.Code))
		w.line("")
	}
	w.line("\nBY_KIND: Final[dict[str, type[RpcError]]] = {")
	for _, class := range c.errors {
		w.line("    %s: %s,", pythonText(string(class.Kind)), errorName(class.Kind))
	}
	w.line("}")
	w.docstring("", "The class of each kind; other kinds are RpcError itself.")
	w.line("\n__all__ = [")
	for _, n := range names {
		w.line("    %s,", pythonText(n))
	}
	w.line("]")
	return w.Bytes()
}

// errorName is the class of a kind. TimeoutError is Python's own.
func errorName(kind api.Kind) string {
	var out string
	for _, p := range parts(string(kind)) {
		out += strings.ToUpper(p[:1]) + p[1:]
	}
	switch out = strings.TrimSuffix(out, "Error") + "Error"; out {
	case "TimeoutError":
		return "CallTimeoutError"
	case "IoError":
		return "DiskError"
	}
	return out
}

// pythonMethods writes _methods.py: the methods twice, to be awaited and not.
func pythonMethods(c *contract) []byte {
	w := new(writer)
	w.WriteString(pythonHead)
	w.docstring("", "One function for each method of the contract.")
	w.line("\nfrom __future__ import annotations\n")
	w.line("from typing import Any, cast\n")
	w.line("from . import types as t")
	w.line("from ._call import ACCOUNT, SAFE, SECRET, Call")
	w.line("from ._subscription import AsyncSubscription, Subscription")
	for _, awaited := range []bool{true, false} {
		w.pythonClass(c, awaited)
	}
	return w.Bytes()
}

func (w *writer) pythonClass(c *contract, awaited bool) {
	name, call, subscribe := "Methods", "def", "Subscription[Any]"
	if awaited {
		name, call, subscribe = "AsyncMethods", "async def", "AsyncSubscription[Any]"
	}
	w.line("\n\nclass %s:", name)
	w.docstring("    ", "The methods of the daemon.")
	w.line("\n    %s _call(self, call: Call, params: dict[str, Any]) -> Any:", call)
	w.line("        raise NotImplementedError")
	w.line("\n    def _subscribe(self, call: Call, params: dict[str, Any]) -> %s:", subscribe)
	w.line("        raise NotImplementedError")
	for _, m := range c.methods {
		w.pythonMethod(m, awaited)
	}
}

func (w *writer) pythonMethod(m method, awaited bool) {
	params, def, result := m.asked(), "def", pythonRef(m.result, "t.")
	switch {
	case m.event != nil && awaited:
		result = "AsyncSubscription[" + pythonRef(*m.event, "t.") + "]"
	case m.event != nil:
		result = "Subscription[" + pythonRef(*m.event, "t.") + "]"
	case awaited:
		def = "async def"
	}
	var fixed []string
	if m.topic() != "" {
		fixed = append(fixed, pythonText(m.params[0].name)+": "+pythonText(m.topic()))
	}
	w.line("\n    %s %s(", def, pythonName(m.Name))
	w.line("        self,")
	if len(params) > 0 {
		w.line("        *,")
	}
	for _, p := range params {
		w.line("        %s: %s,", pythonName(p.name), pythonParam(p))
	}
	w.line("    ) -> %s:", result)
	w.docstring("        ", pythonDoc(m, params))
	for _, p := range params {
		fixed = append(fixed, pythonText(p.name)+": "+pythonName(p.name))
	}
	w.pythonBody(m, awaited, fixed, result)
}

// pythonBody writes the call itself.
func (w *writer) pythonBody(m method, awaited bool, params []string, result string) {
	does := fmt.Sprintf("self._call(Call(%s, %s, %d), {", pythonText(m.Name), m.flags(), int(m.timeout.Seconds()))
	before, after := "return ", "})"
	if awaited {
		does = "await " + does
	}
	switch {
	case m.event != nil:
		does = strings.Replace(strings.TrimPrefix(does, "await "), "_call", "_subscribe", 1)
	case m.result.shape == nothing:
		before = ""
	case m.result.shape != anything:
		before, after = "return cast("+pythonText(result)+", ", "}))"
	}
	if len(params) == 0 {
		w.line("        %s%s%s", before, does, after)
		return
	}
	w.line("        %s%s", before, does)
	for _, p := range params {
		w.line("            %s,", p)
	}
	w.line("        %s", after)
}

func pythonParam(p param) string {
	of := pythonRef(p.ref, "t.")
	if p.ref.bytes {
		of = "bytes | " + of
	}
	if p.optional {
		return strings.TrimSuffix(of, " | None") + " | None = None"
	}
	return of
}

// pythonDoc is the documentation of a method.
func pythonDoc(m method, params []param) string {
	var b strings.Builder
	b.WriteString(m.Summary)
	for _, p := range params {
		fmt.Fprintf(&b, "\n%s: %s", pythonName(p.name), p.doc)
	}
	if m.Returns != "" && m.result.shape != nothing {
		fmt.Fprintf(&b, "\nReturns: %s.", strings.TrimSuffix(m.Returns, "."))
	}
	fmt.Fprintf(&b, "\n%s; scope %s; since %s.", m.Name, m.Scope, m.Since)
	return b.String()
}
