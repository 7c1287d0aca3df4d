package keystore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"statusd/accounts/key"
	"statusd/fault"
	"statusd/internal/atomicfile"
)

const (
	folderMode = 0o700
	fileMode   = 0o600

	// stageMark and a generation end the name of a file that is to replace
	// another one, or to appear, once the generation is committed.
	stageMark = ".g"
)

// Errors of the folder.
var (
	ErrNotFound = fault.New(fault.KeyFile, "no key file for this address",
		"put the file back, restore a backup, or delete the account and import its phrase")
	ErrExists = fault.New(fault.Exists, "there is a key file for this address already", "")
)

// Store is a folder of key files. One process may write to it at a time; other
// programs may add files. Methods are not safe for concurrent writers.
type Store struct {
	dir string
}

// Open returns the store in a folder, which is made if it is missing.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return nil, fmt.Errorf("make keystore folder: %w", err)
	}
	return &Store{dir}, nil
}

// Entry is a key file in the folder.
type Entry struct {
	Address key.Address
	Name    string // of the file, without folder
}

// List returns the key files, sorted by name. Files that are no key files are
// passed over, as are staged and hidden ones.
func (s *Store) List() ([]Entry, error) {
	var entries []Entry
	err := s.walk(func(name string, file []byte) error {
		if _, _, staged := cutStage(name); staged {
			return nil
		}
		if a, err := AddressOf(file); err == nil {
			entries = append(entries, Entry{a, name})
		}
		return nil
	})
	return entries, err
}

// walk calls fn for every regular file that could be a key file, with its
// content.
func (s *Store) walk(fn func(name string, file []byte) error) error {
	all, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("list keystore: %w", err)
	}
	for _, e := range all {
		name := e.Name()
		if !e.Type().IsRegular() || strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") {
			continue
		}
		file, err := readFile(filepath.Join(s.dir, name))
		if errors.Is(err, ErrTooLarge) || errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := fn(name, file); err != nil {
			return err
		}
	}
	return nil
}

// readFile reads at most MaxFile bytes.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if len(b) > MaxFile {
		return nil, ErrTooLarge
	}
	return b, nil
}

// find returns the first file that names an address. When there is none but a
// file's name ends in the address, that file is damaged: ErrMalformed.
func (s *Store) find(a key.Address) (name string, file []byte, err error) {
	err = s.walk(func(n string, f []byte) error {
		if _, _, staged := cutStage(n); staged || name != "" {
			return nil
		}
		if named, err := AddressOf(f); err == nil && named == a {
			name, file = n, f
		}
		return nil
	})
	if err != nil || name != "" {
		return name, file, err
	}
	damaged, err := s.namedAfter(a)
	switch {
	case err != nil:
		return "", nil, err
	case len(damaged) > 0:
		return "", nil, fmt.Errorf("%w: %s", ErrMalformed, filepath.Join(s.dir, damaged[0]))
	}
	return "", nil, fmt.Errorf("%w: %s, in %s", ErrNotFound, a, s.dir)
}

// namedAfter returns the files whose name says that they are of an address,
// whatever is in them.
func (s *Store) namedAfter(a key.Address) ([]string, error) {
	all, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("list keystore: %w", err)
	}
	var names []string
	for _, e := range all {
		if n := e.Name(); e.Type().IsRegular() && strings.HasPrefix(n, "UTC--") && strings.HasSuffix(n, "--"+a.Hex()) {
			names = append(names, n)
		}
	}
	return names, nil
}

// Read returns the key file of an address as it is. Errors: ErrNotFound,
// ErrMalformed.
func (s *Store) Read(a key.Address) ([]byte, error) {
	_, file, err := s.find(a)
	return file, err
}

// Load opens the key file of an address and checks that it holds the key of
// that address. Errors: as Read and Opener.Open.
func (s *Store) Load(a key.Address, o *Opener) (Key, error) {
	file, err := s.Read(a)
	if err != nil {
		return Key{}, err
	}
	k, err := o.Open(file)
	if err != nil {
		return Key{}, fmt.Errorf("open key file of %s: %w", a, err)
	}
	if k.Address() != a {
		k.Wipe()
		return Key{}, ErrAddress
	}
	return k, nil
}

