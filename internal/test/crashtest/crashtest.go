// Package crashtest kills a process with SIGKILL in the middle of its work, so
// that a test can look at what it left.
//
// The process is the test's own program, started again: TestMain calls Main,
// which runs a job instead of the tests when the environment asks for one. A
// job works until it is killed. It calls ready once it is at work and may
// print lines, which Kill returns.
//
// For tests only; no goroutines beyond those of os/exec.
package crashtest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

const (
	envJob = "STATUSD_CRASHTEST_JOB"
	envDir = "STATUSD_CRASHTEST_DIR"
)

// Job works in a folder until it is killed, or returns an error.
type Job func(dir string, ready func()) error

// Main runs the tests, or the job that the environment names, and exits.
func Main(m *testing.M, jobs map[string]Job) {
	name := os.Getenv(envJob)
	if name == "" {
		os.Exit(m.Run())
	}
	job, ok := jobs[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "no job %q\n", name)
		os.Exit(2)
	}
	if err := job(os.Getenv(envDir), func() { fmt.Println() }); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Kill starts a job, kills it at a random time within a duration after it was
// ready, and returns what it printed from then on. A job that fails fails the
// test; one that is done before it could be killed does not.
func Kill(t *testing.T, job, dir string, within time.Duration) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envJob+"="+job, envDir+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		_ = cmd.Wait()
		t.Fatalf("job %s did not begin: %v, %s", job, err, &stderr)
	}
	time.Sleep(rand.N(within)) // the test is about chance
	if err := cmd.Process.Kill(); err != nil && cmd.ProcessState == nil {
		t.Logf("kill: %v", err)
	}
	printed, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // judged by the state
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if killed := ok && status.Signaled() && status.Signal() == syscall.SIGKILL; !killed && !cmd.ProcessState.Success() {
		t.Fatalf("job %s failed by itself: %v, %s", job, cmd.ProcessState, &stderr)
	}
	return printed
}
