package mailserver

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"statusd/waku/wire"
)

// FuzzSpill opens files of any content: what is sound at the front is kept, the
// rest cut off, and the file goes on working.
func FuzzSpill(f *testing.F) {
	env := wire.NewEnvelope(100, 50, wire.Topic{1}, []byte("data"), 1)
	dir := f.TempDir()
	path := filepath.Join(dir, "seed")
	s, err := openSpill(path, 1<<20)
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(s.append([]*wire.Envelope{env, env}), s.close()); err != nil {
		f.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:len(raw)-1])
	f.Add(append(raw[:len(raw):len(raw)], 0, 0, 0, 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "spill")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := openSpill(path, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		if err := s.append([]*wire.Envelope{env}); err != nil {
			t.Fatal(err)
		}
		var last *wire.Envelope
		for s.pending() > 0 {
			envs, end, err := s.next(64, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if len(envs) > 0 {
				last = envs[len(envs)-1]
			}
			if err := s.done(end); err != nil {
				t.Fatal(err)
			}
		}
		if last == nil || last.Hash() != env.Hash() {
			t.Fatal("the envelope added last does not come out last")
		}
	})
}
