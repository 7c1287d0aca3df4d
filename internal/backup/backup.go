package backup

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"statusd/accounts/kdf"
	"statusd/accounts/secret"
	"statusd/fault"
)

const (
	// Version is the newest format that this package reads, and the one it
	// writes.
	Version = 1
	// MaxName bounds the name of an entry in bytes.
	MaxName = 255

	magic      = "statusd backup\n"
	maxHeader  = 4096 // bytes
	prefixSize = 7    // bytes of nonce that are random
	chunkSize  = 64 << 10
	maxChunks  = 1<<32 - 1
	keySize    = 32

	infoHeader = "statusd backup header v1"
	infoData   = "statusd backup data v1"
)

// Types of records.
const (
	recordBegin = 1
	recordData  = 2
	recordEnd   = 3
	recordDone  = 4

	recordHead = 5       // bytes: type and length
	maxRecord  = 1 << 15 // bytes of payload
)

// Errors of reading. A wrong password, or a changed header, is
// kdf.ErrWrongPassword; parameters out of bounds are kdf.ErrCost.
var (
	ErrNotBackup = fault.New(fault.BadInput, "the file is not a backup of this program", "")
	ErrNewer     = fault.New(fault.NewerData, "the backup was written by a newer version of this program", "")
	ErrDamaged   = fault.New(fault.BadInput, "the backup is damaged, incomplete or was changed", "")
)

// Errors of writing.
var (
	ErrTooLarge = errors.New("the contents are larger than a backup can be")
	ErrName     = fmt.Errorf("name of an entry is empty or longer than %d bytes", MaxName)
	ErrClosed   = errors.New("the writer is closed")
)

// header is the JSON of the header.
type header struct {
	Version   int             `json:"version"`
	KDF       string          `json:"kdf"`
	KDFParams json.RawMessage `json:"kdfparams"`
	Nonce     string          `json:"nonce"`
}

// keys are what a password and the function of a header give.
type keys struct {
	header secret.Bytes
	data   cipher.AEAD
}

func derive(f kdf.Function, p kdf.Password) (keys, error) {
	root, err := f.Key(p)
	if err != nil {
		return keys{}, err
	}
	defer root.Wipe()
	var k keys
	raw, err := hkdf.Key(sha256.New, root.Reveal(), nil, infoHeader, keySize)
	if err != nil {
		return keys{}, fmt.Errorf("derive key: %w", err)
	}
	k.header = secret.New(raw)
	clear(raw)
	if raw, err = hkdf.Key(sha256.New, root.Reveal(), nil, infoData, keySize); err != nil {
		return keys{}, fmt.Errorf("derive key: %w", err)
	}
	defer clear(raw)
	block, err := aes.NewCipher(raw)
	if err != nil {
		return keys{}, fmt.Errorf("set up AES: %w", err)
	}
	if k.data, err = cipher.NewGCM(block); err != nil {
		return keys{}, fmt.Errorf("set up GCM: %w", err)
	}
	return k, nil
}

func (k keys) mac(head []byte) []byte {
	h := hmac.New(sha256.New, k.header.Reveal())
	h.Write(head)
	return h.Sum(nil)
}

// nonce of a chunk.
func nonce(prefix []byte, number uint64, last bool) []byte {
	n := binary.BigEndian.AppendUint32(bytes.Clone(prefix), uint32(number)) //nolint:gosec // bounded by maxChunks
	if last {
		return append(n, 1)
	}
	return append(n, 0)
}

// Writer writes a backup. It is for one goroutine.
type Writer struct {
	w      io.Writer
	aead   cipher.AEAD
	prefix []byte
	number uint64
	buf    []byte // plaintext that waits for its chunk to be full
	closed bool
}

// NewWriter derives the keys, which takes as long as the cost says, and writes
// the header.
func NewWriter(w io.Writer, p kdf.Password, cost kdf.Cost) (*Writer, error) {
	f, err := kdf.New(cost)
	if err != nil {
		return nil, err
	}
	k, err := derive(f, p)
	if err != nil {
		return nil, err
	}
	defer k.header.Wipe()
	params, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write backup header: %w", err)
	}
	prefix := secret.Random(prefixSize).Reveal()
	text, err := json.Marshal(header{Version, f.Name(), params, hex.EncodeToString(prefix)})
	if err != nil {
		return nil, fmt.Errorf("write backup header: %w", err)
	}
	head := append([]byte(magic), byte(len(text)>>8), byte(len(text)))
	head = append(head, text...)
	if _, err := w.Write(append(head, k.mac(head)...)); err != nil {
		return nil, fmt.Errorf("write backup: %w", err)
	}
	return &Writer{w: w, aead: k.data, prefix: prefix, buf: make([]byte, 0, chunkSize)}, nil
}

// Entry writes one entry, whose content fill writes.
func (w *Writer) Entry(name string, fill func(io.Writer) error) error {
	if name == "" || len(name) > MaxName {
		return ErrName
	}
	if err := w.record(recordBegin, []byte(name)); err != nil {
		return err
	}
	if err := fill(content{w}); err != nil {
		return err
	}
	return w.record(recordEnd, nil)
}

// content writes the content of an entry.
type content struct{ w *Writer }

// Write implements io.Writer.
func (c content) Write(p []byte) (int, error) {
	done := 0
	for len(p) > 0 {
		part := p[:min(len(p), maxRecord)]
		if err := c.w.record(recordData, part); err != nil {
			return done, err
		}
		done += len(part)
		p = p[len(part):]
	}
	return done, nil
}

func (w *Writer) record(kind byte, payload []byte) error {
	if w.closed {
		return ErrClosed
	}
	var head [recordHead]byte
	head[0] = kind
	binary.BigEndian.PutUint32(head[1:], uint32(len(payload))) //nolint:gosec // at most maxRecord
	if err := w.plain(head[:]); err != nil {
		return err
	}
	return w.plain(payload)
}

// plain takes plaintext. A full chunk is written only when more follows: the
// last one must be marked.
func (w *Writer) plain(p []byte) error {
	for len(p) > 0 {
		if len(w.buf) == chunkSize {
			if err := w.flush(false); err != nil {
				return err
			}
		}
		n := min(len(p), chunkSize-len(w.buf))
		w.buf = append(w.buf, p[:n]...)
		p = p[n:]
	}
	return nil
}

func (w *Writer) flush(last bool) error {
	if w.number >= maxChunks {
		return ErrTooLarge
	}
	sealed := w.aead.Seal(nil, nonce(w.prefix, w.number, last), w.buf, nil)
	clear(w.buf)
	w.buf = w.buf[:0]
	w.number++
	if _, err := w.w.Write(sealed); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	return nil
}

// Close ends the backup. The writer below stays open. Without Close the file
// is not a valid backup.
func (w *Writer) Close() error {
	if err := w.record(recordDone, nil); err != nil {
		return err
	}
	w.closed = true
	return w.flush(true)
}
