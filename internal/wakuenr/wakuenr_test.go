package wakuenr

import (
	"bytes"
	"testing"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/rlp"

	"statusd/internal/test/vectors"
)

func node(t *testing.T, entries ...enr.Entry) *enode.Node {
	t.Helper()
	var r enr.Record
	for _, e := range entries {
		r.Set(e)
	}
	return enode.SignNull(&r, enode.ID{1})
}

func TestEntry(t *testing.T) {
	want := Entry{Version: 1, Caps: Relay | Mailserver}
	raw, err := rlp.EncodeToBytes(want)
	if err != nil || !bytes.Equal(raw, []byte{0xc2, 0x01, 0x03}) {
		t.Fatalf("got %x, %v", raw, err)
	}
	if got, ok := Of(node(t, want)); !ok || got != want {
		t.Errorf("got %v, %v", got, ok)
	}
	more := enr.WithEntry("waku", []any{uint64(2), uint64(4), "later", []uint64{1, 2}})
	if got, ok := Of(node(t, more)); !ok || got.Version != 2 || !got.Caps.Has(Light) || got.Caps.Has(Relay) {
		t.Errorf("got %v, %v", got, ok)
	}
	for name, e := range map[string]enr.Entry{
		"absent": enr.TCP(1), "short": enr.WithEntry("waku", []uint64{1}), "text": enr.WithEntry("waku", "x"),
		"texts": enr.WithEntry("waku", []any{"more than eight bytes", "y"}),
	} {
		if got, ok := Of(node(t, e)); ok {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// TestVectorRecords reads every record of the discovery vectors and checks
// that those with our key decode to what the record's bytes say. The other
// properties of records are tested where discovery uses them.
func TestVectorRecords(t *testing.T) {
	file := vectors.Load(t, "discovery")
	type record struct {
		Description string
		Text        string
		RLP         vectors.Hex
		Expect      struct{ OK bool }
	}
	name := func(_ int, c record) string { return c.Description }
	vectors.Each(t, file, "enr", name, func(t *testing.T, c record) {
		n, err := enode.Parse(enode.ValidSchemes, c.Text)
		if err != nil {
			if c.Expect.OK {
				t.Fatal(err)
			}
			return
		}
		entry, ok := Of(n)
		if !ok {
			return
		}
		raw, err := rlp.EncodeToBytes(entry)
		if err != nil {
			t.Fatal(err)
		}
		want := append([]byte("\x84waku"), raw...)
		if !bytes.Contains(c.RLP, want) {
			t.Errorf("%x is not in %x", want, []byte(c.RLP))
		}
		if entry.Version == 0 {
			t.Errorf("got %v", entry)
		}
	})
}

// FuzzEntry checks that no entry makes the decoder panic, and that what it
// accepts can be written.
func FuzzEntry(f *testing.F) {
	for _, seed := range [][]byte{{0xc2, 1, 3}, {0xc0}, {0xc4, 1, 0x88}, {0x80}, {0xf8, 0xff}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e Entry
		if err := rlp.DecodeBytes(raw, &e); err != nil {
			return
		}
		if _, err := rlp.EncodeToBytes(e); err != nil {
			t.Error(err)
		}
	})
}
