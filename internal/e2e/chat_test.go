//go:build integration

package e2e

import (
	"context"
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

	"github.com/ethereum/go-ethereum/rpc"
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

// call makes one call over a connection of its own, with a limit of its own:
// the socket takes a bounded number of connections, and a node that is killed
// does not answer.
func (n *node) call(t *testing.T, result any, method string, params ...any) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client, err := rpc.DialContext(ctx, n.socket())
	if err != nil {
		return err
	}
	defer client.Close()
	return client.CallContext(ctx, result, method, params...)
}

// contactID is who the node's account is.
func (n *node) contactID(t *testing.T) string {
	t.Helper()
	var all []struct{ CompressedKey string }
	if err := n.call(t, &all, "account_list"); err != nil || len(all) != 1 {
		t.Fatalf("%s: %d accounts, %v", n.name, len(all), err)
	}
	var keys struct{ PublicKey string }
	if err := n.call(t, &keys, "key_inspect", all[0].CompressedKey); err != nil {
		t.Fatal(err)
	}
	return keys.PublicKey
}

// received reads the event log of a node from its start and returns how often
// each text came in.
func (n *node) received(t *testing.T) (map[string]int, error) {
	t.Helper()
	counts := map[string]int{}
	for since := int64(0); ; {
		var page struct {
			Events []struct {
				Event struct {
					Messages []struct {
						Text string
						New  bool
					}
				}
			}
			Next int64
		}
		query := map[string]any{"since": since, "limit": 500, "types": []string{"messages.new"}}
		if err := n.call(t, &page, "status_getEvents", query); err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			for _, m := range e.Event.Messages {
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
		var result struct{ MessageID string }
		if err := ana.call(t, &result, "status_send", to, text, nil, nil, "none"); err != nil {
			t.Fatalf("send %d: %v", i, err)
		}
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
		var page struct {
			Messages []struct{ Text, OutgoingStatus string }
		}
		if err := ana.call(t, &page, "wakuext_chatMessages", to, "", 200); err != nil {
			return err
		}
		waiting := 0
		for _, m := range page.Messages {
			if m.OutgoingStatus != "delivered" {
				waiting++
			}
		}
		if waiting > 0 || len(page.Messages) != len(accepted) {
			return fmt.Errorf("%d messages, %d not delivered", len(page.Messages), waiting)
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
