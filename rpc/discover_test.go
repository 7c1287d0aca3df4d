package rpc

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"statusd/api"
	"statusd/api/openrpc"
)

// discovered asks a server what it has.
func discovered(t *testing.T, l link) openrpc.Document {
	t.Helper()
	return must[openrpc.Document](t, l, "rpc.discover", `[]`)
}

// runExample makes the calls of an example and returns the answer to the last.
// With named, the parameters are given by name.
func runExample(t *testing.T, l link, m openrpc.Method, named bool) (json.RawMessage, *api.Error) {
	t.Helper()
	bound := map[string]string{}
	fill := func(params string) string {
		for name, value := range bound {
			params = strings.ReplaceAll(params, `{{`+name+`}}`, value)
		}
		return params
	}
	for _, s := range m.Examples[0].Setup {
		got, e := invoke(t, l, s.Method, fill(string(s.Params)))
		if e != nil && e.Code != api.CodeExists { // another example made it already
			t.Fatalf("%s: %d %s (%s)", s.Method, e.Code, e.Message, e.Data.Hint)
		}
		if s.Bind != "" && e == nil {
			bound[s.Bind] = textAt(t, got, s.At)
		}
	}
	var parts []string
	for _, p := range m.Examples[0].Params {
		value := string(p.Value)
		if named {
			value = fmt.Sprintf("%q:%s", p.Name, value)
		}
		parts = append(parts, value)
	}
	open, shut := "[", "]"
	if named {
		open, shut = "{", "}"
	}
	return invoke(t, l, m.Name, fill(open+strings.Join(parts, ",")+shut))
}

