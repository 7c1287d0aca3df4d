package rpc

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/p2p/enode"
	"go.uber.org/zap"

	"statusd/api"
	"statusd/configs"
	"statusd/mailserver"
	"statusd/mailserver/history"
	"statusd/waku/wire"
)

// The error texts of wakuext_* are those of status-go (spec 02 section 8).

// defaultRequestSpan is the time before to that a request means which says no
// from, in seconds.
const defaultRequestSpan = 86400

// historyAPI asks mailservers: wakuext and mailserver.
type historyAPI struct {
	client History
	mail   MailControl
	waku   Waku
	guests *guests
	tasks  *tasks
	guard  *requestGuard
	log    *zap.Logger
}

// build checks a request in the order of status-go.
func (a *historyAPI) build(ctx context.Context, r *api.HistoryRequest) (history.Request, error) {
	out := history.Request{
		From: r.From, To: r.To, Limit: r.Limit, Topics: topicsOf(r.Topics), OnePage: true, Tries: 1,
		Timeout: api.HistoryTimeout,
	}
	if out.To == 0 {
		out.To = uint32(a.mail.Now().Unix())
	}
	if out.From == 0 {
		out.From = out.To - min(out.To, defaultRequestSpan)
	}
	if out.From > out.To {
		return out, failed("Query range is invalid: from > to (%d > %d)", out.From, out.To)
	}
	if err := a.server(&out, r.MailServerPeer); err != nil {
		return out, err
	}
	var err error
	if r.SymKeyID != "" {
		if out.Key, err = a.symKey(ctx, r.SymKeyID); err != nil {
			return out, err
		}
	}
	if len(out.Topics) == 0 {
		out.Topics = []wire.Topic{wire.Topic(r.Topic)}
	}
	if out.Cursor, err = cursorBytes(r.Cursor); err != nil {
		return out, err
	}
	if r.Timeout > 0 {
		out.Timeout = min(time.Duration(r.Timeout)*time.Second, api.MaxTimeout)
	}
	return out, nil
}

// server finds the connected mailserver that a request names, or the best one.
func (a *historyAPI) server(out *history.Request, url string) error {
	if url == "" {
		for _, s := range a.client.Status() {
			if s.Connected {
				out.Server = s.ID
				return nil
			}
		}
		return failed("invalid mailServerPeer value: no connected mail servers").
			WithHint("set mailservers with wakuext_updateMailservers or ClusterConfig.TrustedMailServers; mailserver_status " +
				"shows how they do")
	}
	ref, err := configs.ParseNodeRef(url)
	if err != nil {
		return failed("invalid mailServerPeer value: %v", err)
	}
	out.At = &history.Server{Node: ref.Node(), Password: ref.Password().Reveal()}
	return nil
}

// named is a server that a caller of our own methods names.
func named(url string) (*history.Server, error) {
	if url == "" {
		return nil, nil
	}
	ref, err := configs.ParseNodeRef(url)
	if err != nil {
		return nil, api.NewError(api.CodeInvalidParams, "invalid server: %v", err)
	}
	return &history.Server{Node: ref.Node(), Password: ref.Password().Reveal()}, nil
}

// symKey returns one of the caller's own keys.
func (a *historyAPI) symKey(ctx context.Context, id string) ([]byte, error) {
	guest, err := a.guests.here(ctx)
	if err != nil {
		return nil, err
	}
	key, ok := guest.Keys().SymKey(id)
	if !ok {
		return nil, failed("invalid symKeyID value: non-existent key ID").
			WithHint("make a key of the server's password with waku_generateSymKeyFromPassword")
	}
	return key, nil
}

// cursorBytes reads a cursor as it is written in JSON: hex without 0x.
func cursorBytes(text string) ([]byte, error) {
	key, err := mailserver.ParseCursorText(text)
	if err != nil {
		return nil, failed("%v", err)
	}
	if key == nil {
		return nil, nil
	}
	return key.AppendCursor(nil), nil
}

// peerOf is the server that a request goes to.
func peerOf(r *history.Request) enode.ID {
	if r.At != nil {
		return r.At.Node.ID()
	}
	return r.Server
}

// begin makes the last checks of a request: the guard, unless it is forced,
// and the connection. release is called at the end of the request.
func (a *historyAPI) begin(in *api.HistoryRequest, r *history.Request) (release func(), err error) {
	id := peerOf(r)
	release = func() {}
	if !in.Force {
		if release, err = a.guard.enter(id, r.Topics); err != nil {
			return nil, err
		}
	}
	if !a.waku.PeerConnected(id) {
		release()
		return nil, failed("could not find peer with ID: %x", id[:]).
			WithHint("connect to it with admin_addPeer, or make it one of the mailservers with wakuext_updateMailservers")
	}
	return release, nil
}

