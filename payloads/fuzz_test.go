package payloads

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"statusd/accounts/key"
	"statusd/internal/test/vectors"
)

func FuzzParse(f *testing.F) {
	signer := mustKey(f, 1).Public()
	file := vectors.Load(f, "payloads")
	for _, c := range vectors.Cases[struct{ Encoded vectors.Hex }](f, file, "application_metadata") {
		f.Add([]byte(c.Encoded))
	}
	for _, c := range vectors.Cases[struct {
		Steps []struct {
			Bytes vectors.Hex `json:"app_bytes"`
		}
	}](f, file, "receive") {
		for _, s := range c.Steps {
			f.Add([]byte(s.Bytes))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		input := bytes.Clone(data)
		m, err := Parse(data, signer, Options{Extensions: true})
		if err != nil {
			if r := Reason(err); r == "other" || r == "" {
				t.Fatalf("no reason for %v", err)
			}
			return
		}
		before := flat(m.Body)
		clear(data) // the message must not alias the input
		if flat(m.Body) != before || !bytes.Equal(m.Wrapper, input) {
			t.Fatal("the message aliases its input")
		}
		_ = m.Check(testClock, testClock)
		if a, ok, err := m.Attachment(); ok && err == nil && a.ID != m.ID {
			t.Fatal("the attachment has another id")
		}
		payload, err := m.Body.encode()
		if err != nil {
			t.Fatalf("cannot be encoded: %v", err)
		}
		again, ok, err := decode(m.Type, payload)
		if !ok || err != nil || flat(again) != before {
			t.Fatalf("decoded again %s, want %s (%v)", flat(again), before, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, size := range []int{100, 4000} {
		c := goodChat()
		c.Text = strings.Repeat("a", size)
		m, err := Seal(c, mustKey(b, 1))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(m.Wrapper)))
			for b.Loop() {
				if _, err := Parse(m.Wrapper, key.Public{}, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
