package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"statusd/api"
)

const (
	typeScriptHead  = "// Generated from the contract (package api) by internal/clientgen. Do not edit.\n"
	typeScriptWidth = 110
)

// jsdoc writes a documentation comment.
func (w *writer) jsdoc(indent, text string) {
	lines := wrap(strings.ReplaceAll(text, "*/", "* /"), typeScriptWidth-len(indent))
	switch len(lines) {
	case 0:
	case 1:
		w.line("%s/** %s */", indent, lines[0])
	default:
		w.line("%s/**", indent)
		for _, l := range lines {
			w.line("%s * %s", indent, l)
		}
		w.line("%s */", indent)
	}
}

// typeScriptRef is a type. prefix stands before names of types.
func typeScriptRef(r ref, prefix string) string {
	var out string
	switch r.shape {
	case nothing:
		return "void"
	case anything:
		return "unknown"
	case boolean:
		out = "boolean"
	case integer, number:
		out = "number"
	case plain:
		out = "string"
	case list:
		out = typeScriptRef(*r.elem, prefix)
		if strings.Contains(out, " ") {
			out = "(" + out + ")"
		}
		out += "[]"
	case oneOrMore:
		out = "string | string[]"
	case dict:
		out = "Record<string, " + typeScriptRef(*r.elem, prefix) + ">"
	case named:
		out = prefix + r.name
	}
	if r.nullable {
		out += " | null"
	}
	return out
}

// typeScriptTypes writes types.ts.
func typeScriptTypes(c *contract) []byte {
	w := new(writer)
	w.WriteString(typeScriptHead)
	w.line("//\n// Types of the contract: what methods take and answer, as it is in JSON. A newer daemon may add")
	w.line("// members and values of enumerations.\n")
	w.jsdoc("", "Version of the contract that this package was made from, by semantic versioning.")
	w.line("export const CONTRACT_VERSION = %s;", quoted(api.ContractVersion))
	for _, t := range c.texts {
		w.line("")
		w.jsdoc("", t.doc)
		w.line("export type %s = string;", t.name)
	}
	for _, e := range c.enums {
		w.typeScriptEnum(e)
	}
	for _, o := range c.objects {
		w.line("")
		w.jsdoc("", o.doc)
		w.line("export interface %s {", o.name)
		for _, m := range o.members {
			w.jsdoc("  ", m.doc)
			w.line("  %s: %s;", typeScriptMember(m), typeScriptRef(m.ref, ""))
		}
		w.line("}")
	}
	w.typeScriptEvents(c)
	return w.Bytes()
}

func quoted(s string) string { return pythonText(s) }

func typeScriptMember(m param) string {
	name := m.name
	if !identifier(name) {
		name = quoted(name)
	}
	if m.optional {
		name += "?"
	}
	return name
}

func (w *writer) typeScriptEnum(e enum) {
	w.line("")
	w.jsdoc("", e.doc)
	w.line("export const %s = {", e.name)
	names := make([]string, len(e.values))
	for i, v := range e.values {
		names[i] = v.name
	}
	begin := commonWords(names)
	for _, v := range e.values {
		w.jsdoc("  ", v.doc)
		value := fmt.Sprint(v.value)
		if !e.number {
			value = quoted(v.value.(string))
		}
		w.line("  %s: %s,", v.name[begin:], value)
	}
	w.line("} as const;")
	w.line("export type %s = (typeof %s)[keyof typeof %s];", e.name, e.name, e.name)
}

// commonWords is the length of the words that all names begin with; a word is
// left over of each.
func commonWords(names []string) int {
	if len(names) < 2 {
		return 0
	}
	n := 0
	for n < len(names[0]) {
		for _, other := range names {
			if n >= len(other) || other[n] != names[0][n] {
				return wordStart(names, n)
			}
		}
		n++
	}
	return wordStart(names, n)
}

// wordStart goes back from n to where a word begins in all names.
func wordStart(names []string, n int) int {
	for ; n > 0; n-- {
		begins := true
		for _, name := range names {
			begins = begins && n < len(name) && unicode.IsUpper(rune(name[n])) && !unicode.IsUpper(rune(name[n-1]))
		}
		if begins {
			return n
		}
	}
	return 0
}

// typeScriptEvents writes the union of what is in the event log.
func (w *writer) typeScriptEvents(c *contract) {
	w.line("")
	w.jsdoc("", "An event of the log of an account: its type says what it tells.")
	w.line("export interface Logged<Type extends EventType, Told> {")
	w.jsdoc("  ", "Its place in the log.")
	w.line("  cursor: number;")
	w.jsdoc("  ", "0x key-uid.")
	w.line("  account: string;")
	w.jsdoc("  ", "Unix milliseconds.")
	w.line("  time: number;\n  type: Type;\n  event: Told;\n}\n")
	w.jsdoc("", "Whatever is in the log of an account.")
	w.line("export type LogEvent =")
	for i, e := range c.events {
		end := ""
		if i == len(c.events)-1 {
			end = ";"
		}
		w.jsdoc("  ", e.doc)
		w.line("  | Logged<%s, %s>%s", quoted(e.name), typeScriptRef(e.told, ""), end)
	}
}

