package contact

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"statusd/accounts/ens"
	"statusd/accounts/key"
	"statusd/accounts/multibase"
	"statusd/internal/test/vectors"
)

// textOrBytes is a text that a vector gives as a string or, for identity, as
// the hex of its bytes.
type textOrBytes string

func (s *textOrBytes) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*s = textOrBytes(text)
		return nil
	}
	var b struct {
		Hex vectors.Hex `json:"bytes_hex"`
	}
	err := json.Unmarshal(raw, &b)
	*s = textOrBytes(b.Hex)
	return err
}

type encodingEntry struct {
	Public       string                 `json:"public_key"`
	Input        string                 `json:"multicodec_input"`
	Compressed   map[string]textOrBytes `json:"compressed"`
	Uncompressed map[string]textOrBytes `json:"uncompressed"`
}

func TestKeyTextVector(t *testing.T) {
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "public_key_encoding", func(_ int, c encodingEntry) string { return c.Public[:12] },
		func(t *testing.T, c encodingEntry) {
			p, err := key.ParseContactID(c.Public)
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range c.Compressed {
				got, err := Compress(c.Input, name)
				if err != nil || got != string(want) {
					t.Errorf("compress to %s: got %q, %v, want %q", name, got, err, want)
				}
				if back, err := Decode(string(want)); err != nil || back != p {
					t.Errorf("decode %s: got %v, %v", name, back, err)
				}
				if name == "identity" {
					if _, err := Parse(string(want)); !errors.Is(err, ErrNotContact) {
						t.Errorf("Parse took identity: %v", err)
					}
				} else if typed, err := Parse("\t " + string(want) + " \n"); err != nil || typed.Key != p {
					t.Errorf("parse %s: got %v, %v", name, typed, err)
				}
			}
			for name, want := range c.Uncompressed {
				got, err := Decompress(Text(p), name)
				if err != nil || got != string(want) {
					t.Errorf("decompress to %s: got %q, %v, want %q", name, got, err, want)
				}
				if back, err := Decode(string(want)); err != nil || back != p {
					t.Errorf("decode %s: got %v, %v", name, back, err)
				}
			}
			for _, e := range multibase.All() { // those that the reference lacks too
				text, err := Encode(p, e)
				if err != nil {
					t.Fatal(err)
				}
				if back, err := Decode(text); err != nil || back != p {
					t.Errorf("%s: %q gives %v, %v", e, text, back, err)
				}
			}
			if !strings.HasPrefix(Text(p), "zQ3sh") || len(Text(p)) != 49 || len([]rune(Short(p))) != 11 {
				t.Errorf("shared form %q, short %q", Text(p), Short(p))
			}
		})
}

func TestKeyConversionVector(t *testing.T) {
	type entry struct {
		Description string
		Op          string
		Input       string
		OutBase     string `json:"out_base"`
		Output      string
		Err         string `json:"reference_error"`
		Panics      string `json:"reference_panics"`
	}
	typed := []error{
		ErrCodec, ErrVarint, ErrForm, key.ErrPublicForm, key.ErrPublicPoint, key.ErrPublicSize, multibase.ErrBase,
		multibase.ErrDigit, multibase.ErrEmpty, multibase.ErrLength, multibase.ErrPadding, multibase.ErrTooLong,
	}
	f := vectors.Load(t, "accounts")
	vectors.Each(t, f, "public_key_decode", func(_ int, c entry) string { return c.Description },
		func(t *testing.T, c entry) {
			ops := map[string]func(string, string) (string, error){"compress": Compress, "decompress": Decompress}
			op := ops[c.Op]
			if op == nil {
				t.Fatalf("unknown operation %q", c.Op)
			}
			got, err := op(c.Input, c.OutBase)
			if c.Err == "" && c.Panics == "" {
				if err != nil || got != c.Output {
					t.Errorf("got %q, %v, want %q", got, err, c.Output)
				}
				return
			}
			for _, want := range typed {
				if errors.Is(err, want) {
					return
				}
			}
			t.Errorf("got %q, %v, want a typed error", got, err)
		})
}

func TestParseAsTyped(t *testing.T) {
	k, err := key.Generate()
	if err != nil {
		t.Fatal(err)
	}
	p := k.Public()
	u, c := p.Uncompressed(), p.Compressed()
	full, short := hex.EncodeToString(u[:]), hex.EncodeToString(c[:])
	for _, text := range []string{
		full, "0x" + full, "0X" + full, strings.ToUpper(full), "0x" + strings.ToUpper(full),
		short, "0x" + short, strings.ToUpper(short), " " + full + "\r\n", "\u00a0" + Text(p) + "\u3000",
		"0xe701" + full, "0xe701" + short, "fe701" + full,
	} {
		if got, err := Parse(text); err != nil || got.Key != p || got.Name != "" {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"alice.eth": "alice.eth", " Alice.StateOfUs.ETH ": "alice.stateofus.eth", "ünïcode.eth": "ünïcode.eth",
	} {
		if got, err := Parse(text); err != nil || got.Name != want || !got.Key.IsZero() {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, c := range []struct {
		text string
		want error
	}{
		{"", multibase.ErrEmpty},
		{"   ", multibase.ErrEmpty},
		{"alice", multibase.ErrBase},
		{".eth", ens.ErrName},
		{"a..eth", ens.ErrName},
		{full[:128], multibase.ErrDigit},
		{"0x" + full[:128], ErrCodec},
		{"04" + strings.Repeat("zz", 64), nil},
		{"04" + strings.Repeat("00", 64), key.ErrPublicPoint},
		{"0x", ErrVarint},
		{strings.Repeat("z", 5000), multibase.ErrTooLong},
		{Text(p)[:48], nil},
	} {
		_, err := Parse(c.text)
		if !errors.Is(err, ErrNotContact) || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%.20q: got %v, want %v", c.text, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	file := vectors.Load(f, "accounts")
	for _, c := range vectors.Section[[]encodingEntry](f, file, "public_key_encoding") {
		f.Add(c.Public)
		for _, text := range c.Compressed {
			f.Add(string(text))
		}
	}
	f.Add("alice.stateofus.eth")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		if err != nil {
			return
		}
		if got.Key.IsZero() == (got.Name == "") {
			t.Fatalf("%q: not exactly one of key and name", text)
		}
		canonical := got.Name
		if canonical == "" {
			canonical = got.Key.ContactID()
		}
		if again, err := Parse(canonical); err != nil || again != got {
			t.Fatalf("%q: the canonical form %q gives %v, %v", text, canonical, again, err)
		}
	})
}
