package tdtenr

import (
	"bytes"
	"testing"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/rlp"

	"statusd/internal/test/vectors"
)

func TestCapable(t *testing.T) {
	for _, c := range []struct {
		name  string
		entry enr.Entry
		want  bool
	}{
		{"version 1", Version, true},
		{"absent", enr.TCP(1), false},
		{"version 0", Entry(0), false},
		{"version 2", Entry(2), false},
		{"text", enr.WithEntry("tdt", "one"), false},
		{"list", enr.WithEntry("tdt", []uint64{1}), false},
		{"nine bytes", enr.WithEntry("tdt", bytes.Repeat([]byte{1}, 9)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r enr.Record
			r.Set(c.entry)
			if got := Capable(enode.SignNull(&r, enode.ID{1})); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestVectorRecords compares the entry of each record of the vectors with the
// record's bytes.
func TestVectorRecords(t *testing.T) {
	type record struct {
		Description string
		Text        string
		RLP         vectors.Hex
		TDT         *uint64 `json:"tdt"`
	}
	name := func(_ int, c record) string { return c.Description }
	vectors.Each(t, vectors.Load(t, "discovery"), "enr", name, func(t *testing.T, c record) {
		n, err := enode.Parse(enode.ValidSchemes, c.Text)
		if err != nil {
			return
		}
		e, ok := Of(n)
		if ok != (c.TDT != nil) || ok && uint64(e) != *c.TDT {
			t.Fatalf("got %d, %v", e, ok)
		}
		if !ok {
			return
		}
		raw, err := rlp.EncodeToBytes(e)
		if err != nil || !bytes.Contains(c.RLP, append([]byte("\x83tdt"), raw...)) {
			t.Errorf("%x, %v: not in %x", raw, err, []byte(c.RLP))
		}
	})
}
