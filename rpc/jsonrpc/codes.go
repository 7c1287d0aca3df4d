package jsonrpc

import (
	"fmt"

	gethrpc "github.com/ethereum/go-ethereum/rpc"
)

// Code is a JSON-RPC error code.
type Code int

// Error codes. The first block is JSON-RPC 2.0, the second go-ethereum's, the
// third ours (spec 07 section 5).
const (
	CodeParse          Code = -32700 // not JSON
	CodeInvalidRequest Code = -32600 // JSON, but not a request; also a batch that is too large
	CodeMethodNotFound Code = -32601
	CodeInvalidParams  Code = -32602
	CodeInternal       Code = -32603 // a defect of ours

	CodeFailed        Code = -32000 // the method could not do it; the text says why
	CodeTimeout       Code = -32002
	CodeTooLargeReply Code = -32003

	CodeNotLoggedIn      Code = -32010
	CodeWrongPassword    Code = -32011
	CodeUnknownObject    Code = -32012 // no such chat, contact or message
	CodeExists           Code = -32013
	CodeBusy             Code = -32014 // a queue or a limit is full
	CodeInvalidRecipient Code = -32015
	CodeNoMailserver     Code = -32016
	CodeInUse            Code = -32017 // data directory or account in use
	CodeNewerData        Code = -32018 // data newer than the program
	CodeKeyFile          Code = -32019 // key file missing or damaged
	CodeUnauthenticated  Code = -32040
	CodeScope            Code = -32041 // authenticated, but not allowed to
)

// kinds are the stable words that go with the codes, for programs that rather
// match on text.
func (c Code) kind() string {
	switch c {
	case CodeParse:
		return "parse_error"
	case CodeInvalidRequest:
		return "invalid_request"
	case CodeMethodNotFound:
		return "method_not_found"
	case CodeInvalidParams:
		return "invalid_params"
	case CodeInternal:
		return "internal_error"
	case CodeTimeout:
		return "timeout"
	case CodeTooLargeReply:
		return "reply_too_large"
	case CodeNotLoggedIn:
		return "not_logged_in"
	case CodeWrongPassword:
		return "wrong_password"
	case CodeUnknownObject:
		return "not_found"
	case CodeExists:
		return "already_exists"
	case CodeBusy:
		return "busy"
	case CodeInvalidRecipient:
		return "invalid_recipient"
	case CodeNoMailserver:
		return "no_mailserver"
	case CodeInUse:
		return "in_use"
	case CodeNewerData:
		return "newer_data"
	case CodeKeyFile:
		return "key_file"
	case CodeUnauthenticated:
		return "unauthenticated"
	case CodeScope:
		return "scope_missing"
	default:
		return "failed"
	}
}

// Error is the error member of an answer.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"` // one sentence
	Data    Data   `json:"data"`
}

// Data says more about an Error. Empty members are left out.
type Data struct {
	Kind              string `json:"kind"`
	Hint              string `json:"hint,omitempty"`              // what to do
	RetryAfterSeconds int    `json:"retryAfterSeconds,omitempty"` // when to try again
	Dropped           int    `json:"dropped,omitempty"`           // notifications lost
	RequestID         string `json:"requestId,omitempty"`         // the same id is in the log
}

var (
	_ gethrpc.Error     = (*Error)(nil)
	_ gethrpc.DataError = (*Error)(nil)
)

// NewError makes an error of a code. The kind follows from the code.
func NewError(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Data: Data{Kind: code.kind()}}
}

// WithHint sets what the caller can do about it and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Data.Hint = fmt.Sprintf(format, args...)
	return e
}

// Error implements error with the message alone.
func (e *Error) Error() string { return e.Message }

// ErrorCode implements the interface of go-ethereum's rpc package.
func (e *Error) ErrorCode() int { return int(e.Code) }

// ErrorData implements the interface of go-ethereum's rpc package.
func (e *Error) ErrorData() any { return e.Data }
