package openrpc

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"statusd/api"
)

// maxDocument bounds the document without white space: programs fetch it over
// slow links, and generators read it whole.
const maxDocument = 300_000

// resource reads a schema of OpenRPC. Its $schema is a name of its own for
// draft 7, which the validator does not know.
func resource(t *testing.T, path string) any {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	v.(map[string]any)["$schema"] = "http://json-schema.org/draft-07/schema#"
	delete(v.(map[string]any), "$id")
	return v
}

// TestDocumentIsOpenRPC validates the document against the meta-schema that
// the makers of OpenRPC publish (@open-rpc/meta-schema 1.14.9).
func TestDocumentIsOpenRPC(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	for url, path := range map[string]string{
		"https://meta.json-schema.tools":  "testdata/json-meta-schema.json",
		"https://meta.json-schema.tools/": "testdata/json-meta-schema.json", // both are referred to
		"https://meta.open-rpc.org/":      "testdata/openrpc-meta-schema.json",
	} {
		if err := compiler.AddResource(url, resource(t, path)); err != nil {
			t.Fatal(err)
		}
	}
	meta, err := compiler.Compile("https://meta.open-rpc.org/")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(New(nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > maxDocument {
		t.Errorf("the document has %d bytes, at most %d are allowed", len(raw), maxDocument)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(doc); err != nil {
		t.Errorf("%v", err)
	}
	doc.(map[string]any)["methods"].([]any)[0].(map[string]any)["summary"] = 1
	if meta.Validate(doc) == nil {
		t.Error("the validator accepts a summary that is a number")
	}
}

// TestReferencesLeadSomewhere looks up every reference of the document.
func TestReferencesLeadSomewhere(t *testing.T) {
	doc := New(nil)
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var whole any
	if err := json.Unmarshal(raw, &whole); err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				used[ref] = true
			}
			for _, member := range v {
				walk(member)
			}
		case []any:
			for _, element := range v {
				walk(element)
			}
		}
	}
	walk(whole)
	for ref := range used {
		if name, ok := strings.CutPrefix(ref, schemaPath); ok && doc.Components.Schemas[name] == nil {
			t.Errorf("%s leads nowhere", ref)
		}
		if name, ok := strings.CutPrefix(ref, errorPath); ok && doc.Components.Errors[name] == (Error{}) {
			t.Errorf("%s leads nowhere", ref)
		}
	}
	for name := range doc.Components.Schemas {
		if !used[schemaPath+name] {
			t.Errorf("nothing refers to the schema %s", name)
		}
	}
}

// TestExamplesFitTheirSchemas validates what examples give and get: parameters
// whole, results as far as they are shown.
func TestExamplesFitTheirSchemas(t *testing.T) {
	doc := New(nil)
	for _, m := range doc.Methods {
		pair := m.Examples[0]
		for i, p := range pair.Params {
			if string(p.Value) == "null" && !m.Params[i].Required || strings.Contains(string(p.Value), "{{") {
				continue
			}
			check(t, doc, m.Name+" "+p.Name, m.Params[i].Schema, p.Value)
		}
	}
}

func check(t *testing.T, doc *Document, what string, schema Schema, value api.JSON) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"components": doc.Components, "allOf": []Schema{schema}, "$schema": "http://json-schema.org/draft-07/schema#",
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("mem:x", v); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("mem:x")
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	example, err := jsonschema.UnmarshalJSON(strings.NewReader(string(value)))
	if err != nil {
		t.Fatalf("%s: %s: %v", what, value, err)
	}
	if err := compiled.Validate(example); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
