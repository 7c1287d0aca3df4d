//go:build integration

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"statusd/api"
)

// newPerson is a node with an account that is logged in at every start.
func newPerson(t *testing.T, name string, static ...*node) *node {
	t.Helper()
	n := newNode(t, name, nil, static...)
	password := secretFile(t, name+"'s password")
	n.args = []string{"--light-kdf"}
	n.start(t)
	n.ok(t, "", "account", "create", "--name", name, "--password-file", password)
	n.terminate(t)
	n.args = append(n.args, "--login", name, "--password-file", password)
	n.start(t)
	return n
}

// contactID is who the node's account is.
func (n *node) contactID(t *testing.T) string {
	t.Helper()
	all := call(t, n, api.AccountList, api.None{})
	if len(all) != 1 {
		t.Fatalf("%s: %d accounts", n.name, len(all))
	}
	return call(t, n, api.KeyInspect, api.KeyArgs{Key: all[0].CompressedKey}).PublicKey
}

// received reads the event log of a node from its start and returns how often
// each text came in.
func (n *node) received(t *testing.T) (map[string]int, error) {
	t.Helper()
	counts := map[string]int{}
	for since := int64(0); ; {
		page, err := api.StatusGetEvents.Call(t.Context(), n, api.GetEventsArgs{Query: &api.EventsQuery{
			Since: &since, Limit: new(500), Types: []api.EventType{api.EventMessagesNew},
		}})
		if err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			payload, err := e.Decode()
			if err != nil {
				return nil, err
			}
			for _, m := range payload.(api.MessagesNewEvent).Messages {
				if m.New {
					counts[m.Text]++
				}
			}
		}
		if len(page.Events) == 0 {
			return counts, nil
		}
		since = page.Next
	}
}

// say sends a text and waits for nothing.
func (n *node) say(t *testing.T, to, text string) {
	t.Helper()
	call(t, n, api.StatusSend, api.SendArgs{Recipient: api.Recipients{to}, Message: text})
}

// written are the messages of a chat.
func (n *node) written(t *testing.T, chat string, most int) ([]api.Message, error) {
	page, err := api.WakuextChatMessages.Call(t.Context(), n, api.PageArgs{ChatID: chat, Limit: &most})
	return page.Messages, err
}

// TestKillsLoseNothing kills sender, relay and recipient in random order while
// messages travel: each whose send returned arrives exactly once.
func TestKillsLoseNothing(t *testing.T) {
	messages := 60 // one in four with a kill
	if n, err := strconv.Atoi(os.Getenv("STATUSD_KILL_MESSAGES")); err == nil && n > 0 {
		messages = n
	}
	kills := messages / 4
	relay := newNode(t, "relay", nil)
	relay.start(t)
	ana, ben := newPerson(t, "ana", relay), newPerson(t, "ben", relay)
	to := ben.contactID(t)
	random := rand.New(rand.NewPCG(7, 11))
	killAt := map[int]bool{}
	for len(killAt) < kills {
		killAt[random.IntN(messages)] = true
	}
	var accepted []string
	for i := range messages {
		if killAt[i] {
			victim := []*node{ana, ben, relay}[random.IntN(3)]
			victim.kill(t)
			victim.start(t)
		}
		text := fmt.Sprintf("message %d", i)
		ana.say(t, to, text)
		accepted = append(accepted, text)
		if i == messages/2 { // the sender dies right behind an accepted message
			ana.kill(t)
			ana.start(t)
		}
	}
	await(t, "all messages arrive", func() error {
		counts, err := ben.received(t)
		if err != nil {
			return err
		}
		missing := 0
		for _, text := range accepted {
			switch n := counts[text]; {
			case n > 1:
				t.Fatalf("%q came %d times", text, n)
			case n == 0:
				missing++
			}
		}
		if missing > 0 {
			return fmt.Errorf("%d of %d are missing", missing, len(accepted))
		}
		return nil
	})
	await(t, "all messages are marked delivered", func() error {
		messages, err := ana.written(t, to, 200)
		if err != nil {
			return err
		}
		waiting := 0
		for _, m := range messages {
			if m.OutgoingStatus != api.OutgoingDelivered {
				waiting++
			}
		}
		if waiting > 0 || len(messages) != len(accepted) {
			return fmt.Errorf("%d messages, %d not delivered", len(messages), waiting)
		}
		return nil
	})
}

