//go:build integration

package e2e

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"statusd/api"
)

// events reads the whole log.
func (n *node) events(t *testing.T, query api.EventsQuery) []api.Event {
	t.Helper()
	return call(t, n, api.StatusGetEvents, api.GetEventsArgs{Query: &query}).Events
}

// TestEventsSurviveKills kills the daemon right behind answers: what was
// acknowledged stays so, what was not comes again, cursors go on.
func TestEventsSurviveKills(t *testing.T) {
	ana := newPerson(t, "ana")
	var last int64
	for round := range 5 {
		all := ana.events(t, api.EventsQuery{Since: new(int64(0))})
		newest := all[len(all)-1].Cursor
		if newest <= last {
			t.Fatalf("round %d: the log ends with %d, had %d", round, newest, last)
		}
		for i, e := range all {
			if e.Cursor != int64(i+1) {
				t.Fatalf("round %d: event %d has the cursor %d", round, i, e.Cursor)
			}
		}
		last = newest
		call(t, ana, api.StatusAckEvents, api.AckEventsArgs{Consumer: "bot", Cursor: newest})
		ana.kill(t)
		ana.start(t) // logs in, which is an event
		if got := ana.events(t, api.EventsQuery{Consumer: "bot"}); len(got) == 0 || got[0].Cursor != newest+1 {
			t.Fatalf("round %d: after the kill the consumer gets %+v, want what follows %d", round, got, newest)
		}
		if got := ana.events(t, api.EventsQuery{Consumer: "never"}); len(got) == 0 || got[0].Cursor != 1 {
			t.Fatalf("round %d: a consumer that never acknowledged gets %+v", round, got)
		}
	}
}

// TestEventStreamResumes reads the stream like a browser that loses its
// connection.
func TestEventStreamResumes(t *testing.T) {
	ana := newPerson(t, "ana")
	read := func(lastID string, count int) (ids []string) {
		token, err := os.ReadFile(filepath.Join(ana.dir, "rpc-token"))
		if err != nil {
			t.Fatal(err)
		}
		url := fmt.Sprintf("http://127.0.0.1:%d/api/v1/events?since=0", ana.httpPort)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		if lastID != "" {
			req.Header.Set("Last-Event-ID", lastID)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for len(ids) < count && lines.Scan() {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				ids = append(ids, id)
			}
		}
		return ids
	}
	if got := read("", 1); !slices.Equal(got, []string{"1"}) {
		t.Fatalf("first %v", got)
	}
	ana.terminate(t) // logs out
	ana.start(t)     // logs in
	if got := read("1", 2); !slices.Equal(got, []string{"2", "3"}) {
		t.Fatalf("resumed %v", got)
	}
}

// TestWebhookThatIsDown brings the target up only after the daemon was killed
// and started again: every event arrives, signed.
func TestWebhookThatIsDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close() // nobody is there yet
	ana := newPerson(t, "ana")
	ana.terminate(t)
	ana.args = append(ana.args, "--webhook-url", "http://"+address+"/hook")
	ana.start(t)
	await(t, "the webhook has its place in the log", func() error {
		all, err := api.StatusListConsumers.Call(t.Context(), ana, api.None{})
		if err != nil || len(all) != 1 {
			return fmt.Errorf("%v %w", all, err)
		}
		return nil
	})
	ana.kill(t)
	ana.start(t)
	if l, err = net.Listen("tcp", address); err != nil {
		t.Skipf("another program took the port: %v", err)
	}
	var mu sync.Mutex
	var got []int64
	bad := ""
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter,
		r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		secret, _ := os.ReadFile(filepath.Join(ana.dir, "webhook-secret"))
		mac := hmac.New(sha256.New, []byte(strings.TrimSpace(string(secret))))
		mac.Write([]byte(r.Header.Get("X-Statusd-Timestamp") + "." + string(body)))
		if r.Header.Get("X-Statusd-Signature") != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
			bad = "wrong signature"
		}
		var e api.Event
		if err := json.Unmarshal(body, &e); err != nil {
			bad = err.Error()
		}
		got = append(got, e.Cursor)
	})}
	defer srv.Close()
	go srv.Serve(l) // ends with Close
	all := ana.events(t, api.EventsQuery{Since: new(int64(0))})
	newest := all[len(all)-1].Cursor
	await(t, "every event arrives", func() error {
		mu.Lock()
		defer mu.Unlock()
		if bad != "" {
			t.Fatal(bad)
		}
		if len(got) == 0 || got[len(got)-1] < newest {
			return fmt.Errorf("%v, the newest is %d", got, newest)
		}
		return nil
	})
	mu.Lock()
	defer mu.Unlock()
	for i := 1; i < len(got); i++ {
		if got[i] != got[i-1]+1 {
			t.Errorf("not each once, in order: %v", got)
		}
	}
}
