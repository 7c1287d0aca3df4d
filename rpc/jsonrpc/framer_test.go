package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"statusd/api"
)

// frames runs the framer to its end. A broken line appears as "!".
func frames(f *Framer) ([]string, error) {
	var out []string
	for {
		raw, err := f.Next()
		var broken *api.Error
		switch {
		case errors.As(err, &broken):
			out = append(out, "!")
		case err != nil:
			return out, err
		default:
			out = append(out, string(raw))
		}
	}
}

func TestFramer(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string
		err      error
	}{
		{"lines", "{\"a\":1}\n{\"b\":2}\n", []string{`{"a":1}`, `{"b":2}`}, io.EOF},
		{"concatenated", `{"a":1}{"b":2}[3]`, []string{`{"a":1}`, `{"b":2}`, `[3]`}, io.EOF},
		{"over lines", "{\n\"a\" :\n1}\n", []string{"{\n\"a\" :\n1}"}, io.EOF},
		{"no final line feed", `{"a":1}`, []string{`{"a":1}`}, io.EOF},
		{"nothing", " \n\n", nil, io.EOF},
		{"cut", `{"a":1}{"b`, []string{`{"a":1}`}, io.ErrUnexpectedEOF},
		{"word", "hello\n{\"b\":2}\n", []string{"!", `{"b":2}`}, io.EOF},
		{"broken object", "{\"a\":1}\n{\"a\": nope}\n{\"b\":2}", []string{`{"a":1}`, "!", `{"b":2}`}, io.EOF},
		{"broken at the line feed", "tru\n{\"b\":2}\n", []string{"!", `{"b":2}`}, io.EOF},
		{"broken in the second line", "{\"a\":\n]}}}\n{\"b\":2}\n", []string{"!", `{"b":2}`}, io.EOF},
		{"broken twice", "]\n}\n{\"b\":2}", []string{"!", "!", `{"b":2}`}, io.EOF},
		{"broken without end", "nope", []string{"!"}, io.EOF},
		{"too large", `{"a":"` + strings.Repeat("x", 200) + `"}`, nil, ErrTooLarge},
		{"large enough",
			`{"a":"` + strings.Repeat("x", 92) + `"}`, []string{`{"a":"` + strings.Repeat("x", 92) + `"}`}, io.EOF},
	}
	for _, tt := range tests {
		for name, r := range map[string]io.Reader{
			"whole": strings.NewReader(tt.in), "bytes": iotest.OneByteReader(strings.NewReader(tt.in)),
		} {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				got, err := frames(NewFramer(r, 100, nil))
				if strings.Join(got, " ") != strings.Join(tt.want, " ") || !errors.Is(err, tt.err) {
					t.Errorf("got %q, %v; want %q, %v", got, err, tt.want, tt.err)
				}
			})
		}
	}
}

// blanks reads as n spaces.
type blanks struct{ n int }

