package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/messenger/naming"
)

// maxAttachment bounds a file to send: what does not fit into an envelope is
// refused by the daemon with the exact limit.
const maxAttachment = 2 << 20

// sendFlags say what to send and what to wait for.
type sendFlags struct {
	text, attachment, replyTo, wait string
	limit                           time.Duration
	given                           bool // there is a text, be it an empty one
}

// sendResult is what became of a message.
type sendResult struct {
	MessageID string `json:"messageId"`
	ChatID    string `json:"chatId"`
	Clock     uint64 `json:"clock"`
	Status    string `json:"status"`
}

// The states to wait for.
const (
	waitNone      = "none"
	waitSent      = "sent"
	waitDelivered = "delivered"
)

func (a *app) sendCommand() frame.Command {
	return frame.Command{
		Use: "send RECIPIENT...", Short: "Send a message to people, groups or public chats",
		Args: frame.AtLeast(1, "the recipient, for instance '#tea' or zQ3sh…"),
		Long: `Sends a message through the running daemon. A recipient is a public key in any
form (zQ3sh…, 0x04…), @ and the nickname of a contact, # and the name of a
public chat, or the id of a private group or, where that is unique, its name.
What could mean several things is refused; public:tea, group:tea and person:@ana
say which is meant.

The daemon keeps the message until it has left: without a peer it is queued. By
default the command waits until a peer has it; with --wait delivered, until the
recipient has acknowledged it (in a group: all of them). Public chats have no
acknowledgements. If that does not happen in time, the exit code is 75 and the
daemon goes on trying.`,
		Example: "  statusd send '#tea' -m 'anybody here?'\n" +
			"  statusd send zQ3sh… @ana -m 'hello' --wait delivered\n" +
			"  fortune | statusd send '#tea' -m -\n" +
			"  statusd send @ana -a photo.jpg",
		Build: func(fs *frame.Flags) frame.Run {
			c, f := a.newClient(fs, 30*time.Second), &sendFlags{wait: waitSent}
			fs.CompleteArgs(c.recipients())
			fs.Var(&f.text, "message,m", "the text; - reads it from standard input")
			fs.Var(&f.attachment, "attachment,a", "an image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) to send")
			fs.Var(&f.replyTo, "reply-to", "id of the message that this one answers")
			fs.Var(&f.wait, "wait", "wait until it is sent or delivered, or none").Complete(
				frame.OneOf(waitSent, waitDelivered, waitNone))
			fs.Lookup("timeout").Usage = "longest time to wait for that"
			return func(ctx context.Context, args []string) error {
				f.given = fs.Changed("message")
				return a.send(ctx, c, f, args)
			}
		},
	}
}

func (a *app) send(ctx context.Context, c *client, f *sendFlags, to []string) error {
	switch f.wait {
	case waitNone, waitSent, waitDelivered:
	default:
		return badChoice("wait", f.wait, waitSent, waitDelivered, waitNone)
	}
	f.limit = c.endpoint.timeout
	if f.limit <= 0 {
		return usageError(fmt.Errorf("--timeout %s: want more than 0", f.limit))
	}
	text, err := a.message(f.text, f.given, f.attachment != "")
	if err != nil {
		return err
	}
	attached, err := readAttachment(f.attachment)
	if err != nil {
		return err
	}
	ctx, stop := interruptible(ctx) // not before: whoever types the text can end the program as usual
	defer stop()
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	var missed, failed error
	for _, recipient := range to {
		sent, err := s.sendTo(ctx, f, recipient, text, attached)
		if err != nil {
			if len(to) == 1 || ctx.Err() != nil {
				return err
			}
			a.complain(fmt.Errorf("%s: %w", recipient, err), exitCode(err))
			failed = &silentError{exitCode(err)}
			continue
		}
		if err := a.printSent(sent); err != nil {
			return err
		}
		if !reached(sent.Status, f.wait) {
			missed = fail(fault.Timeout, fmt.Errorf("%s: not %s within %s; the daemon goes on trying", recipient, f.wait,
				f.limit))
		}
	}
	return errors.Join(failed, missed)
}

// sendTo sends to one recipient. The answer comes when the state was reached
// or the time is up, so the call itself has a little longer.
func (s *session) sendTo(
	ctx context.Context, f *sendFlags, recipient, text string, attached any,
) (sent sendResult, err error) {
	to, err := s.recipient(ctx, recipient)
	if err != nil {
		return sent, err
	}
	var reply any
	if f.replyTo != "" {
		reply = f.replyTo
	}
	err = s.callWithin(ctx, f.limit+10*time.Second, &sent, "status_send", to, text, attached, reply, f.wait,
		f.limit.Seconds())
	return sent, err
}

// recipient puts the id of a group in the place of its name, and refuses what
// may mean several things. What else a recipient may be, the daemon knows.
func (s *session) recipient(ctx context.Context, text string) (string, error) {
	if err := s.readContacts(ctx); err != nil {
		return "", err
	}
	found, err := s.names().Find(text)
	var unknown *naming.UnknownError
	switch {
	case errors.As(err, &unknown) && strings.HasPrefix(text, "@"):
		return s.person(ctx, text) // says who calls himself so
	case errors.As(err, &unknown):
		return text, nil
	case err != nil:
		return "", fail(fault.BadInput, err)
	case found.Kind == naming.Group:
		return found.ID, nil
	}
	return text, nil
}

// reached tells whether a state is the one waited for, or beyond it.
func reached(status, wait string) bool {
	switch wait {
	case waitNone:
		return true
	case waitSent:
		return status == waitSent || status == waitDelivered
	}
	return status == wait
}

func (a *app) printSent(r sendResult) error { return a.say(r.MessageID+"  "+r.Status, r) }

// readAttachment reads a file into a data URL; nil for none. The daemon looks
// at the content itself and does not trust the type named here.
func readAttachment(path string) (any, error) {
	if path == "" {
		return nil, nil
	}
	// A pipe that nobody writes to is empty, and not waited for.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fail(fault.NoInput, fmt.Errorf("attachment: %w", err))
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxAttachment+1))
	switch {
	case err != nil:
		return nil, fail(fault.IO, fmt.Errorf("attachment: %w", err))
	case len(raw) > maxAttachment:
		return nil, fail(fault.BadInput, fmt.Errorf("attachment %s has more than %s; a message cannot carry it", path,
			bytesText(maxAttachment)))
	case len(raw) == 0:
		return nil, fail(fault.BadInput, fmt.Errorf("attachment %s is empty", path))
	}
	return "data:" + http.DetectContentType(raw) + ";base64," + base64.StdEncoding.EncodeToString(raw), nil
}
