package mailserver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"syscall"
)

// spilled is what is found at a place of a spill file.
type spilled struct {
	raw  []byte // one envelope's encoding; nil: no sound record begins here
	next int64  // where the next record begins, or the end
	torn bool   // without raw: it looks like a write that a crash interrupted
}

// Bounds of the search for the next sound record.
const (
	searchWindow = 1 << 20
	sectorSize   = 512
	pageSize     = 4096
)

// record reads the record at a place of the file, which ends at end. Where it
// is damaged, next is the next sound one. A record whose length alone is
// damaged is given too: its checksum tells where it ends.
func (s *spillFile) record(at, end int64) (spilled, error) {
	raw, sum, err := s.sound(at, end)
	if err != nil || raw != nil {
		return spilled{raw: raw, next: at + spillHeader + int64(len(raw))}, err
	}
	next, err := s.resync(at, end)
	if err != nil {
		return spilled{}, err
	}
	if n := next - at - spillHeader; n > 0 && n <= maxSpillRecord {
		raw := make([]byte, n)
		if err := s.readAt(raw, at+spillHeader); err != nil {
			return spilled{}, err
		}
		if crc32.Checksum(raw, crcTable) == sum && listSize(raw) == n {
			return spilled{raw: raw, next: next}, nil
		}
	}
	torn, err := s.looksTorn(at, end)
	return spilled{next: next, torn: torn}, err
}

// sound returns the record at a place, nil when it is not sound, and the
// checksum that its header names.
func (s *spillFile) sound(at, end int64) (raw []byte, sum uint32, err error) {
	if end-at < spillHeader {
		return nil, 0, nil
	}
	var header [spillHeader]byte
	if err := s.readAt(header[:], at); err != nil {
		return nil, 0, err
	}
	n := int64(binary.BigEndian.Uint32(header[:]))
	sum = binary.BigEndian.Uint32(header[4:])
	if n == 0 || n > maxSpillRecord || n > end-at-spillHeader {
		return nil, sum, nil
	}
	raw = make([]byte, n)
	if err := s.readAt(raw, at+spillHeader); err != nil {
		return nil, 0, err
	}
	if crc32.Checksum(raw, crcTable) != sum {
		return nil, sum, nil
	}
	return raw, sum, nil
}

// resync returns where the next record after a damaged one begins, or the end.
// A length that envelope and header agree on is believed, and one that leads to
// a sound record. Else the next sound record is searched for. An envelope is a
// list that tells its length, so hardly any place but the right ones costs a
// checksum; what a stranger can put into an envelope to make it cost more is
// bounded.
func (s *spillFile) resync(at, end int64) (int64, error) {
	header := make([]byte, min(spillHeader+maxListHeader, end-at))
	if err := s.readAt(header, at); err != nil {
		return 0, err
	}
	if len(header) > spillHeader {
		n := int64(binary.BigEndian.Uint32(header))
		next := at + spillHeader + n
		if n > 0 && next <= end && listSize(header[spillHeader:]) == n {
			return next, nil
		}
		if raw, _, err := s.sound(next, end); raw != nil || err != nil {
			return next, err
		}
	}
	budget := 4*(end-at) + 64<<20
	window := make([]byte, searchWindow+maxListHeader+spillHeader)
	for from := at + 1; from < end; from += searchWindow {
		b := window[:min(int64(len(window)), end-from)]
		if err := s.readAt(b, from); err != nil {
			return 0, err
		}
		for i := 0; i < searchWindow && i+spillHeader < len(b); i++ {
			n := int64(binary.BigEndian.Uint32(b[i:]))
			if n == 0 || n > maxSpillRecord || n > end-from-int64(i)-spillHeader || listSize(b[i+spillHeader:]) != n {
				continue
			}
			if budget -= n; budget < 0 {
				return end, nil
			}
			if raw, _, err := s.sound(from+int64(i), end); raw != nil || err != nil {
				return from + int64(i), err
			}
		}
	}
	return end, nil
}

// looksTorn tells a write that a crash interrupted from other damage: bytes
// are missing at the end, or a whole sector was never written and holds zeros.
func (s *spillFile) looksTorn(at, end int64) (bool, error) {
	if end-at < spillHeader {
		return true, nil
	}
	var header [spillHeader]byte
	if err := s.readAt(header[:], at); err != nil {
		return false, err
	}
	n := int64(binary.BigEndian.Uint32(header[:]))
	if n <= maxSpillRecord && n > end-at-spillHeader {
		return true, nil
	}
	buf := make([]byte, sectorSize)
	for from := at; from < end; {
		to := min(from-from%sectorSize+sectorSize, end)
		b := buf[:to-from]
		if err := s.readAt(b, from); err != nil {
			return false, err
		}
		if allZero(b) {
			return true, nil
		}
		from = to
	}
	return false, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// maxListHeader is the longest header of a list of up to 4 GiB.
const maxListHeader = 5

// listSize returns how many bytes the RLP list at the front of b takes, with
// its header, or -1 when there is none.
func listSize(b []byte) int64 {
	switch {
	case len(b) == 0 || b[0] < 0xc0:
		return -1
	case b[0] <= 0xf7:
		return 1 + int64(b[0]-0xc0)
	}
	digits := int(b[0] - 0xf7)
	if digits >= maxListHeader || len(b) <= digits {
		return -1
	}
	n := int64(0)
	for _, c := range b[1 : 1+digits] {
		n = n<<8 | int64(c)
	}
	return 1 + int64(digits) + n
}

// readAt fills b. Pages that the disk cannot give back are zeros: what was in
// them is damaged, and the rest goes on.
func (s *spillFile) readAt(b []byte, at int64) error {
	n, err := s.f.ReadAt(b, at)
	if errors.Is(err, io.EOF) {
		clear(b[n:]) // somebody made the file shorter
		return nil
	}
	if errors.Is(err, syscall.EIO) {
		err = s.readPages(b, at)
	}
	if err != nil {
		return fmt.Errorf("read spill file: %w", err)
	}
	return nil
}

func (s *spillFile) readPages(b []byte, at int64) error {
	for len(b) > 0 {
		page := b[:min(int64(len(b)), pageSize-at%pageSize)]
		n, err := s.f.ReadAt(page, at)
		switch {
		case errors.Is(err, syscall.EIO):
			clear(page)
		case errors.Is(err, io.EOF):
			clear(page[n:])
		case err != nil:
			return err
		}
		b, at = b[len(page):], at+int64(len(page))
	}
	return nil
}
