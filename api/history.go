package api

import (
	"cmp"
	"time"
)

// HistoryPage is the answer to a request for a page of history in the form of
// status-go.
type HistoryPage struct {
	Cursor string `json:"cursor"` // hex without 0x; empty: nothing is left
	Error  string `json:"error"`  // of the server; empty: none
}

// FetchedPage is a page of history that has gone through the filters.
type FetchedPage struct {
	Server    string `json:"server"` // enode of the one that answered
	RequestID Hash   `json:"requestId"`
	Envelopes int    `json:"envelopes"` // of the wanted topics
	Cursor    string `json:"cursor"`    // hex without 0x, where the next page starts
	Done      bool   `json:"done"`      // nothing is left
	// Restarted: this is the first page of another server, with cursors of its
	// own; envelopes that came already come again.
	Restarted bool `json:"restarted,omitempty"`
}

// BackfilledPage is a page of what another mailserver has, which was archived.
type BackfilledPage struct {
	Server    string `json:"server"` // enode of the one that answered
	RequestID Hash   `json:"requestId"`
	Envelopes int    `json:"envelopes"` // that came
	Archived  int    `json:"archived"`  // handed to the archive, which leaves out what it has
	Skipped   int    `json:"skipped"`   // too large, or with too little proof of work
	Cursor    string `json:"cursor"`    // hex without 0x, where the next page starts at the same server
	Done      bool   `json:"done"`      // nothing is left
	// Restarted: this is the first page of another server, with cursors of its
	// own; envelopes that came already come again.
	Restarted bool `json:"restarted,omitempty"`
}

// MailserversStatus is what the node knows of the mailservers that it asks.
type MailserversStatus struct {
	Servers     []AskedMailserver    `json:"servers"` // the best one first
	Outstanding []OutstandingRequest `json:"outstanding"`
}

// AskedMailserver is a mailserver that the node asks.
type AskedMailserver struct {
	ID          string        `json:"id"` // 64 hex digits
	Enode       string        `json:"enode"`
	Connected   bool          `json:"connected"`
	Pages       uint64        `json:"pages"`     // answered
	Failures    uint64        `json:"failures"`  // in all
	Streak      int           `json:"streak"`    // failures since the last answer
	GivenUp     int           `json:"givenUp"`   // pages given up since the last answer
	Envelopes   uint64        `json:"envelopes"` // taken from its answers
	Unwanted    uint64        `json:"unwanted"`  // of topics not asked for
	Refused     uint64        `json:"refused"`   // outside what was asked for
	Latency     time.Duration `json:"latencyNanoseconds"`
	LastAnswer  time.Time     `json:"lastAnswer,omitzero"`
	LastFailure time.Time     `json:"lastFailure,omitzero"`
	LastError   string        `json:"lastError,omitempty"`
}

// OutstandingRequest is a request for history that waits for its answer.
type OutstandingRequest struct {
	Server    string    `json:"server"` // 64 hex digits
	RequestID Hash      `json:"requestId"`
	Topics    []Topic   `json:"topics"`
	From      uint32    `json:"from"` // Unix seconds
	To        uint32    `json:"to"`
	Envelopes int       `json:"envelopes"` // that have come so far
	Since     time.Time `json:"since"`
}

// ArchiveReport describes the mailserver that a node is. Archive is null
// while the archive cannot be read.
type ArchiveReport struct {
	Health   ArchiveHealth  `json:"health"`
	Recorder RecorderCounts `json:"recorder"`
	Archive  *ArchiveStats  `json:"archive"`
}

// ArchiveHealth tells whether what comes is archived.
type ArchiveHealth struct {
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"` // what keeps it from archiving
}

// RecorderCounts count what became of envelopes since the start.
type RecorderCounts struct {
	Stored     int64 `json:"stored"` // that were new to the archive
	Dropped    int64 `json:"dropped"`
	Refused    int64 `json:"refused"` // by the archive, and put aside
	Damaged    int64 `json:"damaged"` // lost to damage of files, at least
	Pruned     int64 `json:"pruned"`
	Pending    int   `json:"pending"`
	SpillBytes int64 `json:"spillBytes"`
}

