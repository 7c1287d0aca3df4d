package transport_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
	"statusd/payloads"
	"statusd/transport"
	"statusd/transport/dh"
	"statusd/transport/memstore"
	"statusd/transport/topics"
	"statusd/waku/wire"
)

const area = "secure-transport"

// TestVectorSections names the packages that cover each section: keys (here),
// ecdh and dh_fallback* (dh), kdf and double_ratchet (ratchet), x3dh (x3dh),
// bundle_* (bundle), topics (topics), the rest here.
func TestVectorSections(t *testing.T) {
	vectors.Load(t, area).Unknown(t, "keys", "ecdh", "dh_fallback", "dh_fallback_errors", "kdf", "double_ratchet",
		"x3dh", "bundle_sign", "bundle_verify", "topics", "message_id", "conversations", "protocol_message_errors")
}

func mustPrivate(tb testing.TB, b []byte) key.Private {
	tb.Helper()
	k, err := key.NewPrivate(b)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func mustPublic(tb testing.TB, b []byte) key.Public {
	tb.Helper()
	k, err := key.ParsePublic(b)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestVectorKeys(t *testing.T) {
	type row struct {
		Name         string      `json:"name"`
		Private      vectors.Hex `json:"private"`
		Compressed   vectors.Hex `json:"public_compressed"`
		Uncompressed vectors.Hex `json:"public_uncompressed"`
	}
	vectors.Each(t, vectors.Load(t, area), "keys", func(_ int, c row) string { return c.Name },
		func(t *testing.T, c row) {
			p := mustPrivate(t, c.Private).Public()
			short, long := p.Compressed(), p.Uncompressed()
			if !bytes.Equal(short[:], c.Compressed) || !bytes.Equal(long[:], c.Uncompressed) {
				t.Errorf("got %x, %x", short, long)
			}
		})
}

func TestVectorMessageID(t *testing.T) {
	type row struct {
		Author  vectors.Hex `json:"author_public"`
		Wrapped vectors.Hex `json:"wrapped"`
		ID      vectors.Hex `json:"message_id"`
	}
	for _, c := range vectors.Section[[]row](t, vectors.Load(t, area), "message_id") {
		if got := payloads.WrapperID(mustPublic(t, c.Author), c.Wrapped); !bytes.Equal(got[:], c.ID) {
			t.Errorf("got %x, want %x", got, []byte(c.ID))
		}
	}
}

type vectorEntry struct {
	X3DH *struct {
		Key vectors.Hex `json:"key"`
		ID  vectors.Hex `json:"id"`
	} `json:"x3dh_header"`
	DR *struct {
		ID vectors.Hex `json:"id"`
	} `json:"dr_header"`
	DH      *struct{}   `json:"dh_header"`
	Payload vectors.Hex `json:"payload"`
}

type vectorStep struct {
	Op        string        `json:"op"`
	By        string        `json:"by"`
	To        string        `json:"to"`
	Message   string        `json:"message"`
	Now       int64         `json:"now_unix_nano"`
	Generated []vectors.Hex `json:"generated_private_keys"`
	Plaintext vectors.Hex   `json:"plaintext"`
	Data      vectors.Hex   `json:"protocol_message"`
	Decoded   struct {
		Direct  map[string]vectorEntry `json:"direct_message"`
		Bundles []struct {
			Prekeys map[string]json.RawMessage `json:"signed_pre_keys"`
		} `json:"bundles"`
	} `json:"decoded"`
	Agreed  *bool       `json:"agreed_secret"`
	Shared  vectors.Hex `json:"shared_secret"`
	Targets []string    `json:"targeted_installations"`
	SendOn  *struct {
		Kind  string      `json:"kind"`
		Topic vectors.Hex `json:"topic"`
	} `json:"send_on"`
	Envelope vectors.Hex `json:"envelope_hash"`
	Expect   string      `json:"expect"`
	New      []struct {
		ID       string `json:"id"`
		Identity string `json:"identity"`
		Version  uint32 `json:"version"`
	} `json:"new_installations"`
	Installation string `json:"installation_id"`
}

type replay struct {
	parties map[string]*party
	sent    map[string]vectorStep
	hashes  map[string]map[string]wire.Hash // by receiver, then message
}

func TestVectorConversations(t *testing.T) {
	type row struct {
		Name    string `json:"name"`
		Parties map[string]struct {
			Identity     vectors.Hex `json:"identity_private"`
			Installation string      `json:"installation_id"`
		} `json:"parties"`
		Steps []vectorStep `json:"steps"`
	}
	vectors.Each(t, vectors.Load(t, area), "conversations", func(_ int, c row) string { return c.Name },
		func(t *testing.T, c row) {
			r := replay{
				parties: make(map[string]*party), sent: make(map[string]vectorStep),
				hashes: make(map[string]map[string]wire.Hash),
			}
			for name, p := range c.Parties {
				r.parties[name] = newParty(t, mustPrivate(t, p.Identity), p.Installation)
				r.parties[name].fixed = true
				r.hashes[name] = make(map[string]wire.Hash)
			}
			for i, s := range c.Steps {
				r.step(t, s)
				if t.Failed() {
					t.Fatalf("stopped after step %d: %s %s by %s", i, s.Op, s.Message, s.By)
				}
			}
		})
}

func (r replay) step(t *testing.T, s vectorStep) {
	t.Helper()
	p := r.parties[s.By]
	switch s.Op {
	case "build_direct", "build_dh", "build_public":
		r.sent[s.Message] = s
		r.build(t, p, s)
	case "receive":
		r.receive(t, p, s)
	case "confirm":
		p.must(func(st transport.Store) error { return p.dev.Confirm(st, r.hashes[s.By][s.Message]) })
	case "enable_installation":
		p.must(func(st transport.Store) error { return p.dev.Enable(st, s.Installation) })
	case "advance_clock":
	default:
		t.Fatalf("unknown step %q", s.Op)
	}
}

// inOrder returns the keys of a step in the order in which they are used here:
// by installation id.
func (s vectorStep) inOrder(t *testing.T) []key.Private {
	t.Helper()
	var keys []key.Private
	for _, g := range s.Generated {
		keys = append(keys, mustPrivate(t, g))
	}
	type start struct {
		id   string
		keys []key.Private
	}
	var starts []start
	for i := 0; i+1 < len(keys); i += 2 {
		point := dh.PointOf(keys[i].Public())
		for id, e := range s.Decoded.Direct {
			if e.X3DH != nil && bytes.Equal(e.X3DH.Key, point[:]) {
				starts = append(starts, start{id, keys[i : i+2]})
			}
		}
	}
	slices.SortFunc(starts, func(a, b start) int { return strings.Compare(a.id, b.id) })
	var out []key.Private
	for _, p := range starts {
		out = append(out, p.keys...)
	}
	return append(out, keys[len(out):]...)
}

func (r replay) build(t *testing.T, p *party, s vectorStep) {
	t.Helper()
	p.keys = s.inOrder(t)
	now := time.Unix(0, s.Now)
	for _, e := range s.Decoded.Direct {
		if e.DH != nil {
			p.nonce = [12]byte(e.Payload[len(e.Payload)-12:])
		}
	}
	var out transport.Outgoing
	err := p.update(func(st transport.Store) (err error) {
		switch s.Op {
		case "build_direct":
			to := r.parties[s.To].dev.Identity()
			undo := forceSessions(t, st, p.dev, to, s)
			out, err = p.dev.SendDirect(st, to, s.Plaintext, now)
			undo()
		case "build_dh":
			if err = p.dev.SetMetadata(st, p.dev.Installation(), transport.Metadata{Name: "x"}); err == nil {
				out, err = p.dev.SendPairing(st, s.Plaintext, now)
			}
		case "build_public":
			out, err = p.dev.SendPublic(st, topics.PublicChat("status"), s.Plaintext, now)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.keys) != 0 {
		t.Errorf("%d of %d keys were not used", len(p.keys), len(s.Generated))
	}
	single := len(s.Decoded.Direct) <= 1
	for _, b := range s.Decoded.Bundles {
		single = single && len(b.Prekeys) <= 1
	}
	if len(out.Data) != len(s.Data) || single && !bytes.Equal(out.Data, s.Data) {
		t.Errorf("built\n%x, want\n%x", out.Data, []byte(s.Data))
	}
	s.checkRoute(t, out)
}

func (s vectorStep) checkRoute(t *testing.T, out transport.Outgoing) {
	t.Helper()
	want := slices.Sorted(slices.Values(s.Targets))
	if got := slices.Sorted(slices.Values(out.Targets)); !slices.Equal(got, want) {
		t.Errorf("targets %q, want %q", got, want)
	}
	if s.Shared != nil && s.Op == "build_direct" {
		checkListen(t, out.Listen, s.Shared)
	}
	if s.SendOn == nil {
		return
	}
	if topic := out.Place.Topic(); out.Place.Kind.String() != s.SendOn.Kind || !bytes.Equal(topic[:], s.SendOn.Topic) {
		t.Errorf("sent on %s, want %s %x", out.Place, s.SendOn.Kind, []byte(s.SendOn.Topic))
	}
}

func checkListen(t *testing.T, got *topics.Place, shared []byte) {
	t.Helper()
	secret, err := dh.NewSecret(shared)
	if err != nil {
		t.Fatal(err)
	}
	if got == nil || *got != topics.NegotiatedOf(secret) {
		t.Errorf("listens on %v, want %s", got, topics.NegotiatedOf(secret))
	}
}

// forceSessions makes the sender use the sessions that the reference used,
// which knows no rule for two at a time.
func forceSessions(t *testing.T, st transport.Store, d *transport.Device, to key.Public, s vectorStep) (undo func()) {
	t.Helper()
	var changed []transport.Session
	list, err := d.Installations(st, to)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		e, ok := s.Decoded.Direct[i.ID]
		own, has, err := st.CurrentPrekey()
		if !ok || err != nil || !has {
			continue
		}
		for _, prekey := range []dh.Point{i.Prekey, own.ID()} {
			sessions, err := st.Sessions(to, i.ID, prekey)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range sessions {
				if bytes.Equal(e.DR.ID, x.ID.Prekey[:]) {
					continue
				}
				changed = append(changed, x)
				x.Retired = true
				if err := st.PutSession(x); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return func() {
		for _, x := range changed {
			if err := st.PutSession(x); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (r replay) receive(t *testing.T, p *party, s vectorStep) {
	t.Helper()
	m := r.sent[s.Message]
	p.keys = s.inOrder(t)
	r.hashes[s.By][s.Message] = wire.Hash(s.Envelope)
	var got transport.Decrypted
	err := p.update(func(st transport.Store) (err error) {
		in := transport.Incoming{
			From: r.parties[m.By].dev.Identity(), Data: m.Data, Envelope: wire.Hash(s.Envelope),
		}
		got, err = p.dev.Receive(st, in, time.Unix(0, s.Now))
		return err
	})
	if s.Expect == "error" {
		if err == nil {
			t.Errorf("opened %s", s.Message)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Plaintext, s.Plaintext) {
		t.Errorf("got %x, want %x", got.Plaintext, []byte(s.Plaintext))
	}
	if len(got.New) != len(s.New) {
		t.Errorf("%d new installations, want %d", len(got.New), len(s.New))
	}
	for _, w := range s.New {
		if !slices.ContainsFunc(got.New, func(i transport.Installation) bool {
			return i.ID == w.ID && i.Identity.ContactID() == w.Identity && i.Protocol == w.Version
		}) {
			t.Errorf("installation %s is not among the new ones", w.ID)
		}
	}
	if s.Shared != nil {
		checkListen(t, got.Listen, s.Shared)
	}
}

type vectorError struct {
	Name    string      `json:"name"`
	Data    vectors.Hex `json:"protocol_message"`
	Sender  vectors.Hex `json:"sender_public"`
	Private vectors.Hex `json:"receiver_identity_private"`
	ID      string      `json:"receiver_installation_id"`
	Prekey  vectors.Hex `json:"receiver_prekey_private"`
	Bundle  struct {
		Timestamp int64 `json:"timestamp"`
	} `json:"receiver_bundle"`
	Required string `json:"required"`
}

func (c vectorError) receiver(t *testing.T) *party {
	t.Helper()
	p := newParty(t, mustPrivate(t, c.Private), c.ID)
	p.must(func(st transport.Store) error {
		return st.PutPrekey(transport.OwnPrekey{
			Private: mustPrivate(t, c.Prekey), Version: 1, Created: c.Bundle.Timestamp,
		})
	})
	return p
}

// TestVectorProtocolMessageErrors feeds the messages to fresh receivers, then
// to one receiver.
func TestVectorProtocolMessageErrors(t *testing.T) {
	cases := vectors.Section[[]vectorError](t, vectors.Load(t, area), "protocol_message_errors")
	shared := make(map[string]*party)
	for _, c := range cases {
		who := c.ID + string(c.Private) + string(c.Prekey)
		if shared[who] == nil {
			shared[who] = c.receiver(t)
		}
		for name, p := range map[string]*party{c.Name: c.receiver(t), c.Name + ", one receiver": shared[who]} {
			t.Run(name, func(t *testing.T) {
				before := snapshot(p)
				_, err := p.receiveFrom(mustPublic(t, c.Sender), c.Data, time.Unix(0, c.Bundle.Timestamp))
				if c.Required == "ok" {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				if err == nil {
					t.Fatal("opened")
				}
				if after := snapshot(p); before != after {
					t.Errorf("a failure changed the state from %v to %v", before, after)
				}
				t.Log(err)
			})
		}
	}
	t.Logf("vectors: protocol_message_errors: %d cases", len(cases))
}

func snapshot(p *party) (counts [4]int) {
	p.must(func(st transport.Store) error {
		counts[0], counts[1], counts[2], counts[3] = st.(*memstore.Tx).Counts()
		return nil
	})
	return counts
}