// Save writes the key file of an address that has none. now names the file.
// Errors: ErrExists, and those of AddressOf.
func (s *Store) Save(file []byte, now time.Time) error {
	name, err := s.newName(file, now)
	if err != nil {
		return err
	}
	return s.write(name, file)
}

func (s *Store) write(name string, file []byte) error {
	if err := atomicfile.Write(filepath.Join(s.dir, name), file, fileMode); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}

// newName returns the name of a file that does not exist yet.
func (s *Store) newName(file []byte, now time.Time) (string, error) {
	a, err := AddressOf(file)
	if err != nil {
		return "", err
	}
	if _, _, err := s.find(a); err == nil {
		return "", fmt.Errorf("%w: %s", ErrExists, a)
	} else if !errors.Is(err, ErrNotFound) {
		return "", err
	}
	return "UTC--" + now.UTC().Format("2006-01-02T15-04-05.000000000") + "Z--" + a.Hex(), nil
}

// StageNew writes a new key file that appears when Settle finds its
// generation committed. Errors: as Save.
func (s *Store) StageNew(file []byte, now time.Time, generation uint64) error {
	name, err := s.newName(file, now)
	if err != nil {
		return err
	}
	return s.write(stageName(name, generation), file)
}

// StageReplacement writes a key file that replaces the one of its address when
// Settle finds its generation committed. Errors: ErrNotFound, and those of
// AddressOf.
func (s *Store) StageReplacement(file []byte, generation uint64) error {
	a, err := AddressOf(file)
	if err != nil {
		return err
	}
	name, _, err := s.find(a)
	if err != nil {
		return err
	}
	return s.write(stageName(name, generation), file)
}

func stageName(name string, generation uint64) string {
	return name + stageMark + strconv.FormatUint(generation, 10)
}

// cutStage splits the name of a staged file.
func cutStage(name string) (base string, generation uint64, staged bool) {
	at := strings.LastIndex(name, stageMark)
	if at <= 0 {
		return name, 0, false
	}
	n, err := strconv.ParseUint(name[at+len(stageMark):], 10, 64)
	if err != nil {
		return name, 0, false
	}
	return name[:at], n, true
}

// Settle finishes or undoes interrupted changes: a staged file moves into
// place if its generation is the one that committed returns for its address,
// and is deleted otherwise. committed returns 0 for an address of nobody, and
// an error to leave the file as it is. Temporary files are removed.
func (s *Store) Settle(committed func(key.Address) (uint64, error)) error {
	if err := atomicfile.RemoveTemps(s.dir); err != nil {
		return err
	}
	changed := false
	err := s.walk(func(name string, file []byte) error {
		base, generation, staged := cutStage(name)
		if !staged {
			return nil
		}
		var current uint64
		if a, err := AddressOf(file); err == nil {
			if current, err = committed(a); err != nil {
				return nil //nolint:nilerr // the caller cannot tell: leave the file
			}
		}
		changed = true
		path := filepath.Join(s.dir, name)
		if current == generation && current != 0 {
			return atomicfile.Rename(path, filepath.Join(s.dir, base))
		}
		return os.Remove(path)
	})
	if err != nil {
		return fmt.Errorf("settle keystore: %w", err)
	}
	if !changed {
		return nil
	}
	return atomicfile.SyncDir(s.dir)
}

// Delete removes every key file of an address, staged and damaged ones too.
// There may be none.
func (s *Store) Delete(a key.Address) error {
	changed := false
	err := s.walk(func(name string, file []byte) error {
		if named, err := AddressOf(file); err != nil || named != a {
			return nil //nolint:nilerr // not a key file of this address
		}
		changed = true
		return os.Remove(filepath.Join(s.dir, name))
	})
	damaged, errNames := s.namedAfter(a)
	for _, name := range damaged {
		changed = true
		err = errors.Join(err, os.Remove(filepath.Join(s.dir, name)))
	}
	if err = errors.Join(err, errNames); err != nil {
		return fmt.Errorf("delete key file of %s: %w", a, err)
	}
	if !changed {
		return nil
	}
	return atomicfile.SyncDir(s.dir)
}
