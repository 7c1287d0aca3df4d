//go:build integration

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestDirectoryPutBackFromACopy is the snapshot of a machine that comes back: a
// person's whole directory goes back in time while the other goes on. Both can
// be written to again, by whoever writes first, and what was not acknowledged
// arrives.
//
// A side gives up its sessions with the other at most once in
// transport.HealInterval, and both halves of this test can make it, so a message
// of the second half may have to wait for that and the transmission after it:
// three minutes at most. Nearly always it takes as long as a round trip.
func TestDirectoryPutBackFromACopy(t *testing.T) {
	relay := newNode(t, "relay", nil)
	relay.start(t)
	ana, ben := newPerson(t, "ana", relay), newPerson(t, "ben", relay)
	ids := map[*node]string{ana: ana.contactID(t), ben: ben.contactID(t)}
	number := 0
	say := func(from, to *node) {
		t.Helper()
		number++
		text := fmt.Sprintf("message %d of %s", number, from.name)
		sent := from.ok(t, "", "send", ids[to], "-m", text, "--wait", "delivered", "--timeout", "4m")
		if sent["status"] != "delivered" {
			t.Fatalf("%s: %v", text, sent)
		}
		counts, err := to.received(t)
		if err != nil || counts[text] != 1 {
			t.Errorf("%q came %d times: %v", text, counts[text], err)
		}
	}
	talk := func(first, second *node, turns int) {
		t.Helper()
		for range turns {
			say(first, second)
			say(second, first)
		}
	}
	ana.awaitPeers(t, 1)
	ben.awaitPeers(t, 1)
	talk(ana, ben, 2)
	ben.terminate(t)
	saved := filepath.Join(t.TempDir(), "saved")
	if err := os.CopyFS(saved, os.DirFS(ben.dir)); err != nil {
		t.Fatal(err)
	}
	for _, first := range []*node{ana, ben} {
		second := ben
		if first == ben {
			second = ana
		}
		ben.start(t)
		ben.awaitPeers(t, 1)
		talk(first, second, 3)
		ben.terminate(t)
		if err := os.RemoveAll(ben.dir); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(ben.dir, os.DirFS(saved)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(ben.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		ben.start(t)
		ben.awaitPeers(t, 1)
		talk(first, second, 2)
		ben.terminate(t)
	}
}
