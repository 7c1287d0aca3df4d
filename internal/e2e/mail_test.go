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

	"github.com/ethereum/go-ethereum/common/hexutil"
)

const mailTopic = "0x11223344"

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
	client := n.dial(t, "ipc")
	await(t, fmt.Sprintf("%s has archived %d envelopes", n.name, count), func() error {
		var stats struct{ Archive struct{ Envelopes int64 } }
		if err := client.Call(&stats, "mailserver_stats"); err != nil {
			return err
		}
		if stats.Archive.Envelopes < count {
			return fmt.Errorf("%d envelopes", stats.Archive.Envelopes)
		}
		return nil
	})
}

// postMany posts numbered messages that live for two seconds.
func postMany(t *testing.T, p *party, first, count int) {
	t.Helper()
	for i := range count {
		var hash string
		call(t, p.ipc, &hash, "waku_post", settings{
			"symKeyID": p.symKey, "topic": mailTopic, "payload": hexutil.Bytes(fmt.Sprintf("message %d", first+i)),
			"ttl": 2, "powTarget": 0.000002, "powTime": 10,
		})
	}
}

// printed counts the messages that history printed in JSON.
func printed(t *testing.T, out string) map[string]int {
	t.Helper()
	got := make(map[string]int)
	for line := range strings.Lines(out) {
		var m message
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got[string(m.Payload)]++
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

// pagesOverRPC follows the cursor as a script does.
func pagesOverRPC(t *testing.T, bob *party, server string, from int64, count int) {
	var filter string
	call(t, bob.ipc, &filter, "waku_newMessageFilter",
		settings{"symKeyID": bob.symKey, "topics": []string{mailTopic}, "allowP2P": true})
	got := make(map[string]int)
	request := settings{"topics": []string{mailTopic}, "from": from, "limit": 9, "server": server}
	for pages := 1; ; pages++ {
		var page struct {
			Server, Cursor string
			Envelopes      int
			Done           bool
		}
		call(t, bob.ipc, &page, "mailserver_fetch", request)
		var list []message
		call(t, bob.ipc, &list, "waku_getFilterMessages", filter)
		if len(list) != page.Envelopes {
			t.Errorf("page %d says %d envelopes, %d reached the filter", pages, page.Envelopes, len(list))
		}
		for _, m := range list {
			got[string(m.Payload)]++
		}
		if page.Done {
			break
		}
		request["cursor"] = page.Cursor
	}
	once(t, "mailserver_fetch", got, count)
}

// referenceMethods fetches with the methods of status-go, at the configured
// server.
func referenceMethods(t *testing.T, bob *party, server string, from int64, count int) {
	var filter string
	call(t, bob.ipc, &filter, "waku_newMessageFilter",
		settings{"symKeyID": bob.symKey, "topics": []string{mailTopic}, "allowP2P": true})
	call(t, bob.ipc, nil, "wakuext_updateMailservers", []string{server})
	await(t, "a connection to the mailserver", func() error {
		var status struct{ Servers []struct{ Connected bool } }
		if err := bob.ipc.Call(&status, "mailserver_status"); err != nil {
			return err
		}
		if len(status.Servers) != 1 || !status.Servers[0].Connected {
			return fmt.Errorf("%+v", status)
		}
		return nil
	})
	request := settings{"topics": []string{mailTopic}, "from": from, "limit": 25}
	var answer struct{ Cursor, Error string }
	retry := settings{"BaseTimeout": 10_000_000_000, "MaxRetries": 1}
	call(t, bob.ipc, &answer, "wakuext_requestMessagesSync", retry, request)
	if answer.Error != "" || len(answer.Cursor) != 72 {
		t.Fatalf("answer %+v", answer)
	}
	request["cursor"] = answer.Cursor
	var id hexutil.Bytes
	call(t, bob.ipc, &id, "wakuext_requestMessages", request)
	if len(id) != 32 {
		t.Errorf("id %s", id)
	}
	got := make(map[string]int)
	await(t, "all messages", func() error {
		var list []message
		if err := bob.ipc.Call(&list, "waku_getFilterMessages", filter); err != nil {
			return err
		}
		for _, m := range list {
			got[string(m.Payload)]++
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
			var page struct{ Envelopes int }
			request := settings{"topics": []string{mailTopic}, "server": mail.enode.URLv4()}
			if err := bob.Call(&page, "mailserver_fetch", request); err != nil {
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
				_ = alice.ipc.Call(nil, "waku_post", settings{
					"symKeyID": alice.symKey, "topic": "0x99999999", "payload": "0x00", "ttl": 1, "powTarget": 0.000002, "powTime": 1,
				})
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
