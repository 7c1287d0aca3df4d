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

	"statusd/api"
)

// bot is a program that works for the account of a node.
type bot struct {
	command []string
	env     []string // besides that of the test
	log     *lockedBuffer
	cmd     *exec.Cmd
}

// start runs the program in a process group of its own.
func (b *bot) start(t *testing.T) {
	t.Helper()
	b.cmd = exec.Command(b.command[0], b.command[1:]...)
	b.cmd.Env = append(os.Environ(), b.env...)
	b.cmd.Stdout, b.cmd.Stderr = b.log, b.log
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// kill ends the program, and what it started, without warning.
func (b *bot) kill() {
	syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
	b.cmd.Wait()
}

// repository is the path of a file or folder of the repository.
func repository(t *testing.T, parts ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(append([]string{"..", "..", ".."}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEchoBots kills the bots of the examples, and the daemon that they talk
// to, while somebody writes: each message is answered exactly once.
func TestEchoBots(t *testing.T) {
	t.Run("shell", func(t *testing.T) {
		for _, program := range []string{"curl", "jq"} {
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("there is no %s", program)
			}
		}
		echo(t, true, repository(t, "examples", "echobot", "echo.sh"))
	})
	t.Run("Go", func(t *testing.T) {
		program := filepath.Join(t.TempDir(), "echobot")
		if out, err := exec.Command("go", "build", "-o", program, "statusd/examples/echobot").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		echo(t, true, program)
	})
}

// TestBotsOfClients does the same with the bots of the clients in other
// languages, over both ways to the daemon. They need more than Go, so that
// scripts/test-clients.sh runs it, which builds them and names their Python.
func TestBotsOfClients(t *testing.T) {
	python := os.Getenv("STATUSD_TEST_PYTHON")
	if python == "" {
		t.Skip("STATUSD_TEST_PYTHON is not set: scripts/test-clients.sh sets it")
	}
	t.Setenv("PYTHONPATH", repository(t, "clients", "python", "src"))
	pythonBots := repository(t, "clients", "python", "examples")
	typeScriptBot := repository(t, "clients", "typescript", "examples", "echo.mjs")
	for name, run := range map[string]struct {
		http    bool
		command []string
	}{
		"Python, socket":     {false, []string{python, filepath.Join(pythonBots, "echo.py")}},
		"Python, HTTP":       {true, []string{python, filepath.Join(pythonBots, "echo_async.py")}},
		"TypeScript, socket": {false, []string{"node", typeScriptBot}},
		"TypeScript, HTTP":   {true, []string{"node", typeScriptBot}},
	} {
		t.Run(name, func(t *testing.T) { echo(t, run.http, run.command...) })
	}
}

// echo runs a bot with a token of its own.
func echo(t *testing.T, http bool, command ...string) {
	t.Helper()
	const messages = 12
	relay := newNode(t, "relay", nil)
	relay.start(t)
	ana, ben := newPerson(t, "ana", relay), newPerson(t, "ben", relay)
	ana.awaitPeers(t, 1)
	ben.awaitPeers(t, 1)
	b := &bot{command: command, env: []string{"STATUSD_DIR=" + ana.dir}, log: new(lockedBuffer)}
	if http {
		token, ok := ana.ok(t, "", "token", "add", "--name", "echo", "--scope", "read,send,events")["token"].(string)
		if !ok {
			t.Fatal("there is no token")
		}
		b.env = append(b.env, fmt.Sprintf("STATUSD_URL=http://127.0.0.1:%d", ana.httpPort),
			"STATUSD_TOKEN_FILE="+secretFile(t, token))
	}
	b.start(t)
	defer func() {
		b.kill()
		if t.Failed() {
			t.Logf("log of the bot:\n%s", b.log.String())
		}
	}()
	await(t, "the bot has begun", func() error { // what comes before it is not for it
		all, err := api.StatusListConsumers.Call(t.Context(), ana, api.None{})
		if err != nil || len(all) == 0 {
			return fmt.Errorf("%d consumers, %w", len(all), err)
		}
		return nil
	})
	to, random := ana.contactID(t), rand.New(rand.NewPCG(3, 5))
	text := func(i int) string { return fmt.Sprintf(`message %d: it's "\n" & more`, i) }
	for i := range messages {
		call(t, ben, api.StatusSend, api.SendArgs{
			Recipient: api.Recipients{to}, Message: text(i), Wait: api.WaitSent, TimeoutSeconds: new(30.0),
		})
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
