//go:build integration

package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/rpc"

	"statusd/mailserver/postgres/pgtest"
)

// replica is a mailserver on a shared database.
func replica(t *testing.T, name, uri string) *node {
	t.Helper()
	return newNode(t, name, settings{
		"EnableMailServer": true, "MailServerPassword": "open sesame",
		"DatabaseConfig": settings{"PGConfig": settings{"Enabled": true, "URI": uri}},
	})
}

// page is what mailserver_fetch answers.
type page struct {
	Cursor    string
	Envelopes int
	Done      bool
}

// TestReplicas: two mailservers on one database. What one hears the other
// serves, and a client changes between them in the middle of its pages, also
// when one is killed.
func TestReplicas(t *testing.T) {
	const count = 60
	uri := pgtest.Start(t, false).Database()
	one, two := replica(t, "one", uri), replica(t, "two", uri)
	started := make(chan struct{})
	go func() { // both make the schema
		defer close(started)
		two.start(t)
	}()
	one.start(t)
	<-started
	alice := startParty(t, newNode(t, "alice", nil, one)) // and does not know the other
	postMany(t, alice, 0, count)
	one.archived(t, count)
	two.archived(t, count)
	time.Sleep(5 * time.Second) // the messages are gone from every pool: bob gets them by his pages alone

	bobNode := newNode(t, "bob", nil)
	bobNode.start(t)
	bob := newParty(t, bobNode)
	var filter string
	call(t, bob.ipc, &filter, "waku_newMessageFilter",
		settings{"symKeyID": bob.symKey, "topics": []string{mailTopic}, "allowP2P": true})
	servers := []string{one.mailURL("open sesame"), two.mailURL("open sesame")}
	got := make(map[string]int)
	request := settings{"topics": []string{mailTopic}, "limit": 7}
	for pages := 0; ; pages++ {
		request["server"] = servers[pages%2]
		if pages == 4 {
			one.kill(t)
		}
		if pages >= 4 {
			request["server"] = servers[1]
		}
		var p page
		call(t, bob.ipc, &p, "mailserver_fetch", request)
		var list []message
		call(t, bob.ipc, &list, "waku_getFilterMessages", filter)
		for _, m := range list {
			got[string(m.Payload)]++
		}
		if p.Done {
			break
		}
		request["cursor"] = p.Cursor
	}
	once(t, "pages of two replicas", got, count)

	// What comes after the death of one reaches the archive through the other.
	carol := startParty(t, newNode(t, "carol", nil, two))
	postMany(t, carol, count, 10)
	two.archived(t, count+10)
	one.start(t)
	one.archived(t, count+10)
	for _, n := range []*node{one, two} {
		n.terminate(t)
	}
}

// component returns the level and description of a part of a node's health.
func component(t *testing.T, client *rpc.Client, name string) (level, desc string) {
	t.Helper()
	var report struct{ ProtocolsHealth []map[string]string }
	call(t, client, &report, "status_health")
	for _, c := range report.ProtocolsHealth {
		if level, ok := c[name]; ok {
			return level, c["desc"]
		}
	}
	t.Fatalf("no component %q in %+v", name, report)
	return "", ""
}

// mailStats is what mailserver_stats answers.
type mailStats struct {
	Health   struct{ OK bool }
	Recorder struct{ Stored, Dropped, SpillBytes int64 }
	Archive  *struct{ Envelopes int64 }
}

