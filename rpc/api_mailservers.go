package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"statusd/configs"
	"statusd/mailserver/history"
	"statusd/rpc/jsonrpc"
)

// Tables of the mailservers namespace.
const (
	tableServers = "mailservers"
	tableGaps    = "gaps"
	tableTopics  = "topics"
	tableRanges  = "ranges"
)

// Bounds of what is remembered of a kind, for each account.
const (
	maxRecords     = 10_000
	maxRecordBytes = 64 << 10
)

// Limits of mailservers_ping.
const (
	maxPings       = 200
	defaultPing    = 5 * time.Second
	maxPingTimeout = 30 * time.Second
)

// mailserversAPI remembers what clients tell it about mailservers and chats
// (spec 02 section 8.4). It draws no conclusions from it. Mailservers are the
// node's; what is remembered of topics and chats belongs to the account that
// is logged in meanwhile. What was remembered before there were tables for
// each account may be anybody's: callers that are limited to one account do
// not get it.
type mailserversAPI struct {
	records MailRecords
	current func() string // the account that is logged in as 0x key-uid, "" for none
}

// tables names the tables of a kind that a call works on, the one that it
// writes first.
func (a *mailserversAPI) tables(ctx context.Context, kind string) []string {
	uid := a.current()
	if kind == tableServers || uid == "" {
		return []string{kind}
	}
	own := kind + " " + uid
	if callFrom(ctx).caller.grant.only() != "" {
		return []string{own}
	}
	return []string{own, kind}
}

// mailserverEntry is a mailserver that a user chose.
type mailserverEntry struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Address  string `json:"address"`
	Password string `json:"password,omitempty"`
	Fleet    string `json:"fleet"`
}

// requestGap is a time of a chat that has not been fetched.
type requestGap struct {
	ID     string `json:"id"`
	ChatID string `json:"chatId"`
	From   uint64 `json:"from"`
	To     uint64 `json:"to"`
}

// mailserverTopic says what has been fetched of a topic.
type mailserverTopic struct {
	Topic       string   `json:"topic"`
	Discovery   bool     `json:"discovery?"`
	Negotiated  bool     `json:"negotiated?"`
	ChatIDs     []string `json:"chat-ids"`
	LastRequest int64    `json:"last-request"`
}

// requestRange is the time of a chat that has been fetched.
type requestRange struct {
	ChatID string `json:"chat-id"`
	Lowest int64  `json:"lowest-request-from"`
	// Highest is the end of that time.
	Highest int64 `json:"highest-request-to"`
}

// put writes values under their keys, all or none.
func put[T any](ctx context.Context, a *mailserversAPI, kind string, key func(T) string, values ...T) (any, error) {
	records := make([]history.Record, len(values))
	for i, v := range values {
		raw, err := jsonrpc.Marshal(v)
		if err != nil {
			return nil, err
		}
		if len(raw) > maxRecordBytes {
			return nil, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "an entry of %d bytes is too large, want %d at most",
				len(raw), maxRecordBytes)
		}
		records[i] = history.Record{Key: key(v), Value: raw}
	}
	table := a.tables(ctx, kind)[0]
	there, err := a.records.Records(table)
	if err != nil {
		return nil, err
	}
	if len(there)+len(records) > maxRecords {
		return nil, jsonrpc.NewError(jsonrpc.CodeBusy, "%d entries are kept, and these would be more than %d", len(there),
			maxRecords).WithHint("delete some that are no longer needed")
	}
	if err := a.records.PutRecords(table, records...); err != nil {
		return nil, recordError("id", err)
	}
	return nil, nil
}

// list reads what there is of a kind.
func list[T any](ctx context.Context, a *mailserversAPI, kind string) ([]T, error) {
	out, seen := []T{}, make(map[string]bool)
	for _, table := range a.tables(ctx, kind) {
		records, err := a.records.Records(table)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			if seen[r.Key] {
				continue
			}
			seen[r.Key] = true
			var v T
			if err := json.Unmarshal(r.Value, &v); err != nil {
				return nil, fmt.Errorf("stored entry %q of %s cannot be read: %w", r.Key, table, err)
			}
			out = append(out, v)
		}
	}
	return out, nil
}

