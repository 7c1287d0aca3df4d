package feed

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"statusd/api"
	"statusd/internal/store"
)

func TestUnknownTypesOfEventsAreRefusedWithThoseLikeThem(t *testing.T) {
	got, err := Types([]string{"messages.new", "node.ready"})
	if err != nil || !slices.Equal(got, []api.EventType{api.EventMessagesNew, api.EventNodeReady}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := Types(nil); got != nil || err != nil {
		t.Errorf("no types: %v, %v", got, err)
	}
	for name, want := range map[string]string{
		"message.new":                        "types like it: messages.new",
		"group.renam":                        "types like it: group.renamed",
		"Account.Logout":                     "types like it: account.logout",
		"zzzzzzzzzzzzzz":                     "the types are: messages.new, ",
		strings.Repeat("messages.new", 1000): "the types are: messages.new, ",
	} {
		_, err := Types([]string{"messages.new", name})
		var unknown *UnknownTypeError
		if !errors.As(err, &unknown) || !strings.HasPrefix(unknown.Hint(), want) {
			t.Errorf("%.20s: %v, want a hint that begins with %q", name, err, want)
			continue
		}
		if len(unknown.Error()) > 200 || len(unknown.Near) > nearTypes {
			t.Errorf("%.20s: %d near types, an error of %d bytes", name, len(unknown.Near), len(unknown.Error()))
		}
	}
}

// TestWhatAccountsTellIsOfTheContract: the events that internal/profile writes,
// which knows nothing of the contract.
func TestWhatAccountsTellIsOfTheContract(t *testing.T) {
	w := newWorld(t, 1, store.EventLimits{})
	w.login(0)
	w.logout()
	w.login(0)
	uid := w.uids[0].String()
	want := []api.EventPayload{
		api.AccountLoginEvent{KeyUID: uid}, api.AccountLogoutEvent{KeyUID: uid}, api.AccountLoginEvent{KeyUID: uid},
	}
	for i, e := range w.read(Query{}, 0).Events {
		if got, err := e.Decode(); err != nil || got != want[i] {
			t.Errorf("event %d: %+v, %v; want %+v", i+1, got, err, want[i])
		}
	}
}
