package rpc

import (
	"context"
	"errors"
	"strings"

	"statusd/accounts/contact"
	"statusd/accounts/identicon"
	"statusd/accounts/key"
	"statusd/accounts/mnemonic"
	"statusd/accounts/multibase"
	"statusd/rpc/jsonrpc"
)

// keyAPI is the namespace key: forms of keys, without an account.
type keyAPI struct{ names Names }

// inspected is the answer of key_inspect.
type inspected struct {
	PublicKey     string `json:"publicKey"`
	CompressedKey string `json:"compressedKey"`
	Address       string `json:"address"`
	Alias         string `json:"alias"`
	Identicon     string `json:"identicon"`
}

// parseKey reads a public key as a person types it.
func parseKey(text string) (key.Public, error) {
	c, err := contact.Parse(text)
	if err != nil {
		return key.Public{}, accountFailure(err)
	}
	if c.Name != "" {
		return key.Public{}, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "a name is not a key").
			WithHint("names are not looked up here; give the key")
	}
	return c.Key, nil
}

func (a *keyAPI) inspect(_ context.Context, text string) (inspected, error) {
	p, err := parseKey(text)
	if err != nil {
		return inspected{}, err
	}
	out := inspected{
		PublicKey: p.ContactID(), CompressedKey: contact.Text(p), Address: p.Address().String(),
		Identicon: identicon.DataURI(p.ContactID()),
	}
	if a.names != nil {
		out.Alias = a.names.Name(p)
	}
	return out, nil
}

func (a *keyAPI) convert(_ context.Context, text, base string) (string, error) {
	p, err := parseKey(text)
	if err != nil {
		return "", err
	}
	if base == "0x" {
		base = string(multibase.Base16)
	}
	e, err := multibase.Parse(base)
	if err != nil {
		var all []string
		for _, e := range multibase.All() {
			all = append(all, e.String())
		}
		return "", jsonrpc.NewError(jsonrpc.CodeInvalidParams, "unknown base").
			WithHint("the bases are: %s; or their prefix characters", strings.Join(all, ", "))
	}
	out, err := contact.Encode(p, e)
	return out, accountFailure(err)
}

type phraseArgs struct{ Mnemonic secretText }

// validity is the answer of key_validateMnemonic.
type validity struct {
	Valid  bool   `json:"valid"`
	Word   int    `json:"word,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (a *keyAPI) validateMnemonic(_ context.Context, in phraseArgs) (validity, error) {
	p, err := mnemonic.Parse(in.Mnemonic.Reveal())
	if err == nil {
		p.Wipe()
		return validity{Valid: true}, nil
	}
	v := validity{Reason: plainText(err)}
	var word *mnemonic.WordError
	if errors.As(err, &word) {
		v.Word = word.Position
	}
	return v, nil
}
