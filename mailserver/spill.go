package mailserver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"statusd/waku/wire"
)

// ErrSpillFull means that the spill file has reached its bound.
var ErrSpillFull = errors.New("spill file is full")

// errNoRoom means that the disk is nearly full.
var errNoRoom = errors.New("too little free disk space for the spill file")

// spillFile keeps envelopes on disk while the database cannot take them:
//
//	length 4 | CRC-32C of the rest 4 | envelope RLP
//
// repeated, integers big endian. It is read from the front and emptied when
// all has been read; after a crash reading starts at the front again, which
// the archive tolerates. Records that are damaged are passed over, counted and
// remembered, so that each counts once. It is not safe for concurrent use.
type spillFile struct {
	f    spillStore
	max  int64
	size int64 // end of the last sound record
	read int64 // up to here the archive has everything

	bad  map[int64]int64 // damaged parts: where they begin and end
	lost Damage          // what was in them
	torn int64           // bytes that a crash left half written, cut off at the opening
}

// spillStore is the file; tests put one in its place that fails.
type spillStore interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

const (
	spillHeader = 8
	// maxSpillRecord is above the largest envelope that can be configured.
	maxSpillRecord = 16 << 20
)

var crcTable = crc32.MakeTable(crc32.Castagnoli)

// openSpill opens or creates the file, looks for damage and cuts off what a
// crash left half written.
func openSpill(path string, maxBytes int64) (*spillFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create folder of the spill file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open spill file: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open spill file: %w", err)
	}
	s := &spillFile{f: f, max: maxBytes}
	if err := s.check(info.Size()); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// check walks the records, finds the end of the last sound one and cuts the
// file there.
func (s *spillFile) check(end int64) error {
	for at := int64(0); at < end; {
		r, err := s.record(at, end)
		if err != nil {
			return err
		}
		switch {
		case r.raw != nil:
			s.size = r.next
		case r.next < end || !r.torn:
			s.lose(at, r.next)
		default:
			s.torn = end - at
		}
		at = r.next
	}
	if err := s.f.Truncate(s.size); err != nil {
		return fmt.Errorf("cut spill file: %w", err)
	}
	for from := range s.bad {
		if from >= s.size { // was cut off
			delete(s.bad, from)
		}
	}
	return nil
}

// lose notes a damaged part.
func (s *spillFile) lose(from, to int64) {
	if _, known := s.bad[from]; known {
		return
	}
	if s.bad == nil {
		s.bad = make(map[int64]int64)
	}
	s.bad[from] = to
	s.lost.Envelopes++ // at least one
	s.lost.Bytes += to - from
}

// pending returns how many bytes wait.
func (s *spillFile) pending() int64 { return s.size - s.read }

// append makes envelopes durable, all or none.
func (s *spillFile) append(envs []*wire.Envelope) error {
	var b []byte
	for _, env := range envs {
		raw := env.RLP()
		b = binary.BigEndian.AppendUint32(b, uint32(len(raw)))
		b = binary.BigEndian.AppendUint32(b, crc32.Checksum(raw, crcTable))
		b = append(b, raw...)
	}
	if s.size+int64(len(b)) > s.max {
		return ErrSpillFull
	}
	_, err := s.f.WriteAt(b, s.size)
	doing := "write"
	if err == nil {
		err, doing = s.f.Sync(), "sync"
	}
	if err != nil {
		// Nothing of it may be found by the next start. When this fails as
		// well, the next attempt writes over it.
		_ = s.f.Truncate(s.size)
		return fmt.Errorf("%s spill file: %w", doing, err)
	}
	s.size += int64(len(b))
	return nil
}

// next reads envelopes from the front, up to a number of bytes and of rows,
// and returns where they end. done is called with that when the archive has
// them.
func (s *spillFile) next(maxBytes int64, maxRows int) (envs []*wire.Envelope, end int64, err error) {
	for end = s.read; end < s.size && end-s.read < maxBytes && len(envs) < maxRows; {
		if to, known := s.bad[end]; known {
			end = min(to, s.size)
			continue
		}
		r, err := s.record(end, s.size)
		if err != nil {
			return nil, 0, err
		}
		if env, err := wire.DecodeEnvelope(r.raw); r.raw != nil && err == nil {
			envs = append(envs, env)
		} else {
			s.lose(end, r.next) // damaged since it was checked, or never an envelope
		}
		end = r.next
	}
	return envs, end, nil
}

// done forgets what was read, and empties the file when that was all.
func (s *spillFile) done(end int64) error {
	s.read = end
	if s.read < s.size {
		return nil
	}
	if err := s.f.Truncate(0); err != nil {
		return fmt.Errorf("empty spill file: %w", err)
	}
	s.read, s.size = 0, 0
	clear(s.bad)
	return nil
}

func (s *spillFile) close() error { return s.f.Close() }
