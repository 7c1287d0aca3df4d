package datasync_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"statusd/datasync"
	"statusd/datasync/memstore"
)

var update = flag.Bool("update", false, "rewrite the generated parts of docs/datasync.md")

// overhead is what one message adds to its body on the wire, alone in a
// payload: 5 bytes of payload field, 36 of group, 8 of time, 5 of body field.
const (
	overhead = 54
	ackBytes = 36
)

// lossFigures is what a run over a lossy link measures.
type lossFigures struct {
	messages            int
	median, mean, worst time.Duration
	payloads, bytes     float64 // per message
	settled             time.Duration
}

// measureLoss sends messages at an interval over a link with the given loss
// both ways and waits until nothing is outstanding.
func measureLoss(tb testing.TB, loss float64, messages int, every time.Duration, body int) lossFigures {
	tb.Helper()
	s := newSim(tb, 2, 50, datasync.DefaultSchedule())
	s.loss, s.latency = loss, 100*time.Millisecond
	for range messages {
		s.append(0, body, 1)
		s.run(s.now.Add(every))
	}
	end := s.now
	s.settle(20 * 24 * time.Hour)
	d := s.delays()
	f := lossFigures{
		messages: len(d), median: d[len(d)/2], worst: d[len(d)-1], settled: s.now.Sub(end),
		payloads: float64(s.payloads) / float64(messages),
		bytes:    float64(s.bytes) / float64(messages),
	}
	for _, one := range d {
		f.mean += one / time.Duration(len(d))
	}
	return f
}

// bodyBytes is the real length of a body that sim.append makes.
func bodyBytes(size int) float64 { return float64(len(fmt.Sprintf("0:1:%0*d", size, 1))) }

func TestHealthyLink(t *testing.T) {
	f := measureLoss(t, 0, 200, time.Second, 300)
	if f.payloads != 2 || f.median != 100*time.Millisecond || f.worst != f.median {
		t.Errorf("healthy link: %+v, want 2 payloads a message and no delay but the link's", f)
	}
	t.Logf("%d messages, %.2f payloads a message, %.0f bytes, delay %v on a link of 100ms",
		f.messages, f.payloads, f.bytes, f.worst)
}

func TestHalfLoss(t *testing.T) {
	f := measureLoss(t, 0.5, 1000, time.Minute, 300)
	t.Logf("%+v", f)
	if f.messages != 1000 {
		t.Errorf("%d of 1000 delivered", f.messages)
	}
	// A message is sent until message and ack both get through: 4 times on
	// average, with 2 acks. Sharing payloads may do better; a schedule that
	// sends in vain does worse.
	if f.payloads > 6.3 {
		t.Errorf("%.2f payloads a message", f.payloads)
	}
}

func TestOfflineForAWeek(t *testing.T) {
	const week = 7 * 24 * time.Hour
	for _, jitter := range []float64{0, 0.2} {
		schedule := datasync.DefaultSchedule()
		schedule.Jitter = jitter
		s := newSim(t, 2, 7, schedule)
		s.latency = 100 * time.Millisecond
		s.cut = func(int, int) bool { return true }
		s.append(0, 300, 1)
		s.run(simStart.Add(week))
		want := schedule.Attempts(week)
		slack := 0
		if jitter > 0 {
			slack = want / 20
		}
		if s.payloads < want-slack || s.payloads > want+slack {
			t.Errorf("jitter %v: %d attempts in a week, predicted %d", jitter, s.payloads, want)
		}
		if got, one := float64(s.bytes), bodyBytes(300)+overhead; got != one*float64(s.payloads) {
			t.Errorf("jitter %v: %v bytes, predicted %v a payload", jitter, got, one)
		}
		attempts, bytes := s.payloads, s.bytes
		s.cut = nil
		s.append(1, 10, 0) // the peer comes back and says something
		heard := s.now
		s.settle(time.Minute)
		var last time.Time
		for _, at := range s.delivered {
			if at.After(last) {
				last = at
			}
		}
		t.Logf("jitter %v: %d attempts (predicted %d), %d bytes in 7 days; delivered %v after the peer spoke",
			jitter, attempts, want, bytes, last.Sub(heard))
		if last.Sub(heard) > time.Second {
			t.Errorf("delivered %v after the peer spoke", last.Sub(heard))
		}
	}
}

