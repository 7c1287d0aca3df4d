package tdt1

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/rlp"

	"statusd/discovery/topdisc"
	"statusd/internal/tdtenr"
)

// keyed makes a signed node of a given record size, 0 for what it comes to.
func keyed(t testing.TB, i byte, size int, entries ...enr.Entry) *enode.Node {
	t.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte{i}))
	if err != nil {
		t.Fatal(err)
	}
	for pad := 0; ; pad++ {
		var r enr.Record
		r.Set(address(i))
		r.Set(enr.UDP(30303))
		r.Set(tdtenr.Version)
		for _, e := range entries {
			r.Set(e)
		}
		if pad > 0 {
			r.Set(enr.WithEntry("zz", bytes.Repeat([]byte{1}, pad)))
		}
		if err := enode.SignV4(&r, key); err != nil {
			t.Fatal(err)
		}
		if size == 0 || int(r.Size()) == size {
			n, err := enode.New(enode.ValidSchemes, &r)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	encode := func(kind byte, items ...any) []byte {
		raw, err := rlp.EncodeToBytes(items)
		if err != nil {
			t.Fatal(err)
		}
		return append([]byte{kind}, raw...)
	}
	topic, seed := topdisc.Service{1}, [8]byte{2}
	record := keyed(t, 1, 0).Record()
	none, many := []uint64{}, make([]uint64, 18)
	for i := range many {
		many[i] = uint64(256 - i)
	}
	for _, c := range []struct {
		name    string
		payload []byte
		want    error
	}{
		{"empty", nil, ErrMalformed},
		{"type only", []byte{7}, ErrMalformed},
		{"no list", []byte{7, 0x80}, ErrMalformed},
		{"empty list", []byte{7, 0xc0}, ErrMalformed},
		{"unknown type", []byte{0x0b, 0xc0}, ErrUnknownType},
		{"longer than a datagram", append([]byte{9}, make([]byte, 1280)...), ErrMalformed},
		{"declared longer than it is", []byte{9, 0xfb, 0xff, 0xff, 0xff, 0xff}, ErrMalformed},
		{"bytes after the list", append(encode(9, topic, none, uint64(0), seed), 0), ErrMalformed},
		{"short topic", encode(9, topic[:31], none, uint64(0), seed), ErrMalformed},
		{"long topic", encode(9, append(topic[:], 0), none, uint64(0), seed), ErrMalformed},
		{"short seed", encode(9, topic, none, uint64(0), seed[:7]), ErrMalformed},
		{"18 distances", encode(9, topic, many, uint64(0), seed), ErrMalformed},
		{"distance 0", encode(9, topic, []uint64{0}, uint64(0), seed), ErrMalformed},
		{"distance 257", encode(7, topic, record, []byte{}, []uint64{257}), ErrMalformed},
		{"record is text", encode(7, topic, "record", []byte{}, none), ErrMalformed},
		{"missing item", encode(7, topic, record, []byte{}), ErrMalformed},
		{"total 2", encode(8, uint64(2), []byte{}, uint64(1), []any{}), ErrMalformed},
		{"huge ticket", encode(8, uint64(1), make([]byte, 257), uint64(1), []any{}), ErrMalformed},
		{"wait beyond 64 bits", encode(8, uint64(1), []byte{}, bytes.Repeat([]byte{1}, 9), []any{}), ErrMalformed},
		{"no pages", encode(10, uint64(0), uint64(0), []any{}, []any{}), ErrMalformed},
		{"code beyond a byte", encode(0x7f, uint64(256)), ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if m, err := Decode(c.payload); !errors.Is(err, c.want) {
				t.Errorf("got %+v, %v, want %v", m, err, c.want)
			}
		})
	}
}

func TestDecodeTolerates(t *testing.T) {
	later, err := rlp.EncodeToBytes([]any{topdisc.Service{1}, []uint64{256}, uint64(3), [8]byte{2}, "later", []uint64{1}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Decode(append([]byte{9}, later...))
	if q, ok := m.(*TopicQuery); err != nil || !ok || q.Page != 3 || len(q.Rest) != 2 {
		t.Errorf("items of a later version: %+v, %v", m, err)
	}
	good := keyed(t, 1, 0).Record()
	mixed, err := rlp.EncodeToBytes([]any{
		uint64(1), uint64(0), []any{"junk", good, []any{}, bytes.Repeat([]byte{1}, 400)}, []any{[]any{"x"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err = Decode(append([]byte{10}, mixed...))
	if nodes, ok := m.(*TopicNodes); err != nil || !ok || len(nodes.Ads) != 1 || len(nodes.Aux) != 0 {
		t.Errorf("junk among records: %+v, %v", m, err)
	}
}

// FuzzDecode checks that no payload makes the decoder panic, and that what it
// accepts without leaving something out comes back byte by byte.
func FuzzDecode(f *testing.F) {
	v := loadTalk(f)
	for _, c := range v.Messages {
		f.Add([]byte(c.Bytes))
	}
	for _, c := range v.Native {
		f.Add([]byte(c.Bytes))
	}
	f.Add([]byte{0x7f, 0xc1, 0x02})
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := Decode(payload)
		if err != nil {
			return
		}
		if len(payload) > MaxMessage {
			t.Fatalf("accepts %d bytes", len(payload))
		}
		raw, err := Encode(m)
		if err != nil {
			t.Fatalf("what was decoded does not encode: %v", err)
		}
		again, err := Decode(raw)
		if err != nil {
			t.Fatalf("what was encoded does not decode: %v", err)
		}
		if twice, err := Encode(again); err != nil || !bytes.Equal(twice, raw) {
			t.Errorf("got %x, %v, want %x", twice, err, raw)
		}
		if len(raw) == len(payload) && !bytes.Equal(raw, payload) {
			t.Errorf("got %x, want %x", raw, payload)
		}
	})
}
