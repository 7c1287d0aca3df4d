package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/configs"
	"statusd/discovery/dns"
	"statusd/fault"
	"statusd/internal/atomicfile"
)

// Limits of input files, in bytes.
const (
	maxTreeFile = 16 << 20
	maxNodeLine = 4096
)

func (a *app) dnsCommand() frame.Command {
	return frame.Command{
		Use: "dns", Short: "Make, sign and print lists of nodes for DNS (EIP-1459)",
		Long: `A list of nodes in DNS is a signed tree of TXT records. Clients that know its
URL, enrtree://KEY@DOMAIN, find the nodes in it, and nobody without the key can
change it, whoever runs the name servers.

  statusd dns make tree.json nodes.txt --domain nodes.example.org
  statusd dns sign tree.json --key list.key
  statusd dns txt tree.json >> zone-file

After a change of the nodes, do the three again. The sequence number grows by
itself; clients refuse a list with a lower one than they have seen.`,
		Commands: []frame.Command{a.dnsMake(), a.dnsSign(), a.dnsTXT()},
	}
}

// dnsMakeFlags are the flags of dns make.
type dnsMakeFlags struct {
	domain  string
	links   []string
	seq     uint64
	resolve bool
	timeout time.Duration
}

func (a *app) dnsMake() frame.Command {
	return frame.Command{
		Use: "make TREE [NODES...]", Short: "Put nodes together to a list",
		Args: frame.AtLeast(1, "the file of the tree"), Files: true,
		Long: `Writes the file TREE from files with node records, one in a line (-: standard
input; # begins a comment). A record, enr:…, carries the signature of its node;
an enode:// does not, and is taken only with --resolve, which asks the node for
its record over UDP.

When TREE exists, its domain is the default, and its sequence number the one to
exceed. When nothing changed, it is left alone. With - for TREE the list is
written to standard output.`,
		Example: "  statusd dns make tree.json nodes.txt --domain nodes.example.org\n" +
			"  statusd rpc -o json admin_nodeInfo | jq -r .enr | statusd dns make tree.json -",
		Build: func(fs *frame.Flags) frame.Run {
			f := &dnsMakeFlags{timeout: 10 * time.Second}
			fs.Var(&f.domain, "domain", "domain under which the list will be published")
			fs.Var(&f.links, "link", "URL of another list that belongs to this one; may be repeated")
			fs.Var(&f.seq, "seq", "sequence number (default one more than in TREE, or 1)")
			fs.Var(&f.resolve, "resolve", "ask nodes given as enode:// for their records")
			fs.Var(&f.timeout, "timeout", "how long --resolve waits for all nodes")
			return func(ctx context.Context, args []string) error {
				if len(args) == 1 && len(f.links) == 0 {
					return usageError(errors.New("missing argument: a file with nodes (or --link)"))
				}
				ctx, stop := interruptible(ctx)
				defer stop()
				return a.makeTree(ctx, args[0], args[1:], f, fs.Changed("seq"))
			}
		},
	}
}

func reportOf(file string, d *dns.Draft, changed bool) api.DNSTree {
	return api.DNSTree{
		File: file, Domain: d.Domain, Seq: d.Seq, Nodes: len(d.Nodes), Links: len(d.Links), Changed: changed, URL: d.URL,
	}
}