// ArchiveStats describe an archive.
type ArchiveStats struct {
	Envelopes int64          `json:"envelopes"`
	Bytes     int64          `json:"bytes"`     // sum of the encoded envelopes
	DiskBytes int64          `json:"diskBytes"` // what they take; -1: not known
	Topics    int            `json:"topics"`
	Oldest    uint32         `json:"oldest"` // created, Unix seconds; a lower bound
	Newest    uint32         `json:"newest"`
	Damage    *ArchiveDamage `json:"damage,omitempty"` // since the archive was opened
}

// ArchiveDamage counts what was stored and could not be read again.
type ArchiveDamage struct {
	Envelopes int64 `json:"envelopes"`      // lost, at least
	Bytes     int64 `json:"bytes"`          // of the damaged parts of files
	More      bool  `json:"more,omitempty"` // more may have been lost than was counted
}

// Arguments of methods about history.
type (
	// RequestMessagesArgs are those of wakuext_requestMessages.
	RequestMessagesArgs struct {
		Request HistoryRequest `json:"request" doc:"what is asked for"`
	}
	// RequestMessagesSyncArgs are those of wakuext_requestMessagesSync.
	RequestMessagesSyncArgs struct {
		Config  RetryConfig    `json:"config" doc:"when to try again"`
		Request HistoryRequest `json:"request" doc:"what is asked for"`
	}
	// HistoryRequest asks a mailserver for a page of history.
	HistoryRequest struct {
		MailServerPeer string  `json:"mailServerPeer,omitempty" doc:"enode of a connected mailserver, else the best one"`
		From           uint32  `json:"from,omitempty" doc:"Unix seconds; 0: a day before to"`
		To             uint32  `json:"to,omitempty" doc:"Unix seconds; 0: now"`
		Limit          uint32  `json:"limit,omitempty" doc:"envelopes of one page, 0: 1000"`
		Cursor         string  `json:"cursor,omitempty" doc:"hex without 0x, from the page before"`
		Topic          Topic   `json:"topic,omitzero" doc:"the only topic"`
		Topics         []Topic `json:"topics,omitempty" doc:"the topics"`
		SymKeyID       string  `json:"symKeyID,omitempty" doc:"key of the server's password; see mailserver_fetch"`
		Timeout        uint32  `json:"timeout,omitempty" doc:"seconds without any sign of the server, 0: 10"`
		Force          bool    `json:"force,omitempty" doc:"ask for the same again at once"`
	}
	// RetryConfig says when to try again: attempt k waits BaseTimeout and k times
	// StepTimeout.
	RetryConfig struct {
		BaseTimeout time.Duration `json:"BaseTimeout,omitempty" doc:"nanoseconds"`
		StepTimeout time.Duration `json:"StepTimeout,omitempty" doc:"nanoseconds"`
		MaxRetries  int           `json:"MaxRetries,omitempty" doc:"attempts after the first, at most 100"`
	}
	// UpdateMailserversArgs are those of wakuext_updateMailservers.
	UpdateMailserversArgs struct {
		Enodes []string `json:"enodes" doc:"URLs, which may carry a password: enode://id:password@host:port"`
	}
	// FetchArgs are those of mailserver_fetch.
	FetchArgs struct {
		Request FetchRequest `json:"request" doc:"what is asked for"`
	}
	// FetchRequest asks for a page of history.
	FetchRequest struct {
		Topics   []Topic `json:"topics,omitempty" doc:"at least one"`
		From     uint32  `json:"from,omitempty" doc:"Unix seconds, included"`
		To       uint32  `json:"to,omitempty" doc:"Unix seconds, included; 0: now"`
		Limit    uint32  `json:"limit,omitempty" doc:"envelopes of the page, 0: 1000"`
		Cursor   string  `json:"cursor,omitempty" doc:"hex without 0x, from the page before, together with its server"`
		Server   string  `json:"server,omitempty" doc:"enode, which need not be configured; else the best, and others"`
		Restart  bool    `json:"restart,omitempty" doc:"true: when the server of the cursor fails, begin anew at the best one, and say so"`
		SymKeyID string  `json:"symKeyID,omitempty" doc:"key of the server's password, else that of its enode"`
		Timeout  uint32  `json:"timeout,omitempty" doc:"seconds without any sign of a server, 0: 30"`
	}
	// BackfillArgs are those of mailserver_backfill.
	BackfillArgs struct {
		Request BackfillRequest `json:"request" doc:"what is asked for"`
	}
	// BackfillRequest asks for a page of what another mailserver has.
	BackfillRequest struct {
		From    uint32 `json:"from,omitempty" doc:"Unix seconds, included"`
		To      uint32 `json:"to,omitempty" doc:"Unix seconds, included; 0: now"`
		Limit   uint32 `json:"limit,omitempty" doc:"envelopes of the page, 0: 1000"`
		Cursor  string `json:"cursor,omitempty" doc:"hex without 0x, from the page before, together with its server"`
		Server  string `json:"server,omitempty" doc:"enode, which need not be configured; else the best, and others"`
		Restart bool   `json:"restart,omitempty" doc:"true: when the server of the cursor fails, begin anew at the best one, and say so"`
		Timeout uint32 `json:"timeout,omitempty" doc:"seconds without any sign of a server, 0: 30"`
	}
)

