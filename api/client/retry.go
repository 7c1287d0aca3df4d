package client

import (
	"context"
	"errors"
	"time"

	"statusd/api"
)

// Pauses before the daemon is tried again.
const (
	firstRetry = 200 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// Retry makes calls, with growing pauses between them, until they succeed, an
// error comes that does not go away by itself, or ctx ends. It is for calls
// that may be made twice: those that change nothing, or have a RequestID.
func Retry(ctx context.Context, calls func() error) error {
	var p pauses
	for {
		err := calls()
		if err == nil || !passing(err) || ctx.Err() != nil {
			return err
		}
		p.wait(ctx, err, nil)
	}
}

// pauses grow from one attempt to the next.
type pauses struct{ last time.Duration }

// wait waits before the next attempt, longer each time. told, if it is not nil,
// is told why and how long.
func (p *pauses) wait(ctx context.Context, reason error, told func(error, time.Duration)) {
	p.last = min(max(2*p.last, firstRetry), lastRetry)
	var answer *api.Error
	if errors.As(reason, &answer) && answer.Data.RetryAfterSeconds > 0 {
		p.last = max(p.last, min(time.Duration(answer.Data.RetryAfterSeconds)*time.Second, lastRetry))
	}
	if told != nil {
		told(reason, p.last)
	}
	timer := time.NewTimer(p.last)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// passing tells whether an error may go away by itself.
func passing(err error) bool {
	var answer *api.Error
	if errors.As(err, &answer) {
		switch answer.Code {
		case api.CodeInvalidParams, api.CodeInvalidRequest, api.CodeMethodNotFound, api.CodeUnauthenticated, api.CodeScope,
			api.CodeUnknownObject, api.CodeExists, api.CodeInvalidRecipient, api.CodeParse:
			return false
		}
		return true
	}
	return IsConnection(err) || errors.Is(err, context.DeadlineExceeded)
}
