// Package vectors loads the interoperability test vectors, one JSON file per
// area of the protocol.
//
// The files live in testdata beside this package. When the environment
// variable STATUSD_VECTORS names a folder, the files are read from there
// instead, so that the same tests run over another set of inputs. Tests must
// therefore walk whatever cases a file holds and may not assume how many there
// are, nor their values.
//
// The package is for tests only and starts no goroutines.
package vectors

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"testing"
)

// EnvFolder is the environment variable that names another vector folder.
const EnvFolder = "STATUSD_VECTORS"

// metadata are the top-level keys of a vector file that describe the file and
// hold no cases.
var metadata = map[string]bool{
	"area": true, "description": true, "format": true, "reference": true, "set": true,
}

// Folder returns the folder that vector files are read from.
func Folder() string {
	if dir := os.Getenv(EnvFolder); dir != "" {
		return dir
	}
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "testdata")
}

// File is one vector file: its sections by name, undecoded.
type File struct {
	Area     string
	Sections map[string]json.RawMessage
}

// Load reads the vector file of an area, for instance "waku".
func Load(tb testing.TB, area string) *File {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(Folder(), area+".json"))
	if err != nil {
		tb.Fatalf("vectors: %v", err)
	}
	f := &File{Area: area}
	if err := json.Unmarshal(raw, &f.Sections); err != nil {
		tb.Fatalf("vectors: %s.json: %v", area, err)
	}
	for name := range f.Sections {
		if metadata[name] {
			delete(f.Sections, name)
		}
	}
	return f
}

// Names returns the names of the sections in alphabetical order.
func (f *File) Names() []string {
	names := make([]string, 0, len(f.Sections))
	for name := range f.Sections {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Unknown fails the test for each section of the file that known does not
// list. Every area has one test that calls it with the sections its package,
// or another named in the comment beside it, covers.
func (f *File) Unknown(tb testing.TB, known ...string) {
	tb.Helper()
	set := make(map[string]bool, len(known))
	for _, name := range known {
		set[name] = true
	}
	for _, name := range f.Names() {
		if !set[name] {
			tb.Errorf("vectors: %s.json has section %q, which no test covers", f.Area, name)
		}
	}
}

// Section decodes one section into a value of type T. A section that the file
// does not hold fails the test.
func Section[T any](tb testing.TB, f *File, name string) T {
	tb.Helper()
	var v T
	raw, ok := f.Sections[name]
	if !ok {
		tb.Fatalf("vectors: %s.json has no section %q", f.Area, name)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		tb.Fatalf("vectors: %s.json, section %q: %v", f.Area, name, err)
	}
	return v
}

// Each runs fn as a subtest for each case of a list section and logs how many
// ran. name gives the subtest's name.
func Each[T any](t *testing.T, f *File, section string, name func(i int, c T) string, fn func(t *testing.T, c T)) {
	t.Helper()
	cases := Section[[]T](t, f, section)
	if len(cases) == 0 {
		t.Fatalf("vectors: %s.json, section %q is empty", f.Area, section)
	}
	for i, c := range cases {
		t.Run(fmt.Sprintf("%s/%s", section, name(i, c)), func(t *testing.T) { fn(t, c) })
	}
	t.Logf("vectors: %s.json, section %q: %d cases", f.Area, section, len(cases))
}

// Cases decodes the cases of a section that is an object with a description
// beside its list of cases, and logs how many there are.
func Cases[T any](tb testing.TB, f *File, section string) []T {
	tb.Helper()
	s := Section[struct {
		Cases []T `json:"cases"`
	}](tb, f, section)
	if len(s.Cases) == 0 {
		tb.Fatalf("vectors: %s.json, section %q is empty", f.Area, section)
	}
	tb.Logf("vectors: %s.json, section %q: %d cases", f.Area, section, len(s.Cases))
	return s.Cases
}

// Hex is a byte string that a vector file writes in hex, with or without 0x.
type Hex []byte

// UnmarshalJSON implements json.Unmarshaler. JSON null gives a nil slice.
func (h *Hex) UnmarshalJSON(raw []byte) error {
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	if s == nil {
		*h = nil
		return nil
	}
	b, err := hex.DecodeString(strings.TrimPrefix(*s, "0x"))
	if err != nil {
		return fmt.Errorf("vectors: bad hex %q: %w", *s, err)
	}
	if b == nil {
		b = []byte{}
	}
	*h = b
	return nil
}