// Limits of requests for history.
const (
	HistoryTimeout    = 10 * time.Second // of an attempt that says nothing else
	MaxHistoryRetries = 100
)

// Attempt returns the time that attempt k may take, the first being 0.
func (c RetryConfig) Attempt(k int) time.Duration {
	step := min(c.StepTimeout, MaxTimeout) * time.Duration(k)
	return cmp.Or(min(min(c.BaseTimeout, MaxTimeout)+step, MaxTimeout), HistoryTimeout)
}

// CallTimeout implements Patient: all attempts.
func (a RequestMessagesSyncArgs) CallTimeout() time.Duration {
	total := DefaultTimeout
	for k := range min(max(0, a.Config.MaxRetries), MaxHistoryRetries) + 1 {
		total += a.Config.Attempt(k)
	}
	return total
}

// What the examples about history share.
const (
	exampleHistory = `{"mailServerPeer":"` + exampleNode + `","topics":["0x07678231"],"from":1596000000,` +
		`"to":1596086400,"limit":100,"force":true}`
	exampleCursor = "5f217a8061a6f8d0c2b8e6a5e9f7c4d3b2a1908f7e6d5c4b3a2918f7e6d5c4b3a2918f7e"
	toFilters     = "Envelopes reach filters with allowP2P."
)

// Methods that ask mailservers, in the form of status-go.
var (
	WakuextRequestMessages = Method[RequestMessagesArgs, Hash]{
		Name: "wakuext_requestMessages", Scope: ScopeSend, Slow: true, Returns: "id of the request",
		Summary: "Asks a mailserver for one page of history and does not wait for it. " + toFilters,
		Errors:  []Code{CodeNoMailserver, CodeWrongPassword},
		Example: Example{Params: `[` + exampleHistory + `]`, Result: `"` + exampleHash + `"`},
	}
	WakuextRequestMessagesSync = Method[RequestMessagesSyncArgs, HistoryPage]{
		Name: "wakuext_requestMessagesSync", Scope: ScopeSend, Slow: true,
		Summary: "Asks a mailserver for one page of history and waits until it has gone through the filters. Attempt k " +
			"waits BaseTimeout and k times StepTimeout; only attempts that get no answer are repeated. " + toFilters,
		Returns: "cursor: hex without 0x, where the next page starts, empty at the end; error: the server's, empty if none",
		Errors:  []Code{CodeNoMailserver, CodeWrongPassword},
		Example: Example{
			Params: `[{"BaseTimeout":10000000000,"StepTimeout":5000000000,"MaxRetries":2},` + exampleHistory + `]`,
			Result: `{"cursor":"","error":""}`,
		},
	}
	WakuextUpdateMailservers = Method[UpdateMailserversArgs, None]{
		Name: "wakuext_updateMailservers", Scope: ScopeAdmin, Slow: true, Returns: "null",
		Summary: "Replaces the mailservers that this node asks, also after a restart. The first one is preferred. " +
			"Without any, those of the configuration count again.",
		Example: Example{Params: `[` + onExampleNode + `]`, Result: `null`},
	}
)

// Methods about mailservers, of our own.
var (
	MailserverFetch = Method[FetchArgs, FetchedPage]{
		Name: "mailserver_fetch", Scope: ScopeSend, Slow: true, Timeout: MaxTimeout, Account: true,
		Summary: "Fetches one page of history: connects if need be, tries each server twice, and answers when all of " +
			"the page has gone through the filters. Newest first. " + toFilters + " Another server may count cursors " +
			"otherwise. Without symKeyID and a password in the enode, the well-known password is used.",
		Returns: "server: enode of the one that answered; envelopes: of the wanted topics; cursor: hex without 0x, where " +
			"the next page starts; done: nothing is left",
		Errors: []Code{CodeNoMailserver, CodeWrongPassword},
		Example: Example{
			Params: `[{"topics":["0x07678231"],"from":1596000000,"to":1596086400,"limit":100}]`,
			Result: `{"server":"` + exampleNode + `","requestId":"` + exampleHash + `","envelopes":100,` +
				`"cursor":"` + exampleCursor + `","done":false}`,
		},
	}
	MailserverBackfill = Method[BackfillArgs, BackfilledPage]{
		Name: "mailserver_backfill", Scope: ScopeAdmin, Slow: true, Timeout: MaxTimeout,
		Summary: "Asks another mailserver for one page of everything between two times and archives it, for a mailserver " +
			"that was away. Answers when the page is durable. Newest first.",
		Returns: "server: enode of the one that answered; envelopes that came; archived: of those, handed to the archive, " +
			"which leaves out what it has; skipped: of those, too large or with too little proof of work; cursor: hex " +
			"without 0x, where the next page starts at the same server; done: nothing is left",
		Errors: []Code{CodeNoMailserver, CodeWrongPassword},
		Example: Example{
			Params: `[{"server":"` + exampleNode + `","from":1596000000,"to":1596086400}]`,
			Result: `{"server":"` + exampleNode + `","requestId":"` + exampleHash + `","envelopes":1000,"archived":1000,` +
				`"skipped":0,"cursor":"` + exampleCursor + `","done":false}`,
		},
	}
	MailserverStatus = Method[None, MailserversStatus]{
		Name: "mailserver_status", Scope: ScopeRead, Account: true,
		Summary: "Lists the mailservers that this node asks, the best one first, and the requests that wait for an answer.",
		Returns: "servers: givenUp counts pages in a row, streak tries in a row without an answer; unwanted are envelopes " +
			"of topics not asked for, refused those outside the request. outstanding: since when, and how many envelopes " +
			"have come",
		Example: Example{
			Params: `[]`,
			Result: `{"servers":[{"id":"` + exampleID + `","enode":"` + exampleNode + `","connected":true,` +
				`"pages":3,"failures":0,"streak":0,"givenUp":0,"envelopes":250,"unwanted":0,"refused":0,` +
				`"latencyNanoseconds":24000000,"lastAnswer":"2020-07-29T05:20:00Z"}],"outstanding":[]}`,
		},
	}
	MailserverStats = Method[None, ArchiveReport]{
		Name: "mailserver_stats", Scope: ScopeRead, Slow: true,
		Summary: "Describes the mailserver that this node is: what it has archived, and whether it still does.",
		Returns: "health.reason says what keeps it from archiving. recorder counts since the start. archive: oldest and " +
			"newest are Unix seconds, diskBytes is -1 when not known; null while the archive cannot be read",
		Example: Example{
			Params: `[]`,
			Result: `{"health":{"ok":true},"recorder":{"stored":1200,"dropped":0,"refused":0,` +
				`"damaged":0,"pruned":0,"pending":0,"spillBytes":0},` +
				`"archive":{"envelopes":1200,"bytes":783600,"diskBytes":991232,"topics":17,` +
				`"oldest":1596000000,"newest":1596086400}}`,
		},
	}
)

func historyMethods() []Described {
	return []Described{
		WakuextRequestMessages, WakuextRequestMessagesSync, WakuextUpdateMailservers, MailserverFetch,
		MailserverBackfill, MailserverStatus, MailserverStats,
	}
}
