package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Layout of SQLite's write-ahead log: a header, then frames, each a head and a
// page. Every frame has a checksum of its own content and of the checksum
// before it, so that SQLite takes the first that does not fit for the end.
const (
	logHeadSize  = 32
	frameHead    = 24
	logMagic     = 0x377f0682 // and the byte order of the checksums in the lowest bit
	logVersion   = 3007000
	pageSize     = 4096 // of all our databases
	maxLogPage   = 64 << 10
	lostToBeSure = 2
)

// logReport is what a walk through a write-ahead log found.
type logReport struct {
	sound int64 // number of the last frame that SQLite reads; 0: none
	bad   int64 // number of the first frame that does not fit; 0: the header; -1: all fit
	// lost is the number of transactions that were committed behind the bad
	// frame. A power cut can tear the last one only, since each is on disk before
	// the next begins: with two, the log was damaged later.
	lost int
}

// damaged reports whether the log was changed after it was written.
func (r logReport) damaged() bool { return r.lost >= lostToBeSure }

// logWalk reads frame after frame.
type logWalk struct {
	r        io.ReaderAt
	order    binary.ByteOrder // of the checksums
	pageSize int
	sector   int64 // a commit is repeated until it fills one
	salts    []byte
	sum      [2]uint32 // of what was read last, as it is stored
	frame    []byte
	before   []byte // frame of the last commit
	commit   int64  // its number
	filled   int64  // up to where it is repeated
	report   logReport
	// Pages by the number of their last frame that is part of a transaction, and
	// those of the transaction that is being read.
	pages, open map[uint32]int64
}

// walkLog reads the whole log of a size. applied tells whether the database has
// the content of a page already; it is asked when the header does not fit, which
// can be torn when the log begins anew, after all of it went into the database.
func walkLog(
	r io.ReaderAt, size, sector int64, applied func(page uint32, content []byte) (bool, error),
) (logReport, error) {
	w := &logWalk{
		r: r, order: binary.LittleEndian, pageSize: pageSize, sector: max(sector, 1), report: logReport{bad: -1},
		pages: make(map[uint32]int64), open: make(map[uint32]int64),
	}
	if size < logHeadSize {
		return w.report, nil
	}
	if err := w.header(); err != nil {
		return w.report, err
	}
	w.frame, w.before = make([]byte, frameHead+w.pageSize), make([]byte, frameHead+w.pageSize)
	for n := int64(1); w.offset(n+1) <= size; n++ {
		if err := w.next(n); err != nil {
			return w.report, err
		}
	}
	if w.report.bad == 0 && w.report.damaged() {
		return w.report, w.forgetApplied(applied)
	}
	return w.report, nil
}

func (w *logWalk) offset(n int64) int64 { return logHeadSize + (n-1)*int64(frameHead+w.pageSize) }

// read fills p; what lies behind the end of the file reads as zeros, as SQLite
// has it.
func (w *logWalk) read(p []byte, at int64) error {
	n, err := w.r.ReadAt(p, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read write-ahead log: %w", err)
	}
	clear(p[n:])
	return nil
}

// header reads what all frames share. After a bad one the salts are those of
// the first two frames that fit together.
func (w *logWalk) header() error {
	var h [logHeadSize]byte
	if err := w.read(h[:], 0); err != nil {
		return err
	}
	magic, size := binary.BigEndian.Uint32(h[:]), binary.BigEndian.Uint32(h[8:])
	order := binary.ByteOrder(binary.LittleEndian)
	if magic&1 == 1 {
		order = binary.BigEndian
	}
	w.sum = stored(h[24:])
	if magic&^1 != logMagic || binary.BigEndian.Uint32(h[4:]) != logVersion || size < 512 || size > maxLogPage ||
		size&(size-1) != 0 || logSum(order, [2]uint32{}, h[:24]) != w.sum {
		w.report.bad = 0
		return nil
	}
	w.order, w.pageSize, w.salts = order, int(size), bytes.Clone(h[16:24])
	return nil
}

// next reads frame n.
func (w *logWalk) next(n int64) error {
	if err := w.read(w.frame, w.offset(n)); err != nil {
		return err
	}
	seed, salts := w.sum, w.frame[8:16]
	w.sum = stored(w.frame[16:])
	fits := false
	if w.salts == nil || bytes.Equal(salts, w.salts) {
		sum := logSum(w.order, logSum(w.order, seed, w.frame[:8]), w.frame[frameHead:])
		fits = sum == w.sum && binary.BigEndian.Uint32(w.frame) != 0
	}
	if !fits {
		clear(w.open)
		if w.report.bad < 0 {
			w.report.bad = n
		}
		return nil
	}
	if w.salts == nil {
		w.salts = bytes.Clone(salts)
	}
	w.take(n)
	return nil
}

// take counts a frame that fits.
func (w *logWalk) take(n int64) {
	w.open[binary.BigEndian.Uint32(w.frame)] = n
	if binary.BigEndian.Uint32(w.frame[4:]) == 0 { // not the last of a transaction
		return
	}
	for page, frame := range w.open {
		w.pages[page] = frame
	}
	clear(w.open)
	repeated := w.commit == n-1 && w.commit > 0 && w.offset(n) < w.filled &&
		bytes.Equal(w.frame[:8], w.before[:8]) && bytes.Equal(w.frame[frameHead:], w.before[frameHead:])
	if w.report.bad < 0 {
		w.report.sound = n
	} else if !repeated {
		w.report.lost++
	}
	if !repeated {
		w.filled = (w.offset(n+1) + w.sector - 1) / w.sector * w.sector
	}
	w.commit = n
	w.frame, w.before = w.before, w.frame
}

// forgetApplied counts nothing as lost when the database has it all.
func (w *logWalk) forgetApplied(applied func(uint32, []byte) (bool, error)) error {
	for page, n := range w.pages {
		if err := w.read(w.frame, w.offset(n)); err != nil {
			return err
		}
		if same, err := applied(page, w.frame[frameHead:]); err != nil || !same {
			return err
		}
	}
	w.report.lost = 0
	return nil
}

// stored reads a checksum.
func stored(p []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])}
}

// logSum continues a checksum; the length of p is a multiple of 8.
func logSum(order binary.ByteOrder, sum [2]uint32, p []byte) [2]uint32 {
	a, b := sum[0], sum[1]
	if order == binary.ByteOrder(binary.LittleEndian) { // the usual one, without calls
		for ; len(p) >= 8; p = p[8:] {
			a += binary.LittleEndian.Uint32(p) + b
			b += binary.LittleEndian.Uint32(p[4:]) + a
		}
		return [2]uint32{a, b}
	}
	for ; len(p) >= 8; p = p[8:] {
		a += order.Uint32(p) + b
		b += order.Uint32(p[4:]) + a
	}
	return [2]uint32{a, b}
}