// TestDevnetTour runs what the README shows: one command, every step of which
// checks itself.
func TestDevnetTour(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "n")
	cmd := exec.CommandContext(t.Context(), binary, "devnet", "--dir", dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	for _, chapter := range []string{
		"# A public chat", "# One to one", "# A private group", "# Somebody is away", "# A second",
	} {
		if !strings.Contains(string(out), chapter) {
			t.Errorf("the tour lacks %q", chapter)
		}
	}
}

// TestChatCommands is a conversation by the command line alone.
func TestChatCommands(t *testing.T) {
	relay := newNode(t, "relay", nil)
	relay.start(t)
	ana, ben := newPerson(t, "ana", relay), newPerson(t, "ben", relay)
	ana.awaitPeers(t, 1)
	ben.awaitPeers(t, 1)
	picture := filepath.Join(t.TempDir(), "p.png")
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("not really a picture, but of its kind ", 100)
	if err := os.WriteFile(picture, []byte(png), 0o600); err != nil {
		t.Fatal(err)
	}
	to := ben.contactID(t)
	sent := ana.ok(t, "", "send", to, "-m", "look", "-a", picture, "--wait", "delivered", "--timeout", "60s")
	if sent["status"] != "delivered" {
		t.Fatalf("sent: %v", sent)
	}
	code, out, errOut := ben.cli(t, "", "receive", "--ack", "--wait", "10s", "-o", "json")
	var event struct {
		Event struct {
			Messages []struct{ ID, Text, Image string }
		}
	}
	if code != 0 || json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &event) != nil ||
		len(event.Event.Messages) != 1 || !strings.HasPrefix(event.Event.Messages[0].Image, "data:image/png;base64,") {
		t.Fatalf("exit code %d: %s%s", code, out, errOut)
	}
	id := event.Event.Messages[0].ID
	if id != sent["messageId"] {
		t.Errorf("received %s, sent %s", id, sent["messageId"])
	}
	ben.ok(t, "", "messages", "react", id, "thumbs-up")
	ben.ok(t, "", "send", ana.contactID(t), "-m", "nice", "--reply-to", id, "--wait", "delivered", "--timeout", "60s")
	if code, out, _ := ana.cli(t, "", "search", "NICE"); code != 0 || !strings.Contains(out, "nice") {
		t.Errorf("search: %d %q", code, out)
	}
	if code, out, _ := ben.cli(t, "", "receive", "--ack"); code != 0 || strings.Contains(out, "look") {
		t.Errorf("what was acknowledged comes again: %d %q", code, out)
	}
	for _, tt := range []struct {
		args []string
		code int
	}{
		{[]string{"send", "nobody", "-m", "x"}, 65},
		{[]string{"send", to, "-m", " "}, 65},
		{[]string{"send", to, "-m", strings.Repeat("x", 4097)}, 65},
		{[]string{"send", to, "-a", filepath.Join(ana.dir, "config.json")}, 65},
		{[]string{"messages", "#nowhere"}, 65},
	} {
		if code, _, errOut := ana.cli(t, "", tt.args...); code != tt.code || errOut == "" {
			t.Errorf("%.60q: exit code %d, want %d: %s", tt.args, code, tt.code, errOut)
		}
	}
	ben.terminate(t)
	started := time.Now()
	code, _, errOut = ana.cli(t, "", "send", to, "-m", "are you there?", "--wait", "delivered", "--timeout", "2s")
	if code != 75 || !strings.Contains(errOut, "goes on trying") || time.Since(started) > patience {
		t.Errorf("to somebody away: exit code %d: %s", code, errOut)
	}
	ben.start(t)
	await(t, "the message arrives", func() error {
		counts, err := ben.received(t)
		if err == nil && counts["are you there?"] != 1 {
			err = fmt.Errorf("came %d times", counts["are you there?"])
		}
		return err
	})
}
