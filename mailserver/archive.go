package mailserver

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"statusd/fault"
	"statusd/waku/wire"
)

// Errors of archives. Implementations wrap them with what they were doing.
var (
	// ErrCorrupted means that stored data is damaged; the archive has to be
	// repaired before it can be used again.
	ErrCorrupted = fault.New(fault.BadInput, "archive is damaged", "")
	// ErrDiskLow means that nothing was stored because the disk is nearly full.
	ErrDiskLow = fault.New(fault.DiskFull, "too little free disk space", "free some, or lower --min-free-disk")
	// ErrUnavailable means that the archive cannot be reached now; the same
	// call may succeed later.
	ErrUnavailable = fault.New(fault.Unavailable, "archive is not available", "")
	// ErrRefused means that the archive works and never takes these envelopes,
	// or one of them.
	ErrRefused = errors.New("envelope is refused by the archive")
	// ErrClosed means that the archive has been closed.
	ErrClosed = errors.New("archive is closed")
)

// Archive stores envelopes by creation time. All methods are safe for
// concurrent use. Every implementation gives the same rows in the same order,
// so that a cursor of one means the same at another.
type Archive interface {
	// Put makes envelopes durable: once it returns nil, they survive the loss
	// of the process and of power. Envelopes that are there already are
	// skipped; added counts the others.
	Put(ctx context.Context, envs []*wire.Envelope) (added int, err error)
	// Select returns the rows that match, newest first. The caller closes them.
	Select(ctx context.Context, q Query) (Rows, error)
	// Prune removes the oldest envelopes, in small batches, until the limits
	// are kept, and gives the space back. It returns how many it removed.
	Prune(ctx context.Context, limits Limits) (removed int64, err error)
	// Stats returns the counters, without walking the archive.
	Stats(ctx context.Context) (Stats, error)
	// Close releases the archive. Rows must have been closed before.
	Close() error
}

// Key is the place of an envelope in the order of the archive: by creation
// time, then by hash as an unsigned number.
type Key struct {
	Created uint32 // Unix seconds: expiry - ttl
	Hash    wire.Hash
}

// KeyOf returns the key of an envelope.
func KeyOf(env *wire.Envelope) Key { return Key{Created: env.Sent(), Hash: env.Hash()} }

// Compare orders keys from old to new.
func (k Key) Compare(other Key) int {
	if c := cmp.Compare(k.Created, other.Created); c != 0 {
		return c
	}
	return bytes.Compare(k.Hash[:], other.Hash[:])
}

// AppendCursor appends the key as it travels in requests and answers:
// created(4, big endian) | hash(32).
func (k Key) AppendCursor(dst []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, k.Created), k.Hash[:]...)
}

// ParseCursor reads a cursor of exactly 36 bytes.
func ParseCursor(b []byte) (Key, error) {
	if len(b) != wire.CursorLength {
		return Key{}, wire.ErrCursorLength
	}
	return Key{Created: binary.BigEndian.Uint32(b), Hash: wire.Hash(b[4:])}, nil
}

// ParseCursorText reads a cursor as callers of the RPC write it: hex without
// 0x. An empty text is no cursor. The texts of errors are fixed (spec 02
// section 8.1).
func ParseCursorText(s string) (*Key, error) {
	if s == "" {
		return nil, nil
	}
	raw, err := hex.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("invalid cursor: %w", err)
	}
	key, err := ParseCursor(raw)
	if err != nil {
		return nil, fmt.Errorf("invalid cursor size: expected %d but got %d", wire.CursorLength, len(raw))
	}
	return &key, nil
}

// Query selects envelopes.
type Query struct {
	Lower, Upper uint32       // created, Unix seconds, both inclusive
	Topics       []wire.Topic // not empty: exactly these, and Bloom is ignored
	Bloom        *wire.Bloom  // nil: every topic
	After        *Key         // nil: from the newest; else strictly older than it
	Limit        int          // rows at most; 0: no limit
}

// Rows walks the result of a query, newest first. It is not safe for
// concurrent use.
//
// A row that is pruned while the walk goes on may be left out; rows that are
// added after Select may be left out too.
type Rows interface {
	// Next moves to the next row. It returns false at the end and on errors.
	Next(ctx context.Context) bool
	// Row returns the current row without its envelope.
	Row() Row
	// Data returns the encoded envelope of the current row. It is valid until
	// the next call of Next or Close and must not be changed.
	Data(ctx context.Context) ([]byte, error)
	// Err returns the error that ended the walk, nil at the regular end.
	Err() error
	// Close releases the rows. It may be called more than once.
	Close()
}

// Row describes one stored envelope.
type Row struct {
	Key
	Topic wire.Topic
	Size  int // bytes of the encoded envelope
}

// Limits say how much an archive may keep. Zero values are no limits.
type Limits struct {
	Before    uint32 // envelopes created before this Unix second go
	Envelopes int64  // number of envelopes
	Bytes     int64  // sum of the encoded envelopes
}

// Exceeded reports whether an archive with these counters has something to
// prune. Archives may know the oldest envelope only as a lower bound.
func (l Limits) Exceeded(s Stats) bool {
	return s.Envelopes > 0 && (s.Oldest < l.Before ||
		l.Envelopes > 0 && s.Envelopes > l.Envelopes ||
		l.Bytes > 0 && s.Bytes > l.Bytes)
}

// Stats are the counters of an archive.
type Stats struct {
	Envelopes int64
	Bytes     int64 // sum of the encoded envelopes
	DiskBytes int64 // what they take; -1: not known
	Topics    int
	Oldest    uint32 // created, Unix seconds; a lower bound
	Newest    uint32
	// Damage is what was lost to damage since the archive was opened; nil:
	// nothing.
	Damage *Damage
}

// Damage counts what was stored and could not be read again.
type Damage struct {
	Envelopes int64 // lost, at least
	Bytes     int64 // of the damaged parts of files
	// More may have been lost than was counted. Without it a damage that cost
	// nothing is known to have cost nothing.
	More bool
}
