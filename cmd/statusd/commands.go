package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"statusd/cmd/statusd/frame"
)

// program is the tree of the commands.
func (a *app) program() *frame.Program {
	p := &frame.Program{Root: a.runCommand("statusd"), Common: a.commonFlags}
	p.Root.Short = "A private-messaging node: relay, mailserver and client"
	p.Root.Long = `statusd is a node of a Waku v1 messaging network. Without a command it runs
the daemon in the foreground; the other commands configure it or talk to it.`
	p.Root.Commands = append([]frame.Command{
		a.runCommand("run"), a.configCommand(), a.fleetCommand(), a.keyCommand(), a.rpcCommand(),
		a.accountCommand(), a.tokenCommand(), a.backupCommand(), a.restoreCommand(), a.dbCommand(),
		a.sendCommand(), a.receiveCommand(), a.chatsCommand(), a.messagesCommand(), a.searchCommand(),
		a.contactsCommand(), a.groupsCommand(), a.devicesCommand(), a.exportCommand(), a.chatCommand(), a.devnetCommand(),
		a.attachCommand(), a.mailserverCommand(), a.historyCommand(), a.initCommand(), a.dnsCommand(), a.bootnodeCommand(),
		a.canaryCommand(), a.peersCommand(), a.discoverCommand(), a.openrpcCommand(), a.versionCommand(),
		a.manCommand(p),
	}, p.Builtin(a.raw)...)
	return p
}

// commonFlags are those of all commands.
func (a *app) commonFlags(fs *frame.Flags) {
	help := false
	fs.Var(&help, "help,h", "explain the command")
	fs.Var(&a.output, "output,o", "form of the output: plain or json").Complete(frame.OneOf(outputPlain, outputJSON))
	fs.Var(&a.wide, "wide", "show ids whole in tables")
}

// listing is a command that shows a list, with the same under the name list.
func listing(group frame.Command, short string) frame.Command {
	list := frame.Command{Use: "list", Short: short, Long: group.Long, Build: group.Build}
	group.Commands = append([]frame.Command{list}, group.Commands...)
	return group
}

// call is a command that needs the daemon and has no flags of its own.
func (a *app) call(c frame.Command, run func(context.Context, *daemon, []string) error) frame.Command {
	c.Build = func(fs *frame.Flags) frame.Run {
		client := a.newClient(fs, time.Minute)
		return func(ctx context.Context, args []string) error { return run(ctx, client, args) }
	}
	return c
}

// inSession is a command that makes calls about people and chats and has no
// flags of its own. complete lists what its arguments may be; it may be nil.
func (a *app) inSession(
	c frame.Command, complete func(*daemon) frame.Completer, do func(context.Context, *session, []string) error,
) frame.Command {
	c.Build = func(fs *frame.Flags) frame.Run {
		client := a.newClient(fs, time.Minute)
		if complete != nil {
			fs.CompleteArgs(complete(client))
		}
		return client.within(do)
	}
	return c
}

// within runs what needs a session, until the user has had enough.
func (c *daemon) within(do func(context.Context, *session, []string) error) frame.Run {
	return func(ctx context.Context, args []string) error {
		ctx, stop := interruptible(ctx)
		defer stop()
		s, err := c.open(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		return do(ctx, s, args)
	}
}

// on is inSession for a command that finds what its argument names and does
// one thing with it.
func on[T any](
	a *app, use, short string, want frame.Args, complete func(*daemon) frame.Completer,
	find func(*session, context.Context, string) (T, error), do func(context.Context, *session, T) error,
) frame.Command {
	c := frame.Command{Use: use, Short: short, Args: want}
	return a.inSession(c, complete, func(ctx context.Context, s *session, args []string) error {
		found, err := find(s, ctx, args[0])
		if err != nil {
			return err
		}
		return do(ctx, s, found)
	})
}

// interruptible is a context that ends when the user has had enough.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// errInterrupt is why a command ended that the user has had enough of.
var errInterrupt = errors.New("interrupted")
