package main

import (
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"statusd/accounts/contact"
	"statusd/accounts/identicon"
	"statusd/accounts/key"
	"statusd/accounts/multibase"
	"statusd/accounts/names"
	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/configs"
	"statusd/fault"
)

func (a *app) keyCommand() frame.Command {
	return frame.Command{
		Use: "key", Short: "Make node keys; inspect and convert keys of nodes and of people",
		Commands: []frame.Command{
			{
				Use: "gen FILE", Short: "Make a node key and write it to a file (-: standard output)",
				Args: frame.Exactly(1, "the file to write"), Files: true, Build: a.keyGen,
			},
			{
				Use:   "inspect [FILE | PUBLIC KEY | ENODE]",
				Short: "Print the identities of a key (without argument: a key from standard input)",
				Long: `Prints the identities of a key: as that of a node, and as that of a person. A public
key may be given as people exchange it: zQ3sh…, 0x04…, 02… or 03…, or in any
multibase form. A private key is read from a file or from standard input. The
three-word name needs the word lists adjectives.txt and animals.txt.`,
				Args: frame.Optional(), Files: true,
				Build: func(fs *frame.Flags) frame.Run {
					a.addWordLists(fs)
					return func(_ context.Context, args []string) error {
						pub, err := a.readPublic(args)
						if err != nil {
							return err
						}
						return a.printKey(pub)
					}
				},
			},
			{
				Use: "convert KEY BASE", Short: "Write the public key of a person in a multibase form",
				Long: "Writes a public key, compressed, in one of the bases " + baseNames() + ". A base may also be given by its " +
					"prefix character.",
				Args: frame.Exactly(2, "a public key and a base, for instance base58btc"),
				Build: func(fs *frame.Flags) frame.Run {
					fs.CompleteArgs(frame.OneOf(strings.Split(baseNames(), ", ")...))
					return func(_ context.Context, args []string) error { return a.convertKey(args[0], args[1]) }
				},
			},
		},
	}
}

func (a *app) keyGen(fs *frame.Flags) frame.Run {
	force := false
	fs.Var(&force, "force", "replace an existing file")
	return func(ctx context.Context, args []string) error {
		if err := checkOut(a.keyPlace(args[0], force)); err != nil {
			return err
		}
		private, err := crypto.GenerateKey()
		if err != nil {
			return fail(fault.Internal, err)
		}
		text := hex.EncodeToString(crypto.FromECDSA(private))
		if args[0] == toStdout {
			return a.raw(text + "\n")
		}
		if err := a.writeOut(ctx, a.keyPlace(args[0], force), []byte(text)); err != nil {
			return err
		}
		return a.printKey(&private.PublicKey)
	}
}

// addWordLists says where the lists for three-word names are.
func (a *app) addWordLists(fs *frame.Flags) {
	fs.Var(&a.wordLists, "wordlists", "folder with the word lists of names (default <dir>/wordlists)")
}

// nameOf returns the three-word name of a key, or "" without word lists.
func (a *app) nameOf(p key.Public) (string, error) {
	dir := a.wordLists
	if dir == "" {
		loaded, err := configs.Load(configs.Input{Environ: os.Environ(), SystemFile: configs.SystemFile})
		if err != nil {
			return "", nil //nolint:nilerr // a broken configuration is not the business of a key
		}
		dir = filepath.Join(loaded.Config.DataDir, "wordlists")
	}
	lists, err := names.Load(dir)
	if errors.Is(err, names.ErrNoLists) && a.wordLists == "" {
		return "", nil
	}
	if err != nil {
		return "", fail(fault.BadInput, err)
	}
	return lists.Name(p), nil
}

func (a *app) convertKey(text, base string) error {
	pub, err := a.readPublic([]string{text})
	if err != nil {
		return err
	}
	p, err := key.PublicFromECDSA(pub)
	if err != nil {
		return fail(fault.BadInput, err)
	}
	to, err := multibase.Parse(base)
	if err != nil {
		return fail(fault.BadInput, fmt.Errorf("unknown base %q; the bases are %s", base, baseNames()))
	}
	shown, err := contact.Encode(p, to)
	if err != nil {
		return fail(fault.BadInput, err)
	}
	return a.say(shown, api.ConvertedKey{Base: to.String(), Key: shown})
}

