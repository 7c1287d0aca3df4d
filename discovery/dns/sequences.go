package dns

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"statusd/internal/atomicfile"
)

// Sequences remembers the highest sequence number of each tree. trees are
// named by their URL.
type Sequences interface {
	// Sequence returns the highest number seen of a tree, 0 when none was.
	Sequence(tree string) uint64
	// Seen notes that a root with a number was accepted. When it returns, a
	// number that is higher than before is on disk.
	Seen(tree string, seq uint64) error
}

// Limits of a file of sequence numbers.
const (
	// maxTrees bounds the trees that are remembered; the one that was used
	// longest ago goes first.
	maxTrees = 256
	// maxSequenceFile bounds the file, in bytes.
	maxSequenceFile = 1 << 20
	// seenPause is how often the time of use is written when nothing else
	// changes.
	seenPause = 24 * time.Hour
)

// FileSequences are Sequences in a small JSON file, which is replaced as a
// whole. Without a path they are kept in memory alone.
type FileSequences struct {
	path string

	mu    sync.Mutex // protects trees, and orders writes of the file
	trees map[string]sequence
}

type sequence struct {
	Seq  uint64    `json:"seq"`
	Used time.Time `json:"used"`
}

type sequenceFile struct {
	Version int                 `json:"version"`
	Trees   map[string]sequence `json:"trees"`
}

var errSequenceFile = errors.New("not a file of sequence numbers of version 1")

// OpenSequences reads the numbers from a file. One that cannot be understood
// is put aside with the suffix .damaged, and nothing is remembered. log may be
// nil.
func OpenSequences(path string, log *zap.Logger) (*FileSequences, error) {
	s := &FileSequences{path: path, trees: make(map[string]sequence)}
	if path == "" {
		return s, nil
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("sequence numbers: %w", err)
	}
	var f sequenceFile
	if err := json.Unmarshal(raw, &f); err != nil || f.Version != 1 || len(raw) > maxSequenceFile {
		if err == nil {
			err = errSequenceFile
		}
		if log != nil {
			log.Warn("sequence numbers of DNS trees cannot be read: an older tree would go unnoticed",
				zap.String("path", path), zap.String("movedTo", path+".damaged"), zap.Error(err))
		}
		if err := atomicfile.Rename(path, path+".damaged"); err != nil {
			return nil, fmt.Errorf("sequence numbers: %w", err)
		}
		return s, nil
	}
	for tree, seq := range f.Trees {
		s.trees[tree] = seq
	}
	return s, nil
}

// Sequence implements Sequences.
func (s *FileSequences) Sequence(tree string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trees[tree].Seq
}

// Seen implements Sequences. The lock is held while the file is written: two
// writes must not overtake each other, and nobody waits for Sequence.
func (s *FileSequences) Seen(tree string, seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, now := s.trees[tree], time.Now().UTC()
	if seq <= old.Seq && now.Sub(old.Used) < seenPause {
		return nil
	}
	s.trees[tree] = sequence{max(seq, old.Seq), now}
	for len(s.trees) > maxTrees {
		s.forgetOldest()
	}
	if s.path == "" {
		return nil
	}
	raw, err := json.MarshalIndent(sequenceFile{1, s.trees}, "", " ")
	if err == nil {
		err = atomicfile.Write(s.path, raw, 0o600)
	}
	if err != nil {
		s.trees[tree] = sequence{Seq: max(seq, old.Seq)} // written with the next one
		return fmt.Errorf("sequence numbers: %w", err)
	}
	return nil
}

func (s *FileSequences) forgetOldest() {
	oldest, first := "", true
	for tree, seq := range s.trees {
		if first || seq.Used.Before(s.trees[oldest].Used) {
			oldest, first = tree, false
		}
	}
	delete(s.trees, oldest)
}
