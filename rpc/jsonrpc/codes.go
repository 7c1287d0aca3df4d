package jsonrpc

import "statusd/api"

// The errors of answers are those of the contract.
type (
	Code  = api.Code
	Error = api.Error
	Data  = api.ErrorData
)

// Error codes.
const (
	CodeParse            = api.CodeParse
	CodeInvalidRequest   = api.CodeInvalidRequest
	CodeMethodNotFound   = api.CodeMethodNotFound
	CodeInvalidParams    = api.CodeInvalidParams
	CodeInternal         = api.CodeInternal
	CodeFailed           = api.CodeFailed
	CodeTimeout          = api.CodeTimeout
	CodeTooLargeReply    = api.CodeTooLargeReply
	CodeNotLoggedIn      = api.CodeNotLoggedIn
	CodeWrongPassword    = api.CodeWrongPassword
	CodeUnknownObject    = api.CodeUnknownObject
	CodeExists           = api.CodeExists
	CodeBusy             = api.CodeBusy
	CodeInvalidRecipient = api.CodeInvalidRecipient
	CodeNoMailserver     = api.CodeNoMailserver
	CodeInUse            = api.CodeInUse
	CodeNewerData        = api.CodeNewerData
	CodeKeyFile          = api.CodeKeyFile
	CodeUnauthenticated  = api.CodeUnauthenticated
	CodeScope            = api.CodeScope
)

// NewError makes an error of a code. The kind follows from the code.
func NewError(code Code, format string, args ...any) *Error {
	return api.NewError(code, format, args...)
}
