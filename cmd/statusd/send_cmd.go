package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"syscall"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// maxAttachment bounds a file to send: what does not fit into an envelope is
// refused by the daemon with the exact limit.
const maxAttachment = 2 << 20

// sendFlags say what to send and what to wait for.
type sendFlags struct {
	text, attachment, replyTo string
	wait                      api.SendWait
	limit                     time.Duration
	given                     bool // there is a text, be it an empty one
}

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
			c, f := a.newClient(fs, 30*time.Second), &sendFlags{wait: api.WaitSent}
			fs.CompleteArgs(c.recipients())
			fs.Var(&f.text, "message,m", "the text; - reads it from standard input")
			fs.Var(&f.attachment, "attachment,a", "an image (PNG, JPEG, WebP, GIF) or recording (AAC, AMR) to send")
			fs.Var(&f.replyTo, "reply-to", "id of the message that this one answers")
			fs.Var((*string)(&f.wait), "wait", "wait until it is sent or delivered, or none").Complete(
				frame.OneOf(api.WaitSent, api.WaitDelivered, api.WaitNone))
			fs.Lookup("timeout").Usage = "longest time to wait for that"
			return func(ctx context.Context, args []string) error {
				f.given = fs.Changed("message")
				return a.send(ctx, c, f, args)
			}
		},
	}
}

func (a *app) send(ctx context.Context, c *daemon, f *sendFlags, to []string) error {
	if !slices.Contains(f.wait.Values(), f.wait) {
		return badChoice("wait", string(f.wait), string(api.WaitSent), string(api.WaitDelivered), string(api.WaitNone))
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
	wait, alone := f.wait, f.wait != api.WaitNone && alone(ctx, s)
	if alone { // nothing would happen in that time
		wait = api.WaitNone
	}
	// The answer comes when the state was reached or the time is up, so the call
	// itself has a little longer.
	sent, err := api.StatusSend.Call(ctx, s.within(f.limit+10*time.Second), api.SendArgs{
		Recipient: to, Message: text, Attachment: api.OneText(attached), ReplyTo: f.replyTo, Wait: wait,
		TimeoutSeconds: new(f.limit.Seconds()),
	})
	if err != nil {
		return err
	}
	messages := sent.Messages
	if len(to) == 1 {
		messages = []api.SentMessage{sent.SentMessage}
	}
	return a.sent(f, to, messages, alone)
}

// errAlone says why a message does not leave.
var errAlone = errors.New("the message is queued: this node has no peers, and discovery is off")

// helpAlone is what helps.
const helpAlone = "connect it with: statusd peers add enode://…, or start it with --bootnodes; the daemon sends as " +
	"soon as there is a peer"

// alone tells whether a node has no peers, and none to connect to or to look for.
func alone(ctx context.Context, c api.Caller) bool {
	peers, err := api.NetPeerCount.Call(ctx, c, api.None{})
	if err != nil || peers > 0 {
		return false
	}
	health, err := api.StatusHealth.Call(ctx, c, api.None{})
	if err != nil {
		return false
	}
	return slices.ContainsFunc(health.ProtocolsHealth, func(part api.ComponentHealth) bool {
		return part.Name == "Waku" && part.Level == api.HealthReady // with no peers: there is none to connect to
	})
}

// sent prints what became of the message to each recipient. alone says why
// none of them left.
func (a *app) sent(f *sendFlags, to []string, messages []api.SentMessage, alone bool) (missed error) {
	for i, m := range messages {
		if err := a.say(m.MessageID+"  "+string(m.Status), m); err != nil {
			return err
		}
		switch {
		case reached(m.Status, f.wait):
		case m.Status == api.SendSent && chatTypeOf(m.ChatID) == api.ChatPublic:
			a.note("%s: nobody acknowledges messages in public chats; it was sent, which is as far as it gets", to[i])
		case alone:
			missed = fault.WithHint(fail(fault.Timeout, errAlone), helpAlone)
		default:
			missed = fail(fault.Timeout, fmt.Errorf("%s: not %s within %s; the daemon goes on trying", to[i], f.wait, f.limit))
		}
	}
	return missed
}

// reached tells whether a state is the one waited for, or beyond it.
func reached(state api.SendState, wait api.SendWait) bool {
	return wait == api.WaitNone || state == api.SendDelivered || state == api.SendSent && wait == api.WaitSent
}

// readAttachment reads a file into a data URL; "" for none. The daemon looks
// at the content itself and does not trust the type named here.
func readAttachment(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	// A pipe that nobody writes to is empty, and not waited for.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", fail(fault.NoInput, fmt.Errorf("attachment: %w", err))
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxAttachment+1))
	switch {
	case err != nil:
		return "", fail(fault.IO, fmt.Errorf("attachment: %w", err))
	case len(raw) > maxAttachment:
		return "", fail(fault.BadInput, fmt.Errorf("attachment %s has more than %s; a message cannot carry it", path,
			bytesText(maxAttachment)))
	case len(raw) == 0:
		return "", fail(fault.BadInput, fmt.Errorf("attachment %s is empty", path))
	}
	return "data:" + http.DetectContentType(raw) + ";base64," + base64.StdEncoding.EncodeToString(raw), nil
}
