package history

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/fault"
	"statusd/waku/wire"
)

// Errors of one page. All but ErrBadRequest are the server's or the network's
// fault and make the client try again, here or elsewhere.
var (
	ErrTimeout    = fault.New(fault.NoMailserver, "the server sent nothing in time", hintServers)
	ErrGone       = fault.New(fault.NoMailserver, "the server disconnected", hintServers)
	ErrUnverified = errors.New("the answer does not hold together")
	ErrBadRequest = fault.New(fault.InvalidParams, "invalid request", "")
)

// errPassword is the kind of the answer of a server that cannot decrypt a
// request.
var errPassword = fault.New(fault.WrongPassword, "the server has another password",
	"the server has another password: give it in its enode, enode://id:password@host:port, or by symKeyID")

// hintServers is what to do about a server that does not answer.
const hintServers = "mailserver_status shows the state of each server; statusd mailserver " +
	"check tries one out from outside"

// ServerError is a failure that the server reported.
type ServerError struct {
	Server enode.ID
	Text   string // the server's own words, cut to a bounded length
}

func (e *ServerError) Error() string {
	return fmt.Sprintf("server %s answers: %s", e.Server.TerminalString(), e.Text)
}

// Unwrap returns the kind of the failure, of which servers only give words.
func (e *ServerError) Unwrap() error {
	if strings.Contains(e.Text, "decrypt") {
		return errPassword
	}
	return nil
}

// maxServerText bounds the words of a server that are kept.
const maxServerText = 512

// page is what one request asks for.
type page struct {
	topics   map[wire.Topic]struct{} // empty: whatever matches bloom
	bloom    *wire.Bloom             // nil with topics: their union
	from, to uint32                  // creation time, inclusive
	limit    int                     // envelopes at most; 0: maxPage
	cursor   []byte                  // empty: from the start
}

// maxPage is the number of envelopes a server sends when no limit is given.
const maxPage = wire.MaxRequestLimit

// most is the number of envelopes that an honest answer holds at the most.
func (p *page) most() int {
	if p.limit == 0 {
		return maxPage
	}
	return p.limit
}

// exchange is one request on the wire and what has come back for it. It is a
// pure value: the client guards it and gives it the time.
type exchange struct {
	id     wire.Hash
	server enode.ID
	page   page

	wanted   int // envelopes passed on to the filters
	unwanted int // of other topics, which a bloom lets through
	refused  int // outside the request: the server is at fault
	seen     map[wire.Hash]struct{}
	last     wire.Hash // of the newest arrival that was not refused
	over     time.Time // zero: outstanding; else until when stragglers count
}

// accept judges one envelope and reports whether the filters may see it.
func (x *exchange) accept(env *wire.Envelope) bool {
	hash, sent := env.Hash(), env.Sent()
	if _, dup := x.seen[hash]; dup || len(x.seen) >= x.page.most() || sent < x.page.from || sent > x.page.to {
		x.refused++
		return false
	}
	x.seen[hash] = struct{}{}
	x.last = hash
	if len(x.page.topics) > 0 {
		if _, ok := x.page.topics[env.Topic()]; !ok {
			x.unwanted++
			return false
		}
	}
	x.wanted++
	return true
}

// answer is a completed page.
type answer struct {
	last     wire.Hash // of the page; zero: nothing came
	cursor   []byte    // nil: the last page
	wanted   int
	unwanted int
	refused  int
}

// complete judges the end of an answer. A success must name the last envelope
// that really came, and its cursor must lead on.
func (x *exchange) complete(c *wire.RequestComplete) (answer, error) {
	if c.Failed {
		return answer{}, &ServerError{x.server, Printable(c.Text[:min(len(c.Text), maxServerText)])}
	}
	if c.Last != x.last && c.Last != (wire.Hash{}) { // the oldest servers name none
		return answer{}, fmt.Errorf("%w: the last envelope it names did not come", ErrUnverified)
	}
	if len(c.Cursor) > 0 && len(x.page.cursor) > 0 && bytes.Equal(c.Cursor, x.page.cursor) {
		return answer{}, fmt.Errorf("%w: the cursor does not move", ErrUnverified)
	}
	return answer{last: c.Last, cursor: c.Cursor, wanted: x.wanted, unwanted: x.unwanted, refused: x.refused}, nil
}

// Printable replaces what a terminal or a log must not be given by a stranger.
func Printable(text string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '\ufffd'
		}
		return c
	}, text)
}

// direction checks that the cursors of successive pages go one way, so that a
// server cannot send pages for ever. Servers send either newest or oldest
// first.
type direction struct {
	last []byte
	sign int
}

// step takes the next cursor.
func (d *direction) step(cursor []byte) error {
	if d.last != nil {
		sign := bytes.Compare(cursor, d.last)
		if sign == 0 || d.sign != 0 && sign != d.sign {
			return fmt.Errorf("%w: the cursor goes back", ErrUnverified)
		}
		d.sign = sign
	}
	d.last = cursor
	return nil
}
