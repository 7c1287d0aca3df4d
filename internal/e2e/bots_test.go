//go:build integration

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// bot is a script that works for the account of a node.
type bot struct {
	path string
	node *node
	log  *lockedBuffer
	cmd  *exec.Cmd
}

// start runs the script in a process group of its own.
func (b *bot) start(t *testing.T) {
	t.Helper()
	b.cmd = exec.Command(b.path)
	url := fmt.Sprintf("STATUSD_URL=http://127.0.0.1:%d", b.node.httpPort)
	b.cmd.Env = append(os.Environ(), "STATUSD_DIR="+b.node.dir, url)
	b.cmd.Stdout, b.cmd.Stderr = b.log, b.log
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// kill ends the script, and what it started, without warning.
func (b *bot) kill() {
	syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
	b.cmd.Wait()
}

// TestEchoBots kills the bots of the examples, and the daemon that they talk
// to, while somebody writes: each message is answered exactly once.
func TestEchoBots(t *testing.T) {
	for script, needs := range map[string][]string{"echo.sh": {"curl", "jq"}, "echo.py": {"python3"}} {
		t.Run(script, func(t *testing.T) {
			for _, program := range needs {
				if _, err := exec.LookPath(program); err != nil {
					t.Skipf("there is no %s", program)
				}
			}
			echo(t, script)
		})
	}
}

func echo(t *testing.T, script string) {
	const messages = 12
	path, err := filepath.Abs(filepath.Join("..", "..", "examples", "echobot", script))
	if err != nil {
		t.Fatal(err)
	}
	relay := newNode(t, "relay", nil)
	relay.start(t)
	ana, ben := newPerson(t, "ana", relay), newPerson(t, "ben", relay)
	ana.awaitPeers(t, 1)
	ben.awaitPeers(t, 1)
	b := &bot{path: path, node: ana, log: new(lockedBuffer)}
	b.start(t)
	defer func() {
		b.kill()
		if t.Failed() {
			t.Logf("log of the bot:\n%s", b.log.String())
		}
	}()
	await(t, "the bot has begun", func() error { // what comes before it is not for it
		var all []struct{ Name string }
		if err := ana.call(t, &all, "status_listConsumers"); err != nil || len(all) == 0 {
			return fmt.Errorf("%d consumers, %w", len(all), err)
		}
		return nil
	})
	to, random := ana.contactID(t), rand.New(rand.NewPCG(3, 5))
	text := func(i int) string { return fmt.Sprintf(`message %d: it's "\n" & more`, i) }
	for i := range messages {
		if err := ben.call(t, nil, "status_send", to, text(i), nil, nil, "sent", 30); err != nil {
			t.Fatal(err)
		}
		if i == messages/2 {
			ana.kill(t)
			ana.start(t)
		}
		if random.IntN(3) == 0 {
			b.kill()
			b.start(t)
		}
	}
	await(t, "every message is answered", func() error {
		counts, err := ben.received(t)
		if err != nil {
			return err
		}
		missing := 0
		for i := range messages {
			switch n := counts[text(i)]; {
			case n > 1:
				t.Fatalf("message %d was answered %d times", i, n)
			case n == 0:
				missing++
			}
		}
		if missing > 0 {
			return fmt.Errorf("%d of %d answers are missing", missing, messages)
		}
		return nil
	})
}
