package devnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"statusd/api"
)

// expiry is how long messages live in the network: 15 s, and some more until
// the relay has dropped them.
const expiry = 20 * time.Second

// Tour runs commands in the network and shows them with what they print.
type Tour struct {
	net *Network
	out io.Writer
}

// NewTour returns a tour of a network that has the people ana, ben and cem.
func NewTour(n *Network, out io.Writer) *Tour { return &Tour{n, out} }

// step is one command of a tour.
type step struct {
	line string // shown, and run with "statusd" replaced by the program
	// want must be in what it prints: the tour is a test of the network, too.
	want string
}

// Run shows everything, and stops at the first command that does not do what
// it should.
func (t *Tour) Run(ctx context.Context) error {
	for _, chapter := range []func(context.Context) error{
		t.public, t.oneToOne, t.group, t.offline, t.secondDevice,
	} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tour) public(ctx context.Context) error {
	t.say("A public chat: its name is all that one needs to know")
	return t.steps(ctx,
		step{line: "statusd chats join '#tea' --dir ana"},
		step{line: "statusd chats join '#tea' --dir ben"},
		step{line: "statusd send '#tea' -m 'anybody here?' --dir ana", want: "sent"},
		step{line: "statusd receive --wait 10s --ack --dir ben", want: "anybody here?"},
		step{line: "statusd send '#tea' -m 'yes, the kettle is on' --dir ben", want: "sent"},
		step{line: "statusd receive --wait 10s --ack --dir ana", want: "the kettle is on"},
	)
}

func (t *Tour) oneToOne(ctx context.Context) error {
	t.say("One to one: encrypted for the devices of the other, with marks when it was delivered")
	ben, ana := t.net.Node("ben").Key, t.net.Node("ana").Key
	return t.steps(ctx,
		step{line: "statusd contacts add " + ben + " --nickname ben --dir ana"},
		step{line: "statusd contacts add " + ana + " --nickname ana --dir ben"},
		step{line: "statusd send @ben -m 'this is between us' --wait delivered --dir ana", want: "delivered"},
		step{line: "statusd receive --wait 10s --ack --dir ben", want: "between us"},
		step{line: "statusd messages @ben --dir ana", want: "this is between us  delivered"},
	)
}

func (t *Tour) group(ctx context.Context) error {
	t.say("A private group of three")
	cem := t.net.Node("cem").Key
	if err := t.steps(ctx,
		step{line: "statusd contacts add " + cem + " --nickname cem --dir ana"},
		step{line: "statusd groups create 'tea party' @ben @cem --dir ana", want: "-0x04"},
		step{line: "statusd receive --wait 10s --ack --dir ben", want: "tea party"},
		step{line: "statusd groups join 'tea party' --dir ben"},
		step{line: "statusd receive --wait 10s --ack --dir cem", want: "tea party"},
		step{line: "statusd groups join 'tea party' --dir cem"},
	); err != nil {
		return err
	}
	if err := t.net.Node("ana").awaitJoined(ctx, 3); err != nil {
		return err
	}
	return t.steps(ctx,
		step{line: "statusd groups members 'tea party' --dir ana", want: "member"},
		step{line: "statusd send 'tea party' -m 'cake at four' --wait delivered --dir ana", want: "delivered"},
		step{line: "statusd messages 'tea party' --dir cem", want: "cake at four"},
	)
}