func (a *app) makeTree(ctx context.Context, path string, files []string, f *dnsMakeFlags, seqGiven bool) error {
	if err := checkOut(a.place(path, 0o644, true)); err != nil {
		return err
	}
	var old *dns.Draft
	if path != toStdout && !atomicfile.IsStream(path) {
		var err error
		if old, err = a.readTree(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	nodes, err := a.readNodes(files)
	if err != nil {
		return err
	}
	if len(nodes) == 0 && len(f.links) == 0 {
		return fail(fault.BadInput, fmt.Errorf("there is no node in %s", strings.Join(files, ", ")))
	}
	if f.resolve {
		if nodes, err = a.resolveNodes(ctx, nodes, f.timeout); err != nil {
			return err
		}
	}
	domain, seq := f.domain, uint64(1)
	if old != nil {
		seq = old.Seq + 1
		if domain == "" {
			domain = old.Domain
		}
	}
	if domain == "" {
		return usageError(errors.New("--domain is missing: where will the list be published?"))
	}
	if seqGiven {
		seq = f.seq
	}
	draft, err := dns.NewDraft(domain, seq, nodes, f.links)
	switch {
	case errors.Is(err, dns.ErrDomain):
		return usageError(fmt.Errorf("--domain: %w", err))
	case errors.Is(err, dns.ErrUnsigned):
		return fail(fault.BadInput, fmt.Errorf("%w, or ask the nodes with --resolve", err))
	case err != nil:
		return fail(fault.BadInput, err)
	case old != nil && old.SameContent(draft) && !seqGiven:
		return a.say(fmt.Sprintf("%s: nothing changed, sequence number %d", path, old.Seq), reportOf(path, old, false))
	case old != nil && seq <= old.Seq:
		return fail(fault.BadInput, fmt.Errorf("%w: %s has %d, and %d is not more", dns.ErrSequence, path, old.Seq, seq))
	}
	if old != nil && old.Domain == draft.Domain {
		draft.URL = old.URL // what clients know; sign keeps to it
	}
	if err := a.writeTree(ctx, path, draft); err != nil || path == toStdout {
		return err
	}
	return a.say(fmt.Sprintf("%s: sequence number %d, nodes %d, links %d; next: statusd dns sign %s --key FILE", path,
		draft.Seq, len(draft.Nodes), len(draft.Links), path), reportOf(path, draft, true))
}

// readNodes reads files with one node in each line.
func (a *app) readNodes(files []string) ([]*enode.Node, error) {
	var nodes []*enode.Node
	for _, path := range files {
		in, name := a.in, "standard input"
		if path != "-" {
			file, err := os.Open(path)
			if err != nil {
				return nil, fail(fault.NoInput, err)
			}
			defer file.Close()
			in, name = file, path
		}
		lines := bufio.NewScanner(io.LimitReader(in, maxTreeFile))
		lines.Buffer(nil, maxNodeLine)
		for number := 1; lines.Scan(); number++ {
			text, _, _ := strings.Cut(lines.Text(), "#")
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			ref, err := configs.ParseNodeRef(text)
			if err != nil {
				return nil, fail(fault.BadInput, fmt.Errorf("%s, line %d: %w", name, number, err))
			}
			nodes = append(nodes, ref.Node())
		}
		if err := lines.Err(); err != nil {
			return nil, fail(fault.BadInput, fmt.Errorf("%s: %w", name, err))
		}
	}
	return nodes, nil
}

// resolveNodes replaces enodes by the records that the nodes give.
func (a *app) resolveNodes(ctx context.Context, nodes []*enode.Node, timeout time.Duration) ([]*enode.Node, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	records, err := dns.AskRecords(ctx, nodes)
	if err != nil {
		return nil, fail(fault.Unavailable, err)
	}
	return records, nil
}

func (a *app) readTree(path string) (*dns.Draft, error) {
	in := a.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fail(fault.NoInput, err)
		}
		defer file.Close()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxTreeFile))
	if err != nil {
		return nil, fail(fault.IO, err)
	}
	var d dns.Draft
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, fail(fault.BadInput, fmt.Errorf("%s is not a file of statusd dns make: %w", path, err))
	}
	return &d, nil
}

func (a *app) writeTree(ctx context.Context, path string, d *dns.Draft) error {
	raw, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fail(fault.Internal, err)
	}
	return a.writeOut(ctx, a.place(path, 0o644, true), append(raw, '\n'))
}

