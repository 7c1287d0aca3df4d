package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/internal/atomicfile"
)

const bootnodeUnit = "statusd-bootnode.service"

// initBootnode sets up a bootstrap node.
func (a *app) initBootnode() frame.Command {
	return frame.Command{
		Use: "bootnode", Short: "Set up a node that others begin with",
		Long: `Set up a node that others begin with.

Writes nodekey and statusd-bootnode.service to a directory and says what to do
next. What is there already is never overwritten; an existing node key is used.
A bootstrap node has no configuration file: its settings are in the unit. A
directory belongs to one role.`,
		Build: func(fs *frame.Flags) frame.Run {
			var f initFlags
			var run bootnodeFlags
			fs.Var(&f.dir, "dir", "directory (default $HOME/.statusd)")
			run.addNetwork(fs)
			fs.Var(&f.user, "user", "user that the unit runs as (default: you)")
			return func(context.Context, []string) error { return a.setUpBootnode(&f, &run) }
		},
	}
}

// setUpBootnode writes the files of a bootstrap node.
func (a *app) setUpBootnode(f *initFlags, run *bootnodeFlags) error {
	run.nat, run.keyData = "none", strings.Repeat("01", 32) // any key: only the other values are checked
	quiet := &app{in: a.in, out: a.out, err: new(strings.Builder)}
	if _, err := run.config(quiet); err != nil {
		return err
	}
	dir, err := initDir(f.dir)
	if err != nil {
		return err
	}
	unit, err := unitFile(dir, f.user)
	if err != nil {
		return err
	}
	if err := checkRole(dir, roleBootnode); err != nil {
		return err
	}
	if err := checkUnused(dir, bootnodeUnit); err != nil {
		return err
	}
	keyFile := filepath.Join(dir, "nodekey")
	args := run.arguments(keyFile, filepath.Join(dir, "nodes"))
	for _, arg := range args {
		if strings.ContainsAny(arg, "%\"\\ \n") {
			return usageError(fmt.Errorf("%q has characters that a unit file cannot hold", arg))
		}
	}
	if err := claimRole(dir, roleBootnode); err != nil {
		return err
	}
	key, err := initKey(keyFile)
	if err != nil {
		return err
	}
	_, settings, _ := strings.Cut(unit, "\n\n") // the head speaks of the daemon
	unit = "# statusd as a bootstrap node. Its directory is " + dir + ".\n\n" + settings
	unit = strings.NewReplacer(
		" run\n", " "+strings.Join(args, " ")+"\n", "Description=Status client daemon", "Description=Status bootstrap node",
		"WatchdogSec=60\n", "", "ExecReload=/bin/kill -HUP $MAINPID\n", "",
	).Replace(unit)
	path := filepath.Join(dir, bootnodeUnit)
	if err := atomicfile.New(path, []byte(unit), 0o644); err != nil {
		return fail(fault.CannotCreate, err)
	}
	host, port := run.reachedAt()
	id := hex.EncodeToString(crypto.FromECDSAPub(&key.PublicKey)[1:])
	url := fmt.Sprintf("enode://%s@%s?discport=%s", id, net.JoinHostPort(host, "0"), port)
	files := []string{keyFile, path, filepath.Join(dir, roleFile)}
	return a.explainBootnode(run, dir, url, port, files, args, handOver(f.user, dir, files))
}

// arguments start the node.
func (f *bootnodeFlags) arguments(keyFile, db string) []string {
	args := []string{"bootnode", "--nodekey", keyFile, "--nodedb", db, "--addr", f.addr}
	for _, opt := range [][2]string{{"--advertise", f.advertise}, {"--rendezvous", f.rendezvous}} {
		if opt[1] != "" {
			args = append(args, opt[0], opt[1])
		}
	}
	for _, n := range f.nursery {
		args = append(args, "-n", n)
	}
	if f.allowLocal {
		args = append(args, "--allow-local")
	}
	return args
}

// reachedAt is where others reach the node, as far as that is known.
func (f *bootnodeFlags) reachedAt() (host, port string) {
	host, port, _ = net.SplitHostPort(f.addr) // checked before
	if ip, err := netip.ParseAddr(host); err != nil || ip.IsUnspecified() {
		host = "ADDRESS"
	}
	if f.advertise != "" {
		host = f.advertise
	}
	return host, port
}

func (a *app) explainBootnode(
	f *bootnodeFlags, dir, enode, port string, files, args []string, todo string,
) error {
	open := []string{"udp/" + port}
	if f.rendezvous != "" {
		_, tcp, _ := net.SplitHostPort(f.rendezvous)
		open = append(open, "tcp/"+tcp)
	}
	if a.output == outputJSON {
		return a.printJSON(api.RolePlan{Role: "bootnode", Dir: dir, Files: files, Enode: enode, Open: open})
	}
	text := "wrote     " + strings.Join(files, "\n          ") + "\nenode     " + enode + "\n"
	if strings.Contains(enode, "@ADDRESS") {
		text += "          with the address of this machine in place of ADDRESS (--advertise sets it)\n"
	}
	text += "firewall  open " + strings.Join(open, " and ") + "; nothing else has to be reachable\n" + todo +
		"try       " + os.Args[0] + " " + strings.Join(args, " ") + "\n" +
		"install   sudo cp " + files[1] + " /etc/systemd/system/ && sudo systemctl enable --now statusd-bootnode\n" +
		"others    " + os.Args[0] + " init relay --bootnodes '" + enode + "'\n"
	_, err := fmt.Fprint(a.out, text)
	return fail(fault.IO, err)
}
