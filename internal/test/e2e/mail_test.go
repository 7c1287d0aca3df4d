//go:build integration

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"statusd/api"
)

const mailTopic = "0x11223344"

var mailBytes = api.Topic{0x11, 0x22, 0x33, 0x44}

// mailURL is the enode of a mailserver with its password.
func (n *node) mailURL(password string) string {
	plain := n.enode.URLv4()
	return strings.Replace(plain, "@", ":"+url.PathEscape(password)+"@", 1)
}

// cli runs a command and returns its exit code and output.
func cli(t *testing.T, stdin string, args ...string) (code int, out, errOut string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	var o, e bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

// archived waits until a mailserver has stored so many envelopes.
func (n *node) archived(t *testing.T, count int64) {
	t.Helper()
	await(t, fmt.Sprintf("%s has archived %d envelopes", n.name, count), func() error {
		stats, err := api.MailserverStats.Call(t.Context(), n, api.None{})
		if err != nil {
			return err
		}
		if stats.Archive == nil || stats.Archive.Envelopes < count {
			return fmt.Errorf("%+v", stats.Archive)
		}
		return nil
	})
}

// postMany posts numbered messages that live for two seconds.
func postMany(t *testing.T, p *party, first, count int) {
	t.Helper()
	for i := range count {
		call(t, p.ipc, api.WakuPost, api.PostArgs{Message: api.PostMessage{
			SymKeyID: p.symKey, Topic: mailBytes, Payload: fmt.Appendf(nil, "message %d", first+i),
			TTL: 2, PoWTarget: 0.000002, PoWTime: 10,
		}})
	}
}

// printed counts the messages that history printed in JSON.
func printed(t *testing.T, out string) map[string]int {
	t.Helper()
	got := make(map[string]int)
	for line := range strings.Lines(out) {
		var m api.WakuMessage
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got[text(t, m)]++
	}
	return got
}

// once checks that each of the numbered messages came exactly once.
func once(t *testing.T, what string, got map[string]int, count int) {
	t.Helper()
	for i := range count {
		if n := got[fmt.Sprintf("message %d", i)]; n != 1 {
			t.Errorf("%s: message %d came %d times", what, i, n)
		}
	}
	if len(got) != count {
		t.Errorf("%s: %d different messages, want %d", what, len(got), count)
	}
}

// TestHistory is the job of a mailserver: a client that was away comes back
// after the messages have expired, and gets all of them, in every way.
func TestHistory(t *testing.T) {
	const count = 40
	mail := newNode(t, "mailserver", settings{"EnableMailServer": true, "MailServerPassword": "open sesame"})
	mail.start(t)
	alice := startParty(t, newNode(t, "alice", nil, mail))
	postMany(t, alice, 0, count)
	mail.archived(t, count)
	expired := time.Now().Add(5 * time.Second)
	time.Sleep(time.Until(expired)) // the messages are gone from every pool

	bobNode := newNode(t, "bob", nil)
	bobNode.start(t)
	bob := newParty(t, bobNode)
	server := mail.mailURL("open sesame")
	from := time.Now().Add(-time.Hour).Unix()

	t.Run("command", func(t *testing.T) {
		code, out, errOut := cli(t, password+"\n", "history", "--dir", bob.dir, "--topic", mailTopic, "--password-file", "-",
			"--from", "1h", "--server", server, "--page", "7", "-o", "json")
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, errOut)
		}
		once(t, "history", printed(t, out), count)
	})
	t.Run("pages over RPC", func(t *testing.T) { pagesOverRPC(t, bob, server, from, count) })
	t.Run("methods of status-go", func(t *testing.T) { referenceMethods(t, bob, server, from, count) })
	t.Run("wrong password", func(t *testing.T) {
		code, _, errOut := cli(t, "", "history", "--dir", bob.dir, "--chat", "status", "--server", mail.mailURL("wrong"))
		if code != 77 || !strings.Contains(errOut, "another password") {
			t.Errorf("exit code %d: %s", code, errOut)
		}
	})
	t.Run("no server", func(t *testing.T) {
		silent := newNode(t, "silent", nil)
		code, _, errOut := cli(t, "", "history", "--dir", alice.dir, "--chat", "status")
		if code != 75 || !strings.Contains(errOut, "no mailserver is configured") {
			t.Errorf("exit code %d: %s", code, errOut)
		}
		code, _, errOut = cli(t, "", "history", "--dir", alice.dir, "--chat", "status", "--server", silent.enode.URLv4())
		if code != 75 || !strings.Contains(errOut, "no connection") {
			t.Errorf("exit code %d: %s", code, errOut)
		}
	})
	t.Run("check", func(t *testing.T) { checkNodes(t, mail, alice.node, server) })
	for _, n := range []*node{bob.node, alice.node, mail} {
		n.terminate(t)
	}
}

