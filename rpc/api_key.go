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
	"statusd/api"
)

// keyAPI is the namespace key: forms of keys, without an account.
type keyAPI struct{ names Names }

// parseKey reads a public key as a person types it.
func parseKey(text string) (key.Public, error) {
	c, err := contact.Parse(text)
	if err != nil {
		return key.Public{}, err
	}
	if c.Name != "" {
		return key.Public{}, api.NewError(api.CodeInvalidParams, "a name is not a key").
			WithHint("names are not looked up here; give the key")
	}
	return c.Key, nil
}

func (a *keyAPI) inspect(_ context.Context, in api.KeyArgs) (api.KeyForms, error) {
	p, err := parseKey(in.Key)
	if err != nil {
		return api.KeyForms{}, err
	}
	out := api.KeyForms{
		PublicKey: p.ContactID(), CompressedKey: contact.Text(p), Address: p.Address().String(),
		Identicon: identicon.DataURI(p.ContactID()),
	}
	if a.names != nil {
		out.Alias = a.names.Name(p)
	}
	return out, nil
}

func (a *keyAPI) convert(_ context.Context, in api.ConvertKeyArgs) (string, error) {
	p, err := parseKey(in.Key)
	if err != nil {
		return "", err
	}
	base := in.Base
	if base == "0x" {
		base = string(multibase.Base16)
	}
	e, err := multibase.Parse(base)
	if err != nil {
		var all []string
		for _, e := range multibase.All() {
			all = append(all, e.String())
		}
		return "", api.NewError(api.CodeInvalidParams, "unknown base").
			WithHint("the bases are: %s; or their prefix characters", strings.Join(all, ", "))
	}
	out, err := contact.Encode(p, e)
	return out, err
}

func (a *keyAPI) validateMnemonic(_ context.Context, in api.PhraseArgs) (api.PhraseCheck, error) {
	p, err := mnemonic.Parse(in.Mnemonic.Reveal())
	if err == nil {
		p.Wipe()
		return api.PhraseCheck{Valid: true}, nil
	}
	v := api.PhraseCheck{Reason: err.Error()}
	var word *mnemonic.WordError
	if errors.As(err, &word) {
		v.Word = word.Position
	}
	return v, nil
}
