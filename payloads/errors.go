package payloads

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"statusd/fault"
)

// Errors of Parse. Each says why a payload is dropped.
var (
	// ErrMalformed: the bytes are no protobuf of the expected message, or a
	// string is not UTF-8.
	ErrMalformed = errors.New("malformed")
	// ErrTooManyFields: the payload was made to exhaust memory.
	ErrTooManyFields = errors.New("too many fields")
	// ErrSignature: a signature is there and is not one.
	ErrSignature = errors.New("signature is invalid")
	// ErrType: the type is unknown, or an extension that is switched off.
	ErrType = errors.New("type is unknown")
	// ErrNoSigner: an unsigned wrapper came in an envelope without signer.
	ErrNoSigner = errors.New("neither wrapper nor envelope is signed")
)

// Rule names a rule that a payload breaks. The names are stable and fit as
// labels of metrics.
type Rule string

// The rules.
const (
	RuleClockZero    Rule = "clock_zero"
	RuleClockAhead   Rule = "clock_ahead"
	RuleTimestamp    Rule = "timestamp_zero"
	RuleTextBlank    Rule = "text_blank"
	RuleTextLength   Rule = "text_length"
	RuleUTF8         Rule = "utf8"
	RuleChatID       Rule = "chat_id"
	RuleMessageID    Rule = "message_id"
	RuleMessageType  Rule = "message_type"
	RuleContentType  Rule = "content_type"
	RuleSticker      Rule = "sticker"
	RuleImage        Rule = "image"
	RuleAudio        Rule = "audio"
	RuleReaction     Rule = "reaction_type"
	RuleInvitation   Rule = "invitation_state"
	RuleInstallation Rule = "installation"
	RuleContactID    Rule = "contact_id"
	RuleTransaction  Rule = "transaction"
	RuleEvents       Rule = "group_events"
	RuleAttachment   Rule = "group_attachment"
	RulePush         Rule = "push"
	// RuleRelabelled: the payload was signed as one of another type.
	RuleRelabelled Rule = "relabelled"
)

// RuleError says which rule a payload breaks, in a sentence for the person who
// wants to send it.
type RuleError struct {
	Rule   Rule
	Detail string
}

// Error implements error.
func (e *RuleError) Error() string { return e.Detail }

// errRule is the kind of every RuleError.
var errRule = fault.New(fault.InvalidParams, "a payload breaks a rule", "")

// Unwrap returns the kind.
func (*RuleError) Unwrap() error { return errRule }

// broken makes a RuleError.
func broken(rule Rule, format string, args ...any) error {
	return &RuleError{Rule: rule, Detail: fmt.Sprintf(format, args...)}
}

// Reason returns a short stable name for why a payload was dropped, for
// counters; "" for nil and "other" for an error that is not of this package.
func Reason(err error) string {
	var rule *RuleError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &rule):
		return string(rule.Rule)
	case errors.Is(err, ErrTooManyFields):
		return "too_many_fields"
	case errors.Is(err, ErrMalformed):
		return "malformed"
	case errors.Is(err, ErrSignature):
		return "signature"
	case errors.Is(err, ErrNoSigner):
		return "no_signer"
	case errors.Is(err, ErrType):
		return "unknown_type"
	case errors.Is(err, ErrEvent):
		return "group_event"
	}
	return "other"
}

// countFields takes the fields of a message and of those in it from a budget,
// and refuses a message that has more. The schema has no recursive messages.
func countFields(data []byte, schema protoreflect.MessageDescriptor, budget *int) error {
	for len(data) > 0 {
		if *budget--; *budget < 0 {
			return fmt.Errorf("%w: more than %d", ErrTooManyFields, maxFields)
		}
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(n))
		}
		size := protowire.ConsumeFieldValue(num, typ, data[n:])
		if size < 0 {
			return fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(size))
		}
		if typ == protowire.BytesType {
			if f := schema.Fields().ByNumber(num); f != nil && f.Message() != nil {
				value, _ := protowire.ConsumeBytes(data[n:])
				if err := countFields(value, f.Message(), budget); err != nil {
					return err
				}
			}
		}
		data = data[n+size:]
	}
	return nil
}
