package transport

import (
	"errors"

	"statusd/fault"
)

// Errors of Receive. ErrNotProtocol is the only one after which the caller may
// hand the payload of the waku message to the layers above, as unprotected
// content. When NeedsAnswer says so, it calls Answer.
var (
	ErrNotProtocol     = errors.New("no payload: not a message of the secure transport")
	ErrBundle          = errors.New("attached bundle is refused")
	ErrDeviceNotFound  = errors.New("device not found: the message is for other installations of ours")
	ErrNotPaired       = errors.New("message of ours for other devices, or from one that is not paired")
	ErrSessionNotFound = errors.New("session not found")
	ErrNoKey           = errors.New("no key specified")
	ErrHeader          = errors.New("invalid public key in a header")
	ErrDecrypt         = errors.New("message cannot be decrypted")
	// ErrCopy is the normal end of a message that was opened before. It and
	// ErrSpent come with ErrDecrypt.
	ErrCopy = errors.New("copy of a message that was opened before")
	// ErrSpent is a message number that came before, with other content: the
	// sender went back to an earlier state.
	ErrSpent = errors.New("the number of a message that was opened is used again for another one")
	ErrPanic = errors.New("handling a message failed unexpectedly, please report it")
)

// Errors of sending and of managing installations.
var (
	ErrConfig     = errors.New("configuration needs an identity key and an installation id of 1 to 256 bytes")
	ErrEmpty      = errors.New("a public message needs a payload")
	ErrRecipient  = errors.New("recipient is not a public key")
	ErrPlace      = errors.New("public messages go to public chats")
	ErrNoMetadata = fault.New(fault.Failed, "set the name and type of this device before pairing",
		"wakuext_setInstallationMetadata, or: statusd devices name")
	ErrInstallation = fault.New(fault.NotFound, "no such installation; it must be known from a bundle",
		"see wakuext_getOurInstallations, or: statusd devices list; a device shows up once it has been online")
	ErrTooManyOwn = fault.New(fault.Busy, "disable an installation first, 3 of an identity are active at most",
		"wakuext_disableInstallation, or: statusd devices disable")
)

// NeedsAnswer reports whether a failed Receive is to be followed by Answer: the
// sender does not know this installation, or one side lost state of the session.
func NeedsAnswer(err error) bool { return errors.Is(err, ErrDeviceNotFound) || brokenSession(err) }

// brokenSession reports whether a failed Receive shows that the two sides have
// states that do not fit.
func brokenSession(err error) bool {
	return errors.Is(err, ErrSessionNotFound) || errors.Is(err, ErrDecrypt) && !errors.Is(err, ErrCopy)
}
