package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// ErrTooLarge ends a stream in which one message exceeds the limit.
var ErrTooLarge = errors.New("message exceeds the limit")

// keptBuffer is the largest message after which a Framer keeps its buffer: an
// idle connection shall not hold on to the size of its largest message.
const keptBuffer = 64 << 10

// Framer cuts a stream of concatenated or line-separated JSON values into
// messages. It holds at most one message and what one read gives.
type Framer struct {
	src  source
	dec  *json.Decoder
	skip bool // pass over the rest of a broken line first
}

// NewFramer reads from r. No message may be longer than limit bytes.
//
// Before each read from r, wait is called with the number of bytes of an
// unfinished message that are held, 0 between messages. An error it returns
// ends the stream with this error. wait may be nil.
func NewFramer(r io.Reader, limit int64, wait func(pending int) error) *Framer {
	f := &Framer{src: source{r: r, limit: limit, wait: wait}}
	f.restart()
	return f
}

// Next returns the next message. An *api.Error means that a line was not JSON; it
// should be answered, and the stream goes on after the end of that line. Every
// other error is final: io.EOF between messages, io.ErrUnexpectedEOF within
// one, ErrTooLarge, or what the reader or wait returned.
func (f *Framer) Next() ([]byte, error) {
	if f.skip {
		if err := f.skipLine(); err != nil {
			return nil, err
		}
		f.skip = false
	}
	var raw json.RawMessage
	err := f.dec.Decode(&raw)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		syntax.Offset = f.resync(syntax.Offset)
		return nil, syntaxError(syntax)
	}
	if err != nil {
		return nil, err
	}
	if len(raw) > keptBuffer {
		f.giveBack(0)
	}
	return raw, nil
}

// giveBack returns to the source what the decoder has read but not used, from
// an offset on, and replaces the decoder and its buffer.
func (f *Framer) giveBack(from int64) {
	held, _ := io.ReadAll(f.dec.Buffered())
	f.src.back = append(held[from:len(held):len(held)], f.src.back...)
	f.restart()
}

// restart puts a fresh decoder before the source: the old one does not go on
// after a syntax error.
func (f *Framer) restart() {
	f.dec = json.NewDecoder(trimmed{&f.src})
	f.src.pending = func() int { return unread(f.dec.Buffered()) }
}

// unread counts the bytes of r after white space.
func unread(r io.Reader) int {
	b, ok := r.(*bytes.Reader)
	if !ok {
		return 0
	}
	for {
		c, err := b.ReadByte()
		if err != nil {
			return 0
		}
		if !isSpace(c) {
			return b.Len() + 1
		}
	}
}

// resync gives the source back what the decoder has read beyond the fault at
// offset, counted from the start of the stream. It returns the place of the
// fault within the message.
func (f *Framer) resync(offset int64) int64 {
	held, _ := io.ReadAll(f.dec.Buffered())
	bad := max(0, min(offset-1-f.dec.InputOffset(), int64(len(held))))
	begin := min(int64(skipSpace(held, 0)), bad)
	f.giveBack(bad)
	f.skip = true
	return bad - begin + 1
}

// skipLine drops bytes up to and including the next line feed.
func (f *Framer) skipLine() error {
	buf := make([]byte, 512)
	for {
		n, err := f.src.Read(buf)
		for i, c := range buf[:n] {
			if c == '\n' {
				f.src.back = append(append([]byte(nil), buf[i+1:n]...), f.src.back...)
				return nil
			}
		}
		if err != nil {
			return err
		}
	}
}

// source is the reader below the decoder.
type source struct {
	r       io.Reader
	back    []byte // read before, to be read again
	limit   int64
	wait    func(int) error
	pending func() int
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	pending := s.pending()
	room := s.limit - int64(pending)
	if room <= 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > room {
		p = p[:room]
	}
	if len(s.back) > 0 {
		n := copy(p, s.back)
		if s.back = s.back[n:]; len(s.back) == 0 {
			s.back = nil
		}
		return n, nil
	}
	if s.wait != nil {
		if err := s.wait(pending); err != nil {
			return 0, err
		}
	}
	return s.r.Read(p)
}

// trimmed is a source without the white space in front of a message: the
// decoder keeps that until the message ends, however much there is.
type trimmed struct{ *source }

// Read implements io.Reader.
func (t trimmed) Read(p []byte) (int, error) {
	for {
		n, err := t.source.Read(p)
		if t.pending() == 0 {
			n = copy(p, bytes.TrimLeft(p[:n], space))
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}
