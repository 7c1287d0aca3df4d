package datasync

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"statusd/internal/test/vectors"
)

type vectorKey struct {
	Name       string      `json:"name"`
	PublicKey  vectors.Hex `json:"public_key"`
	Compressed vectors.Hex `json:"compressed_public_key"`
}

type vectorMessage struct {
	Group     vectors.Hex `json:"group_id"`
	Timestamp int64       `json:"timestamp"`
	Body      vectors.Hex `json:"body"`
	ID        vectors.Hex `json:"id"`
	Encoded   vectors.Hex `json:"encoded_message"`
}

func (m vectorMessage) message() Message {
	return Message{Group: m.Group, Timestamp: m.Timestamp, Body: m.Body}
}

type vectorPayload struct {
	Acks     []vectors.Hex   `json:"acks"`
	Offers   []vectors.Hex   `json:"offers"`
	Requests []vectors.Hex   `json:"requests"`
	Messages []vectorMessage `json:"messages"`
}

func (v vectorPayload) payload() Payload {
	var p Payload
	p.Acks, p.Offers, p.Requests = ids(v.Acks), ids(v.Offers), ids(v.Requests)
	for _, m := range v.Messages {
		p.Messages = append(p.Messages, m.message())
	}
	return p
}

func ids(list []vectors.Hex) []MessageID {
	var out []MessageID
	for _, h := range list {
		out = append(out, MessageID(h))
	}
	return out
}

func samePayload(a, b Payload) bool {
	return slices.Equal(a.Acks, b.Acks) && slices.Equal(a.Offers, b.Offers) &&
		slices.Equal(a.Requests, b.Requests) && slices.EqualFunc(a.Messages, b.Messages, sameMessage)
}

func sameMessage(a, b Message) bool {
	return bytes.Equal(a.Group, b.Group) && a.Timestamp == b.Timestamp && bytes.Equal(a.Body, b.Body)
}