func (a *mailserversAPI) remove(ctx context.Context, kind string, keys ...string) (any, error) {
	for _, table := range a.tables(ctx, kind) {
		if err := a.records.DeleteRecords(table, keys...); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (a *mailserversAPI) addMailserver(ctx context.Context, m mailserverEntry) (any, error) {
	return put(ctx, a, tableServers, func(m mailserverEntry) string { return m.ID }, m)
}

func (a *mailserversAPI) getMailservers(ctx context.Context) ([]mailserverEntry, error) {
	return list[mailserverEntry](ctx, a, tableServers)
}

func (a *mailserversAPI) deleteMailserver(ctx context.Context, id string) (any, error) {
	return a.remove(ctx, tableServers, id)
}

func (a *mailserversAPI) addGaps(ctx context.Context, gaps []requestGap) (any, error) {
	return put(ctx, a, tableGaps, func(g requestGap) string { return g.ID }, gaps...)
}

func (a *mailserversAPI) getGaps(ctx context.Context, chatID string) ([]requestGap, error) {
	all, err := list[requestGap](ctx, a, tableGaps)
	out := make([]requestGap, 0, len(all))
	for _, g := range all {
		if g.ChatID == chatID {
			out = append(out, g)
		}
	}
	return out, err
}

func (a *mailserversAPI) deleteGaps(ctx context.Context, ids []string) (any, error) {
	return a.remove(ctx, tableGaps, ids...)
}

func (a *mailserversAPI) deleteGapsByChat(ctx context.Context, chatID string) (any, error) {
	gaps, err := a.getGaps(ctx, chatID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(gaps))
	for i, g := range gaps {
		ids[i] = g.ID
	}
	return a.remove(ctx, tableGaps, ids...)
}

func (a *mailserversAPI) addTopic(ctx context.Context, t mailserverTopic) (any, error) {
	if t.ChatIDs == nil {
		t.ChatIDs = []string{}
	}
	return put(ctx, a, tableTopics, func(t mailserverTopic) string { return t.Topic }, t)
}

func (a *mailserversAPI) getTopics(ctx context.Context) ([]mailserverTopic, error) {
	return list[mailserverTopic](ctx, a, tableTopics)
}

func (a *mailserversAPI) deleteTopic(ctx context.Context, topic string) (any, error) {
	return a.remove(ctx, tableTopics, topic)
}

func (a *mailserversAPI) addRange(ctx context.Context, r requestRange) (any, error) {
	return put(ctx, a, tableRanges, func(r requestRange) string { return r.ChatID }, r)
}

func (a *mailserversAPI) getRanges(ctx context.Context) ([]requestRange, error) {
	return list[requestRange](ctx, a, tableRanges)
}

func (a *mailserversAPI) deleteRange(ctx context.Context, chatID string) (any, error) {
	return a.remove(ctx, tableRanges, chatID)
}

// pingQuery is the argument of mailservers_ping.
type pingQuery struct {
	Addresses []string `json:"addresses"`
	TimeoutMs int64    `json:"timeoutMs"`
}

// pingResult is how long a TCP connection took to come about.
type pingResult struct {
	Address string  `json:"address"`
	RTTMs   *int64  `json:"rttMs"`
	Error   *string `json:"error"`
}

// ping connects to every address at once.
func (a *mailserversAPI) ping(ctx context.Context, q pingQuery) ([]pingResult, error) {
	if len(q.Addresses) > maxPings {
		return nil, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "%d addresses are too many, want %d at most",
			len(q.Addresses), maxPings)
	}
	timeout := defaultPing
	if q.TimeoutMs > 0 {
		timeout = time.Duration(min(q.TimeoutMs, maxPingTimeout.Milliseconds())) * time.Millisecond
	}
	out := make([]pingResult, len(q.Addresses))
	var all sync.WaitGroup
	for i, address := range q.Addresses {
		all.Go(func() { out[i] = pingOne(ctx, address, timeout) })
	}
	all.Wait()
	return out, nil
}

func pingOne(ctx context.Context, address string, timeout time.Duration) pingResult {
	out := pingResult{Address: address}
	fail := func(err error) pingResult {
		text := err.Error()
		out.Error = &text
		return out
	}
	ref, err := configs.ParseNodeRef(address)
	if err != nil {
		return fail(err)
	}
	if !ref.HasEndpoint() {
		return fail(errors.New("the address has no host and port"))
	}
	begin := time.Now()
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(ctx, "tcp", ref.Address())
	if err != nil {
		return fail(err)
	}
	took := time.Since(begin).Milliseconds()
	out.RTTMs = &took
	if err := conn.Close(); err != nil {
		return fail(err)
	}
	return out
}
