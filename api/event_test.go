package api

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// jsonFields returns the JSON names of a type's fields in their order.
func jsonFields(t reflect.Type) (names []string) {
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		if f.Anonymous {
			names = append(names, jsonFields(f.Type)...)
			continue
		}
		name, _ := fieldName(f)
		names = append(names, name)
	}
	return names
}

// TestEventsAreDocumented: docs/events.md has every event of an account with
// its fields, and no other, and names every signal of the node.
func TestEventsAreDocumented(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "docs", "events.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[EventType]string)
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(line, " | ")
		name, isRow := strings.CutPrefix(cells[0], "| `")
		if !isRow || len(cells) < 3 {
			continue
		}
		name, _, _ = strings.Cut(name, "`")
		_, list, _ := strings.Cut(cells[1], "{")
		list, _, _ = strings.Cut(list, "}")
		documented[EventType(name)] = list
	}
	sorted := func(list string) []string {
		parts := strings.Split(list, ", ")
		slices.Sort(parts)
		return parts
	}
	for _, e := range Events() {
		if e.Signal {
			if !strings.Contains(string(raw), "`"+string(e.Type)+"`") {
				t.Errorf("docs/events.md lacks %s", e.Type)
			}
			continue
		}
		want := strings.Join(jsonFields(e.Payload), ", ")
		got, found := documented[e.Type]
		if !found || !slices.Equal(sorted(got), sorted(want)) {
			t.Errorf("%s: docs/events.md has %q, the event %q", e.Type, got, want)
		}
		delete(documented, e.Type)
	}
	for name := range documented {
		t.Errorf("docs/events.md has %s, which does not exist", name)
	}
}

// TestEveryEventTypeIsDescribed compares the constants of this package with the
// list of events.
func TestEveryEventTypeIsDescribed(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var constants []EventType
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := v.Type.(*ast.Ident); ok && of.Name == "EventType" {
			text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			constants = append(constants, EventType(text))
		}
		return true
	})
	listed := EventType("").Values()
	slices.Sort(constants)
	slices.Sort(listed)
	if !slices.Equal(constants, listed) {
		t.Errorf("the constants are %v, the list has %v", constants, listed)
	}
	for _, e := range Events() {
		if e.Summary == "" {
			t.Errorf("%s is not explained", e.Type)
		}
	}
}

// TestEventsDecodeAsWhatTheyTell: what is written of each type comes back as
// that type, and what a newer daemon tells is no error.
func TestEventsDecodeAsWhatTheyTell(t *testing.T) {
	for _, known := range Events() {
		raw, err := json.Marshal(reflect.Zero(known.Payload).Interface())
		if err != nil {
			t.Fatal(err)
		}
		got, err := Event{Type: known.Type, Event: raw}.Decode()
		if err != nil || reflect.TypeOf(got) != known.Payload || got.EventType() != known.Type {
			t.Errorf("%s: %T, %v", known.Type, got, err)
		}
	}
	if got, err := (Event{Type: "of.tomorrow", Event: []byte(`[]`)}).Decode(); got != nil || err != nil {
		t.Errorf("an unknown event: %v, %v", got, err)
	}
	if _, err := (Event{Type: EventAccountLogin, Event: []byte(`[]`)}).Decode(); err == nil {
		t.Error("no error for another form")
	}
}

// TestNoticesAreEventsOrGaps in the form that programs know.
func TestNoticesAreEventsOrGaps(t *testing.T) {
	for _, tt := range []struct {
		in   EventNotice
		want string
	}{
		{EventNotice{Gap: true, From: 7}, `{"gap":true,"from":7}`},
		{
			EventNotice{Event: &Event{Time: 1, Type: EventNodeReady, Event: []byte(`{}`)}},
			`{"time":1,"type":"node.ready","event":{}}`,
		},
	} {
		got, err := json.Marshal(tt.in)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s, %v; want %s", got, err, tt.want)
		}
		var back EventNotice
		if err := json.Unmarshal(got, &back); err != nil || !reflect.DeepEqual(back, tt.in) {
			t.Errorf("%s came back as %+v, %v", got, back, err)
		}
	}
}
