package api

import "fmt"

// Code is a JSON-RPC error code.
type Code int

// Error codes. The first block is JSON-RPC 2.0, the second go-ethereum's, the
// third ours.
const (
	CodeParse          Code = -32700 // not JSON
	CodeInvalidRequest Code = -32600 // JSON, but not a request; also a batch that is too large
	CodeMethodNotFound Code = -32601
	CodeInvalidParams  Code = -32602
	CodeInternal       Code = -32603 // a defect of the daemon

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

// Kind is the stable word that goes with an error, for programs that rather
// match on text.
type Kind string

// Kinds. Each belongs to a code; the last two go with CodeFailed.
const (
	KindParse            Kind = "parse_error"
	KindInvalidRequest   Kind = "invalid_request"
	KindMethodNotFound   Kind = "method_not_found"
	KindInvalidParams    Kind = "invalid_params"
	KindInternal         Kind = "internal_error"
	KindFailed           Kind = "failed"
	KindTimeout          Kind = "timeout"
	KindTooLargeReply    Kind = "reply_too_large"
	KindNotLoggedIn      Kind = "not_logged_in"
	KindWrongPassword    Kind = "wrong_password"
	KindUnknownObject    Kind = "not_found"
	KindExists           Kind = "already_exists"
	KindBusy             Kind = "busy"
	KindInvalidRecipient Kind = "invalid_recipient"
	KindNoMailserver     Kind = "no_mailserver"
	KindInUse            Kind = "in_use"
	KindNewerData        Kind = "newer_data"
	KindKeyFile          Kind = "key_file"
	KindUnauthenticated  Kind = "unauthenticated"
	KindScope            Kind = "scope_missing"
	KindDiskFull         Kind = "disk_full" // nothing of the call was done
	KindIO               Kind = "io_error"  // nothing of the call was done
)

// ErrorClass is a kind of error, with its code and what it says.
type ErrorClass struct {
	Kind    Kind
	Code    Code
	Meaning string
	Any     bool // any method may answer with it
}

// ErrorClasses lists all kinds of errors; the first of a code is the usual one.
func ErrorClasses() []ErrorClass {
	return []ErrorClass{
		{KindParse, CodeParse, "the request is not JSON", true},
		{
			KindInvalidRequest, CodeInvalidRequest, "the request is not a JSON-RPC 2.0 request, or a batch is too large", true,
		},
		{KindMethodNotFound, CodeMethodNotFound, "the method does not exist, or is not on offer here", true},
		{KindInvalidParams, CodeInvalidParams, "a parameter is missing, unknown, or of the wrong type", true},
		{KindInternal, CodeInternal, "a defect of the daemon; the log has details under the request id", true},
		{KindFailed, CodeFailed, "the method could not do it; the message says why", true},
		{KindDiskFull, CodeFailed, "the disk is full; nothing was done", true},
		{KindIO, CodeFailed, "the disk cannot be read or written; nothing was done", true},
		{KindTimeout, CodeTimeout, "it took too long", true},
		{KindTooLargeReply, CodeTooLargeReply, "the answers of a batch became too large; this one was not run", true},
		{KindBusy, CodeBusy, "a queue or a limit is full", true},
		{KindUnauthenticated, CodeUnauthenticated, "the token is missing or not valid", true},
		{KindScope, CodeScope, "the token does not allow this, or the connection could be listened to", true},
		{KindNotLoggedIn, CodeNotLoggedIn, "nobody is logged in, or another account than the one asked for", false},
		{KindWrongPassword, CodeWrongPassword, "the password is wrong", false},
		{KindUnknownObject, CodeUnknownObject, "there is no such account, chat, contact, message or consumer", false},
		{KindExists, CodeExists, "it exists already", false},
		{KindInvalidRecipient, CodeInvalidRecipient, "this recipient cannot be written to", false},
		{KindNoMailserver, CodeNoMailserver, "no mailserver is known or reachable", false},
		{KindInUse, CodeInUse, "the data directory or an account is in use", false},
		{KindNewerData, CodeNewerData, "the data is of a newer release", false},
		{KindKeyFile, CodeKeyFile, "a file of the account is missing or damaged", false},
	}
}

// Kind returns the usual kind of a code; KindFailed for codes that are not
// listed.
func (c Code) Kind() Kind {
	for _, class := range ErrorClasses() {
		if class.Code == c {
			return class.Kind
		}
	}
	return KindFailed
}

// Error is the error member of an answer.
type Error struct {
	Code    Code      `json:"code"`
	Message string    `json:"message"` // one sentence
	Data    ErrorData `json:"data"`
}

// ErrorData says more about an Error. Empty members are left out.
type ErrorData struct {
	Kind              Kind   `json:"kind"`
	Hint              string `json:"hint,omitempty"`              // what to do
	RetryAfterSeconds int    `json:"retryAfterSeconds,omitempty"` // when to try again
	Dropped           int    `json:"dropped,omitempty"`           // notifications lost
	RequestID         string `json:"requestId,omitempty"`         // the same id is in the log
}

// NewError makes an error of a code. The kind follows from the code.
func NewError(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Data: ErrorData{Kind: code.Kind()}}
}

// WithHint sets what the caller can do about it and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Data.Hint = fmt.Sprintf(format, args...)
	return e
}

// Error implements error with the message alone.
func (e *Error) Error() string { return e.Message }

// ErrorCode returns the code; go-ethereum's rpc package looks for it.
func (e *Error) ErrorCode() int { return int(e.Code) }

// ErrorData returns the data; go-ethereum's rpc package looks for it.
func (e *Error) ErrorData() any { return e.Data }
