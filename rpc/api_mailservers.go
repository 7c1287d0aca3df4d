package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"statusd/api"
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

// put writes values under their keys, all or none.
func put[T any](
	ctx context.Context, a *mailserversAPI, kind string, key func(T) string, values ...T,
) (none api.None, err error) {
	records := make([]history.Record, len(values))
	for i, v := range values {
		raw, err := jsonrpc.Marshal(v)
		if err != nil {
			return none, err
		}
		if len(raw) > maxRecordBytes {
			return none, api.NewError(api.CodeInvalidParams, "an entry of %d bytes is too large, want %d at most",
				len(raw), maxRecordBytes)
		}
		records[i] = history.Record{Key: key(v), Value: raw}
	}
	table := a.tables(ctx, kind)[0]
	there, err := a.records.Records(table)
	if err != nil {
		return none, err
	}
	if len(there)+len(records) > maxRecords {
		return none, api.NewError(api.CodeBusy, "%d entries are kept, and these would be more than %d", len(there),
			maxRecords).WithHint("delete some that are no longer needed")
	}
	if err := a.records.PutRecords(table, records...); err != nil {
		return none, recordError("id", err)
	}
	return none, nil
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

func (a *mailserversAPI) remove(ctx context.Context, kind string, keys ...string) (none api.None, err error) {
	for _, table := range a.tables(ctx, kind) {
		if err := a.records.DeleteRecords(table, keys...); err != nil {
			return none, err
		}
	}
	return none, nil
}

func (a *mailserversAPI) addMailserver(ctx context.Context, in api.SavedMailserverArgs) (api.None, error) {
	return put(ctx, a, tableServers, func(m api.SavedMailserver) string { return m.ID }, in.Mailserver)
}

func (a *mailserversAPI) getMailservers(ctx context.Context, _ api.None) ([]api.SavedMailserver, error) {
	return list[api.SavedMailserver](ctx, a, tableServers)
}

func (a *mailserversAPI) deleteMailserver(ctx context.Context, in api.MailserverIDArgs) (api.None, error) {
	return a.remove(ctx, tableServers, in.ID)
}

func (a *mailserversAPI) addGaps(ctx context.Context, in api.RequestGapsArgs) (api.None, error) {
	return put(ctx, a, tableGaps, func(g api.RequestGap) string { return g.ID }, in.Gaps...)
}

func (a *mailserversAPI) getGaps(ctx context.Context, in api.ChatIDArgs) ([]api.RequestGap, error) {
	all, err := list[api.RequestGap](ctx, a, tableGaps)
	out := make([]api.RequestGap, 0, len(all))
	for _, g := range all {
		if g.ChatID == in.ChatID {
			out = append(out, g)
		}
	}
	return out, err
}

func (a *mailserversAPI) deleteGaps(ctx context.Context, in api.GapIDsArgs) (api.None, error) {
	return a.remove(ctx, tableGaps, in.IDs...)
}

func (a *mailserversAPI) deleteGapsByChat(ctx context.Context, in api.ChatIDArgs) (api.None, error) {
	gaps, err := a.getGaps(ctx, in)
	if err != nil {
		return api.None{}, err
	}
	ids := make([]string, len(gaps))
	for i, g := range gaps {
		ids[i] = g.ID
	}
	return a.remove(ctx, tableGaps, ids...)
}

func (a *mailserversAPI) addTopic(ctx context.Context, in api.MailserverTopicArgs) (api.None, error) {
	t := in.Topic
	if t.ChatIDs == nil {
		t.ChatIDs = []string{}
	}
	return put(ctx, a, tableTopics, func(t api.MailserverTopic) string { return t.Topic }, t)
}

func (a *mailserversAPI) getTopics(ctx context.Context, _ api.None) ([]api.MailserverTopic, error) {
	return list[api.MailserverTopic](ctx, a, tableTopics)
}

func (a *mailserversAPI) deleteTopic(ctx context.Context, in api.TopicNameArgs) (api.None, error) {
	return a.remove(ctx, tableTopics, in.Topic)
}

func (a *mailserversAPI) addRange(ctx context.Context, in api.RequestRangeArgs) (api.None, error) {
	return put(ctx, a, tableRanges, func(r api.RequestRange) string { return r.ChatID }, in.Range)
}

func (a *mailserversAPI) getRanges(ctx context.Context, _ api.None) ([]api.RequestRange, error) {
	return list[api.RequestRange](ctx, a, tableRanges)
}

func (a *mailserversAPI) deleteRange(ctx context.Context, in api.ChatIDArgs) (api.None, error) {
	return a.remove(ctx, tableRanges, in.ChatID)
}

// ping connects to every address at once.
func (a *mailserversAPI) ping(ctx context.Context, in api.PingArgs) ([]api.PingResult, error) {
	q := in.Query
	if len(q.Addresses) > maxPings {
		return nil, api.NewError(api.CodeInvalidParams, "%d addresses are too many, want %d at most",
			len(q.Addresses), maxPings)
	}
	timeout := defaultPing
	if q.TimeoutMs > 0 {
		timeout = time.Duration(min(q.TimeoutMs, maxPingTimeout.Milliseconds())) * time.Millisecond
	}
	out := make([]api.PingResult, len(q.Addresses))
	var all sync.WaitGroup
	for i, address := range q.Addresses {
		all.Go(func() { out[i] = pingOne(ctx, address, timeout) })
	}
	all.Wait()
	return out, nil
}

func pingOne(ctx context.Context, address string, timeout time.Duration) api.PingResult {
	out := api.PingResult{Address: address}
	fail := func(err error) api.PingResult {
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
