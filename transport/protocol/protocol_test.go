package protocol

import (
	"bytes"
	"errors"
	"reflect"
	"strconv"
	"testing"
	"time"

	"statusd/internal/test/vectors"
	"statusd/transport/bundle"
)

type vectorDirect struct {
	X3DH *struct {
		Key vectors.Hex `json:"key"`
		ID  vectors.Hex `json:"id"`
	} `json:"x3dh_header"`
	DR *struct {
		Key vectors.Hex `json:"key"`
		N   uint32      `json:"n"`
		PN  uint32      `json:"pn"`
		ID  vectors.Hex `json:"id"`
	} `json:"dr_header"`
	DH *struct {
		Key vectors.Hex `json:"key"`
	} `json:"dh_header"`
	Payload vectors.Hex `json:"payload"`
}

type vectorMessage struct {
	Name    string      `json:"name"`
	Data    vectors.Hex `json:"protocol_message"`
	Decoded *struct {
		Installation string                  `json:"installation_id"`
		Bundles      []struct{}              `json:"bundles"`
		Direct       map[string]vectorDirect `json:"direct_message"`
		Public       vectors.Hex             `json:"public_message"`
	} `json:"decoded"`
}

func (v vectorDirect) direct() Direct {
	d := Direct{Payload: v.Payload}
	if v.X3DH != nil {
		d.X3DH = &X3DHHeader{v.X3DH.Key, v.X3DH.ID}
	}
	if v.DR != nil {
		d.DR = &DRHeader{v.DR.Key, v.DR.N, v.DR.PN, v.DR.ID}
	}
	if v.DH != nil {
		d.DH = &DHHeader{v.DH.Key}
	}
	if len(d.Payload) == 0 {
		d.Payload = nil
	}
	return d
}

func vectorMessages(tb testing.TB) []vectorMessage {
	tb.Helper()
	f := vectors.Load(tb, "secure-transport")
	all := vectors.Section[[]vectorMessage](tb, f, "protocol_message_errors")
	type conversation struct {
		Name  string          `json:"name"`
		Steps []vectorMessage `json:"steps"`
	}
	for _, c := range vectors.Section[[]conversation](tb, f, "conversations") {
		for i, s := range c.Steps {
			if len(s.Data) > 0 {
				s.Name = c.Name + " " + strconv.Itoa(i)
				all = append(all, s)
			}
		}
	}
	return all
}

func TestVectorCodec(t *testing.T) {
	all := vectorMessages(t)
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			m, err := Decode(c.Data)
			if err != nil {
				t.Fatal(err)
			}
			if c.Decoded == nil {
				return
			}
			w := c.Decoded
			if m.Installation != w.Installation || len(m.Bundles) != len(w.Bundles) ||
				len(m.Direct) != len(w.Direct) || !bytes.Equal(m.Public, w.Public) {
				t.Errorf("decoded %+v, want %+v", m, w)
			}
			for id, d := range w.Direct {
				if got := m.Direct[id]; !reflect.DeepEqual(got, d.direct()) {
					t.Errorf("entry %s: %+v, want %+v", id, got, d)
				}
			}
			encodeAgain(t, m, c.Data)
		})
	}
	t.Logf("vectors: secure-transport.json: %d messages", len(all))
}

// encodeAgain expects the bytes of a message whose maps have one entry.
func encodeAgain(t *testing.T, m Message, want []byte) {
	t.Helper()
	single := len(m.Direct) <= 1
	var bundles []bundle.Bundle
	for _, r := range m.Bundles {
		b, err := r.Verify(time.Unix(0, r.Timestamp))
		if err != nil {
			return // a case about bad bundles
		}
		bundles = append(bundles, b)
		single = single && len(r.Prekeys) <= 1
	}
	got := Encode(m.Installation, bundles, m.Direct, m.Public)
	if single && !bytes.Equal(got, want) {
		t.Errorf("encoded\n%x, want\n%x", got, want)
	}
	again, err := Decode(got)
	if err != nil || len(got) != len(want) || !reflect.DeepEqual(again.Direct, m.Direct) {
		t.Errorf("decoded again: %v, %+v", err, again)
	}
}

func TestDecodeIsBounded(t *testing.T) {
	direct := make(map[string]Direct)
	for i := range MaxDirect {
		direct[strconv.Itoa(i)] = Direct{Payload: []byte{1}}
	}
	if _, err := Decode(Encode("x", nil, direct, nil)); err != nil {
		t.Errorf("%d entries: %v", MaxDirect, err)
	}
	direct["more"] = Direct{}
	if _, err := Decode(Encode("x", nil, direct, nil)); !errors.Is(err, ErrTooMany) {
		t.Errorf("%d entries: %v", MaxDirect+1, err)
	}
	empty := []byte{fieldBundles<<3 | 2, 0}
	if _, err := Decode(bytes.Repeat(empty, MaxBundles)); err != nil {
		t.Errorf("%d bundles: %v", MaxBundles, err)
	}
	if _, err := Decode(bytes.Repeat(empty, MaxBundles+1)); !errors.Is(err, ErrTooMany) {
		t.Errorf("%d bundles: %v", MaxBundles+1, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, data := range map[string][]byte{
		"cut tag":      {0x80},
		"cut length":   {fieldInstallation<<3 | 2, 5, 'a'},
		"bad text":     {fieldInstallation<<3 | 2, 1, 0xff},
		"field 0":      {0, 0},
		"group end":    {fieldInstallation<<3 | 4},
		"cut in entry": {0xaa, 0x06, 2, fieldMapValue<<3 | 2, 9},
	} {
		if _, err := Decode(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m, err := Decode([]byte{1 << 3, 7, 200<<3&0x7f | 0x80 | 2, 200 >> 4, 1, 'x'})
	if err != nil || m.HasContent() {
		t.Errorf("unknown fields: %+v, %v", m, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range vectorMessages(f) {
		f.Add([]byte(c.Data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			return
		}
		if len(m.Bundles) > MaxBundles || len(m.Direct) > MaxDirect {
			t.Fatalf("%d bundles, %d entries", len(m.Bundles), len(m.Direct))
		}
		m.Protocol()
		again, err := Decode(Encode(m.Installation, nil, m.Direct, m.Public))
		if err != nil || len(again.Direct) != len(m.Direct) || !bytes.Equal(again.Public, m.Public) {
			t.Errorf("own encoding: %v", err)
		}
	})
}
