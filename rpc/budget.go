package rpc

import (
	"errors"
	"io"
	"net"
	"sync/atomic"

	"statusd/rpc/jsonrpc"
)

// maxBuffered bounds what all connections together hold of unfinished
// requests and unsent notifications, in bytes.
const maxBuffered = 128 << 20

// budget is a number of bytes that several parties share.
type budget struct {
	max  int64
	used atomic.Int64
}

// take reserves n more bytes (gives back, if negative) and reports whether
// they were there.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.max && n > 0 {
		b.used.Add(-n)
		return false
	}
	return true
}

// charge is one party's part of a budget. It is not safe for concurrent use.
type charge struct {
	budget *budget
	held   int64
}

// set changes the part to n bytes and reports whether that was possible.
func (c *charge) set(n int64) bool {
	if !c.budget.take(n - c.held) {
		return false
	}
	c.held = n
	return true
}

// errBodyTooLarge is what readBody returns for a body above its limit.
var errBodyTooLarge = errors.New("rpc: body exceeds the limit")

func errBusy() *jsonrpc.Error {
	e := jsonrpc.NewError(jsonrpc.CodeBusy, "too much is being received at the moment").
		WithHint("try again later, or send less at a time")
	e.Data.RetryAfterSeconds = 1
	return e
}

// readBody reads at most limit bytes up to the end of r. The buffer grows with
// what really arrives, not with what was announced, and each growth is charged.
func readBody(r io.Reader, limit int64, c *charge) ([]byte, error) {
	const first = 4 << 10
	buf := make([]byte, 0, first)
	for {
		if len(buf) == cap(buf) {
			if int64(len(buf)) > limit {
				return nil, errBodyTooLarge
			}
			if !c.set(int64(2 * cap(buf))) {
				return nil, errBusy()
			}
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return nil, errBodyTooLarge
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, err
		}
	}
}

// timedOut tells whether a deadline made a read fail. The WebSocket library
// wraps such an error in one of its own.
func timedOut(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
