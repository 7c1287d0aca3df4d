package multibase

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// golden are texts of the multibase draft's own test files.
var golden = map[string]map[Encoding]string{
	"yes mani !": {
		Identity:       "\x00yes mani !",
		Base2:          "001111001011001010111001100100000011011010110000101101110011010010010000000100001",
		Base8:          "7362625631006654133464440102",
		Base10:         "9573277761329450583662625",
		Base16:         "f796573206d616e692021",
		Base16Upper:    "F796573206D616E692021",
		Base32:         "bpfsxgidnmfxgsibb",
		Base32Upper:    "BPFSXGIDNMFXGSIBB",
		Base32Pad:      "cpfsxgidnmfxgsibb",
		Base32Hex:      "vf5in683dc5n6i811",
		Base32HexUpper: "VF5IN683DC5N6I811",
		Base32Z:        "hxf1zgedpcfzg1ebb",
		Base36:         "k2lcpzo5yikidynfl",
		Base36Upper:    "K2LCPZO5YIKIDYNFL",
		Base58BTC:      "z7paNL19xttacUY",
		Base58Flickr:   "Z7Pznk19XTTzBtx",
		Base64:         "meWVzIG1hbmkgIQ",
		Base64Pad:      "MeWVzIG1hbmkgIQ==",
		Base64URL:      "ueWVzIG1hbmkgIQ",
		Base64URLPad:   "UeWVzIG1hbmkgIQ==",
	},
	"\x00\x00yes mani !": {
		Base8:     "700000171312714403326055632220041",
		Base10:    "900573277761329450583662625",
		Base36:    "k002lcpzo5yikidynfl",
		Base58BTC: "z117paNL19xttacUY",
		Base32Z:   "hyyy813murbssn5ujryoo",
		Base64Pad: "MAAB5ZXMgbWFuaSAh",
	},
}

func TestGoldenBothWays(t *testing.T) {
	for data, texts := range golden {
		for e, text := range texts {
			got, err := Encode(e, []byte(data))
			if err != nil || got != text {
				t.Errorf("%s: encoded %q, %v, want %q", e, got, err, text)
			}
			back, raw, err := Decode(text)
			if err != nil || back != e || string(raw) != data {
				t.Errorf("%s: decoded %q, %v", e, raw, err)
			}
		}
	}
}

func TestEveryLengthBothWays(t *testing.T) {
	for _, e := range All() {
		for n := range 40 {
			for _, fill := range []byte{0, 1, 0x80, 0xff} {
				data := bytes.Repeat([]byte{fill}, n)
				text, err := Encode(e, data)
				if err != nil {
					t.Fatal(err)
				}
				_, back, err := Decode(text)
				if err != nil || !bytes.Equal(back, data) {
					t.Fatalf("%s of %x: %q gives %x, %v", e, data, text, back, err)
				}
			}
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
	}{
		{"", ErrEmpty},
		{"z" + strings.Repeat("2", MaxText), ErrTooLong},
		{"pro-quint", ErrBase},
		{"🚀", ErrBase},
		{"0101", ErrLength},
		{"0012345678", ErrDigit},
		{"f0", ErrLength},
		{"f0g", ErrDigit},
		{"b a", ErrDigit},
		{"bab", ErrLength},
		{"baaa", ErrLength},
		{"cae", ErrPadding},
		{"cae=======", ErrPadding},
		{"c========", ErrPadding},
		{"bae======", ErrDigit},
		{"MAA=", ErrPadding},
		{"MAB==", ErrLength},
		{"mA", ErrLength},
		{"mAA\n", ErrDigit},
		{"z0", ErrDigit},
		{"zl ", ErrDigit},
		{"z\xff", ErrDigit},
		{"9a", ErrDigit},
		{"k-", ErrDigit},
	} {
		if _, _, err := Decode(c.text); !errors.Is(err, c.want) {
			t.Errorf("%q: got %v, want %v", c.text, err, c.want)
		}
	}
	if _, err := Encode('R', nil); !errors.Is(err, ErrBase) {
		t.Errorf("unknown base: %v", err)
	}
}

func TestCaseOfLettersIsFreeInSmallBases(t *testing.T) {
	for e, text := range golden["yes mani !"] {
		if b := find(e); b == nil || len(b.digits) > 36 {
			continue
		}
		for _, other := range []string{strings.ToUpper(text[1:]), strings.ToLower(text[1:])} {
			if _, raw, err := Decode(text[:1] + other); err != nil || string(raw) != "yes mani !" {
				t.Errorf("%s: %q gives %q, %v", e, other, raw, err)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for _, e := range All() {
		for _, name := range []string{e.String(), string([]byte{byte(e)})} {
			if got, err := Parse(name); err != nil || got != e {
				t.Errorf("%q: got %v, %v", name, got, err)
			}
		}
	}
	for _, name := range []string{"", "p", "base63", "zz", "0x"} {
		if _, err := Parse(name); !errors.Is(err, ErrBase) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, texts := range golden {
		for _, text := range texts {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, data, err := Decode(text)
		if err != nil {
			return
		}
		again, err := Encode(e, data)
		if err != nil {
			t.Fatal(err)
		}
		if again != text && !strings.EqualFold(again, text) {
			t.Fatalf("%q decodes to %x, which encodes to %q", text, data, again)
		}
	})
}