// requestMessages asks for one page and returns the id of the request. The
// fetch goes on after the call.
func (a *historyAPI) requestMessages(ctx context.Context, in api.RequestMessagesArgs) (api.Hash, error) {
	r, err := a.build(ctx, &in.Request)
	if err != nil {
		return api.Hash{}, err
	}
	release, err := a.begin(&in.Request, &r)
	if err != nil {
		return api.Hash{}, err
	}
	sent, ended := make(chan wire.Hash, 1), make(chan error, 1)
	r.Sent = func(id wire.Hash, _ enode.ID) { sent <- id } // one try, one page: called once
	started := a.tasks.run(func(ctx context.Context) {
		defer release()
		result, err := a.client.Fetch(ctx, r)
		a.log.Debug("history request ended", zap.Stringer("request", result.RequestID),
			zap.Int("envelopes", result.Envelopes), zap.Error(err))
		ended <- err
	})
	if !started {
		release()
		return api.Hash{}, context.Canceled
	}
	select {
	case id := <-sent:
		return api.Hash(id), nil
	case err := <-ended:
		select {
		case id := <-sent:
			return api.Hash(id), nil
		default:
			return api.Hash{}, err
		}
	case <-ctx.Done():
		return api.Hash{}, ctx.Err()
	}
}

// requestMessagesSync asks for one page and waits for its end.
func (a *historyAPI) requestMessagesSync(
	ctx context.Context, in api.RequestMessagesSyncArgs,
) (api.HistoryPage, error) {
	retry := in.Config
	r, err := a.build(ctx, &in.Request)
	if err != nil {
		return api.HistoryPage{}, err
	}
	if retry.MaxRetries < 0 || retry.MaxRetries > api.MaxHistoryRetries || retry.BaseTimeout < 0 || retry.StepTimeout < 0 {
		return api.HistoryPage{}, api.NewError(api.CodeInvalidParams,
			"config is invalid: want timeouts of 0 or more and MaxRetries from 0 to %d", api.MaxHistoryRetries)
	}
	release, err := a.begin(&in.Request, &r)
	if err != nil {
		return api.HistoryPage{}, err
	}
	defer release()
	for k := range retry.MaxRetries + 1 {
		r.Timeout = retry.Attempt(k)
		result, err := a.client.Fetch(ctx, r)
		var answer *history.ServerError
		switch {
		case err == nil:
			return api.HistoryPage{Cursor: hex.EncodeToString(result.Cursor)}, nil
		case errors.As(err, &answer):
			return api.HistoryPage{Error: answer.Text}, nil
		case !errors.Is(err, history.ErrTimeout) || ctx.Err() != nil:
			return api.HistoryPage{}, err
		}
	}
	return api.HistoryPage{}, failed("failed to request messages after %d retries", retry.MaxRetries)
}

func (a *historyAPI) updateMailservers(_ context.Context, in api.UpdateMailserversArgs) (api.None, error) {
	refs := make([]configs.NodeRef, len(in.Enodes))
	for i, url := range in.Enodes {
		ref, err := configs.ParseNodeRef(url)
		if err != nil {
			return api.None{}, failed("mailserver %d: %v", i+1, err)
		}
		refs[i] = ref
	}
	return api.None{}, a.mail.UpdateMailservers(refs)
}

// fetch asks for one page and waits until it has gone through the filters.
func (a *historyAPI) fetch(ctx context.Context, args api.FetchArgs) (api.FetchedPage, error) {
	in := args.Request
	r := history.Request{
		Topics: topicsOf(in.Topics), From: in.From, To: in.To, Limit: in.Limit, OnePage: true,
		Timeout: time.Duration(in.Timeout) * time.Second, Restart: in.Restart,
	}
	var err error
	if r.At, err = named(in.Server); err != nil {
		return api.FetchedPage{}, err
	}
	if in.SymKeyID != "" {
		if r.Key, err = a.symKey(ctx, in.SymKeyID); err != nil {
			return api.FetchedPage{}, err
		}
	}
	if r.Cursor, err = cursorBytes(in.Cursor); err != nil {
		return api.FetchedPage{}, err
	}
	result, err := a.client.Fetch(ctx, r)
	if err != nil {
		return api.FetchedPage{}, err
	}
	return api.FetchedPage{
		Server: a.serverURL(result.Server, r.At), RequestID: api.Hash(result.RequestID), Envelopes: result.Envelopes,
		Cursor: hex.EncodeToString(result.Cursor), Done: len(result.Cursor) == 0, Restarted: result.Restarted,
	}, nil
}

