package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"statusd/mailserver/postgres/pgtest"
)

// silentAfter stands between an archive and its database until it is told to
// pass nothing on any more, as a database that hangs. It returns its address.
func silentAfter(t *testing.T, uri string) (through string, silence func()) {
	t.Helper()
	const socket = ".s.PGSQL.5432"
	behind, rest, _ := strings.Cut(strings.TrimPrefix(uri, "host="), " ")
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, socket))
	if err != nil {
		t.Fatal(err)
	}
	silent := make(chan struct{})
	var wg sync.WaitGroup
	pass := func(to, from net.Conn) {
		defer to.Close()
		defer from.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := from.Read(buf)
			select {
			case <-silent:
				io.Copy(io.Discard, from) // until the other side has gone
				return
			default:
			}
			if err != nil {
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
	}
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", filepath.Join(behind, socket))
			if err != nil {
				client.Close()
				continue
			}
			wg.Go(func() { pass(server, client) })
			wg.Go(func() { pass(client, server) })
		}
	})
	t.Cleanup(func() { l.Close() })
	return "host=" + dir + " " + rest, sync.OnceFunc(func() { close(silent) })
}

// TestCloseDoesNotWaitForTheDatabase: a database that hangs is not waited for.
// The driver alone would wait five seconds for each connection.
func TestCloseDoesNotWaitForTheDatabase(t *testing.T) {
	uri, silence := silentAfter(t, pgtest.Start(t, false).Database())
	a, err := Open(t.Context(), uri, Options{})
	if err != nil {
		t.Fatal(err)
	}
	silence()
	before := time.Now()
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(before); took >= 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestOpenWithDatabaseThatHangs: a database that lets us in and then says nothing
// is one that is down now, and the wait for it can be called off.
func TestOpenWithDatabaseThatHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	asked := make(chan struct{}, 16)
	go func() { // ends with l
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			asked <- struct{}{}
		}
	}()
	uri := "host=127.0.0.1 user=test dbname=test sslmode=disable connect_timeout=3600 port=" +
		strings.TrimPrefix(l.Addr().String(), "127.0.0.1:")
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // ends with the question
		<-asked
		cancel()
	}()
	if _, err := Open(ctx, uri, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	a, err := Open(ctx, uri, Options{})
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
}
