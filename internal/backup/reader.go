package backup

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"statusd/accounts/kdf"
)

// Reader reads a backup. It is for one goroutine.
type Reader struct {
	r      io.Reader
	aead   cipher.AEAD
	prefix []byte
	number uint64
	sealed []byte // of one chunk and one byte more, which tells whether another follows
	have   int    // bytes in sealed
	last   bool   // the last chunk was opened
	plain  []byte // opened and not yet taken
	inside bool   // an entry has begun and not ended
	left   int    // bytes of the current data record not yet taken
	done   bool
	failed error // sticky: nothing follows after an error
}

// readHeader reads and checks everything before the mac.
func readHeader(r io.Reader) (f kdf.Function, prefix, head []byte, err error) {
	head = make([]byte, len(magic)+2)
	if _, err := io.ReadFull(r, head); err != nil {
		return f, nil, nil, readError(err, ErrNotBackup)
	}
	if string(head[:len(magic)]) != magic {
		return f, nil, nil, ErrNotBackup
	}
	size := int(binary.BigEndian.Uint16(head[len(magic):]))
	if size > maxHeader {
		return f, nil, nil, ErrDamaged
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return f, nil, nil, readError(err, ErrDamaged)
	}
	var h header
	if err := json.Unmarshal(text, &h); err != nil || h.Version < 1 {
		return f, nil, nil, ErrDamaged
	}
	if h.Version > Version {
		return f, nil, nil, fmt.Errorf("%w: it has version %d, this program knows %d", ErrNewer, h.Version, Version)
	}
	prefix, err = hex.DecodeString(h.Nonce)
	if err != nil || len(prefix) != prefixSize || h.KDF != kdf.NameScrypt {
		return f, nil, nil, ErrDamaged
	}
	if f, err = kdf.Parse(h.KDF, h.KDFParams); err != nil {
		if errors.Is(err, kdf.ErrCost) {
			return f, nil, nil, err
		}
		return f, nil, nil, ErrDamaged
	}
	return f, prefix, append(head, text...), nil
}

// readError tells a file that ends from one that cannot be read.
func readError(err, ends error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ends
	}
	return fmt.Errorf("read backup: %w", err)
}

// Recognise tells whether a file begins like a backup. It reads nothing else.
func Recognise(file io.ReaderAt) bool {
	head := make([]byte, len(magic))
	_, err := file.ReadAt(head, 0)
	return err == nil && string(head) == magic
}

// NewReader reads the header and derives the keys, which takes as long as the
// file's parameters say. Errors: ErrNotBackup, ErrNewer, ErrDamaged,
// kdf.ErrCost, kdf.ErrWrongPassword, and those of r.
func NewReader(r io.Reader, p kdf.Password) (*Reader, error) {
	f, prefix, head, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	sum := make([]byte, sha256.Size)
	if _, err := io.ReadFull(r, sum); err != nil {
		return nil, readError(err, ErrDamaged)
	}
	k, err := derive(f, p)
	if err != nil {
		return nil, err
	}
	defer k.header.Wipe()
	if !hmac.Equal(k.mac(head), sum) {
		return nil, kdf.ErrWrongPassword
	}
	return &Reader{
		r: r, aead: k.data, prefix: prefix, sealed: make([]byte, chunkSize+k.data.Overhead()+1),
	}, nil
}

// Next skips what is left of the current entry and returns the name of the
// next one, or io.EOF when the backup is complete. Errors: ErrDamaged, and
// those of the reader below.
func (r *Reader) Next() (name string, err error) {
	if r.inside {
		if _, err := io.Copy(io.Discard, r); err != nil {
			return "", err
		}
	}
	kind, size, err := r.head()
	if err != nil {
		return "", err
	}
	switch kind {
	case recordDone:
		if size != 0 || len(r.plain) > 0 || !r.last {
			return "", r.fail(ErrDamaged)
		}
		r.done = true
		return "", r.fail(io.EOF)
	case recordBegin:
		if size == 0 || size > MaxName {
			return "", r.fail(ErrDamaged)
		}
		text := make([]byte, size)
		if err := r.full(text); err != nil {
			return "", err
		}
		r.inside = true
		return string(text), nil
	}
	return "", r.fail(ErrDamaged)
}

// Read implements io.Reader for the content of the current entry.
func (r *Reader) Read(p []byte) (int, error) {
	if r.failed != nil && !r.done {
		return 0, r.failed
	}
	for r.left == 0 {
		if !r.inside {
			return 0, io.EOF
		}
		kind, size, err := r.head()
		switch {
		case err != nil:
			return 0, err
		case kind == recordEnd && size == 0:
			r.inside = false
		case kind == recordData && size <= maxRecord:
			r.left = size
		default:
			return 0, r.fail(ErrDamaged)
		}
	}
	if len(p) == 0 {
		return 0, nil
	}
	if len(r.plain) == 0 {
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	n := copy(p[:min(len(p), r.left)], r.plain)
	r.plain = r.plain[n:]
	r.left -= n
	return n, nil
}

// head reads the head of a record.
func (r *Reader) head() (kind byte, size int, err error) {
	var h [recordHead]byte
	if err := r.full(h[:]); err != nil {
		return 0, 0, err
	}
	n := binary.BigEndian.Uint32(h[1:])
	if n > maxRecord {
		return 0, 0, r.fail(ErrDamaged)
	}
	return h[0], int(n), nil
}

// full takes plaintext until p is full.
func (r *Reader) full(p []byte) error {
	for len(p) > 0 {
		if len(r.plain) == 0 {
			if err := r.open(); err != nil {
				return err
			}
		}
		n := copy(p, r.plain)
		p, r.plain = p[n:], r.plain[n:]
	}
	return nil
}

func (r *Reader) fail(err error) error {
	r.failed = err
	return err
}

// open reads and opens the next chunk. The end of the data without the mark of
// the last chunk is damage.
func (r *Reader) open() error {
	if r.failed != nil {
		return r.failed
	}
	if r.last || r.number >= maxChunks {
		return r.fail(ErrDamaged)
	}
	n, err := io.ReadFull(r.r, r.sealed[r.have:])
	r.have += n
	last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !last {
		return r.fail(fmt.Errorf("read backup: %w", err))
	}
	size := r.have
	if !last {
		size-- // the byte more belongs to the next chunk
	}
	plain, err := r.aead.Open(nil, nonce(r.prefix, r.number, last), r.sealed[:size], nil)
	if err != nil || len(plain) == 0 {
		return r.fail(ErrDamaged)
	}
	r.have = copy(r.sealed, r.sealed[size:r.have])
	r.plain, r.last = plain, last
	r.number++
	return nil
}