// backfill asks another mailserver for one page and waits until it is archived.
func (a *historyAPI) backfill(ctx context.Context, args api.BackfillArgs) (api.BackfilledPage, error) {
	in := args.Request
	r := history.Request{
		From: in.From, To: in.To, Limit: in.Limit, Timeout: time.Duration(in.Timeout) * time.Second, Restart: in.Restart,
	}
	var err error
	if r.At, err = named(in.Server); err != nil {
		return api.BackfilledPage{}, err
	}
	if r.Cursor, err = cursorBytes(in.Cursor); err != nil {
		return api.BackfilledPage{}, err
	}
	result, archived, skipped, err := a.mail.Backfill(ctx, r)
	if err != nil {
		return api.BackfilledPage{}, err
	}
	return api.BackfilledPage{
		Server: a.serverURL(result.Server, r.At), RequestID: api.Hash(result.RequestID), Envelopes: result.Envelopes,
		Archived: archived, Skipped: skipped,
		Cursor: hex.EncodeToString(result.Cursor), Done: len(result.Cursor) == 0, Restarted: result.Restarted,
	}, nil
}

// serverURL is the address of a server that answered.
func (a *historyAPI) serverURL(id enode.ID, at *history.Server) string {
	for _, s := range a.client.Status() {
		if s.ID == id {
			return s.Enode
		}
	}
	if at != nil {
		return at.Node.URLv4()
	}
	return id.String()
}

func (a *historyAPI) status(context.Context, api.None) (api.MailserversStatus, error) {
	out := api.MailserversStatus{Servers: []api.AskedMailserver{}, Outstanding: []api.OutstandingRequest{}}
	for _, s := range a.client.Status() {
		out.Servers = append(out.Servers, api.AskedMailserver{
			ID: s.ID.String(), Enode: s.Enode, Connected: s.Connected, Pages: s.Pages, Failures: s.Failures,
			Streak: s.Streak, GivenUp: s.GivenUp, Envelopes: s.Envelopes, Unwanted: s.Unwanted, Refused: s.Refused,
			Latency: s.Latency, LastAnswer: s.LastAnswer, LastFailure: s.LastFailure, LastError: s.LastError,
		})
	}
	for _, r := range a.client.Outstanding() {
		one := api.OutstandingRequest{
			Server: r.Server.String(), RequestID: api.Hash(r.RequestID), From: r.From, To: r.To, Envelopes: r.Envelopes,
			Since: r.Since,
		}
		for _, t := range r.Topics {
			one.Topics = append(one.Topics, api.Topic(t))
		}
		out.Outstanding = append(out.Outstanding, one)
	}
	return out, nil
}

func (a *historyAPI) stats(ctx context.Context, _ api.None) (api.ArchiveReport, error) {
	return a.mail.MailServer(ctx)
}

// requestGuard keeps callers from asking a server for the same topics again
// and again.
type requestGuard struct {
	delay time.Duration
	mu    sync.Mutex // guards last
	last  map[string]time.Time
}

func newRequestGuard(delay time.Duration) *requestGuard {
	return &requestGuard{delay: delay, last: make(map[string]time.Time)}
}

// enter notes a request. It fails when another one for exactly these topics at
// this server has begun within the delay and not ended.
func (g *requestGuard) enter(server enode.ID, topics []wire.Topic) (release func(), err error) {
	sorted := slices.Clone(topics)
	slices.SortFunc(sorted, func(a, b wire.Topic) int { return slices.Compare(a[:], b[:]) })
	flat := slices.Clone(server[:])
	for _, t := range slices.Compact(sorted) {
		flat = append(flat, t[:]...)
	}
	key, now := string(flat), time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	for k, at := range g.last {
		if now.Sub(at) >= g.delay {
			delete(g.last, k)
		}
	}
	if _, recent := g.last[key]; recent {
		return nil, failed("another request with the same topics was sent less than %s ago. Please wait for a bit longer, "+
			"or set `force` to true in request parameters", g.delay)
	}
	g.last[key] = now
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.last[key].Equal(now) {
			delete(g.last, key)
		}
	}, nil
}

// recordError says what ids of records look like.
func recordError(what string, err error) error {
	if errors.Is(err, history.ErrRecordName) {
		return api.NewError(api.CodeInvalidParams, "invalid %s: want 1 to 1024 characters without zero bytes", what)
	}
	return fmt.Errorf("store %s: %w", what, err)
}
