package history

import (
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
)

// Server is a mailserver that the operator or user trusts.
type Server struct {
	Node     *enode.Node
	Password string // empty: mailserver.DefaultPassword
	// Archive names the archive behind the server. Servers with the same
	// name share one, so that a cursor can be continued at another.
	Archive string
	// Preferred servers are asked before others that work as well.
	Preferred bool
	// LastUsed is when it last answered, as far as an earlier run of the
	// program wrote down; zero: not known.
	LastUsed time.Time
}

// String hides the password.
func (s Server) String() string { return s.Node.ID().TerminalString() }

// ServerStatus describes a server for people and scripts.
type ServerStatus struct {
	ID          enode.ID
	Enode       string
	Connected   bool
	Pages       uint64 // answered
	Failures    uint64 // in all
	Streak      int    // failures since the last answer
	GivenUp     int    // pages given up since the last answer
	Envelopes   uint64 // taken from its answers
	Unwanted    uint64 // of topics not asked for
	Refused     uint64 // outside what was asked for
	Latency     time.Duration
	LastAnswer  time.Time
	LastFailure time.Time
	LastError   string
}

// server is a configured server with its record. Guarded by Client.mu, except
// for line.turn.
type server struct {
	Server
	key     []byte // symmetric key of its password, made on first use
	line    *line  // of those who want to ask it
	visitor bool   // not one of the client's servers
	status  ServerStatus
}

// line is what all records of one peer share.
type line struct {
	turn    chan struct{} // capacity 1: held while a request is outstanding
	users   int           // fetches that go on there
	dialled bool          // the dialer was asked for the connection
	left    int           // how often a visitor was the last to leave
}

func newServer(s Server) *server {
	return &server{Server: s, line: &line{turn: make(chan struct{}, 1)}, status: ServerStatus{
		ID: s.Node.ID(), Enode: s.Node.URLv4(), LastAnswer: s.LastUsed,
	}}
}

// Pauses after failures: a server that fails is asked last, and not at all
// for a while when there are others.
const (
	firstPause = 5 * time.Second
	maxPause   = 10 * time.Minute
)

// pausedUntil is when the server may be preferred again.
func (s *server) pausedUntil() time.Time {
	if s.status.Streak == 0 {
		return time.Time{}
	}
	pause := firstPause << min(s.status.Streak-1, 10)
	return s.status.LastFailure.Add(min(pause, maxPause))
}

// rank orders servers: those not paused first, then preferred ones, connected
// ones, by failures in a row, by latency, by the last answer, and by id.
func rank(list []*server, now time.Time) {
	slices.SortStableFunc(list, func(a, b *server) int {
		pa, pb := now.Before(a.pausedUntil()), now.Before(b.pausedUntil())
		switch {
		case pa != pb:
			return order(pb)
		case a.Preferred != b.Preferred:
			return order(a.Preferred)
		case a.status.Connected != b.status.Connected:
			return order(a.status.Connected)
		case a.status.Streak != b.status.Streak:
			return order(a.status.Streak < b.status.Streak)
		case a.status.Latency != b.status.Latency:
			return order(a.status.Latency < b.status.Latency)
		case !a.status.LastAnswer.Equal(b.status.LastAnswer):
			return order(a.status.LastAnswer.After(b.status.LastAnswer))
		}
		return slices.Compare(a.status.ID[:], b.status.ID[:])
	})
}

func order(aFirst bool) int {
	if aFirst {
		return -1
	}
	return 1
}

// answered and failed keep the record.
func (s *server) answered(a answer, took time.Duration, now time.Time) {
	st := &s.status
	st.Pages++
	st.Streak, st.GivenUp = 0, 0
	st.LastAnswer, st.LastError = now, ""
	st.Envelopes += uint64(a.wanted)
	st.Unwanted += uint64(a.unwanted)
	st.Refused += uint64(a.refused)
	if st.Latency == 0 {
		st.Latency = took
	} else {
		st.Latency += (took - st.Latency) / 4
	}
}

func (s *server) failed(err error, now time.Time) {
	st := &s.status
	st.Failures++
	st.Streak++
	st.LastFailure, st.LastError = now, err.Error()
}