// text is the payload of a message.
func text(t *testing.T, m api.WakuMessage) string {
	t.Helper()
	raw, err := m.Payload.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// mailFilter opens what mailservers send.
func (p *party) mailFilter(t *testing.T) api.FilterArgs {
	t.Helper()
	return api.FilterArgs{ID: call(t, p.ipc, api.WakuNewMessageFilter, api.FilterCriteriaArgs{Criteria: api.FilterCriteria{
		SymKeyID: p.symKey, Topics: []api.Topic{mailBytes}, AllowP2P: true,
	}})}
}

// pagesOverRPC follows the cursor as a script does.
func pagesOverRPC(t *testing.T, bob *party, server string, from int64, count int) {
	filter := bob.mailFilter(t)
	got := make(map[string]int)
	request := api.FetchRequest{Topics: []api.Topic{mailBytes}, From: uint32(from), Limit: 9, Server: server}
	for pages := 1; ; pages++ {
		page := call(t, bob.ipc, api.MailserverFetch, api.FetchArgs{Request: request})
		list := call(t, bob.ipc, api.WakuGetFilterMessages, filter)
		if len(list) != page.Envelopes {
			t.Errorf("page %d says %d envelopes, %d reached the filter", pages, page.Envelopes, len(list))
		}
		for _, m := range list {
			got[text(t, m)]++
		}
		if page.Done {
			break
		}
		request.Cursor = page.Cursor
	}
	once(t, api.MailserverFetch.Name, got, count)
}

// referenceMethods fetches with the methods of status-go, at the configured
// server.
func referenceMethods(t *testing.T, bob *party, server string, from int64, count int) {
	filter := bob.mailFilter(t)
	call(t, bob.ipc, api.WakuextUpdateMailservers, api.UpdateMailserversArgs{Enodes: []string{server}})
	await(t, "a connection to the mailserver", func() error {
		status, err := api.MailserverStatus.Call(t.Context(), bob.ipc, api.None{})
		if err != nil {
			return err
		}
		if len(status.Servers) != 1 || !status.Servers[0].Connected {
			return fmt.Errorf("%+v", status)
		}
		return nil
	})
	request := api.HistoryRequest{Topics: []api.Topic{mailBytes}, From: uint32(from), Limit: 25}
	answer := call(t, bob.ipc, api.WakuextRequestMessagesSync, api.RequestMessagesSyncArgs{
		Config: api.RetryConfig{BaseTimeout: 10 * time.Second, MaxRetries: 1}, Request: request,
	})
	if answer.Error != "" || len(answer.Cursor) != 72 {
		t.Fatalf("answer %+v", answer)
	}
	request.Cursor = answer.Cursor
	id := call(t, bob.ipc, api.WakuextRequestMessages, api.RequestMessagesArgs{Request: request})
	if id == (api.Hash{}) {
		t.Errorf("id %s", id)
	}
	got := make(map[string]int)
	await(t, "all messages", func() error {
		list, err := api.WakuGetFilterMessages.Call(t.Context(), bob.ipc, filter)
		if err != nil {
			return err
		}
		for _, m := range list {
			got[text(t, m)]++
		}
		if len(got) < count {
			return fmt.Errorf("%d messages", len(got))
		}
		return nil
	})
	once(t, "wakuext", got, count)
}

// checkNodes runs the canary against all kinds of nodes.
func checkNodes(t *testing.T, mail, relay *node, server string) {
	nobody := newNode(t, "nobody", nil)
	for _, c := range []struct {
		what string
		args []string
		code int
		want string
	}{
		{"mailserver", []string{server}, 0, `"ok":true`},
		{"flag of node-canary", []string{"-mailserver", server}, 0, `"kind":"mailserver"`},
		{"static node", []string{"-staticnode", relay.enode.URLv4()}, 0, `"kind":"static"`},
		{"wrong port", []string{nobody.enode.URLv4()}, 1, "connection refused"},
		{"wrong identity", []string{strings.Replace(nobody.enode.URLv4(), fmt.Sprint(nobody.enode.TCP()),
			fmt.Sprint(mail.enode.TCP()), 1)}, 1, "handshake"},
		{"wrong password", []string{mail.mailURL("wrong")}, 2, "another password"},
		{"no mailserver", []string{relay.enode.URLv4()}, 3, "no answer"},
		{"good and bad", []string{server, nobody.enode.URLv4()}, 1, `"ok":true`},
		{"no node", nil, 64, ""},
	} {
		args := append([]string{"mailserver", "check", "-timeout", "3", "-o", "json"}, c.args...)
		code, out, errOut := cli(t, "", args...)
		if code != c.code || !strings.Contains(out, c.want) || strings.Contains(out, "sesame") {
			t.Errorf("%s: exit code %d, want %d\n%s%s", c.what, code, c.code, out, errOut)
		}
	}
}

// TestMailserverKilledWhileArchiving kills the server again and again while
// messages come in: none that it had archived is lost, and it starts by itself.
func TestMailserverKilledWhileArchiving(t *testing.T) {
	const rounds, each = 4, 15
	mail := newNode(t, "mailserver", settings{"EnableMailServer": true})
	mail.start(t)
	alice := startParty(t, newNode(t, "alice", nil, mail))
	bobNode := newNode(t, "bob", nil)
	bobNode.start(t)
	bob := bobNode.dial(t, "ipc")
	posted := 0
	for range rounds {
		postMany(t, alice, posted, each)
		posted += each
		await(t, fmt.Sprintf("%d messages in the archive", posted), func() error {
			request := api.FetchRequest{Topics: []api.Topic{mailBytes}, Server: mail.enode.URLv4()}
			page, err := api.MailserverFetch.Call(t.Context(), bob, api.FetchArgs{Request: request})
			if err != nil {
				return err
			}
			if page.Envelopes < posted {
				return fmt.Errorf("%d messages", page.Envelopes)
			}
			return nil
		})
		done := make(chan struct{})
		go func() { // more comes in during the kill
			defer close(done)
			for range 20 {
				_, _ = api.WakuPost.Call(t.Context(), alice.ipc, api.PostArgs{Message: api.PostMessage{
					SymKeyID: alice.symKey, Topic: api.Topic{0x99, 0x99, 0x99, 0x99}, Payload: []byte{0}, TTL: 1,
					PoWTarget: 0.000002, PoWTime: 1,
				}})
			}
		}()
		mail.kill(t)
		<-done
		mail.start(t)
		alice.awaitPeers(t, 1)
	}
	file := filepath.Join(bobNode.dir, "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := cli(t, "", "history", "--dir", bobNode.dir, "--topic", mailTopic, "--password-file", file,
		"--server", mail.enode.URLv4(), "-o", "json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errOut)
	}
	once(t, "after the kills", printed(t, out), posted)
}
