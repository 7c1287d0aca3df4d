//go:build integration

package node

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/test/rawpeer"
	"statusd/waku/wire"
)

// TestWrongClockIsNamed: a node whose time servers are off and whose peer lives
// half a minute later or earlier says so, and is not ready for it only when it
// chose the peer.
func TestWrongClockIsNamed(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"behind": 30 * time.Second, "ahead": -30 * time.Second} {
		t.Run(name, func(t *testing.T) {
			r := start(t, testConfig(t), Deps{})
			defer r.finish()
			conn, err := rawpeer.Dial(r.Self(), nil, 1, &wire.StatusOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			deadline := time.Now().Add(time.Minute)
			for n := uint64(0); ; n++ {
				now := time.Now().Add(ahead)
				data := binary.BigEndian.AppendUint64(make([]byte, 100), n)
				env := wire.NewEnvelope(uint32(now.Unix())+10, 10, wire.Topic{1}, data, n)
				if err := conn.Send(wire.CodeMessages, wire.EncodeMessages([]*wire.Envelope{env})); err != nil {
					t.Fatal(err)
				}
				if c := r.clockHealth(); c.Level == api.HealthNotReady {
					if c.Critical || !strings.Contains(c.Desc, setClock) {
						t.Errorf("%+v", c)
					}
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("the clock is %+v", r.clockHealth())
				}
				time.Sleep(time.Second) // envelopes that are under way come one after the other
			}
		})
	}
}