func (a *app) dnsSign() frame.Command {
	return frame.Command{
		Use: "sign TREE --key FILE", Short: "Sign a list and print its URL",
		Args: frame.Exactly(1, "the file of the tree"), Files: true,
		Long: `Signs TREE with the key in a file of 64 hex digits (-: standard input), as
statusd key gen makes it. With - for TREE the list is read from standard input,
and the signed one is written to standard output. Keep that key as long as the
list exists: it is in the URL that clients have. It need not be, and should not
be, the key of a node.`,
		Example: "  statusd key gen list.key\n  statusd dns sign tree.json --key list.key",
		Build: func(fs *frame.Flags) frame.Run {
			keyFile, force := "", false
			fs.Var(&keyFile, "key", "file with the key of the list, - for standard input")
			fs.Var(&force, "force", "sign with another key than before, which changes the URL")
			return func(ctx context.Context, args []string) error {
				switch {
				case keyFile == "":
					return usageError(errors.New("--key is missing: the file with the key of the list"))
				case keyFile == "-" && args[0] == "-":
					return usageError(errors.New("list and key cannot both come from standard input"))
				}
				return a.signTree(ctx, args[0], keyFile, force)
			}
		},
	}
}

func (a *app) signTree(ctx context.Context, path, keyFile string, force bool) error {
	if err := checkOut(a.place(path, 0o644, true)); err != nil {
		return err
	}
	if atomicfile.IsStream(path) {
		return fail(fault.CannotCreate, fmt.Errorf("%s %w: the list is read and written there (-: standard input and output)",
			path, atomicfile.ErrSpecial))
	}
	d, err := a.readTree(path)
	if err != nil {
		return err
	}
	key, err := a.listKey(keyFile)
	if err != nil {
		return err
	}
	before := d.URL
	if err := d.Sign(key); err != nil {
		return fail(fault.BadInput, fmt.Errorf("%s: %w", path, err))
	}
	if before != "" && before != d.URL && !force {
		return fail(fault.BadInput, fmt.Errorf("%s is signed as %s; this key makes it %s, which clients do not know: "+
			"give --force if that is meant", path, before, d.URL))
	}
	if err := a.writeTree(ctx, path, d); err != nil {
		return err
	}
	if path == toStdout {
		_, err := fmt.Fprintln(a.err, d.URL)
		return fail(fault.IO, err)
	}
	return a.say(d.URL, reportOf(path, d, true))
}

// listKey reads the private key of a list.
func (a *app) listKey(path string) (*ecdsa.PrivateKey, error) {
	in := a.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fail(fault.NoInput, fmt.Errorf("read key: %w", err))
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxNodeLine))
	if err != nil {
		return nil, fail(fault.IO, fmt.Errorf("read key: %w", err))
	}
	defer clear(text)
	key, err := crypto.HexToECDSA(strings.TrimPrefix(strings.TrimSpace(string(text)), "0x"))
	if err != nil {
		return nil, fail(fault.BadInput, fmt.Errorf("%s: %w", path, errNotKey))
	}
	return key, nil
}

func (a *app) dnsTXT() frame.Command {
	return frame.Command{
		Use: "txt TREE", Short: "Print the TXT records of a signed list",
		Args: frame.Exactly(1, "the file of the tree"), Files: true,
		Long: `Prints the records of a signed list as lines of a zone file, or with -o json as
an object of names and texts. The signature is verified first.

The record of the domain itself is the root; name servers should forget it after
a minute, and may keep the others for a day. Publish the others before the root.`,
		Example: "  statusd dns txt tree.json\n  statusd dns txt -o json tree.json",
		Build: func(*frame.Flags) frame.Run {
			return func(_ context.Context, args []string) error { return a.printTXT(args[0]) }
		},
	}
}

func (a *app) printTXT(path string) error {
	d, err := a.readTree(path)
	if err != nil {
		return err
	}
	txt, err := d.TXT()
	if errors.Is(err, dns.ErrNotSigned) {
		return fail(fault.BadInput, fmt.Errorf("%w: run statusd dns sign %s --key FILE", err, path))
	}
	if err != nil {
		return fail(fault.BadInput, fmt.Errorf("%s: %w", path, err))
	}
	return a.say(strings.Join(dns.ZoneLines(d.Domain, txt), "\n"), txt)
}
