package payloads

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"statusd/internal/test/vectors"
)

type vectorEvent struct {
	ChatID    string `json:"chat_id"`
	Type      EventType
	Clock     uint64
	Members   []string
	Name      string
	Signer    string
	From      string
	Encoded   vectors.Hex
	Digest    vectors.Hex `json:"signed_hash"`
	Signature vectors.Hex
	Raw       vectors.Hex
	MessageID string `json:"system_message_id"`
}

func TestVectorMembershipEvents(t *testing.T) {
	f := vectors.Load(t, "payloads")
	keys := vectorKeys(t, f)
	for i, c := range vectors.Cases[vectorEvent](t, f, "membership_events") {
		if d := eventDigest(c.ChatID, c.Encoded); !bytes.Equal(d[:], c.Digest) {
			t.Errorf("%d: digest %x, want %x", i, d, []byte(c.Digest))
		}
		e, err := ParseEvent(c.ChatID, c.Raw)
		if err != nil {
			t.Errorf("%d: %v", i, err)
			continue
		}
		signature := e.Signature()
		if e.Type != c.Type || e.Clock != c.Clock || e.Name != c.Name || e.From != c.From ||
			!slices.Equal(e.Members, c.Members) || e.MessageID().String() != c.MessageID ||
			!bytes.Equal(signature[:], c.Signature) {
			t.Errorf("%d: parsed %+v", i, e)
		}
		unsigned := Event{Type: c.Type, Clock: c.Clock, Members: c.Members, Name: c.Name}
		signed, err := signEvent(c.ChatID, unsigned, keys[c.Signer])
		if err != nil || !bytes.Equal(signed.Raw, c.Raw) || signed.From != c.From {
			t.Errorf("%d: signed %x, want %x (%v)", i, signed.Raw, []byte(c.Raw), err)
		}
		bad := bytes.Clone(c.Raw)
		bad[len(bad)-1] ^= 1
		if got, err := ParseEvent(c.ChatID, bad); err == nil && got.From == c.From {
			t.Errorf("%d: tampered event has the same signer", i)
		}
		if got, err := ParseEvent(c.ChatID+"x", c.Raw); err == nil && got.From == c.From {
			t.Errorf("%d: event of another chat has the same signer", i)
		}
	}
}

func TestVectorMembershipMessages(t *testing.T) {
	f := vectors.Load(t, "payloads")
	events := vectors.Cases[vectorEvent](t, f, "membership_events")
	type message struct {
		Description string
		Events      int
		Encoded     vectors.Hex
	}
	for _, c := range vectors.Cases[message](t, f, "membership_messages") {
		body, _, err := decode(TypeMembershipUpdate, c.Encoded)
		if err != nil {
			t.Errorf("%s: %v", c.Description, err)
			continue
		}
		u, _ := body.(*MembershipUpdate)
		if u.ChatID != events[0].ChatID || len(u.Events) != c.Events {
			t.Errorf("%s: chat %s, %d events", c.Description, u.ChatID, len(u.Events))
			continue
		}
		for i, raw := range u.Events {
			if !bytes.Equal(raw, events[i].Raw) {
				t.Errorf("%s: event %d differs", c.Description, i)
			}
		}
		if got, err := u.encode(); err != nil || !bytes.Equal(got, c.Encoded) {
			t.Errorf("%s: encoded %x, want %x (%v)", c.Description, got, []byte(c.Encoded), err)
		}
		if _, err := u.attached(); err != nil {
			t.Errorf("%s: %v", c.Description, err)
		}
	}
}

func TestVectorGroupState(t *testing.T) {
	type state struct {
		Description string
		ChatID      string `json:"chat_id"`
		Events      []vectors.Hex
		Valid       bool
		Name        string
		Members     []string
		Admins      []string
		Joined      []string
	}
	for _, c := range vectors.Cases[state](t, vectors.Load(t, "payloads"), "group_state") {
		u := &MembershipUpdate{ChatID: c.ChatID}
		for _, raw := range c.Events {
			u.Events = append(u.Events, raw)
		}
		f, err := u.Fold(nil)
		if !c.Valid {
			if !errors.Is(err, ErrEvent) && !errors.Is(err, ErrGroupID) {
				t.Errorf("%s: %v, want invalid", c.Description, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.Description, err)
			continue
		}
		g := f.Group
		if g.Name != c.Name || !slices.Equal(g.Members, c.Members) || !slices.Equal(g.Admins, c.Admins) ||
			!slices.Equal(g.Joined, c.Joined) {
			t.Errorf("%s: %q %v %v %v", c.Description, g.Name, g.Members, g.Admins, g.Joined)
		}
		// Once more on top of what is known: nothing new, the same state.
		again, err := u.Fold(g.Events)
		if err != nil || len(again.New) != 0 || !slices.Equal(again.Group.Members, g.Members) {
			t.Errorf("%s: a replay has %d new events (%v)", c.Description, len(again.New), err)
		}
	}
}

// TestVectorReceiveParses checks the part of the receive section that needs no
// chats: what the reference stored must parse, pass the rules and have the
// stored ids and authors. The rest is the messenger's.
func TestVectorReceiveParses(t *testing.T) {
	f := vectors.Load(t, "payloads")
	keys := vectorKeys(t, f)
	type step struct {
		Bytes    vectors.Hex `json:"app_bytes"`
		Envelope uint64      `json:"envelope_timestamp"`
		Signer   string      `json:"transport_signer"`
		Messages []struct {
			ID, From string
			Type     MessageType `json:"message_type"`
		}
		Chats, Contacts, Reactions, Invitations []any
	}
	type receive struct {
		Description string
		Deviation   string
		Steps       []step
	}
	const now = 2_000_000_000_000
	accepted := 0
	for _, c := range vectors.Cases[receive](t, f, "receive") {
		for i, s := range c.Steps {
			effects := len(s.Messages) + len(s.Chats) + len(s.Contacts) + len(s.Reactions) + len(s.Invitations)
			m, err := Parse(s.Bytes, keys[s.Signer].Public(), Options{})
			if err == nil {
				err = m.Check(s.Envelope*1000, now)
			}
			if effects == 0 || c.Deviation != "" {
				continue
			}
			if err != nil {
				t.Errorf("%s, step %d: refused: %v", c.Description, i, err)
				continue
			}
			accepted++
			for _, stored := range s.Messages {
				if stored.Type == SystemMessage {
					continue
				}
				if stored.ID != m.ID.String() || stored.From != m.Author.ContactID() {
					t.Errorf("%s, step %d: id %v by %v, want %s", c.Description, i, m.ID, m.Author, stored.ID)
				}
			}
		}
	}
	t.Logf("receive: %d steps accepted", accepted)
}