// awaitHealth waits until the mailserver is as healthy as it should be, and
// has something in its spill file or not.
func (n *node) awaitHealth(t *testing.T, ok bool) {
	t.Helper()
	client := n.dial(t, "ipc")
	await(t, fmt.Sprintf("%s is healthy: %t", n.name, ok), func() error {
		var s mailStats
		if err := client.Call(&s, "mailserver_stats"); err != nil {
			return err
		}
		if s.Recorder.Dropped > 0 {
			t.Fatalf("%s dropped %d envelopes", n.name, s.Recorder.Dropped)
		}
		if s.Health.OK != ok || (s.Recorder.SpillBytes == 0) != ok || (s.Archive != nil) != ok {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
}

// TestDatabaseGone stops the database while messages come in: they go on to
// the peers, wait in the spill file, also over a crash of the mailserver, and
// are in the archive when the database is back.
func TestDatabaseGone(t *testing.T) {
	const each = 25
	database := pgtest.Start(t, true)
	mail := replica(t, "mailserver", database.Database())
	mail.start(t)
	alice := startParty(t, newNode(t, "alice", nil, mail))
	carol := startParty(t, newNode(t, "carol", nil, mail))
	mail.awaitPeers(t, 2)
	live := carol.polling(t, "ipc", settings{"symKeyID": carol.symKey, "topics": []string{mailTopic}})
	received := func(n int) {
		t.Helper()
		got := make(map[string]bool)
		for len(got) < n {
			got[string(live.next(t).Payload)] = true
		}
	}
	postMany(t, alice, 0, each)
	received(each)
	mail.archived(t, each)

	database.Stop()
	postMany(t, alice, each, each)
	received(each) // the relay goes on
	mail.awaitHealth(t, false)
	client := mail.dial(t, "ipc")
	level, desc := component(t, client, "Mailserver service")
	if level != "NOT_READY" || !strings.Contains(desc, "spill file") {
		t.Errorf("health: %s, %q", level, desc)
	}
	if level, _ := component(t, client, "Waku"); level != "READY" {
		t.Errorf("health of the relay: %s", level)
	}
	bobNode := newNode(t, "bob", nil)
	bobNode.start(t)
	bob := newParty(t, bobNode)
	request := settings{"topics": []string{mailTopic}, "server": mail.mailURL("open sesame")}
	err := bob.ipc.Call(nil, "mailserver_fetch", request)
	if err == nil || !strings.Contains(err.Error(), "archive is not available, try again later") {
		t.Errorf("a request without a database: %v", err)
	}
	code, out, errOut := cli(t, "", "mailserver", "stats", "--dir", mail.dir)
	if code != 0 || !strings.Contains(out, "not known now") || !strings.Contains(out, "spill file") {
		t.Errorf("stats: exit code %d: %s%s", code, out, errOut)
	}

	mail.kill(t)
	mail.start(t) // without a database
	alice.awaitPeers(t, 1)
	carol.awaitPeers(t, 1)
	postMany(t, alice, 2*each, each)
	received(each)
	mail.awaitHealth(t, false)

	database.Restart()
	mail.awaitHealth(t, true)
	mail.archived(t, 3*each)
	code, out, errOut = cli(t, password+"\n", "history", "--dir", bob.dir, "--topic", mailTopic, "--password-file", "-",
		"--server", mail.mailURL("open sesame"), "-o", "json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errOut)
	}
	once(t, "after the outage", printed(t, out), 3*each)
	mail.terminate(t)
}

// TestBackfill: a mailserver that was away gets what it missed from another.
func TestBackfill(t *testing.T) {
	const count = 30
	other := newNode(t, "other", settings{"EnableMailServer": true, "MailServerPassword": "theirs"})
	other.start(t)
	alice := startParty(t, newNode(t, "alice", nil, other))
	postMany(t, alice, 0, count)
	other.archived(t, count)

	away := newNode(t, "away", settings{"EnableMailServer": true, "MailServerPassword": "ours"})
	away.start(t)
	run := func(args ...string) (int, string, string) {
		return cli(t, "", append([]string{"mailserver", "backfill", "-o", "json", "--from", "3d"}, args...)...)
	}
	for range 2 { // a second time does no harm
		code, out, errOut := run("--dir", away.dir, "--server", other.mailURL("theirs"))
		var done struct{ Envelopes, Archived, Skipped int }
		if err := json.Unmarshal([]byte(out), &done); code != 0 || err != nil {
			t.Fatalf("exit code %d, %v: %s%s", code, err, out, errOut)
		}
		if done.Envelopes != count || done.Archived != count || done.Skipped != 0 {
			t.Errorf("backfill: %+v", done)
		}
		away.archived(t, count)
	}
	var s mailStats
	call(t, away.dial(t, "ipc"), &s, "mailserver_stats")
	if s.Archive == nil || s.Archive.Envelopes != count {
		t.Errorf("%+v", s)
	}
	bobNode := newNode(t, "bob", nil)
	bobNode.start(t)
	code, out, errOut := cli(t, password+"\n", "history", "--dir", bobNode.dir, "--topic", mailTopic,
		"--password-file", "-", "--server", away.mailURL("ours"), "-o", "json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errOut)
	}
	once(t, "from the one that was away", printed(t, out), count)

	for what, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"wrong password":   {[]string{"--dir", away.dir, "--server", other.mailURL("wrong")}, 77, "another password"},
		"no server":        {[]string{"--dir", away.dir}, 75, "no mailserver is configured"},
		"not a mailserver": {[]string{"--dir", bobNode.dir, "--server", other.mailURL("theirs")}, 1, "not a mailserver"},
		"no daemon":        {[]string{"--dir", filepath.Join(t.TempDir(), "x")}, 69, "no daemon"},
		"usage":            {[]string{"--dir", away.dir, "--to", "soon"}, 64, "--to"},
	} {
		if code, out, errOut := run(c.args...); code != c.code || !strings.Contains(errOut, c.want) || out != "" {
			t.Errorf("%s: exit code %d, want %d: %s%s", what, code, c.code, out, errOut)
		}
	}
	for _, n := range []*node{other, away, alice.node, bobNode} {
		n.terminate(t)
	}
}