func (b *blanks) Read(p []byte) (int, error) {
	n := min(len(p), b.n)
	for i := range p[:n] {
		p[i] = ' '
	}
	if b.n -= n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TestFramerDropsWhiteSpace: a client that sends line feeds to keep its
// connection open does not fill the memory with them.
func TestFramerDropsWhiteSpace(t *testing.T) {
	in := io.MultiReader(strings.NewReader(`{"a":1}  `), &blanks{4 << 20}, strings.NewReader(`{"b":2}`))
	f := NewFramer(in, 100, nil)
	for _, want := range []string{`{"a":1}`, `{"b":2}`} {
		got, err := f.Next()
		if string(got) != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		if held, _ := io.ReadAll(f.dec.Buffered()); len(held) > 64<<10 {
			t.Errorf("%d bytes are held", len(held))
		}
	}
	f = NewFramer(&blanks{4 << 20}, 100, nil)
	if _, err := f.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
	if held, _ := io.ReadAll(f.dec.Buffered()); len(held) > 64<<10 {
		t.Errorf("%d bytes are held", len(held))
	}
}

// TestFramerAfterALargeMessage goes on with what was read along with it.
func TestFramerAfterALargeMessage(t *testing.T) {
	large := `"` + strings.Repeat("x", 3*keptBuffer) + `"`
	in := large + `{"a":1}` + large + "\n" + large + `{"b":2}`
	for name, r := range map[string]io.Reader{
		"whole": strings.NewReader(in), "pieces": iotest.HalfReader(strings.NewReader(in)),
	} {
		got, err := frames(NewFramer(r, 1<<20, nil))
		want := []string{large, `{"a":1}`, large, large, `{"b":2}`}
		if !slices.Equal(got, want) || !errors.Is(err, io.EOF) {
			t.Errorf("%s: %d messages, %v", name, len(got), err)
		}
	}
}

func TestFramerTellsWhere(t *testing.T) {
	f := NewFramer(strings.NewReader("{\"a\":1}\n\n{\"a\":nope}\n"), 100, nil)
	f.Next()
	if _, err := f.Next(); err == nil || !strings.Contains(err.Error(), "(byte 7)") {
		t.Errorf("error %v, want one at byte 7 of the message", err)
	}
}

func TestFramerTellsWhatIsPending(t *testing.T) {
	var seen []int
	in := iotest.DataErrReader(io.MultiReader(strings.NewReader("{}\n"),
		strings.NewReader(" {\"a"), strings.NewReader("\":1}\n")))
	f := NewFramer(in, 100, func(pending int) error {
		seen = append(seen, pending)
		return nil
	})
	if got, err := frames(f); len(got) != 2 || err != io.EOF {
		t.Fatalf("got %q, %v", got, err)
	}
	if len(seen) < 3 || seen[0] != 0 || seen[1] != 0 || seen[2] != 3 {
		t.Errorf("pending %v, want 0 0 3 …", seen)
	}

	stop := errors.New("stop")
	f = NewFramer(strings.NewReader("{}"), 100, func(int) error { return stop })
	if _, err := f.Next(); !errors.Is(err, stop) {
		t.Errorf("error %v, want the one of wait", err)
	}
}

// FuzzParse checks the rewriting layer against encoding/json: whatever comes
// in, nothing panics, ids are echoed as they were, and what is taken for a
// request is one.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"waku_post","params":[{"ttl":1,"topic":"0x01020304"}]}`,
		`[{"jsonrpc":"2.0","id":"a","method":"m","params":{"name":"x","level":[]}},5,null]`,
		`{"jsonrpc":"2.0","method":"m","params":[]}`, `[]`, `{"id":{}}`, "nope\n{}", `{"a":1}{"b":2}`,
		`{"jsonrpc":"2.0","\u0069d":"\"]","method":"m","params":{"\ud83d":1,"a":{"b":"}"}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		kept := bytes.Clone(in)
		m, err := Parse(in, 8)
		if err == nil && !json.Valid(in) {
			t.Fatal("took text that is not JSON")
		}
		for _, it := range m.Items {
			if it.ID != nil && !json.Valid(AppendResult(nil, it.ID, json.RawMessage("1"))) {
				t.Fatalf("answer with id %q is not JSON", it.ID)
			}
			if it.Err != nil {
				continue
			}
			checkRequest(t, it.Request)
		}
		if !bytes.Equal(in, kept) {
			t.Fatal("the input was changed")
		}
		checkFramer(t, in)
	})
}

func checkRequest(t *testing.T, r Request) {
	args, err := Bind(r.Params, []string{"name", "level"}, nil)
	if err != nil || r.Params == nil {
		return
	}
	if r.Params[0] == '[' {
		var want []json.RawMessage
		if e := json.Unmarshal(r.Params, &want); e != nil || len(want) > len(args) {
			t.Fatalf("bound %q to %q (%v)", r.Params, args, e)
		}
		for i, w := range want {
			if string(w) != "null" && string(w) != string(args[i]) {
				t.Fatalf("argument %d of %q: %q, want %q", i, r.Params, args[i], w)
			}
		}
		return
	}
	var want map[string]json.RawMessage
	if e := json.Unmarshal(r.Params, &want); e != nil {
		t.Fatalf("bound %q (%v)", r.Params, e)
	}
	for i, name := range []string{"name", "level"} {
		if w := want[name]; string(w) != "null" && string(w) != string(args[i]) {
			t.Fatalf("parameter %s of %q: %q, want %q", name, r.Params, args[i], w)
		}
	}
}

func checkFramer(t *testing.T, in []byte) {
	fr := NewFramer(iotest.HalfReader(bytes.NewReader(in)), 1<<10, nil)
	for range len(in) + 1 {
		raw, err := fr.Next()
		var broken *api.Error
		if err != nil && !errors.As(err, &broken) {
			return
		}
		if err == nil && !json.Valid(raw) {
			t.Fatalf("frame %q is not JSON", raw)
		}
	}
	t.Fatal("the framer does not come to an end")
}