func (t *Tour) offline(ctx context.Context) error {
	t.say("Somebody is away, and catches up from the mailserver")
	cem := t.net.Node("cem")
	if err := t.steps(ctx, step{line: "statusd chats join '#tea' --dir cem"}); err != nil {
		return err
	}
	t.note("cem goes offline")
	if err := t.net.Stop(cem); err != nil {
		return err
	}
	if err := t.steps(ctx,
		step{line: "statusd send '#tea' -m 'the cake is in the oven' --dir ben", want: "sent"},
	); err != nil {
		return err
	}
	t.note(fmt.Sprintf("%s later no relay has that message any more; cem comes back", expiry))
	select {
	case <-time.After(expiry):
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := t.net.Run(ctx, cem); err != nil {
		return err
	}
	if err := t.net.Login(ctx, cem); err != nil {
		return err
	}
	// What came before cem went away may be there alone at first.
	if err := cem.await(ctx, "the message", func() (bool, error) {
		page, err := api.WakuextChatMessages.Call(ctx, cem, api.PageArgs{ChatID: "tea"})
		return slices.ContainsFunc(page.Messages, func(m api.Message) bool {
			return strings.HasSuffix(m.Text, "in the oven")
		}), err
	}); err != nil {
		return err
	}
	return t.steps(ctx, step{line: "statusd receive --wait 30s --ack --chat '#tea' --dir cem", want: "in the oven"})
}

func (t *Tour) secondDevice(ctx context.Context) error {
	t.say("A second device: made of ana's phrase, paired by both sides")
	ana := t.net.Node("ana")
	second, err := t.net.AddPerson(ctx, "ana2")
	if err != nil {
		return err
	}
	if err := second.adopt(ctx, ana, t.net.cfg.Login); err != nil {
		return err
	}
	first, err := ana.installation(ctx)
	if err != nil {
		return err
	}
	other, err := second.installation(ctx)
	if err != nil {
		return err
	}
	if err := t.steps(ctx,
		step{line: "statusd devices name phone --type mobile --dir ana2"},
		step{line: "statusd devices pair --dir ana2"},
		step{line: "statusd devices name desk --type desktop --dir ana"},
		step{line: "statusd devices pair --dir ana"},
	); err != nil {
		return err
	}
	// The names of devices come with the pairing messages.
	if err := errors.Join(ana.awaitDevice(ctx, other, "phone"), second.awaitDevice(ctx, first, "desk")); err != nil {
		return err
	}
	return t.steps(ctx,
		step{line: "statusd devices list --wide --dir ana", want: "phone"},
		step{line: "statusd devices enable " + other + " --dir ana"},
		step{line: "statusd devices enable " + first + " --dir ana2"},
		step{line: "statusd send @ben -m 'written at the desk' --wait delivered --dir ana", want: "delivered"},
		step{line: "statusd receive --wait 10s --ack --dir ana2", want: "written at the desk"},
	)
}

// say begins a chapter.
func (t *Tour) say(text string) { fmt.Fprintf(t.out, "\n# %s\n\n", text) }

// note tells what happens besides commands.
func (t *Tour) note(text string) { fmt.Fprintf(t.out, "… %s\n", text) }

// steps runs commands one after the other.
func (t *Tour) steps(ctx context.Context, steps ...step) error {
	for _, s := range steps {
		if err := t.step(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// errNot is wrapped when a command printed something else than it should.
var errNot = errors.New("the command did not print what it should")

// step shows and runs one command, in the folder with the directories.
func (t *Tour) step(ctx context.Context, s step) error {
	fmt.Fprintf(t.out, "$ %s\n", s.line)
	words, err := split(s.line)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, t.net.cfg.Program, words[1:]...)
	cmd.Dir = t.net.cfg.Dir
	var printed bytes.Buffer
	cmd.Stdout = io.MultiWriter(&printed, t.out)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", s.line, err)
	}
	if !strings.Contains(printed.String(), s.want) {
		return fmt.Errorf("%w: %s: %q is missing", errNot, s.line, s.want)
	}
	return nil
}

// split cuts a line into words as a shell does; only single quotes are known.
func split(line string) (words []string, err error) {
	word, started, quoted := strings.Builder{}, false, false
	for _, c := range line {
		switch {
		case c == '\'':
			quoted, started = !quoted, true
		case c == ' ' && !quoted:
			if started {
				words = append(words, word.String())
			}
			word.Reset()
			started = false
		default:
			word.WriteRune(c)
			started = true
		}
	}
	if quoted {
		return nil, fmt.Errorf("a quote is open in %q", line)
	}
	if started {
		words = append(words, word.String())
	}
	return words, nil
}
