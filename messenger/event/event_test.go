package event

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// all has one of each event.
func all() []Event {
	return []Event{
		MessagesNew{}, EnvelopeSent{}, EnvelopeExpired{}, MessageDelivered{}, DecryptFailed{}, BundlesAdded{},
		FilterAdded{}, HistoryPageCompleted{}, HistoryPageExpired{}, HistorySynced{}, ReactionAdded{},
		ReactionRetracted{}, ContactRequested{}, ContactUpdated{}, GroupCreated{}, GroupRenamed{}, MemberAdded{},
		MemberJoined{}, MemberLeft{}, MemberRemoved{}, AdminAdded{}, AdminRemoved{}, GroupInvitation{}, DeviceFound{},
		DevicePaired{}, DeviceUnpaired{}, MessageEdited{}, MessageDeleted{}, MessagePinned{}, AccountLogin{},
		AccountLogout{},
	}
}

// fields returns the JSON names of an event's fields in their order.
func fields(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			names = append(names, fields(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// TestDocs: docs/events.md has every event with its fields, and no other.
func TestDocs(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "events.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]string)
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(line, " | ")
		name, isRow := strings.CutPrefix(cells[0], "| `")
		if !isRow || len(cells) < 3 {
			continue
		}
		name, _, _ = strings.Cut(name, "`")
		_, list, _ := strings.Cut(cells[1], "{")
		list, _, _ = strings.Cut(list, "}")
		documented[name] = list
	}
	for _, e := range all() {
		want := strings.Join(fields(reflect.TypeOf(e)), ", ")
		got, found := documented[e.EventName()]
		if !found || !slices.Equal(sorted(got), sorted(want)) {
			t.Errorf("%s: docs/events.md has %q, the event %q", e.EventName(), got, want)
		}
		delete(documented, e.EventName())
	}
	for name := range documented {
		t.Errorf("docs/events.md has %s, which does not exist", name)
	}
}

func sorted(list string) []string {
	parts := strings.Split(list, ", ")
	slices.Sort(parts)
	return parts
}
