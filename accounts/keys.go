package accounts

import (
	"fmt"

	"statusd/accounts/hd"
	"statusd/accounts/key"
	"statusd/accounts/keystore"
	"statusd/accounts/mnemonic"
)

// Keys are the keys of an account: what a phrase, a private key or a key file
// gives.
type Keys struct {
	UID     key.UID
	Chat    key.Private
	Derived []Derived // the keys that are stored; never the master key
}

// Derived is a key to be stored.
type Derived struct {
	Path string // empty for a key that was imported alone
	File keystore.Key
}

// StandardPaths returns the paths that are derived from every phrase.
func StandardPaths() []string {
	return []string{hd.PathEIP1581, hd.PathChat, hd.PathWalletRoot, hd.PathWallet}
}

// FromPhrase derives the standard keys of a phrase. passphrase is empty for
// ordinary accounts. With legacyChat the first wallet key is the chat key, as
// in accounts made before multi-account. Errors: those of package hd, with a
// probability that nobody meets.
func FromPhrase(p mnemonic.Phrase, passphrase []byte, legacyChat bool) (Keys, error) {
	seed := p.Seed(passphrase)
	defer seed.Wipe()
	master, err := hd.NewMaster(seed.Reveal())
	if err != nil {
		return Keys{}, fmt.Errorf("make master key: %w", err)
	}
	defer master.Wipe()
	k := Keys{UID: master.Key().Public().UID()}
	chat := hd.PathChat
	if legacyChat {
		chat = hd.PathWallet
	}
	for _, path := range StandardPaths() {
		derived, err := master.DerivePath(path)
		if err != nil {
			k.Wipe()
			return Keys{}, err
		}
		k.Derived = append(k.Derived, Derived{path, keystore.NewKey(derived)})
		if path == chat {
			k.Chat = derived.Key()
		}
	}
	return k, nil
}

// FromPrivateKey returns the keys of an account that consists of one key: it
// is the chat key, its key-uid is the account's, nothing is derived.
func FromPrivateKey(k key.Private) Keys { return FromKeyFile(keystore.Key{Private: k}) }

// FromKeyFile is FromPrivateKey for a key read from a file; an extended key in
// it is kept.
func FromKeyFile(k keystore.Key) Keys {
	return Keys{k.Private.Public().UID(), k.Private, []Derived{{File: k}}}
}

// Addresses returns the addresses of the stored keys.
func (k Keys) Addresses() []key.Address {
	out := make([]key.Address, 0, len(k.Derived))
	for _, d := range k.Derived {
		out = append(out, d.File.Address())
	}
	return out
}

// Wipe overwrites all keys, and so every copy of them.
func (k Keys) Wipe() {
	k.Chat.Wipe()
	for _, d := range k.Derived {
		d.File.Wipe()
	}
}