// baseNames lists the bases that can be printed.
func baseNames() string {
	var all []string
	for _, e := range multibase.All() {
		if e != multibase.Identity {
			all = append(all, e.String())
		}
	}
	return strings.Join(all, ", ")
}

var (
	errKeyInArgs = errors.New("private keys are not taken from the command line, where others can see them: " +
		"give a file, or the key on standard input")
	errNotKey = errors.New("not a key: want 64 hex digits of a private key in the file")
)

// minKeyText is shorter than every public key; what is shorter is the name of a
// file.
const minKeyText = 40

// readPublic finds a public key in what the user gave.
func (a *app) readPublic(args []string) (*ecdsa.PublicKey, error) {
	if len(args) == 0 {
		raw, err := io.ReadAll(io.LimitReader(a.in, 4096))
		if err != nil {
			return nil, fail(fault.IO, err)
		}
		return privateToPublic(raw)
	}
	text := args[0]
	if strings.HasPrefix(text, "enode://") || strings.HasPrefix(text, "enr:") {
		n, err := parseNode(text)
		if err != nil {
			return nil, fail(fault.BadInput, err)
		}
		return n.Pubkey(), nil
	}
	digits := strings.TrimPrefix(text, "0x")
	if raw, err := hex.DecodeString(digits); err == nil {
		switch len(raw) {
		case 32:
			return nil, usageError(errKeyInArgs)
		case 33:
			pub, err := crypto.DecompressPubkey(raw)
			return pub, fail(fault.BadInput, err)
		case 64:
			raw = append([]byte{4}, raw...)
			fallthrough
		case 65:
			pub, err := crypto.UnmarshalPubkey(raw)
			return pub, fail(fault.BadInput, err)
		}
	}
	raw, err := os.ReadFile(text)
	if err == nil {
		defer clear(raw)
		return privateToPublic(raw)
	}
	if c, notKey := contact.Parse(text); notKey == nil && c.Name == "" {
		return c.Key.ECDSA(), nil
	} else if notKey != nil && !strings.ContainsAny(text, "./") && len(text) > minKeyText {
		return nil, fail(fault.BadInput, notKey)
	}
	return nil, fail(fault.NoInput, err)
}

func parseNode(text string) (*enode.Node, error) {
	if strings.HasPrefix(text, "enr:") {
		return enode.Parse(enode.ValidSchemes, text)
	}
	return enode.ParseV4(text)
}

func privateToPublic(raw []byte) (*ecdsa.PublicKey, error) {
	private, err := crypto.HexToECDSA(strings.TrimPrefix(strings.TrimSpace(string(raw)), "0x"))
	if err != nil {
		return nil, fail(fault.BadInput, errNotKey)
	}
	return &private.PublicKey, nil
}

func (a *app) printKey(pub *ecdsa.PublicKey) error {
	p, err := key.PublicFromECDSA(pub)
	if err != nil {
		return fail(fault.BadInput, err)
	}
	name, err := a.nameOf(p)
	if err != nil {
		return err
	}
	raw := crypto.FromECDSAPub(pub)
	k := api.KeyIdentities{
		NodeID: enode.PubkeyToIDV4(pub).String(), PublicKey: "0x" + hex.EncodeToString(raw),
		Compressed: "0x" + hex.EncodeToString(crypto.CompressPubkey(pub)), EnodeID: hex.EncodeToString(raw[1:]),
		Address: crypto.PubkeyToAddress(*pub).Hex(), ChatKey: contact.Text(p), Name: name,
		Identicon: identicon.DataURI(p.ContactID()),
	}
	if a.output == outputJSON {
		return a.printJSON(k)
	}
	fmt.Fprintf(a.out, "node id     %s\npublic key  %s\ncompressed  %s\nenode id    %s\naddress     %s\nchat key    %s\n",
		k.NodeID, k.PublicKey, k.Compressed, k.EnodeID, k.Address, k.ChatKey)
	if k.Name != "" {
		fmt.Fprintf(a.out, "name        %s\n", k.Name)
	}
	return nil
}
