package wire

import (
	"strings"
	"testing"
)

// TestEnvelopeHoldsLittleElse: an envelope that goes into the pool does not
// keep the packet that it shared with refused ones.
func TestEnvelopeHoldsLittleElse(t *testing.T) {
	for _, c := range []struct{ kept, refused int }{{100, 1 << 20}, {600_000, 400_000}, {800_000, 200_000}} {
		packet := EncodeMessages([]*Envelope{
			NewEnvelope(2, 1, Topic{1}, make([]byte, c.kept), 0), NewEnvelope(2, 1, Topic{2}, make([]byte, c.refused), 0),
		})
		envs, err := DecodeMessages(packet)
		if err != nil {
			t.Fatal(err)
		}
		if &envs[0].raw[len(envs[0].raw)-1] == &packet[len(packet)-len(envs[1].raw)-1] {
			t.Errorf("%d bytes hold a packet of %d", len(envs[0].raw), len(packet))
		}
	}
}

// TestFailureTextIsBounded: a server's words are kept only as far as somebody
// may want to read them.
func TestFailureTextIsBounded(t *testing.T) {
	c := RequestComplete{Failed: true, Text: strings.Repeat("x", 1<<20)}
	got, err := DecodeRequestComplete(c.Encode())
	if err != nil || len(got.Text) != maxFailureText {
		t.Errorf("%d bytes, %v", len(got.Text), err)
	}
}
