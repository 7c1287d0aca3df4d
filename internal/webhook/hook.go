package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"

	"statusd/accounts/secret"
	"statusd/api"
	"statusd/internal/deadline"
	"statusd/internal/feed"
	"statusd/internal/profile"
	"statusd/internal/store"
)

// tryTimeout bounds one try.
const tryTimeout = 30 * time.Second

// Config sets up a Hook.
type Config struct {
	URL    string
	Secret secret.Bytes    // signs
	Types  []api.EventType // of events; none: all
	Chats  []string        // none: all
	Agent  string          // User-Agent

	Accounts feed.Accounts
	Events   *feed.Feed
	Log      *zap.Logger
	// Now is the time that is signed and that ages of events are taken from.
	Now func() time.Time
}

// Hook is one webhook.
type Hook struct {
	cfg      Config
	log      *zap.Logger
	consumer string
	client   *http.Client
}

// New makes a hook. Its place in each event log is kept under a name that
// follows from the address.
func New(c Config) *Hook {
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	sum := sha256.Sum256([]byte(c.URL))
	return &Hook{
		cfg: c, log: c.Log.Named("webhook"), consumer: store.ReservedConsumers + "-" + hex.EncodeToString(sum[:6]),
		client: &http.Client{
			Timeout:       tryTimeout,
			Transport:     http.DefaultTransport.(*http.Transport).Clone(), //nolint:forcetypeassert // it is that
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Run serves each account while it is logged in, until ctx ends. It returns
// nil.
func (h *Hook) Run(ctx context.Context) error {
	defer h.client.CloseIdleConnections()
	for {
		account, changed := h.cfg.Accounts.Watch()
		if account != nil {
			h.session(ctx, account, changed)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// session serves an account until changed is closed or ctx ends.
func (h *Hook) session(ctx context.Context, a *profile.Account, changed <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() { // ends with the session
		defer close(over)
		select {
		case <-changed:
		case <-ctx.Done():
		}
		cancel()
	}()
	err := h.serve(ctx, a)
	if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrClosed) {
		h.log.Error("webhook stopped until the next login", zap.Error(err))
	}
	cancel()
	<-over
}

// serve sends the events of an account until ctx ends.
func (h *Hook) serve(ctx context.Context, a *profile.Account) error {
	at, err := h.place(ctx, a)
	if err != nil {
		return err
	}
	r, err := h.cfg.Events.Open(ctx, feed.Query{
		Consumer: h.consumer, By: store.Daemon(), Types: h.cfg.Types, Chats: h.cfg.Chats, Account: a.UID().String(),
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	batches, ended := make(chan feed.Batch), make(chan struct{})
	var failure error
	go func() { // ends with ctx; waited for below
		defer close(ended)
		failure = r.Follow(ctx, func(b feed.Batch) error {
			select {
			case batches <- b:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	err = h.work(ctx, a, newQueue(at), batches, ended)
	cancel()
	<-ended
	if err == nil {
		err = failure
	}
	return err
}

// place returns where the hook is in an account's log. A hook that is new
// begins with the login.
func (h *Hook) place(ctx context.Context, a *profile.Account) (at int64, err error) {
	err = a.DB().Update(ctx, func(tx *store.Tx) error {
		c, known, err := tx.Consumers().ByName(store.Daemon(), h.consumer)
		if err != nil {
			return err
		}
		if at = a.Before(); known {
			at = c.Seq
		}
		return tx.Consumers().Ack(store.Daemon(), h.consumer, at, h.cfg.Now())
	})
	return at, err
}

// work sends what is due until ctx or the reading ends.
func (h *Hook) work(
	ctx context.Context, a *profile.Account, q *queue, batches <-chan feed.Batch, ended <-chan struct{},
) error {
	var timer deadline.Timer
	defer timer.Disarm()
	acked := q.done()
	for {
		it, at := q.due(h.cfg.Now())
		if it != nil {
			if err := h.try(ctx, q, *it); err != nil {
				return err
			}
		} else {
			if at.IsZero() {
				timer.Disarm()
			} else {
				timer.Arm(time.Now().Add(at.Sub(h.cfg.Now())))
			}
			more := batches
			if !q.room() {
				more = nil // the log keeps it
			}
			select {
			case b := <-more:
				q.add(b)
				if b.Gap {
					h.log.Warn("events are gone from the log before the webhook got them", zap.Int64("next", b.From))
				}
			case <-timer.C():
				timer.Fired()
			case <-ended:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if done := q.done(); done > acked {
			err := a.DB().Update(ctx, func(tx *store.Tx) error {
				return tx.Consumers().Ack(store.Daemon(), h.consumer, done, h.cfg.Now())
			})
			if err != nil {
				return err
			}
			acked = done
		}
	}
}

// try sends one event and notes what became of it.
func (h *Hook) try(ctx context.Context, q *queue, it item) error {
	status, err := h.send(ctx, it.event)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	o := accepted
	switch {
	case err != nil:
		o = unreachable
	case status < 200 || status > 299:
		o = refused
	}
	first := q.target.failures == 0 && q.lanes[it.lane] == nil
	lost := q.settle(it, o, h.cfg.Now())
	fields := []zap.Field{
		zap.Int64("cursor", it.event.Cursor), zap.String("type", string(it.event.Type)), zap.Int("status", status),
	}
	switch {
	case lost > 0:
		h.log.Warn("events given up, the webhook has refused them for days", append(fields, zap.Int("events", lost))...)
	case o != accepted && first:
		h.log.Warn("webhook does not take events, they wait", append(fields, zap.Bool("answered", o == refused))...)
	case o == accepted && !first:
		h.log.Info("webhook takes events again", fields...)
	}
	return nil
}

// send makes one call.
func (h *Hook) send(ctx context.Context, e api.Event) (status int, err error) {
	body, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	timestamp := strconv.FormatInt(h.cfg.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", h.cfg.Agent)
	req.Header.Set("X-Statusd-Event", string(e.Type))
	req.Header.Set("X-Statusd-Timestamp", timestamp)
	req.Header.Set("X-Statusd-Signature", Sign(h.cfg.Secret.Reveal(), timestamp, body))
	resp, err := h.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	const drain = 64 << 10 // so that the connection can be used again
	io.CopyN(io.Discard, resp.Body, drain)
	return resp.StatusCode, nil
}

// Sign returns the signature of a call.
func Sign(key []byte, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(timestamp))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