func vectorKeys(t *testing.T, f *vectors.File) map[string]PeerID {
	t.Helper()
	keys := make(map[string]PeerID)
	for _, k := range vectors.Section[[]vectorKey](t, f, "keys") {
		id, err := ParsePeerID(k.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(id.compressed(), k.Compressed) {
			t.Errorf("%s: compressed %x, want %x", k.Name, id.compressed(), k.Compressed)
		}
		keys[k.Name] = id
	}
	return keys
}

func TestVectorSections(t *testing.T) {
	vectors.Load(t, "datasync").Unknown(t, "keys", "group_ids", "peer_ids", "message_ids",
		"payloads", "unwrap", "split", "schedule_reference", "scenarios")
}

func TestVectorIDs(t *testing.T) {
	f := vectors.Load(t, "datasync")
	keys := vectorKeys(t, f)
	type group struct {
		A, B    string
		GroupID vectors.Hex `json:"group_id"`
	}
	for _, c := range vectors.Cases[group](t, f, "group_ids") {
		if got := OneToOne(keys[c.A], keys[c.B]); !bytes.Equal(got[:], c.GroupID) {
			t.Errorf("%s/%s: %x, want %x", c.A, c.B, got, c.GroupID)
		}
		if a, b := OneToOne(keys[c.A], keys[c.B]), OneToOne(keys[c.B], keys[c.A]); a != b {
			t.Errorf("%s/%s: order matters", c.A, c.B)
		}
	}
	type peerID struct {
		Key    string
		PeerID vectors.Hex `json:"peer_id"`
	}
	for _, c := range vectors.Cases[peerID](t, f, "peer_ids") {
		got, err := ParsePeerID(c.PeerID)
		if err != nil || got != keys[c.Key] {
			t.Errorf("%s: %x, want %x (%v)", c.Key, got, c.PeerID, err)
		}
	}
}

func TestVectorMessages(t *testing.T) {
	for i, c := range vectors.Cases[vectorMessage](t, vectors.Load(t, "datasync"), "message_ids") {
		m := c.message()
		if got := m.ID(); !bytes.Equal(got[:], c.ID) {
			t.Errorf("%d: id %x, want %x", i, got, c.ID)
		}
		if got := m.AppendEncode(nil); !bytes.Equal(got, c.Encoded) || m.Size() != len(got) {
			t.Errorf("%d: encoded %x (size %d), want %x", i, got, m.Size(), c.Encoded)
		}
		back, err := decodeMessage(c.Encoded)
		if err != nil || !sameMessage(back, m) {
			t.Errorf("%d: decoded %+v, want %+v (%v)", i, back, m, err)
		}
		// Tampering: any other body, group or time is another message.
		for _, other := range []Message{
			{Group: m.Group, Timestamp: m.Timestamp + 1, Body: m.Body},
			{Group: append([]byte{1}, m.Group...), Timestamp: m.Timestamp, Body: m.Body},
			{Group: m.Group, Timestamp: m.Timestamp, Body: append([]byte{1}, m.Body...)},
		} {
			if id := other.ID(); bytes.Equal(id[:], c.ID) {
				t.Errorf("%d: tampered message has the same id", i)
			}
		}
	}
}

func TestVectorPayloads(t *testing.T) {
	type payload struct {
		Payload vectorPayload
		Encoded vectors.Hex
	}
	for i, c := range vectors.Cases[payload](t, vectors.Load(t, "datasync"), "payloads") {
		p := c.Payload.payload()
		if got := p.Encode(); !bytes.Equal(got, c.Encoded) || p.Size() != len(got) {
			t.Errorf("%d: encoded %x (size %d), want %x", i, got, p.Size(), c.Encoded)
		}
		back, err := Decode(c.Encoded)
		if err != nil || !samePayload(back, p) || back.Dropped != 0 {
			t.Errorf("%d: decoded %+v, want %+v (%v)", i, back, p, err)
		}
		for j, m := range c.Payload.Messages {
			if id := back.Messages[j].ID(); !bytes.Equal(id[:], m.ID) {
				t.Errorf("%d: message %d has id %v, want %x", i, j, id, m.ID)
			}
		}
		for cut := 1; cut < len(c.Encoded) && cut < 8; cut++ {
			if p, ok := Unwrap(c.Encoded[:len(c.Encoded)-cut]); ok && samePayload(p, back) {
				t.Errorf("%d: truncated by %d: same payload", i, cut)
			}
		}
	}
}

func TestVectorUnwrap(t *testing.T) {
	type unwrap struct {
		Description string
		Input       vectors.Hex
		Bodies      []vectors.Hex
	}
	for _, c := range vectors.Cases[unwrap](t, vectors.Load(t, "datasync"), "unwrap") {
		bodies := [][]byte{c.Input}
		if p, ok := Unwrap(c.Input); ok {
			bodies = p.Bodies()
		}
		if !slices.EqualFunc(bodies, c.Bodies, func(a []byte, b vectors.Hex) bool { return bytes.Equal(a, b) }) {
			t.Errorf("%s: %x, want %x", c.Description, bodies, c.Bodies)
		}
	}
}

func TestVectorSplit(t *testing.T) {
	type vectorSplit struct {
		Description string
		MaxSize     int `json:"max_size"`
		IDSize      int `json:"id_size"`
		Acks        int
		Offers      int
		Requests    int
		Bodies      []int `json:"message_body_sizes"`
		Batches     []struct {
			Acks, Offers, Requests int
			Bodies                 []int `json:"message_body_sizes"`
			EncodedSize            int   `json:"encoded_size"`
		}
	}
	for _, c := range vectors.Cases[vectorSplit](t, vectors.Load(t, "datasync"), "split") {
		// Our sizes agree with the encoded sizes of the reference.
		for i, b := range c.Batches {
			size := (b.Acks + b.Offers + b.Requests) * idEntrySize(c.IDSize)
			for _, body := range b.Bodies {
				size += messageEntrySize(IDSize, 1604000000, body)
			}
			if size != b.EncodedSize {
				t.Errorf("%s: batch %d: we count %d bytes, encoded are %d", c.Description, i, size, b.EncodedSize)
			}
		}
		var entries []entry
		for range c.Acks + c.Offers + c.Requests {
			entries = append(entries, entry{size: idEntrySize(c.IDSize)})
		}
		for _, body := range c.Bodies {
			entries = append(entries, entry{messageEntrySize(IDSize, 1604000000, body), true})
		}
		start := 0
		for _, end := range split(entries, c.MaxSize) {
			size := 0
			for _, e := range entries[start:end] {
				size += e.size
			}
			if end <= start || size > c.MaxSize && end-start > 1 {
				t.Errorf("%s: entries %d to %d take %d bytes", c.Description, start, end, size)
			}
			start = end
		}
		if start != len(entries) {
			t.Errorf("%s: %d of %d entries planned", c.Description, start, len(entries))
		}
	}
}

// TestVectorScheduleReference keeps the reference's schedule for the record:
// ours must be more eager than it everywhere after the first minutes.
func TestVectorScheduleReference(t *testing.T) {
	type observed struct {
		Append int   `json:"append_epoch"`
		Until  int   `json:"observed_until_epoch"`
		Sends  []int `json:"send_epochs"`
	}
	const tick = 300 * time.Millisecond
	s := DefaultSchedule()
	for _, c := range vectors.Cases[observed](t, vectors.Load(t, "datasync"), "schedule_reference") {
		epoch, k := c.Append+1, 0
		for i, want := range c.Sends {
			if epoch != want {
				t.Errorf("appended at %d: transmission %d at epoch %d, formula gives %d", c.Append, i+1, want, epoch)
			}
			k++
			epoch += epoch + 2*k
		}
		if epoch <= c.Until {
			t.Errorf("appended at %d: formula sends at %d, not observed", c.Append, epoch)
		}
		if c.Append > 900 {
			window := time.Duration(c.Until-c.Append) * tick
			t.Logf("after %d epochs: reference %d transmissions in %v, ours %d",
				c.Append, len(c.Sends), window, s.Attempts(window))
		}
	}
}

type vectorStep struct {
	Description string
	Receive     vectorPayload
	Required    string
}

func TestVectorScenarios(t *testing.T) {
	f := vectors.Load(t, "datasync")
	keys := vectorKeys(t, f)
	type scenario struct {
		Description string
		Node, Peer  string
		Mode        string
		Own         []vectorMessage `json:"own_messages"`
		Steps       []vectorStep
	}
	for _, c := range vectors.Cases[scenario](t, f, "scenarios") {
		t.Run(c.Description, func(t *testing.T) {
			n := newNode(t, Config{Self: keys[c.Node]})
			now := time.Unix(1604000100, 0)
			for _, own := range c.Own {
				now = time.Unix(own.Timestamp, 0)
				got, err := n.Append(Outgoing{Ref: Ref(own.ID), Body: own.Body, To: []PeerID{keys[c.Peer]}}, now)
				if err != nil || !bytes.Equal(got[0][:], own.ID) {
					t.Fatalf("own message: id %v, want %x (%v)", got, own.ID, err)
				}
			}
			n.Due(now)
			seen := map[MessageID]bool{}
			for _, step := range c.Steps {
				now = now.Add(100 * time.Millisecond)
				p := step.Receive.payload()
				e := n.Handle(keys[c.Peer], p, now)
				var fresh int
				for i := range p.Messages {
					if id := p.Messages[i].ID(); !seen[id] {
						seen[id] = true
						fresh++
					}
				}
				if len(e.Deliveries) != fresh {
					t.Errorf("%s: %d delivered, want %d", step.Description, len(e.Deliveries), fresh)
				}
				checkScenarioStep(t, n, step, p, n.Due(now), seen)
			}
		})
	}
}

// checkScenarioStep checks the rules that a step's "required" sentence stands
// for: each MESSAGE is acked, an OFFER is requested or acked, a REQUEST for an
// own message sends it, an ack ends it, and nothing else is sent.
func checkScenarioStep(t *testing.T, n *testNode, step vectorStep, in Payload, e Effects, seen map[MessageID]bool) {
	t.Helper()
	var acks, requests, messages, wantAcks, wantRequests []MessageID
	for _, s := range e.Sends {
		acks, requests = append(acks, s.Acks...), append(requests, s.Requests...)
		for _, m := range s.Messages {
			messages = append(messages, m.ID)
		}
		if s.Bytes == 0 {
			t.Errorf("%s: empty payload", step.Description)
		}
	}
	for i := range in.Messages {
		wantAcks = append(wantAcks, in.Messages[i].ID())
	}
	for _, id := range in.Offers {
		if seen[id] {
			wantAcks = append(wantAcks, id)
		} else {
			wantRequests = append(wantRequests, id)
		}
	}
	if !slices.Equal(acks, wantAcks) {
		t.Errorf("%s: acks %v, want %v (%s)", step.Description, acks, wantAcks, step.Required)
	}
	if !slices.Equal(requests, wantRequests) {
		t.Errorf("%s: requests %v, want %v (%s)", step.Description, requests, wantRequests, step.Required)
	}
	list, err := n.st.RecordsAfter(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if slices.Contains(in.Acks, r.ID) {
			t.Errorf("%s: %v is outstanding after its ack (%s)", step.Description, r.ID, step.Required)
		}
		if slices.Contains(in.Requests, r.ID) && !slices.Contains(messages, r.ID) {
			t.Errorf("%s: %v was requested and not sent (%s)", step.Description, r.ID, step.Required)
		}
	}
	for _, id := range messages {
		if !slices.Contains(in.Requests, id) {
			t.Errorf("%s: %v sent without need (%s)", step.Description, id, step.Required)
		}
	}
}

// addVectorSeeds seeds a fuzz target with every encoding of the vectors.
func addVectorSeeds(f *testing.F) {
	f.Helper()
	file := vectors.Load(f, "datasync")
	type anyCase struct {
		Encoded vectors.Hex
		Input   vectors.Hex
		Message vectors.Hex `json:"encoded_message"`
	}
	for _, name := range []string{"payloads", "unwrap", "message_ids"} {
		for _, c := range vectors.Cases[anyCase](f, file, name) {
			f.Add([]byte(c.Encoded))
			f.Add([]byte(c.Input))
			f.Add([]byte(c.Message))
		}
	}
}
