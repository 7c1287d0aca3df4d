package rpc

import (
	"errors"
	"io"
	"net"
	"sync/atomic"

	"statusd/api"
	"statusd/internal/feed"
)

const (
	// maxBuffered bounds what all connections together hold of unfinished
	// requests, and of answers and notifications that are not written yet, in
	// bytes. A caller finds its calls refused while maxUnreadToken of it are
	// such answers of its token, or of all on the socket, or maxUnread those of
	// all but the socket. A token, or a connection to the socket, that holds no
	// more than keptUnread does not: whoever does not read keeps nobody else from
	// being served, not with several tokens either.
	maxBuffered    = 128 << 20
	maxUnread      = maxBuffered / 2
	maxUnreadToken = maxBuffered / 4
	keptUnread     = 1 << 20
	// maxRisk is the answer that is given although there is no room for it,
	// since the call has been made.
	maxRisk = 64 << 10
)

// budget is a number of bytes that several parties share.
type budget struct {
	max  int64
	used atomic.Int64
	// Of it, what callers that are not on the socket have not read yet, what those
	// of them without a token, and what those on the socket.
	unread, nameless, local atomic.Int64
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

// unread counts what one caller is to get and has not been written yet.
type unread struct {
	budget *budget
	own    *atomic.Int64 // of the caller's token, or of its connection to the socket
	share  *atomic.Int64 // of the caller's token, or of all on the socket; nil: only the budget bounds
	local  bool          // on the socket
}

// unreadOf returns the account of a caller.
func (b *budget) unreadOf(c *caller) unread {
	switch {
	case c.unread != nil:
		return unread{b, c.unread, &b.local, true}
	case c.grant == nil:
		return unread{b, &b.nameless, &b.nameless, false}
	}
	return unread{b, &c.grant.unread, &c.grant.unread, false}
}

// room reports whether the caller may be given more.
func (u unread) room() bool {
	kept := u.budget.max * keptUnread / maxBuffered
	return u.plenty() || u.share != nil && u.own.Load() < kept && u.budget.used.Load() < u.budget.max
}

// plenty reports whether it may be much.
func (u unread) plenty() bool {
	if u.share == nil {
		return u.budget.used.Load() < u.budget.max
	}
	return (u.local || u.budget.unread.Load() < u.budget.max*maxUnread/maxBuffered) &&
		u.share.Load() < u.budget.max*maxUnreadToken/maxBuffered
}

// bears reports whether an answer of n bytes may be given that was made while
// others had the same idea. On the socket, where everybody is one owner, one
// program keeps no other from answers of a common size.
func (u unread) bears(n int64) bool {
	return n <= maxRisk || u.plenty() || u.local && u.own.Load()+n <= u.budget.max*keptUnread/maxBuffered
}

// add counts n more bytes, whether or not there is room; fewer, if negative.
func (u unread) add(n int64) {
	u.budget.used.Add(n)
	u.count(n)
}

func (u unread) count(n int64) {
	if u.share == nil {
		return
	}
	u.share.Add(n)
	if u.local {
		u.own.Add(n)
	} else {
		u.budget.unread.Add(n)
	}
}

// take is add if there is room, and reports that. Who holds nothing gets it,
// also if it is much, as long as the budget allows it.
func (u unread) take(n int64) bool {
	if !u.plenty() && u.share != nil {
		if own := u.own.Load(); own > 0 && own+n > u.budget.max*keptUnread/maxBuffered {
			return false
		}
	}
	if !u.budget.take(n) {
		return false
	}
	u.count(n)
	return true
}

// eventOverhead is what an event takes beside its content, about.
const eventOverhead = 256

// hold counts a batch of events, which stays in memory until it is written, and
// returns what takes that back. The error is errUnread.
func (u unread) hold(b *feed.Batch) (release func(), err error) {
	var n int64
	for i := range b.Events {
		n += int64(len(b.Events[i].Event)) + eventOverhead
	}
	if !u.take(n) {
		return nil, errUnread()
	}
	return func() { u.add(-n) }, nil
}

// errUnread is the answer to who has not read enough of what came before.
func errUnread() *api.Error {
	e := api.NewError(api.CodeBusy, "too many answers and notifications wait to be read").
		WithHint("read what was sent before asking for more, and ask for less at a time")
	e.Data.RetryAfterSeconds = 1
	return e
}

// errBodyTooLarge is what readBody returns for a body above its limit.
var errBodyTooLarge = errors.New("body exceeds the limit")

func errBusy() *api.Error {
	e := api.NewError(api.CodeBusy, "too much is being received at the moment").
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
