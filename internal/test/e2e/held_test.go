//go:build integration

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"statusd/api"
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
	ana.say(t, to, "it is me")
	await(t, "delivery", func() error {
		messages, err := ana.written(t, to, 10)
		if err != nil {
			return err
		}
		if len(messages) != 1 || messages[0].OutgoingStatus != api.OutgoingDelivered {
			return fmt.Errorf("%+v", messages)
		}
		return nil
	})
	ben.kill(t)
	ben.start(t)
	if got, err := ben.received(t); err != nil || len(got) != 0 {
		t.Errorf("shown before: %v, %v", got, err)
	}
	call(t, ben, api.WakuextSaveContact, api.SaveContactArgs{Contact: api.ContactSettings{
		ID: from, SystemTags: []api.SystemTag{api.TagAdded},
	}})
	await(t, "the message", func() error {
		got, err := ben.received(t)
		if err == nil && got["it is me"] != 1 {
			err = fmt.Errorf("ben has %v", got)
		}
		return err
	})
}
