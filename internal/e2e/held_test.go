//go:build integration

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestWrittenBeforeBeingAContact: what somebody writes to a person who admits
// contacts only is delivered, is not shown, survives that person's end, and is
// shown once he is added.
func TestWrittenBeforeBeingAContact(t *testing.T) {
	relay := newNode(t, "relay", nil)
	relay.start(t)
	ana, ben := newPerson(t, "ana", relay), newPerson(t, "ben", relay)
	ben.terminate(t)
	path := filepath.Join(ben.dir, "config.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	conf := settings{}
	if err := json.Unmarshal(raw, &conf); err != nil {
		t.Fatal(err)
	}
	conf["Strangers"] = "contacts"
	if raw, err = json.Marshal(conf); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	ben.start(t)
	to, from := ben.contactID(t), ana.contactID(t)
	if err := ana.call(t, nil, "status_send", to, "it is me", nil, nil, "none"); err != nil {
		t.Fatal(err)
	}
	await(t, "delivery", func() error {
		var page struct {
			Messages []struct{ OutgoingStatus string }
		}
		if err := ana.call(t, &page, "wakuext_chatMessages", to, "", 10); err != nil {
			return err
		}
		if len(page.Messages) != 1 || page.Messages[0].OutgoingStatus != "delivered" {
			return fmt.Errorf("%+v", page.Messages)
		}
		return nil
	})
	ben.kill(t)
	ben.start(t)
	if got, err := ben.received(t); err != nil || len(got) != 0 {
		t.Errorf("shown before: %v, %v", got, err)
	}
	contact := map[string]any{"id": from, "systemTags": []string{":contact/added"}}
	if err := ben.call(t, nil, "wakuext_saveContact", contact); err != nil {
		t.Fatal(err)
	}
	await(t, "the message", func() error {
		got, err := ben.received(t)
		if err == nil && got["it is me"] != 1 {
			err = fmt.Errorf("ben has %v", got)
		}
		return err
	})
}
