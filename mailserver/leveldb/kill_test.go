package leveldb

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/waku/wire"
)

// envKillDir makes the test binary the process that gets killed.
const envKillDir = "STATUSD_TEST_KILL_DIR"

// killKeep is how many of the latest envelopes the child's pruning leaves.
const killKeep = 4000

func TestMain(m *testing.M) {
	if dir := os.Getenv(envKillDir); dir != "" {
		fmt.Fprintln(os.Stderr, ingestUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// killEnvelope is the i-th envelope of the child.
func killEnvelope(i int) *wire.Envelope {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	return archivetest.Envelope(r, 1_000_000+uint32(i), archivetest.Topic(r.IntN(200)), 100+r.IntN(400))
}

// ingestUntilKilled stores envelopes in batches and prints after each how many
// are durable. It goes on where the archive ends.
func ingestUntilKilled(dir string) error {
	a, err := Open(dir, testOptions)
	if err != nil {
		return err
	}
	s, err := a.Stats(context.Background())
	if err != nil {
		return err
	}
	next := 0
	if s.Envelopes > 0 {
		next = int(s.Newest-1_000_000) + 1
	}
	r := rand.New(rand.NewPCG(uint64(next), 8))
	for {
		var batch []*wire.Envelope
		for range 1 + r.IntN(60) {
			batch = append(batch, killEnvelope(next))
			next++
		}
		if _, err := a.Put(context.Background(), batch); err != nil {
			return err
		}
		fmt.Println(next)
		if r.IntN(30) == 0 {
			if _, err := a.Prune(context.Background(), mailserver.Limits{Envelopes: killKeep}); err != nil {
				return err
			}
		}
	}
}

// TestKill kills a storing process again and again: the archive must open
// without repair, hold everything that was acknowledged, and be consistent.
func TestKill(t *testing.T) {
	kills := 60
	if testing.Short() {
		kills = 8
	}
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	acked := 0
	for i := range kills {
		acked = max(acked, ingestAndKill(t, dir, time.Duration(r.IntN(60))*time.Millisecond))
		a, err := Open(dir, testOptions)
		if err != nil {
			t.Fatalf("kill %d: %v", i, err)
		}
		stored := make(map[wire.Hash]bool)
		for _, row := range archivetest.Rows(t, a, archivetest.Everything()) {
			stored[row.Hash] = true
		}
		for n := max(0, acked-killKeep); n < acked; n++ {
			if !stored[killEnvelope(n).Hash()] {
				t.Fatalf("kill %d: envelope %d of %d acknowledged is lost", i, n, acked)
			}
		}
		if i%10 == 0 {
			checkConsistent(t, a)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d envelopes acknowledged", kills, acked)
}

// ingestAndKill runs the child until some time after its first batch.
func ingestAndKill(t *testing.T, dir string, after time.Duration) (acked int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envKillDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatalf("child: %q", lines.Text())
		}
		if acked == 0 {
			time.AfterFunc(after, func() { cmd.Process.Kill() })
		}
		acked = n
	}
	if acked == 0 {
		t.Fatal("the child stored nothing")
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return acked
}
