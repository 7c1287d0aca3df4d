//go:build integration

package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"statusd/api"
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
	filter := bob.mailFilter(t)
	servers := []string{one.mailURL("open sesame"), two.mailURL("open sesame")}
	got := make(map[string]int)
	request := api.FetchRequest{Topics: []api.Topic{mailBytes}, Limit: 7}
	for pages := 0; ; pages++ {
		request.Server = servers[pages%2]
		if pages == 4 {
			one.kill(t)
		}
		if pages >= 4 {
			request.Server = servers[1]
		}
		p := call(t, bob.ipc, api.MailserverFetch, api.FetchArgs{Request: request})
		for _, m := range call(t, bob.ipc, api.WakuGetFilterMessages, filter) {
			got[text(t, m)]++
		}
		if p.Done {
			break
		}
		request.Cursor = p.Cursor
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
func component(t *testing.T, c api.Caller, name string) (level api.HealthLevel, desc string) {
	t.Helper()
	report := call(t, c, api.StatusHealth, api.None{})
	for _, part := range report.ProtocolsHealth {
		if part.Name == name {
			return part.Level, part.Desc
		}
	}
	t.Fatalf("no component %q in %+v", name, report)
	return "", ""
}

// awaitHealth waits until the mailserver is as healthy as it should be, and
// has something in its spill file or not.
func (n *node) awaitHealth(t *testing.T, ok bool) {
	t.Helper()
	await(t, fmt.Sprintf("%s is healthy: %t", n.name, ok), func() error {
		s, err := api.MailserverStats.Call(t.Context(), n, api.None{})
		if err != nil {
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
	live := carol.polling(t, "ipc", api.FilterCriteria{
		SymKeyID: carol.symKey, Topics: []api.Topic{mailBytes},
	})
	received := func(n int) {
		t.Helper()
		got := make(map[string]bool)
		for len(got) < n {
			got[text(t, live.next(t))] = true
		}
	}
	postMany(t, alice, 0, each)
	received(each)
	mail.archived(t, each)

	database.Stop()
	postMany(t, alice, each, each)
	received(each) // the relay goes on
	mail.awaitHealth(t, false)
	level, desc := component(t, mail, "Mailserver service")
	if level != api.HealthNotReady || !strings.Contains(desc, "spill file") {
		t.Errorf("health: %s, %q", level, desc)
	}
	if level, _ := component(t, mail, "Waku"); level != api.HealthReady {
		t.Errorf("health of the relay: %s", level)
	}
	bobNode := newNode(t, "bob", nil)
	bobNode.start(t)
	bob := newParty(t, bobNode)
	request := api.FetchRequest{Topics: []api.Topic{mailBytes}, Server: mail.mailURL("open sesame")}
	_, err := api.MailserverFetch.Call(t.Context(), bob.ipc, api.FetchArgs{Request: request})
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
	s := call(t, away, api.MailserverStats, api.None{})
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

// TestHistoryShowsMessagesOfAChat: what a mailserver has of a public chat is
// opened, and shown by what people are called.
func TestHistoryShowsMessagesOfAChat(t *testing.T) {
	mail := newNode(t, "mailserver", settings{"EnableMailServer": true})
	mail.start(t)
	ana, ben := newPerson(t, "ana", mail), newPerson(t, "ben", mail)
	ana.awaitPeers(t, 1)
	ben.awaitPeers(t, 1)
	ana.ok(t, "", "send", "#tea", "-m", "the kettle is on", "--timeout", "60s")
	mail.archived(t, 1)
	ben.ok(t, "", "contacts", "nickname", ana.contactID(t), "annie")
	args := []string{"history", "--chat", "tea", "--server", mail.enode.URLv4()}
	code, out, errOut := ben.cli(t, "", args...)
	if code != 0 || !strings.Contains(out, "annie: the kettle is on\n") {
		t.Errorf("exit code %d: %s%s", code, out, errOut)
	}
	code, out, errOut = ben.cli(t, "", append(args, "-o", "json")...)
	if code != 0 || !strings.Contains(out, `"text":"the kettle is on"`) || !strings.Contains(out, `"fromName":"annie"`) {
		t.Errorf("exit code %d: %s%s", code, out, errOut)
	}
}
