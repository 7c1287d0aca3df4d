package rpc

import (
	"context"
	"errors"

	"statusd/api"
	"statusd/fault"
	"statusd/internal/store"
)

// failureOf makes the answer of any error. What a handler has worded itself
// stays; everything else says what kind it is and what to do, see package
// fault.
func failureOf(ctx context.Context, err error) *api.Error {
	var own *api.Error
	switch {
	case errors.As(err, &own):
		out := *own
		return &out
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil:
		return api.NewError(api.CodeTimeout, "request timed out")
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return api.NewError(api.CodeFailed, "request cancelled").
			WithHint("the daemon is stopping or the connection has gone")
	}
	kind, hint := fault.Of(err)
	text := err.Error()
	switch {
	case kind == fault.Timeout && fault.Undeclared(err): // not of this call, but of something within it
		kind = fault.Failed
	case kind == fault.DiskFull && !errors.Is(err, store.ErrFull): // in the system's words
		text = "the disk is full: " + text
	}
	class := classOf(kind)
	return &api.Error{Code: class.Code, Message: text, Data: api.ErrorData{Kind: class.Kind, Hint: hint}}
}

// classOf returns the row of the contract's table of errors for a kind; that of
// KindFailed for the kinds that only programs on this machine meet.
func classOf(kind fault.Kind) api.ErrorClass {
	var failed api.ErrorClass
	for _, class := range api.ErrorClasses() {
		switch class.Kind {
		case api.Kind(kind):
			return class
		case api.KindFailed:
			failed = class
		}
	}
	return failed
}
