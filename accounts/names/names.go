// Package names computes the three-word name of a public key from word lists
// that the operator supplies (spec 06 section 8).
//
//	seed   the last 8 bytes of the key's X coordinate, big-endian
//	next   b = bits 3 ^ 4 ^ 5 ^ 7 of the state; state = state << 1 | b
//	name   adjective, adjective, animal; each index is next() mod the list
//
// The lists are not part of this program. Load takes them from a folder, and
// only if they are the lists that every other client uses; without them there
// are no names. Nothing but display depends on a name: there are fewer than
// 2^32, so it must not be used to verify a contact.
//
// Lists are immutable after Load and safe for concurrent use. No goroutines.
package names

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"statusd/accounts/key"
)

// Files that Load reads from its folder, one word on a line.
const (
	AdjectivesFile = "adjectives.txt"
	AnimalsFile    = "animals.txt"
)

// The lists as every client has them: count, and SHA-256 of the words in their
// order joined by one LF (vectors, three_word_name_lists).
const (
	adjectiveCount = 1389
	animalCount    = 1704
	adjectiveHash  = "2fd4795a3eeae8e7609e65133cc23cc2138970f08272c2320937dc88f19085f3"
	animalHash     = "9d970d6789f439cdb20ae69f889857eee0104f16aa7f2b16d17dd1effb366031"
)

// maxFile bounds a list file; the real ones are below 20 KiB.
const maxFile = 256 << 10

// Errors of Load.
var (
	ErrNoLists   = errors.New("no word lists")
	ErrWrongList = errors.New("a word list is not the one that other clients use")
)

// Lists are the two word lists.
type Lists struct {
	adjectives, animals []string
}

// Load reads both lists from a folder. Errors: ErrNoLists when a file is
// missing, ErrWrongList when a count or hash differs.
func Load(dir string) (*Lists, error) {
	adjectives, err := loadList(filepath.Join(dir, AdjectivesFile), adjectiveCount, adjectiveHash)
	if err != nil {
		return nil, err
	}
	animals, err := loadList(filepath.Join(dir, AnimalsFile), animalCount, animalHash)
	if err != nil {
		return nil, err
	}
	return &Lists{adjectives, animals}, nil
}

func loadList(path string, count int, hash string) ([]string, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing", ErrNoLists, path)
	}
	if err != nil {
		return nil, fmt.Errorf("open word list: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read word list: %w", err)
	}
	text := strings.TrimRight(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n")
	words := strings.Split(text, "\n")
	sum := sha256.Sum256([]byte(text))
	if len(words) != count {
		return nil, fmt.Errorf("%w: %s has %d words, want %d", ErrWrongList, path, len(words), count)
	}
	if hex.EncodeToString(sum[:]) != hash {
		return nil, fmt.Errorf("%w: %s has another SHA-256 than %s", ErrWrongList, path, hash)
	}
	return words, nil
}

// Name returns the name of a key, or "" when l is nil.
func (l *Lists) Name(p key.Public) string {
	if l == nil {
		return ""
	}
	i := Indices(Seed(p))
	return l.adjectives[i[0]] + " " + l.adjectives[i[1]] + " " + l.animals[i[2]]
}

// Seed returns the number that a key's name is computed from.
func Seed(p key.Public) uint64 {
	x := p.X()
	return binary.BigEndian.Uint64(x[24:])
}

// Indices returns the positions of the three words in their lists.
func Indices(seed uint64) [3]int {
	var at [3]int
	for i, state := range states(seed) {
		at[i] = int(state % adjectiveCount)
		if i == 2 {
			at[i] = int(state % animalCount)
		}
	}
	return at
}

// states returns the first three states of the shift register. The feedback
// comes from bits 3, 4, 5 and 7, which 0xB8 has set.
func states(seed uint64) [3]uint64 {
	var out [3]uint64
	for i := range out {
		seed = seed<<1 | (seed>>3^seed>>4^seed>>5^seed>>7)&1
		out[i] = seed
	}
	return out
}
