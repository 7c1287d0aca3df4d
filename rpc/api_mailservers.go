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

// Limits of mailservers_ping.
const (
	maxPings       = 200
	defaultPing    = 5 * time.Second
	maxPingTimeout = 30 * time.Second
)

// mailserversAPI remembers what clients tell it about mailservers and chats
// (spec 02 section 8.4). It draws no conclusions from it.
type mailserversAPI struct{ records MailRecords }

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
func put[T any](a *mailserversAPI, table string, key func(T) string, values ...T) (any, error) {
	records := make([]history.Record, len(values))
	for i, v := range values {
		raw, err := jsonrpc.Marshal(v)
		if err != nil {
			return nil, err
		}
		records[i] = history.Record{Key: key(v), Value: raw}
	}
	if err := a.records.PutRecords(table, records...); err != nil {
		return nil, recordError("id", err)
	}
	return nil, nil
}

// list reads a table.
func list[T any](a *mailserversAPI, table string) ([]T, error) {
	records, err := a.records.Records(table)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(records))
	for i, r := range records {
		if err := json.Unmarshal(r.Value, &out[i]); err != nil {
			return nil, fmt.Errorf("stored entry %q of %s cannot be read: %w", r.Key, table, err)
		}
	}
	return out, nil
}

func (a *mailserversAPI) remove(table string, keys ...string) (any, error) {
	return nil, a.records.DeleteRecords(table, keys...)
}

func (a *mailserversAPI) addMailserver(_ context.Context, m mailserverEntry) (any, error) {
	return put(a, tableServers, func(m mailserverEntry) string { return m.ID }, m)
}

func (a *mailserversAPI) getMailservers(context.Context) ([]mailserverEntry, error) {
	return list[mailserverEntry](a, tableServers)
}

func (a *mailserversAPI) deleteMailserver(_ context.Context, id string) (any, error) {
	return a.remove(tableServers, id)
}

func (a *mailserversAPI) addGaps(_ context.Context, gaps []requestGap) (any, error) {
	return put(a, tableGaps, func(g requestGap) string { return g.ID }, gaps...)
}

func (a *mailserversAPI) getGaps(_ context.Context, chatID string) ([]requestGap, error) {
	all, err := list[requestGap](a, tableGaps)
	out := make([]requestGap, 0, len(all))
	for _, g := range all {
		if g.ChatID == chatID {
			out = append(out, g)
		}
	}
	return out, err
}

func (a *mailserversAPI) deleteGaps(_ context.Context, ids []string) (any, error) {
	return a.remove(tableGaps, ids...)
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
	return a.remove(tableGaps, ids...)
}

func (a *mailserversAPI) addTopic(_ context.Context, t mailserverTopic) (any, error) {
	if t.ChatIDs == nil {
		t.ChatIDs = []string{}
	}
	return put(a, tableTopics, func(t mailserverTopic) string { return t.Topic }, t)
}

func (a *mailserversAPI) getTopics(context.Context) ([]mailserverTopic, error) {
	return list[mailserverTopic](a, tableTopics)
}

func (a *mailserversAPI) deleteTopic(_ context.Context, topic string) (any, error) {
	return a.remove(tableTopics, topic)
}

func (a *mailserversAPI) addRange(_ context.Context, r requestRange) (any, error) {
	return put(a, tableRanges, func(r requestRange) string { return r.ChatID }, r)
}

func (a *mailserversAPI) getRanges(context.Context) ([]requestRange, error) {
	return list[requestRange](a, tableRanges)
}

func (a *mailserversAPI) deleteRange(_ context.Context, chatID string) (any, error) {
	return a.remove(tableRanges, chatID)
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
