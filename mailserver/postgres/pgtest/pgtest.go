// Package pgtest runs a real PostgreSQL server for tests, from the binaries
// that are installed. It is imported by tests only.
//
// The server listens on a unix socket in a temporary folder and nowhere else.
// Tests that run as root start it as an ordinary user, since PostgreSQL
// refuses to run as root.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running database cluster.
type Server struct {
	tb     testing.TB
	bin    string
	dir    string
	owner  *syscall.Credential // nil: the user of the test
	args   []string
	cmd    *exec.Cmd
	output bytes.Buffer
	count  int
}

// Start makes a cluster and starts it. Durable waits for the disk as a real
// installation does; without, tests are faster. Without the binaries the test
// is skipped, or fails where the variable CI is true.
func Start(tb testing.TB, durable bool) *Server {
	tb.Helper()
	bin, err := binaries()
	if err != nil {
		const how = "%v; on Debian: apt-get install postgresql"
		if os.Getenv("CI") == "true" {
			tb.Fatalf(how, err)
		}
		tb.Skipf(how, err)
	}
	dir, err := os.MkdirTemp("", "statusd-pg-")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{tb: tb, bin: bin, dir: dir}
	tb.Cleanup(s.remove)
	if os.Getuid() == 0 {
		if s.owner, err = ordinaryUser(); err != nil {
			tb.Fatal(err)
		}
		if err := os.Chown(dir, int(s.owner.Uid), int(s.owner.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	s.args = []string{
		"-D", s.data(), "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=40",
		"-c", "log_min_messages=fatal",
	}
	if !durable {
		s.args = append(s.args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	init := s.command("initdb", "-D", s.data(), "--no-locale", "-E", "UTF8", "--auth=trust", "-U", "test", "-N")
	if out, err := init.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	s.Restart()
	return s
}

// binaries finds the folder with initdb and postgres, the newest first.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed (no initdb on PATH or in /usr/lib/postgresql)")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

func ordinaryUser() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, err := strconv.ParseUint(u.Uid, 10, 32)
			gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
			if err == nil && gidErr == nil {
				return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
			}
		}
	}
	return nil, errors.New("no user postgres or nobody to run PostgreSQL as")
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	return cmd
}

// Restart starts the server, also after Stop, and waits until it answers.
func (s *Server) Restart() {
	s.tb.Helper()
	s.cmd = s.command("postgres", s.args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		conn, err := pgx.Connect(ctx, s.uri("postgres"))
		cancel()
		if err == nil {
			conn.Close(context.Background())
			return
		}
		if time.Now().After(deadline) {
			s.Stop()
			s.tb.Fatalf("PostgreSQL does not answer: %v\n%s", err, &s.output)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// Stop ends the server at once, as a crash does.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGQUIT)
	s.cmd.Wait() // the exit code of an immediate shutdown says nothing
	s.cmd = nil
}

func (s *Server) uri(database string) string {
	return fmt.Sprintf("host=%s user=test dbname=%s", s.dir, database)
}

// Database creates an empty database and returns its address.
func (s *Server) Database() string {
	s.tb.Helper()
	s.count++
	name := fmt.Sprintf("test%d", s.count)
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.uri("postgres"))
	if err != nil {
		s.tb.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		s.tb.Fatal(err)
	}
	return s.uri(name)
}

func (s *Server) remove() {
	s.Stop()
	if err := os.RemoveAll(s.dir); err != nil {
		s.tb.Error(err)
	}
}
