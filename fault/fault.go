// Package fault is the one form of errors that a person or a program gets to
// see: what went wrong in a sentence, what kind of thing it is, and what to do
// about it. Whoever declares an error knows these best, so they stand there:
//
//	var ErrOther = fault.New(fault.InUse, "another account is logged in", "log out first with account_logout")
//
// Details are added around it, as around any error, and errors.Is finds it:
//
//	return fmt.Errorf("%w: %s", ErrOther, name)
//
// Of finds for any error its kind and hint. The tables that turn a kind into
// the code of an answer or of a process are those of packages api and
// cmd/statusd. Nobody needs to look into the text of an error.
package fault

// Kind is the stable word for what kind of thing an error is.
type Kind string

// Kinds that are in the answers of the daemon, too; package api has the same
// words.
const (
	Parse            Kind = "parse_error"
	InvalidRequest   Kind = "invalid_request"
	MethodNotFound   Kind = "method_not_found"
	InvalidParams    Kind = "invalid_params" // what was given is not what it should be
	Internal         Kind = "internal_error" // a mistake in the program
	Failed           Kind = "failed"         // of no other kind
	Timeout          Kind = "timeout"
	TooLargeReply    Kind = "reply_too_large"
	NotLoggedIn      Kind = "not_logged_in"
	WrongPassword    Kind = "wrong_password"
	NotFound         Kind = "not_found"
	Exists           Kind = "already_exists"
	Busy             Kind = "busy" // a queue or a limit is full
	InvalidRecipient Kind = "invalid_recipient"
	NoMailserver     Kind = "no_mailserver"
	InUse            Kind = "in_use"
	NewerData        Kind = "newer_data" // of a newer version of the program
	KeyFile          Kind = "key_file"   // a file of an account is missing or damaged
	Unauthenticated  Kind = "unauthenticated"
	Scope            Kind = "scope_missing"
	DiskFull         Kind = "disk_full"
	IO               Kind = "io_error" // a disk cannot be read or written
)

// Kinds that only programs on the machine itself meet; in the answer of a
// daemon they are Failed.
const (
	Usage        Kind = "usage"         // a command was called wrongly
	Config       Kind = "config"        // a configuration is refused
	NoInput      Kind = "no_input"      // a file that was named is not there
	BadInput     Kind = "bad_input"     // a file, an archive or a text is not what it should be
	CannotCreate Kind = "cannot_create" // something is in the way
	Unavailable  Kind = "unavailable"   // who should answer is not there
	Protocol     Kind = "protocol"      // who answers does not speak as it should
	Permission   Kind = "permission"
	Interrupted  Kind = "interrupted" // by a person; calling it again goes on or begins anew
)

// Error is an error with its kind and what to do about it.
type Error struct {
	Kind  Kind   // "": that of the cause
	Text  string // what went wrong, in lower case; "": the cause says it
	Hint  string // what to do; "": the cause's hint, if it has one
	Cause error  // nil: none
}

// New makes an error, most often a variable that errors.Is looks for. The hint
// may be empty.
func New(kind Kind, text, hint string) *Error { return &Error{Kind: kind, Text: text, Hint: hint} }

// As gives an error a kind, whatever kind it had; nil stays nil.
func As(kind Kind, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Cause: err}
}

// WithHint gives an error a hint, whatever hint it had; nil stays nil.
func WithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &Error{Hint: hint, Cause: err}
}

// Error implements error: the text, and the cause after it.
func (e *Error) Error() string {
	switch {
	case e.Cause == nil:
		return e.Text
	case e.Text == "":
		return e.Cause.Error()
	}
	return e.Text + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }
