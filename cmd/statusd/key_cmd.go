package main

import (
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/spf13/cobra"

	"statusd/internal/atomicfile"
)

func (a *app) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "key", Short: "Make and inspect node keys",
		RunE: needSubcommand,
	}
	cmd.AddCommand(a.keyGen(), a.keyInspect())
	return cmd
}

func (a *app) keyGen() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "gen FILE", Short: "Make a node key and write it to a file (-: standard output)",
		Args: exactly(1, "the file to write"),
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := crypto.GenerateKey()
			if err != nil {
				return fail(exitInternal, err)
			}
			text := hex.EncodeToString(crypto.FromECDSA(key))
			if args[0] == "-" {
				_, err := fmt.Fprintln(a.out, text)
				return fail(exitIO, err)
			}
			if _, err := os.Lstat(args[0]); err == nil && !force {
				return fail(exitCantCreate, fmt.Errorf("%s exists; give --force to replace it", args[0]))
			}
			if err := atomicfile.Write(args[0], []byte(text), 0o600); err != nil {
				return fail(exitCantCreate, err)
			}
			return a.printKey(&key.PublicKey)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace an existing file")
	return cmd
}

func (a *app) keyInspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect [FILE | PUBLIC KEY | ENODE]",
		Short: "Print the identities of a key (without argument: a key from standard input)",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError(fmt.Errorf("unexpected argument %q", args[1]))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			pub, err := a.readPublic(args)
			if err != nil {
				return err
			}
			return a.printKey(pub)
		},
	}
}

var (
	errKeyInArgs = errors.New("private keys are not taken from the command line, where others can see them: " +
		"give a file, or the key on standard input")
	errNotKey = errors.New("not a key: want 64 hex digits of a private key in the file")
)

// readPublic finds a public key in what the user gave.
func (a *app) readPublic(args []string) (*ecdsa.PublicKey, error) {
	if len(args) == 0 {
		raw, err := io.ReadAll(io.LimitReader(a.in, 4096))
		if err != nil {
			return nil, fail(exitIO, err)
		}
		return privateToPublic(raw)
	}
	text := args[0]
	if strings.HasPrefix(text, "enode://") || strings.HasPrefix(text, "enr:") {
		n, err := parseNode(text)
		if err != nil {
			return nil, fail(exitData, err)
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
			return pub, fail(exitData, err)
		case 64:
			raw = append([]byte{4}, raw...)
			fallthrough
		case 65:
			pub, err := crypto.UnmarshalPubkey(raw)
			return pub, fail(exitData, err)
		}
	}
	raw, err := os.ReadFile(text)
	if err != nil {
		return nil, fail(exitNoInput, err)
	}
	return privateToPublic(raw)
}

func parseNode(text string) (*enode.Node, error) {
	if strings.HasPrefix(text, "enr:") {
		return enode.Parse(enode.ValidSchemes, text)
	}
	return enode.ParseV4(text)
}

func privateToPublic(raw []byte) (*ecdsa.PublicKey, error) {
	key, err := crypto.HexToECDSA(strings.TrimPrefix(strings.TrimSpace(string(raw)), "0x"))
	if err != nil {
		return nil, fail(exitData, errNotKey)
	}
	return &key.PublicKey, nil
}

// identities of one key, as other tools name it.
type identities struct {
	NodeID     string `json:"nodeId"`     // keccak256 of the public key
	PublicKey  string `json:"publicKey"`  // 65 bytes
	Compressed string `json:"compressed"` // 33 bytes
	EnodeID    string `json:"enodeId"`    // user part of an enode URL
	Address    string `json:"address"`
}

func (a *app) printKey(pub *ecdsa.PublicKey) error {
	raw := crypto.FromECDSAPub(pub)
	k := identities{
		NodeID: enode.PubkeyToIDV4(pub).String(), PublicKey: "0x" + hex.EncodeToString(raw),
		Compressed: "0x" + hex.EncodeToString(crypto.CompressPubkey(pub)), EnodeID: hex.EncodeToString(raw[1:]),
		Address: crypto.PubkeyToAddress(*pub).Hex(),
	}
	if a.output == outputJSON {
		return a.printJSON(k)
	}
	_, err := fmt.Fprintf(a.out, "node id     %s\npublic key  %s\ncompressed  %s\nenode id    %s\naddress     %s\n",
		k.NodeID, k.PublicKey, k.Compressed, k.EnodeID, k.Address)
	return err
}
