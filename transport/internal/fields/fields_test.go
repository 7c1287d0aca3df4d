package fields

import (
	"bytes"
	"errors"
	"testing"
)

func TestEach(t *testing.T) {
	data := AppendBytes(nil, 1, "a")
	data = AppendVarint(data, 2, 300)
	data = append(data, 3<<3|5, 1, 2, 3, 4) // fixed32, passed over
	data = AppendMessage(data, 4, []byte(nil))
	data = AppendVarint(AppendBytes(data, 5, ""), 6, 0) // left out
	var got []byte
	err := Each(data, func(n Number, v Value) error {
		got = append(got, byte(n), byte(len(v.Bytes)), byte(v.Varint)) //nolint:gosec // small
		if n == 3 && (v.IsBytes || v.IsVarint) {
			t.Error("fixed32 taken for something else")
		}
		return nil
	})
	if want := []byte{1, 1, 0, 2, 0, 300 & 255, 3, 0, 0, 4, 0, 0}; err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	stop := errors.New("stop")
	if err := Each(data, func(Number, Value) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error of the function: %v", err)
	}
	for _, bad := range [][]byte{{0x80}, {1<<3 | 2, 2, 0}, {1 << 3, 0x80}, {1<<3 | 7}, {0}} {
		if err := Each(bad, func(Number, Value) error { return nil }); !errors.Is(err, ErrMalformed) {
			t.Errorf("%x: %v", bad, err)
		}
	}
}
