package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"statusd/api"
	"statusd/cmd/statusd/devnet"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// devnetPassword opens the accounts of a devnet, which hold nothing of worth.
const devnetPassword = "devnet"

// devnetFlags say what to do with the network.
type devnetFlags struct {
	dir          string
	keep, noTour bool
}

func (a *app) devnetCommand() frame.Command {
	return frame.Command{
		Use: "devnet", Short: "Run a small network on this machine, and a tour of it",
		Long: `Starts a boot node, two relays, a mailserver and three people with accounts, each
a process of its own on loopback. They know nothing but the boot node and find
each other. Then shows in some two minutes what they can do: a public chat, a
private conversation with delivery marks, a group, somebody who was away and
catches up from the mailserver, a second device. Every line that begins with $
is a command that can be typed as it stands in the folder of the network.

With --keep the network stays until Ctrl-C, for people who build on it: every
node serves HTTP, with the token in its directory. All accounts have the
password "` + devnetPassword + `".`,
		Example: "  statusd devnet\n  statusd devnet --keep --no-tour --dir /tmp/net",
		Build: func(fs *frame.Flags) frame.Run {
			f := &devnetFlags{}
			fs.Var(&f.dir, "dir", "new folder for the network (default a temporary one, removed at the end)")
			fs.Var(&f.keep, "keep", "leave it running until Ctrl-C")
			fs.Var(&f.noTour, "no-tour", "only start it")
			return func(ctx context.Context, _ []string) error {
				ctx, stop := interruptible(ctx)
				defer stop()
				return a.devnet(ctx, f)
			}
		},
	}
}

func (a *app) devnet(ctx context.Context, f *devnetFlags) (err error) {
	program, err := os.Executable()
	if err != nil {
		return fail(fault.Internal, err)
	}
	dir, remove, err := devnetDir(f.dir)
	if err != nil {
		return fail(fault.CannotCreate, err)
	}
	defer remove()
	network := devnet.New(devnet.Config{Program: program, Dir: dir, Login: devnetPassword})
	defer func() { err = errors.Join(err, network.Close()) }()
	a.note("starting the network in %s", dir)
	if err := network.Start(ctx, "ana", "ben", "cem"); err != nil {
		return interrupted(ctx, err)
	}
	if err := a.printNetwork(network); err != nil {
		return err
	}
	if !f.noTour {
		told := a.out
		if a.output == outputJSON {
			told = a.err // for people
		}
		if err := devnet.NewTour(network, told).Run(ctx); err != nil {
			return interrupted(ctx, err)
		}
	}
	if f.keep {
		a.note("the network runs until Ctrl-C; in another terminal: cd %s", dir)
		<-ctx.Done()
	}
	return nil
}

// interrupted is no failure if the user ended it.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fail(fault.Interrupted, errInterrupt)
	}
	return fail(fault.Failed, err)
}

// devnetDir makes the folder of a network. Sockets need short paths.
func devnetDir(wanted string) (dir string, remove func(), err error) {
	if wanted == "" {
		dir, err = os.MkdirTemp("", "devnet")
		return dir, func() { _ = os.RemoveAll(dir) }, err
	}
	if dir, err = filepath.Abs(wanted); err != nil {
		return "", nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("%w; give a folder that does not exist yet", err)
	}
	return dir, func() {}, nil
}

// printNetwork shows who is there and how to talk to them.
func (a *app) printNetwork(n *devnet.Network) error {
	shown := make([]api.DevnetNode, 0, len(n.Nodes()))
	for _, node := range n.Nodes() {
		shown = append(shown, api.DevnetNode{
			Name: node.Name, Dir: node.Dir, HTTP: node.HTTP, Enode: node.Enode, ChatKey: node.Key, Log: node.Log,
		})
	}
	return printList(a, shown, "",
		frame.Col("NAME", func(n api.DevnetNode) string { return n.Name }),
		frame.Col("HTTP", func(n api.DevnetNode) string { return cmp.Or(n.HTTP, "-") }),
		frame.Col("CHAT KEY", func(n api.DevnetNode) string { return cmp.Or(n.ChatKey, "-") }),
	)
}