// textAt returns the text at a JSON pointer.
func textAt(t *testing.T, raw json.RawMessage, pointer string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.FieldsFunc(pointer, func(c rune) bool { return c == '/' }) {
		switch in := v.(type) {
		case map[string]any:
			v = in[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(in) {
				t.Fatalf("%s is not in %s", pointer, raw)
			}
			v = in[i]
		}
	}
	text, ok := v.(string)
	if !ok {
		t.Fatalf("%q in %s is no text", pointer, raw)
	}
	return text
}

// checker tells how values differ from the schemas of a document.
type checker struct{ components openrpc.Components }

// resolve follows references, and looks into what only adds a description.
func (c checker) resolve(s openrpc.Schema) openrpc.Schema {
	for {
		if ref, ok := s["$ref"].(string); ok {
			s = c.components.Schemas[ref[strings.LastIndex(ref, "/")+1:]]
		} else if all, ok := s["allOf"].([]any); ok && len(all) == 1 {
			s, _ = all[0].(map[string]any)
		} else {
			return s
		}
	}
}

// conforms tells how a value differs from a schema; "" if it does not. With
// whole, nothing that is required may be missing.
func (c checker) conforms(s openrpc.Schema, v any, whole bool) string {
	s = c.resolve(s)
	if either, ok := s["anyOf"].([]any); ok {
		if v == nil {
			return "" // the one beside the schema is null
		}
		one, _ := either[0].(map[string]any)
		return c.conforms(one, v, whole)
	}
	if values, ok := s["enum"].([]any); ok && !slices.Contains(values, v) {
		return fmt.Sprintf("%v is none of %v", v, values)
	}
	want, typed := s["type"].(string)
	if !typed {
		return "" // anything goes
	}
	kind, bad := "null", ""
	switch got := v.(type) {
	case bool:
		kind = "boolean"
	case float64:
		if kind = "number"; want == "integer" && got == math.Trunc(got) {
			kind = want
		}
	case string:
		kind = "string"
		if p, ok := s["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(got) {
			return fmt.Sprintf("%q does not match %s", got, p)
		}
	case []any:
		kind = "array"
		items, _ := s["items"].(map[string]any)
		for _, e := range got {
			if bad = c.conforms(items, e, whole); bad != "" {
				return "in an element: " + bad
			}
		}
	case map[string]any:
		kind, bad = "object", c.object(s, got, whole)
	}
	if kind != want {
		return kind + " instead of " + want
	}
	return bad
}

func (c checker) object(s openrpc.Schema, got map[string]any, whole bool) string {
	properties, _ := s["properties"].(map[string]any)
	other, _ := s["additionalProperties"].(map[string]any)
	for name, v := range got {
		p, ok := properties[name].(map[string]any)
		if !ok {
			p, ok = other, other != nil
		}
		if !ok {
			return "member " + name + " is not in the schema"
		}
		if bad := c.conforms(p, v, whole); bad != "" {
			return name + ": " + bad
		}
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := got[name.(string)]; whole && !ok {
			return "member " + name.(string) + " is missing"
		}
	}
	return ""
}

// TestExamples calls every method that rpc.discover lists with its example, by
// position and by name, and compares the result with the schema.
func TestExamples(t *testing.T) {
	for _, named := range []bool{false, true} {
		t.Run(fmt.Sprintf("named=%v", named), func(t *testing.T) {
			f := start(t, nil)
			l := f.ipc()
			doc := discovered(t, l)
			check := checker{doc.Components}
			for _, m := range doc.Methods {
				if len(m.Examples) != 1 {
					t.Errorf("%s has %d examples, want 1", m.Name, len(m.Examples))
					continue
				}
				own := f.ipc() // subscriptions of other examples push elsewhere
				got, e := runExample(t, own, m, named)
				own.conn.Close()
				if e != nil && e.Code == m.Examples[0].Fails {
					continue
				}
				if e != nil || m.Examples[0].Fails != 0 {
					if e == nil {
						t.Errorf("%s: the example does not fail", m.Name)
						continue
					}
					t.Errorf("%s: %d %s (%s)", m.Name, e.Code, e.Message, e.Data.Hint)
					continue
				}
				example := json.RawMessage(m.Examples[0].Result.Value)
				for what, raw := range map[string]json.RawMessage{"result": got, "example": example} {
					var v any
					if err := json.Unmarshal(raw, &v); err != nil {
						t.Fatalf("%s: %s: %v", m.Name, what, err)
					}
					if bad := check.conforms(m.Result.Schema, v, what == "result"); bad != "" {
						t.Errorf("%s: %s %.300s: %s", m.Name, what, raw, bad)
					}
				}
			}
			<-f.stops // admin_shutdown was among them
		})
	}
}

// TestListedIsCallable compares the list with what is there, on every
// transport.
func TestListedIsCallable(t *testing.T) {
	f := start(t, nil)
	for name, l := range f.links() {
		t.Run(name, func(t *testing.T) {
			var listed []string
			for _, m := range discovered(t, l).Methods {
				listed = append(listed, m.Name)
				if m.Name == "admin_shutdown" {
					continue
				}
				_, e := invoke(t, l, m.Name, `{"no such parameter":1}`)
				if e == nil || e.Code != api.CodeInvalidParams && e.Code != api.CodeScope {
					t.Errorf("%s: %+v, want an error about the parameter", m.Name, e)
				}
			}
			var there []string
			for n := range f.dispatch.methods {
				there = append(there, n)
			}
			slices.Sort(there)
			if !slices.Equal(listed, there) {
				t.Errorf("listed %v\nthere  %v", listed, there)
			}
		})
	}
}

// TestTable compares what the server has with the contract: neither has more.
func TestTable(t *testing.T) {
	names := map[string]bool{}
	for _, m := range prepare(t, nil).table() {
		if names[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		names[m.Name] = true
		if m.Secret && m.scope&(scopeDebug|scopeAccount|scopeAdmin) == 0 {
			t.Errorf("%s is secret, but needs the scope %s only", m.Name, m.scope)
		}
	}
	for _, m := range api.Methods() {
		d := m.Describe()
		if !names[d.Name] {
			t.Errorf("%s is in the contract alone", d.Name)
		}
		if d.AliasOf != "" && !names[d.AliasOf] {
			t.Errorf("%s is another name of %s, which does not exist", d.Name, d.AliasOf)
		}
	}
	if len(names) != len(api.Methods()) {
		t.Errorf("the server has %d methods, the contract %d", len(names), len(api.Methods()))
	}
}

func TestWithoutWaku(t *testing.T) {
	f := start(t, func(_ *Config, d *Deps) { d.Waku, d.Guest = nil, nil })
	l := f.ipc()
	_, e := invoke(t, l, "waku_info", `[]`)
	wantError(t, e, api.CodeMethodNotFound, "the method waku_info does not exist/is not available")
	if mods := must[map[string]string](t, l, "rpc_modules", `[]`); mods["waku"] != "" || mods["admin"] != "1.0" {
		t.Errorf("modules %v", mods)
	}
}

func TestModules(t *testing.T) {
	f := start(t, func(c *Config, _ *Deps) { c.Modules = []string{"eth", "net", "web3", "wallet"} })
	tcp, local := f.http(), f.ipc()

	if v := must[string](t, tcp, "net_version", `[]`); v != "1" {
		t.Errorf("net_version %q", v)
	}
	_, e := invoke(t, tcp, "waku_info", `[]`)
	wantError(t, e, api.CodeMethodNotFound, "the method waku_info does not exist/is not available")
	if !strings.Contains(e.Data.Hint, "APIModules") {
		t.Errorf("hint %q does not say why", e.Data.Hint)
	}
	must[api.WakuState](t, local, "waku_info", `[]`)

	got := must[map[string]string](t, tcp, "rpc_modules", `[]`)
	if len(got) != 3 || got["net"] == "" || got["web3"] == "" || got["rpc"] == "" {
		t.Errorf("modules over TCP %v, want net, rpc and web3", got)
	}
	for _, m := range discovered(t, tcp).Methods {
		if ns := namespace(m.Name); ns != "net" && ns != "web3" && ns != "rpc" {
			t.Errorf("%s is listed over TCP", m.Name)
		}
	}
}

func TestUnknownMethod(t *testing.T) {
	f := start(t, nil)
	l := f.ipc()
	for name, hint := range map[string]string{
		"waku_pots":                  "did you mean waku_post?",
		"waku_getfiltermessages":     "did you mean waku_getFilterMessages?",
		"wallet_getTokensBalances":   "leaves out",
		"browsers_getBrowsers":       "leaves out",
		"permissions_getPermissions": "leaves out",
		"eth_blockNumber":            "leaves out",
		"completely_different":       "rpc.discover",
		"nonamespace":                "rpc.discover",
	} {
		_, e := invoke(t, l, name, `[]`)
		wantError(t, e, api.CodeMethodNotFound, "the method "+name+" does not exist/is not available")
		if !strings.Contains(e.Data.Hint, hint) {
			t.Errorf("%s: hint %q, want %q", name, e.Data.Hint, hint)
		}
	}
}
