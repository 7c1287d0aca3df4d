package tdt1

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"testing"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/rlp"

	"statusd/discovery/topdisc"
	"statusd/internal/test/vectors"
)

// talkVectors are the parts of the section topdisc_talk that concern messages;
// the ticket is tested in package topdisc.
type talkVectors struct {
	ProtocolID string `json:"protocol_id"`
	Topic      vectors.Hex
	Records    map[string]vectors.Hex
	Ticket     struct{ Bytes vectors.Hex }
	Messages   []vectorMessage
	Native     []vectorMessage `json:"native_encoding"`
}

type vectorMessage struct {
	Bytes       vectors.Hex
	Description string
}

func loadTalk(tb testing.TB) talkVectors {
	tb.Helper()
	return vectors.Section[talkVectors](tb, vectors.Load(tb, "discovery"), "topdisc_talk")
}

func TestVectorMessages(t *testing.T) {
	v := loadTalk(t)
	if v.ProtocolID != Protocol {
		t.Errorf("got protocol %q, want %q", Protocol, v.ProtocolID)
	}
	for _, c := range v.Messages {
		t.Run(c.Description, func(t *testing.T) {
			m, err := Decode(c.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := Encode(m)
			if err != nil || !bytes.Equal(raw, c.Bytes) {
				t.Errorf("got %x, %v, want %x", raw, err, []byte(c.Bytes))
			}
			for _, r := range recordsOf(m) {
				if _, err := enode.New(enode.ValidSchemes, r); err != nil {
					t.Errorf("record: %v", err)
				}
				if !v.has(t, r) {
					t.Errorf("unknown record of node %x", r.Signature())
				}
			}
			if topic, ok := topicOf(m); ok && !bytes.Equal(topic[:], v.Topic) {
				t.Errorf("got topic %x", topic)
			}
		})
	}
}

// TestVectorTamper flips each bit of each message. Whatever comes of it may
// not panic, and must not decode to the same message in another type.
func TestVectorTamper(t *testing.T) {
	for _, c := range loadTalk(t).Messages {
		want, err := Decode(c.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		for bit := range 8 * len(c.Bytes) {
			raw := bytes.Clone(c.Bytes)
			raw[bit/8] ^= 1 << (bit % 8)
			if got, err := Decode(raw); err == nil && reflect.DeepEqual(got, want) {
				t.Errorf("%s: bit %d makes no difference", c.Description, bit)
			}
		}
	}
}

// TestVectorNative shows that the native messages carry what ours do: their
// content, taken apart by hand, makes our messages.
func TestVectorNative(t *testing.T) {
	v := loadTalk(t)
	ours := make(map[byte][][]byte)
	for _, c := range v.Messages {
		ours[c.Bytes[0]] = append(ours[c.Bytes[0]], c.Bytes)
	}
	for _, c := range v.Native {
		t.Run(c.Description, func(t *testing.T) {
			var items []rlp.RawValue
			if err := rlp.DecodeBytes(c.Bytes[1:], &items); err != nil {
				t.Fatal(err)
			}
			var id [8]byte
			if err := rlp.DecodeBytes(items[0], &id); err != nil || binary.BigEndian.Uint64(id[:]) != 9 {
				t.Fatalf("request id %x, %v", id, err)
			}
			if err := sameContent(c.Bytes[0], items[1:], ours); err != nil {
				t.Error(err)
			}
		})
	}
}

// sameContent looks for a message of ours that has the items of a native one.
func sameContent(kind byte, items []rlp.RawValue, ours map[byte][][]byte) error {
	var part []rlp.RawValue // what both have in common
	switch kind {
	case typeRegTopic:
		part = items
	case typeRegConfirmation:
		part = items[1:] // total counts packets
	case typeTopicQuery:
		part = items // topic and distances; ours has page and seed
	case typeTopicNodes:
		part = items[1:]
	case 0x04: // NODES: our auxiliary records
		kind, part = typeRegConfirmation, items[1:]
	default:
		return fmt.Errorf("type %#x", kind)
	}
	for _, raw := range ours[kind] {
		found := true
		for _, item := range part {
			found = found && bytes.Contains(raw, item)
		}
		if found {
			return nil
		}
	}
	return fmt.Errorf("no message of type %#x has these items", kind)
}

func (v talkVectors) has(t *testing.T, r *enr.Record) bool {
	t.Helper()
	raw, err := rlp.EncodeToBytes(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range v.Records {
		if bytes.Equal(known, raw) {
			return true
		}
	}
	return false
}

func recordsOf(m Message) []*enr.Record {
	switch m := m.(type) {
	case *RegTopic:
		return []*enr.Record{m.Record}
	case *RegConfirmation:
		return m.Aux
	case *TopicNodes:
		return append(append([]*enr.Record{}, m.Ads...), m.Aux...)
	}
	return nil
}

func topicOf(m Message) (topdisc.Service, bool) {
	switch m := m.(type) {
	case *RegTopic:
		return m.Topic, true
	case *TopicQuery:
		return m.Topic, true
	}
	return topdisc.Service{}, false
}
