package rendezvous

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/rlp"

	"statusd/internal/test/vectors"
)

type vectorMessage struct {
	Description string      `json:"description"`
	RLP         vectors.Hex `json:"rlp"`
}

type vectorExchange struct {
	Description string      `json:"description"`
	Request     vectors.Hex `json:"request"`
	Response    vectors.Hex `json:"response"`
	After       string      `json:"stream_after"`
}

type vectorFile struct {
	Messages  []vectorMessage  `json:"messages"`
	Exchanges []vectorExchange `json:"exchanges_v1_3_0"`
	Later     []vectorExchange `json:"exchanges_v1_3_7"`
	ServerKey vectors.Hex      `json:"server_private_key"`
	ClientKey vectors.Hex      `json:"client_private_key"`
	Record    vectors.Hex      `json:"client_record"`
}

func loadVectors(tb testing.TB) vectorFile {
	tb.Helper()
	return vectors.Section[vectorFile](tb, vectors.Load(tb, "discovery"), "rendezvous")
}

// split takes the bytes of a stream apart: the type, and the body with
// whatever follows it. On our carrier the one is the code of an RLPx message
// and the other its data.
func split(tb testing.TB, stream []byte) (Code, []byte) {
	tb.Helper()
	code, body, err := rlp.SplitUint64(stream)
	if err != nil {
		tb.Fatal(err)
	}
	return Code(code), body
}

// join is the inverse of split.
func join(code Code, body []byte) []byte { return append(rlp.AppendUint64(nil, uint64(code)), body...) }

// recode reads a body by its type and writes it again.
func recode(code Code, body []byte) (any, []byte, error) {
	var m any
	var err error
	switch code {
	case CodeRegister:
		var v Register
		v, err = DecodeRegister(body)
		m = &v
	case CodeRegisterResponse:
		var v RegisterResponse
		v, err = DecodeRegisterResponse(body)
		m = &v
	case CodeDiscover:
		var v Discover
		v, err = DecodeDiscover(body)
		m = &v
	case CodeDiscoverResponse:
		var v DiscoverResponse
		v, err = DecodeDiscoverResponse(body)
		m = &v
	case CodeRemoteIP:
		err = decodeEmpty(body)
		m = struct{}{}
	case CodeRemoteIPResponse:
		var v RemoteIPResponse
		v, err = DecodeRemoteIPResponse(body)
		m = &v
	default:
		return nil, nil, errUnknownType
	}
	if err != nil {
		return nil, nil, err
	}
	raw, err := encode(m)
	return m, raw, err
}

func TestMessageVectors(t *testing.T) {
	file := loadVectors(t)
	for _, v := range file.Messages {
		if len(v.RLP) == 1 { // a type alone
			if code, rest := split(t, v.RLP); !bytes.Equal(join(code, rest), v.RLP) || code < CodeRegister ||
				code > CodeRemoteIPResponse {
				t.Errorf("%s: type %d", v.Description, code)
			}
			continue
		}
		found := false
		for code := CodeRegister; code <= CodeRemoteIPResponse; code++ {
			if _, raw, err := recode(code, v.RLP); err == nil && bytes.Equal(raw, v.RLP) {
				found = true
			}
		}
		if !found {
			t.Errorf("%s: no message is read and written as %x", v.Description, []byte(v.RLP))
		}
	}
	for _, v := range append(file.Exchanges, file.Later...) {
		for _, stream := range [][]byte{v.Request, v.Response} {
			if len(stream) < 2 {
				continue
			}
			code, body := split(t, stream)
			_, raw, err := recode(code, body)
			if err == nil && !bytes.Equal(join(code, raw), stream) {
				t.Errorf("%s: %x is written again as %x", v.Description, stream, join(code, raw))
			}
			if err != nil && v.After == "open" && bytes.Equal(stream, v.Response) {
				t.Errorf("%s: response: %v", v.Description, err)
			}
		}
	}
}

func TestDecodersRefuse(t *testing.T) {
	record := loadVectors(t).Record
	register, err := encode([]any{"whisper", rlp.RawValue(record), uint64(1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeRegister(register); err != nil {
		t.Fatal(err)
	}
	mutate := func(fn func([]byte) []byte) []byte { return fn(bytes.Clone(register)) }
	for name, body := range map[string][]byte{
		"empty":           {},
		"empty list":      {0xc0},
		"string":          {0x83, 'a', 'b', 'c'},
		"shorter":         register[:len(register)-1],
		"trailing byte":   append(bytes.Clone(register), 0),
		"second message":  append(bytes.Clone(register), register...),
		"length too long": mutate(func(b []byte) []byte { b[1]++; return b }),
		"huge length":     {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"too large":       make([]byte, MaxBody+1),
	} {
		if _, err := DecodeRegister(body); !errors.Is(err, ErrBody) && !errors.Is(err, ErrLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, list := range map[string][]any{
		"field too few":     {"whisper", rlp.RawValue(record)},
		"field too many":    {"whisper", rlp.RawValue(record), uint64(1), uint64(1)},
		"TTL of nine bytes": {"whisper", rlp.RawValue(record), bytes.Repeat([]byte{1}, 9)},
		"record is no list": {"whisper", "x", uint64(1)},
		"topic is a list":   {[]string{"whisper"}, rlp.RawValue(record), uint64(1)},
	} {
		raw, err := encode(list)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeRegister(raw); !errors.Is(err, ErrBody) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBadRecordsAreLeftOut: one bad record does not spoil a response.
func TestBadRecordsAreLeftOut(t *testing.T) {
	record := rlp.RawValue(loadVectors(t).Record)
	list := []rlp.RawValue{{0x80}, record, {0xc0}, {0xc1, 0x80}}
	for range MaxRecords + 5 {
		list = append(list, record)
	}
	raw, err := encode([]any{uint64(0), "", list})
	if err != nil {
		t.Fatal(err)
	}
	m, err := DecodeDiscoverResponse(raw)
	if err != nil || len(m.Records) != MaxRecords {
		t.Errorf("%d records, %v", len(m.Records), err)
	}
}

func TestUnsignedRecordIsNotSent(t *testing.T) {
	if _, err := encode(&Register{Topic: "whisper", Record: enr.Record{}}); err == nil {
		t.Error("encoded")
	}
}

func FuzzDecode(f *testing.F) {
	file := loadVectors(f)
	for _, v := range file.Messages {
		for code := CodeRegister; code <= CodeRemoteIPResponse; code++ {
			f.Add(uint64(code), []byte(v.RLP))
		}
	}
	for _, v := range append(file.Exchanges, file.Later...) {
		for _, stream := range [][]byte{v.Request, v.Response} {
			if code, body, err := rlp.SplitUint64(stream); err == nil {
				f.Add(code, body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, code uint64, body []byte) {
		m, raw, err := recode(Code(code), body)
		if err != nil {
			return
		}
		if len(raw) > len(body)+1 {
			t.Fatalf("%d bytes became %d", len(body), len(raw))
		}
		if d, ok := m.(*DiscoverResponse); ok && len(d.Records) > MaxRecords {
			t.Fatalf("%d records", len(d.Records))
		}
		_, again, err := recode(Code(code), raw)
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%x read again gives %x, %v", raw, again, err)
		}
		if Code(code) != CodeDiscoverResponse && Code(code) != CodeRemoteIP && !bytes.Equal(raw, body) {
			t.Fatalf("%x has a second form %x", body, raw)
		}
	})
}
