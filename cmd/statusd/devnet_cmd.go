package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"statusd/cmd/statusd/devnet"
)

// devnetPassword opens the accounts of a devnet, which hold nothing of worth.
const devnetPassword = "devnet"

// devnetFlags say what to do with the network.
type devnetFlags struct {
	dir          string
	keep, noTour bool
}

func (a *app) devnetCommand() *cobra.Command {
	f := &devnetFlags{}
	cmd := &cobra.Command{
		Use: "devnet", Short: "Run a small network on this machine, and a tour of it", Args: noArguments,
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
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := interruptible(cmd)
			defer stop()
			return a.devnet(ctx, f)
		},
	}
	cmd.Flags().StringVar(&f.dir, "dir", "", "new folder for the network (default a temporary one, removed at the end)")
	cmd.Flags().BoolVar(&f.keep, "keep", false, "leave it running until Ctrl-C")
	cmd.Flags().BoolVar(&f.noTour, "no-tour", false, "only start it")
	return cmd
}

func (a *app) devnet(ctx context.Context, f *devnetFlags) (err error) {
	program, err := os.Executable()
	if err != nil {
		return fail(exitInternal, err)
	}
	dir, remove, err := devnetDir(f.dir)
	if err != nil {
		return fail(exitCantCreate, err)
	}
	defer remove()
	network := devnet.New(devnet.Config{Program: program, Dir: dir, Login: devnetPassword})
	defer func() { err = errors.Join(err, network.Close()) }()
	fmt.Fprintln(a.err, "statusd: starting the network in", dir)
	if err := network.Start(ctx, "ana", "ben", "cem"); err != nil {
		return interrupted(ctx, err)
	}
	if err := a.printNetwork(network); err != nil {
		return err
	}
	if !f.noTour {
		if err := devnet.NewTour(network, a.out).Run(ctx); err != nil {
			return interrupted(ctx, err)
		}
	}
	if f.keep {
		fmt.Fprintf(a.err, "\nstatusd: the network runs until Ctrl-C; in another terminal: cd %s\n", dir)
		<-ctx.Done()
	}
	return nil
}

// interrupted is no failure if the user ended it.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fail(exitTemporary, errors.New("interrupted"))
	}
	return fail(exitOther, err)
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
	if a.output == outputJSON {
		for _, node := range n.Nodes() {
			if err := a.printJSON(map[string]string{
				"name": node.Name, "dir": node.Dir, "http": node.HTTP, "enode": node.Enode, "chatKey": node.Key,
				"log": node.Log,
			}); err != nil {
				return fail(exitIO, err)
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tHTTP\tCHAT KEY\t")
	for _, node := range n.Nodes() {
		key := node.Key
		if key == "" {
			key = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t\n", node.Name, cmp.Or(node.HTTP, "-"), key)
	}
	return fail(exitIO, w.Flush())
}
