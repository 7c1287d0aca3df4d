package vectors

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestCopiesAreCurrent compares the copies in testdata with the originals
// where those lie beside the checkout.
func TestCopiesAreCurrent(t *testing.T) {
	_, file, _, _ := runtime.Caller(0)
	here := filepath.Dir(file)
	originals := filepath.Join(here, "..", "..", "..", "..", "shared", "vectors")
	paths, err := filepath.Glob(filepath.Join(originals, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skip("no originals beside the checkout")
	}
	for _, path := range paths {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(here, "testdata", filepath.Base(path)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("testdata/%s differs from its original", filepath.Base(path))
		}
	}
}

func TestHex(t *testing.T) {
	var h Hex
	for in, want := range map[string][]byte{
		`"0x"`: {}, `""`: {}, `"0x0aff"`: {0x0a, 0xff}, `"0aff"`: {0x0a, 0xff}, `null`: nil,
	} {
		if err := h.UnmarshalJSON([]byte(in)); err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		if !bytes.Equal(h, want) || (h == nil) != (want == nil) {
			t.Errorf("%s: got %x, want %x", in, []byte(h), want)
		}
	}
	for _, in := range []string{`"0x0"`, `"zz"`, `1`} {
		if err := h.UnmarshalJSON([]byte(in)); err == nil {
			t.Errorf("%s: accepted", in)
		}
	}
}