// typeScriptErrors writes errors.ts.
func typeScriptErrors(c *contract) []byte {
	w := new(writer)
	w.WriteString(typeScriptHead)
	w.line("//\n// What calls can throw: one class for each kind of error.\n")
	w.line("import { RpcError } from \"./base.js\";\n")
	w.line("export { ConnectionLostError, RpcError, StatusdError } from \"./base.js\";")
	for _, class := range c.errors {
		w.line("")
		w.jsdoc("", fmt.Sprintf("%s%s (kind %s, code %d).", strings.ToUpper(class.Meaning[:1]), class.Meaning[1:],
			class.Kind, class.Code))
		w.line("export class %s extends RpcError {}", errorName(class.Kind))
	}
	w.line("")
	w.jsdoc("", "The class of each kind; other kinds are RpcError itself.")
	w.line("export const BY_KIND: ReadonlyMap<string, typeof RpcError> = new Map<string, typeof RpcError>([")
	for _, class := range c.errors {
		w.line("  [%s, %s],", quoted(string(class.Kind)), errorName(class.Kind))
	}
	w.line("]);")
	return w.Bytes()
}

// typeScriptMethods writes methods.ts.
func typeScriptMethods(c *contract) []byte {
	w := new(writer)
	w.WriteString(typeScriptHead)
	w.line("//\n// One function for each method of the contract.\n")
	w.line("import { %stype Call, type CallOptions } from \"./call.js\";", usedFlags(c))
	w.line("import type { Subscription } from \"./subscription.js\";")
	w.line("import type * as t from \"./types.js\";\n")
	w.jsdoc("", "The methods of the daemon.")
	w.line("export abstract class Methods {")
	w.line("  protected abstract _call<T>(call: Call, params: object, options?: CallOptions): Promise<T>;")
	w.line("  protected abstract _subscribe<T>(call: Call, params: object): Subscription<T>;")
	for _, m := range c.methods {
		w.typeScriptMethod(m)
	}
	w.line("}")
	return w.Bytes()
}

// usedFlags are the names to import.
func usedFlags(c *contract) (out string) {
	for _, flag := range []string{"ACCOUNT", "SAFE", "SECRET"} {
		if slices.ContainsFunc(c.methods, func(m method) bool { return strings.Contains(m.flags(), flag) }) {
			out += flag + ", "
		}
	}
	return out
}

func (w *writer) typeScriptMethod(m method) {
	params := m.asked()
	w.line("")
	w.jsdoc("  ", typeScriptDoc(m))
	result, does, options := "Promise<"+typeScriptRef(m.result, "t.")+">", "_call", ", options"
	if m.event != nil {
		result, does, options = "Subscription<"+typeScriptRef(*m.event, "t.")+">", "_subscribe", ""
	}
	w.line("  %s(", camel(m.Name))
	given := "{}"
	if len(params) > 0 {
		w.typeScriptArgs(params)
		given = "args"
	}
	if m.event == nil {
		w.line("    options?: CallOptions,")
	}
	if m.topic() != "" {
		given = fmt.Sprintf("{ %s: %s, ...%s }", m.params[0].name, quoted(m.topic()), given)
	}
	w.line("  ): %s {", result)
	w.line("    const call = { method: %s, flags: %s, timeout: %d };", quoted(m.Name), m.flags(), int(m.timeout.Seconds()))
	w.line("    return this.%s(call, %s%s);\n  }", does, given, options)
}

// typeScriptArgs writes the argument object of a method.
func (w *writer) typeScriptArgs(params []param) {
	all := true
	w.line("    args: {")
	for _, p := range params {
		all = all && p.optional
		of := typeScriptRef(p.ref, "t.")
		if p.ref.bytes {
			of = "Uint8Array | " + of
		}
		if p.optional {
			of += " | null | undefined"
		}
		w.jsdoc("      ", p.doc)
		w.line("      %s: %s;", typeScriptMember(p), of)
	}
	end := ""
	if all {
		end = " = {}"
	}
	w.line("    }%s,", end)
}

// typeScriptDoc is the documentation of a method.
func typeScriptDoc(m method) string {
	out := m.Summary
	if m.Returns != "" && m.result.shape != nothing {
		out += "\nReturns: " + strings.TrimSuffix(m.Returns, ".") + "."
	}
	return out + fmt.Sprintf("\n%s; scope %s; since %s.", m.Name, m.Scope, m.Since)
}
