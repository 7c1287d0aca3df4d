package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"statusd/api"
)

func TestRetryGoesOnWhileTheErrorMayPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		passes := []error{
			&ConnectionError{Target: "x", Err: errors.New("broke")}, api.NewError(api.CodeNotLoggedIn, "nobody"),
			api.NewError(api.CodeBusy, "busy"), context.DeadlineExceeded,
		}
		calls := 0
		err := Retry(t.Context(), func() error {
			calls++
			if calls <= len(passes) {
				return passes[calls-1]
			}
			return nil
		})
		if err != nil || calls != len(passes)+1 {
			t.Errorf("%d calls, %v", calls, err)
		}
	})
}

func TestRetryEndsWithWhatDoesNotPass(t *testing.T) {
	for _, code := range []api.Code{api.CodeInvalidParams, api.CodeScope, api.CodeExists, api.CodeInvalidRecipient} {
		calls := 0
		err := Retry(t.Context(), func() error {
			calls++
			return api.NewError(code, "no")
		})
		if err == nil || calls != 1 {
			t.Errorf("%d: %d calls, %v", code, calls, err)
		}
	}
}

func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin, calls := time.Now(), 0
		err := Retry(ctx, func() error {
			calls++
			return &ConnectionError{Target: "x", Err: errors.New("broke")}
		})
		if !IsConnection(err) || time.Since(begin) != time.Minute || calls > 15 {
			t.Errorf("%d calls in %v, %v", calls, time.Since(begin), err)
		}
	})
}