// BenchmarkMessage is the whole work of this layer for one message on a
// healthy link: append, plan, encode, decode, handle, ack and back.
func BenchmarkMessage(b *testing.B) {
	nodes, stores := make([]*datasync.Node, 2), make([]*memstore.Store, 2)
	for i := range nodes {
		n, err := datasync.New(datasync.Config{Self: simPeer(i), MaxSeen: 10_000})
		if err != nil {
			b.Fatal(err)
		}
		nodes[i], stores[i] = n, memstore.New()
	}
	update := func(i int, fn func(tx *memstore.Tx) error) {
		if err := stores[i].Update(context.Background(), fn); err != nil {
			b.Fatal(err)
		}
	}
	out := datasync.Outgoing{Body: make([]byte, 300), To: []datasync.PeerID{simPeer(1)}}
	carry := func(from, to int, now time.Time) {
		var payloads [][]byte
		update(from, func(tx *memstore.Tx) error {
			e, err := nodes[from].Due(tx, now)
			for _, s := range e.Sends {
				payload, errEncode := s.Encode(tx.Body)
				payloads, err = append(payloads, payload), errors.Join(err, errEncode)
			}
			return err
		})
		for _, payload := range payloads {
			in, _ := datasync.Unwrap(payload)
			update(to, func(tx *memstore.Tx) error {
				_, err := nodes[to].Handle(tx, simPeer(from), in, now)
				return err
			})
		}
	}
	now := simStart
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		now = now.Add(time.Second)
		out.Ref = datasync.Ref{byte(n), byte(n >> 8), byte(n >> 16), 31: 1}
		update(0, func(tx *memstore.Tx) error {
			_, err := nodes[0].Append(tx, out, now)
			return err
		})
		carry(0, 1, now)
		carry(1, 0, now)
	}
	for _, s := range stores {
		if states, bodies, _ := s.Counts(); states+bodies != 0 {
			b.Fatal("not idle")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	g := datasync.OneToOne(simPeer(0), simPeer(1))
	p := datasync.Payload{Acks: make([]datasync.MessageID, 2)}
	for range 5 {
		p.Messages = append(p.Messages, datasync.Message{Group: g[:], Timestamp: simStart.Unix(), Body: make([]byte, 300)})
	}
	raw := p.Encode()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := datasync.Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}

const docFile = "../docs/datasync.md"

// TestDocumentedFigures keeps the generated parts of docs/datasync.md equal to
// what the code does; -update rewrites them.
func TestDocumentedFigures(t *testing.T) {
	raw, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for name, body := range map[string]string{"schedule": scheduleTable(), "loss": lossTable(t)} {
		begin, end := "<!-- "+name+": generated -->\n", "<!-- "+name+": end -->"
		_, rest, ok1 := strings.Cut(text, begin)
		old, _, ok2 := strings.Cut(rest, end)
		if !ok1 || !ok2 {
			t.Fatalf("%s has no part %q", docFile, name)
		}
		if old != body && !*update {
			t.Errorf("%s: part %q is out of date; run go test ./datasync -run TestDocumentedFigures -update", docFile, name)
		}
		text = strings.Replace(text, begin+old, begin+body, 1)
	}
	if *update {
		if err := os.WriteFile(docFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// scheduleTable prints the default schedule as it acts on one message that
// nobody acknowledges, in a simulation without jitter.
func scheduleTable() string {
	schedule := datasync.DefaultSchedule()
	schedule.Jitter = 0
	n, err := datasync.New(datasync.Config{Self: simPeer(0), Schedule: schedule})
	if err != nil {
		return err.Error()
	}
	tx := open(memstore.New())
	next := func() time.Time {
		at, _ := n.Next(tx) // memory does not fail
		return at
	}
	out := datasync.Outgoing{Ref: datasync.Ref{1}, Body: []byte("x"), To: []datasync.PeerID{simPeer(1)}}
	if _, err := n.Append(tx, out, simStart); err != nil {
		return err.Error()
	}
	var b strings.Builder
	b.WriteString("| Transmission | after append | wait until the next |\n|---:|---:|---:|\n")
	var sent []time.Duration
	var end time.Duration
	for !next().IsZero() {
		now := next()
		e, err := n.Due(tx, now)
		if err != nil {
			return err.Error()
		}
		if len(e.Sends) > 0 {
			sent = append(sent, now.Sub(simStart))
		}
		end = now.Sub(simStart)
	}
	for i, at := range sent {
		wait := end - at
		if i+1 < len(sent) {
			wait = sent[i+1] - at
		}
		first := i == 0 || i+1 == len(sent) || sent[i]-sent[i-1] != wait
		if !first && i+2 < len(sent) && i > 0 && sent[i]-sent[i-1] == wait {
			if i > 1 && sent[i-1]-sent[i-2] != wait {
				b.WriteString("| … | | |\n")
			}
			continue
		}
		fmt.Fprintf(&b, "| %d | %v | %v |\n", i+1, at, wait)
	}
	fmt.Fprintf(&b, "\nGiven up %v after append, after %d transmissions. In the first 7 days: %d.\n",
		end, len(sent), schedule.Attempts(7*24*time.Hour))
	return b.String()
}

// lossTable measures lossy links beside theory.
func lossTable(t *testing.T) string {
	const body = 300
	var b strings.Builder
	b.WriteString("| Loss each way | delivered | median delay | mean | worst | payloads a message (minimum) | " +
		"bytes a message (minimum) | empty after the last |\n|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	for _, loss := range []float64{0, 0.1, 0.3, 0.5, 0.9} {
		f := measureLoss(t, loss, 1000, time.Minute, body)
		through := (1 - loss) * (1 - loss)
		messages, acks := 1/through, (1-loss)/through
		fmt.Fprintf(&b, "| %.0f %% | %d of 1000 | %v | %v | %v | %.2f (%.2f) | %.0f (%.0f) | %v |\n",
			loss*100, f.messages, round(f.median), round(f.mean), round(f.worst), f.payloads, messages+acks,
			f.bytes, messages*(bodyBytes(body)+overhead)+acks*ackBytes, round(f.settled))
	}
	return b.String()
}

func round(d time.Duration) time.Duration {
	if d > time.Minute {
		return d.Round(time.Second)
	}
	return d.Round(time.Millisecond)
}
