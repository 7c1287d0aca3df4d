package secret

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// holder keeps a secret in an unexported field, where fmt calls no methods.
type holder struct {
	hidden Bytes
	Shown  Bytes
}

func TestNothingPrintsTheContent(t *testing.T) {
	const content = "correct horse battery staple"
	s := New([]byte(content))
	h := holder{s, s}
	var printed []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%t"} {
		for _, v := range []any{s, &s, h, &h, []Bytes{s}, map[string]Bytes{"k": s}} {
			printed = append(printed, fmt.Sprintf(verb, v))
		}
	}
	for _, v := range []any{s, &s, h, &h, map[string]Bytes{"k": s}, map[Bytes]int{s: 1}} {
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		printed = append(printed, string(j))
	}
	printed = append(printed, s.String(), s.GoString(), fmt.Sprint(s), fmt.Errorf("x: %v", s).Error())
	enc := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	line, err := enc.EncodeEntry(zapcore.Entry{}, []zapcore.Field{zap.Any("a", s), zap.Any("b", h), zap.Stringer("c", s)})
	if err != nil {
		t.Fatal(err)
	}
	printed = append(printed, line.String())

	hexed := fmt.Sprintf("%x", content)
	decimal := strings.Trim(fmt.Sprint([]byte(content[:4])), "[]")
	for _, p := range printed {
		for _, bad := range []string{content[:5], hexed[:10], strings.ToUpper(hexed[:10]), decimal} {
			if strings.Contains(p, bad) {
				t.Errorf("content %q shows in %q", bad, p)
			}
		}
	}
}

func TestWipeEmptiesEveryCopy(t *testing.T) {
	in := []byte{1, 2, 3}
	s := New(in)
	in[0] = 9
	if s.Reveal()[0] != 1 {
		t.Fatal("New kept the caller's slice")
	}
	c, alias := s, s.Reveal()
	s.Wipe()
	if c.Len() != 0 || c.Reveal() != nil {
		t.Errorf("copy still holds %d bytes", c.Len())
	}
	if alias[1] != 0 || alias[2] != 0 {
		t.Error("bytes were not overwritten")
	}
	s.Wipe()
	Bytes{}.Wipe()
}

func TestEqual(t *testing.T) {
	a, b := New([]byte("a")), New([]byte("a"))
	if !a.Equal(b) || a.Equal(New([]byte("b"))) || a.Equal(Bytes{}) || !(Bytes{}).Equal(New(nil)) {
		t.Error("Equal is wrong")
	}
	if r := Random(32); r.Len() != 32 || r.Equal(Random(32)) {
		t.Error("Random is wrong")
	}
}
