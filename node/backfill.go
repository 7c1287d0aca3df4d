package node

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"statusd/mailserver"
	"statusd/mailserver/history"
	"statusd/waku/wire"
)

// ErrNotArchived is returned when envelopes came and could not be archived.
var ErrNotArchived = errors.New("envelopes came but were not archived")

// Backfill asks another mailserver for one page of everything between two
// times and archives it (spec 02 section 10). Server, times, limit and cursor
// of the request count. When it returns without an error, what came is durable:
// archived counts what was handed to the archive, which may have had it already,
// skipped what no peer would have taken: too little proof of work, too large.
func (n *mailservers) Backfill(
	ctx context.Context, r history.Request,
) (page history.Result, archived, skipped int, err error) {
	if n.mail.recorder == nil {
		return history.Result{}, 0, 0, ErrNoMailServer
	}
	full := wire.FullBloom()
	own := n.host.Info()
	var taken, left atomic.Int64
	r.Topics, r.Bloom, r.OnePage = nil, &full, true
	r.Take = func(env *wire.Envelope) {
		if env.TTL() == 0 || env.PoW(0) < own.MinPoW || env.Size() > int(own.MaxMessageSize) {
			left.Add(1)
			return
		}
		taken.Add(1)
		n.mail.recorder.Put(env)
	}
	dropped := n.mail.recorder.Status().Dropped
	page, err = n.mail.client.Fetch(ctx, r)
	failure := syncFailure(err)
	if err == nil {
		err = n.mail.recorder.Flush(ctx)
		if err == nil && n.mail.recorder.Status().Dropped > dropped {
			err = fmt.Errorf("%w: %s", ErrNotArchived, n.mail.recorder.Health().Reason)
		}
		if err != nil {
			failure = mailserver.SyncNotArchived
		}
	}
	n.mail.recorder.CountSync(failure)
	return page, int(taken.Load()), int(left.Load()), err
}

func syncFailure(err error) mailserver.SyncFailure {
	var answer *history.ServerError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &answer) && answer.Text == mailserver.TextRateLimited:
		return mailserver.SyncLimited
	case errors.As(err, &answer):
		return mailserver.SyncRefused
	}
	return mailserver.SyncNoAnswer
}
