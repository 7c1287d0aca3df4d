package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"statusd/accounts/key"
	"statusd/api"
	"statusd/internal/feed"
)

const (
	// maxStreams bounds the event streams that are open at a time.
	maxStreams = 128
	// keepAlive is how long a stream may be silent (signal-cli's time).
	keepAlive = 15 * time.Second
)

// serveEvents answers GET /api/v1/events with a stream of server-sent events:
// data is an event as status_subscribe gives it, id its cursor, so that
// Last-Event-ID goes on where the stream broke off.
func (s *Server) serveEvents(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet) {
		return
	}
	c, ok := s.authenticate(w, r)
	if !ok {
		return
	}
	q, status, fault := s.streamQuery(&c, r)
	if fault != nil {
		refuse(w, status, fault)
		return
	}
	ctx, cancel := joinContext(ctx, r.Context())
	defer cancel()
	leave, ok := s.streams.take(c.grant, cancel)
	if !ok {
		e := api.NewError(api.CodeBusy, "too many event streams").WithHint("close some; there may be %d", maxStreams)
		e.Data.RetryAfterSeconds = 5
		refuse(w, http.StatusServiceUnavailable, e)
		return
	}
	defer leave()
	reader, err := s.deps.Events.Open(ctx, q)
	if err != nil {
		e := failureOf(ctx, err)
		refuse(w, statusOf(e), e)
		return
	}
	st := &eventStream{w: w, conn: http.NewResponseController(w)}
	if st.begin() == nil {
		s.stream(ctx, st, reader, &c)
	}
}

// streamQuery reads what a stream is asked for, and checks that the caller may
// have it.
func (s *Server) streamQuery(c *caller, r *http.Request) (feed.Query, int, *api.Error) {
	m := s.dispatch.methods[api.StatusSubscribe.Name] // the same thing in another form
	if m == nil || !c.offers("status") {
		e := api.NewError(api.CodeInvalidRequest, "there is nothing at this address")
		return feed.Query{}, http.StatusNotFound, e.WithHint(
			"events are offered with the namespace status, which APIModules leaves out")
	}
	if e := permitted(c, m); e != nil {
		return feed.Query{}, http.StatusForbidden, e
	}
	form := r.URL.Query()
	since, text := (*int64)(nil), r.Header.Get("Last-Event-ID")
	if text == "" {
		text = form.Get("since")
	}
	if text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return feed.Query{}, http.StatusBadRequest,
				api.NewError(api.CodeInvalidParams, "%q is not a cursor", shortened(text))
		}
		since = &n
	}
	q, err := c.query(since, form.Get("consumer"), eventTypes(listOf(form, "types")), listOf(form, "chats"))
	if err != nil {
		e := failureOf(r.Context(), err)
		return q, statusOf(e), e
	}
	if q.Account, err = accountOf(form.Get("account")); err != nil {
		return q, http.StatusBadRequest, failureOf(r.Context(), err)
	}
	if own := c.grant.only(); own != "" {
		if q.Account != "" && q.Account != own {
			return q, http.StatusForbidden, api.NewError(api.CodeScope, "the token is for another account")
		}
		q.Account = own
	}
	return q, 0, nil
}

// statusOf is the HTTP status of an error about a stream.
func statusOf(e *api.Error) int {
	if e.Code == api.CodeScope {
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

// listOf returns the values of a parameter that may be repeated or separated
// by commas.
func listOf(form url.Values, name string) (out []string) {
	for _, v := range form[name] {
		for part := range strings.SplitSeq(v, ",") {
			if part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// eventTypes are names of types of events, whether there are such or not.
func eventTypes(names []string) []api.EventType {
	out := make([]api.EventType, len(names))
	for i, n := range names {
		out[i] = api.EventType(n)
	}
	return out
}

// accountOf reads the key-uid of an account, as events write it; "" stays.
func accountOf(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	uid, err := key.ParseUID(text)
	if err != nil {
		return "", api.NewError(api.CodeInvalidParams, "account: %q is not a key-uid", shortened(text))
	}
	return uid.String(), nil
}

// heldBatch is a batch that counts until it is released.
type heldBatch struct {
	feed.Batch
	release func()
}

// stream writes what a reader delivers until the client goes or the server
// stops. One batch at most is in memory, and counts until it is written; when
// there is no room for it, the stream ends, and the client comes back for it.
func (s *Server) stream(ctx context.Context, st *eventStream, r *feed.Reader, c *caller) {
	g, account := c.grant, s.budget.unreadOf(c)
	expired, release := endOf(g)
	defer release()
	ctx, cancel := context.WithCancel(ctx)
	batches, done := make(chan heldBatch), make(chan struct{})
	go func() { // ends with ctx
		defer close(done)
		defer cancel()
		r.Follow(ctx, func(b feed.Batch) error {
			release, err := account.hold(&b)
			if err != nil {
				return err
			}
			select {
			case batches <- heldBatch{b, release}:
				return nil
			case <-ctx.Done():
				release()
				return ctx.Err()
			}
		})
	}()
	defer func() {
		cancel()
		<-done
	}()
	quiet := time.NewTimer(keepAlive)
	defer quiet.Stop()
	for {
		var err error
		select {
		case b := <-batches:
			err = st.batch(b.Batch)
			b.release()
			if b.Lost > 0 {
				s.dispatch.metrics.lagged.Add(float64(b.Lost))
			}
		case <-quiet.C:
			err = st.write(":\n\n")
		case <-s.stopping:
			return
		case <-g.ended():
			return
		case <-expired:
			return
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		quiet.Reset(keepAlive)
	}
}

// eventStream writes server-sent events.
type eventStream struct {
	w    http.ResponseWriter
	conn *http.ResponseController
}

// begin sends the head of the answer.
func (st *eventStream) begin() error {
	st.conn.SetReadDeadline(time.Time{}) // the end of the connection is waited for
	h := st.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // proxies must not hold it back
	st.w.WriteHeader(http.StatusOK)
	return st.conn.Flush()
}

// write sends text within sendTimeout.
func (st *eventStream) write(text string) error { return errors.Join(st.put(text), st.conn.Flush()) }

// put is write of a part of what is sent.
func (st *eventStream) put(text string) error {
	st.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	_, err := io.WriteString(st.w, text)
	return err
}

// batch sends events. A gap is an event of its own, without an id, as are
// signals of the node.
func (st *eventStream) batch(b feed.Batch) error {
	var marks strings.Builder
	if b.Gap {
		mark(&marks, "gap", api.EventNotice{Gap: true, From: b.From})
	}
	if b.Lost > 0 {
		mark(&marks, "lagged", api.EventsLost{Dropped: b.Lost})
	}
	if err := st.put(marks.String()); err != nil {
		return err
	}
	for _, e := range b.Events {
		raw, err := json.Marshal(e) // one line
		if err != nil {
			return err
		}
		head := "data: "
		if e.Cursor > 0 {
			head = fmt.Sprintf("id: %d\ndata: ", e.Cursor)
		}
		if err := errors.Join(st.put(head), st.put(string(raw)), st.put("\n\n")); err != nil {
			return err
		}
	}
	return st.conn.Flush()
}

// mark writes an event that stands for what is missing.
func mark(b *strings.Builder, name string, data any) {
	raw, _ := json.Marshal(data) // our own types: they encode
	fmt.Fprintf(b, "event: %s\ndata: %s\n\n", name, raw)
}
