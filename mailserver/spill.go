package mailserver

import (
	"bufio"
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
var ErrSpillFull = errors.New("mailserver: spill file is full")

// errNoRoom means that the disk is nearly full.
var errNoRoom = errors.New("mailserver: too little free disk space for the spill file")

// errSpillRecord ends the sound part of a spill file.
var errSpillRecord = errors.New("mailserver: spill record is damaged")

// spillFile keeps envelopes on disk while the database cannot take them:
//
//	length 4 | CRC-32C of the rest 4 | envelope RLP
//
// repeated, integers big endian. It is read from the front and emptied when
// all has been read; after a crash reading starts at the front again, which
// the archive tolerates. It is not safe for concurrent use.
type spillFile struct {
	f    *os.File
	max  int64
	size int64 // end of the sound part
	read int64 // up to here the archive has everything
}

const (
	spillHeader = 8
	// maxSpillRecord is above the largest envelope that can be configured.
	maxSpillRecord = 16 << 20
)

func crcTable() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// openSpill opens or creates the file and cuts off what a crash left half
// written.
func openSpill(path string, maxBytes int64) (*spillFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create folder of the spill file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open spill file: %w", err)
	}
	s := &spillFile{f: f, max: maxBytes}
	r := bufio.NewReaderSize(f, 1<<20)
	for {
		raw, err := readSpillRecord(r)
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, errSpillRecord) {
				break
			}
			f.Close()
			return nil, fmt.Errorf("read spill file: %w", err)
		}
		s.size += int64(spillHeader + len(raw))
	}
	if err := f.Truncate(s.size); err != nil {
		f.Close()
		return nil, fmt.Errorf("cut spill file: %w", err)
	}
	return s, nil
}

// readSpillRecord returns one envelope's encoding, io.EOF at the end, and
// errSpillRecord where the file is not sound.
func readSpillRecord(r io.Reader) ([]byte, error) {
	var header [spillHeader]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, errSpillRecord
		}
		return nil, err
	}
	n := binary.BigEndian.Uint32(header[:])
	if n > maxSpillRecord {
		return nil, errSpillRecord
	}
	raw := make([]byte, n)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, errSpillRecord
	}
	if crc32.Checksum(raw, crcTable()) != binary.BigEndian.Uint32(header[4:]) {
		return nil, errSpillRecord
	}
	return raw, nil
}

// pending returns how many bytes wait.
func (s *spillFile) pending() int64 { return s.size - s.read }

// append makes envelopes durable, all or none.
func (s *spillFile) append(envs []*wire.Envelope) error {
	var b []byte
	for _, env := range envs {
		raw := env.RLP()
		b = binary.BigEndian.AppendUint32(b, uint32(len(raw)))
		b = binary.BigEndian.AppendUint32(b, crc32.Checksum(raw, crcTable()))
		b = append(b, raw...)
	}
	if s.size+int64(len(b)) > s.max {
		return ErrSpillFull
	}
	if _, err := s.f.WriteAt(b, s.size); err != nil {
		return fmt.Errorf("write spill file: %w", err)
	}
	if err := s.f.Sync(); err != nil {
		return fmt.Errorf("sync spill file: %w", err)
	}
	s.size += int64(len(b))
	return nil
}

// next reads envelopes from the front, up to a number of bytes, and returns
// where they end. done is called with that when the archive has them.
func (s *spillFile) next(maxBytes int64) (envs []*wire.Envelope, end int64, err error) {
	r := bufio.NewReaderSize(io.NewSectionReader(s.f, s.read, s.size-s.read), 1<<18)
	for end = s.read; end < s.size && end-s.read < maxBytes; {
		raw, err := readSpillRecord(r)
		if err != nil {
			return nil, 0, fmt.Errorf("read spill file: %w", err)
		}
		end += int64(spillHeader + len(raw))
		env, err := wire.DecodeEnvelope(raw)
		if err != nil {
			continue // sound on disk but no envelope: nothing an archive would take
		}
		envs = append(envs, env)
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
	return nil
}

func (s *spillFile) close() error { return s.f.Close() }
