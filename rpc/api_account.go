package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"statusd/accounts/contact"
	"statusd/accounts/hd"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/mnemonic"
	"statusd/accounts/secret"
	"statusd/api"
	"statusd/internal/profile"
	"statusd/waku"
)

// accountAPI is the namespace account, and the calls of status that do the
// same in the form of status-go. stopping ends what works on a whole database.
type accountAPI struct {
	accounts Accounts
	stopping <-chan struct{}
}

// whole runs something that works on a whole database: it loses nothing when it
// is begun anew, so it ends as soon as the server begins to stop.
func (a *accountAPI) whole(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	defer func() { <-ended }()
	defer cancel(nil)
	go func() {
		defer close(ended)
		select {
		case <-a.stopping:
			cancel(profile.ErrClosed)
		case <-ctx.Done():
		}
	}()
	err := fn(ctx)
	if err != nil && errors.Is(context.Cause(ctx), profile.ErrClosed) {
		err = profile.ErrClosed
	}
	return err
}

func present(s profile.Summary) api.NewAccount {
	a := api.NewAccount{
		KeyUID: s.UID.String(), PublicKey: s.ChatKey.ContactID(), CompressedKey: contact.Text(s.ChatKey),
		Address: s.ChatKey.Address().String(), Derived: make(map[string]api.DerivedKey),
	}
	for _, d := range s.Derived {
		if d.Path != "" {
			a.Derived[d.Path] = api.DerivedKey{PublicKey: d.Public.ContactID(), Address: d.Public.Address().String()}
		}
	}
	return a
}

// options are the arguments that every new account takes.
func options(password api.Secret, name *string, noPassword *bool) (profile.Options, error) {
	p, err := kdf.NewPassword(password.Reveal())
	if err != nil {
		return profile.Options{}, err
	}
	return profile.Options{Name: orZero(name), Password: p, AllowEmpty: orZero(noPassword)}, nil
}

func (a *accountAPI) create(ctx context.Context, in api.CreateAccountArgs) (api.NewAccount, error) {
	words := mnemonic.DefaultWords
	if in.Words != nil {
		words = *in.Words
	}
	o, err := options(in.Password, in.Name, in.NoPassword)
	if err != nil {
		return api.NewAccount{}, err
	}
	defer o.Password.Wipe()
	passphrase := secret.New(orZero(in.Passphrase).Reveal())
	defer passphrase.Wipe()
	s, phrase, err := a.accounts.Create(ctx, o, words, passphrase)
	if err != nil {
		return api.NewAccount{}, err
	}
	defer phrase.Wipe()
	out := present(s)
	out.Mnemonic = phrase.Reveal()
	return out, nil
}

// phraseOf reads the phrase as the other arguments say.
func phraseOf(in api.ImportMnemonicArgs) (mnemonic.Phrase, error) {
	switch name := orZero(in.Language); {
	case orZero(in.AllowInvalidChecksum):
		return mnemonic.ParseUnchecked(in.Mnemonic.Reveal())
	case name != "":
		language, ok := mnemonic.ParseLanguage(string(name))
		if !ok {
			return mnemonic.Phrase{}, api.NewError(api.CodeInvalidParams, "unknown language").
				WithHint("the languages are: %s", joined(name.Values()))
		}
		return mnemonic.ParseIn(language, in.Mnemonic.Reveal())
	}
	return mnemonic.Parse(in.Mnemonic.Reveal())
}

func (a *accountAPI) importMnemonic(ctx context.Context, in api.ImportMnemonicArgs) (api.NewAccount, error) {
	phrase, err := phraseOf(in)
	if err != nil {
		return api.NewAccount{}, err
	}
	defer phrase.Wipe()
	o, err := options(in.Password, in.Name, in.NoPassword)
	if err != nil {
		return api.NewAccount{}, err
	}
	defer o.Password.Wipe()
	passphrase := secret.New(orZero(in.Passphrase).Reveal())
	defer passphrase.Wipe()
	s, err := a.accounts.ImportPhrase(ctx, o, profile.Import{
		Phrase: phrase, Passphrase: passphrase, LegacyChat: orZero(in.LegacyChatKey),
	})
	return present(s), err
}

func (a *accountAPI) importKey(ctx context.Context, in api.ImportKeyArgs) (api.NewAccount, error) {
	k, err := key.ParsePrivate(in.PrivateKey.Reveal())
	if err != nil {
		return api.NewAccount{}, err
	}
	defer k.Wipe()
	o, err := options(in.Password, in.Name, in.NoPassword)
	if err != nil {
		return api.NewAccount{}, err
	}
	defer o.Password.Wipe()
	s, err := a.accounts.ImportKey(ctx, o, k)
	return present(s), err
}

func (a *accountAPI) importKeystore(ctx context.Context, in api.ImportKeystoreArgs) (api.NewAccount, error) {
	file := []byte(in.JSON)
	var text string
	if json.Unmarshal(in.JSON, &text) == nil { // the file as one string
		file = []byte(text)
	}
	o, err := options(in.Password, in.Name, in.NoPassword)
	if err != nil {
		return api.NewAccount{}, err
	}
	defer o.Password.Wipe()
	password := secret.New(in.FilePassword.Reveal())
	defer password.Wipe()
	s, err := a.accounts.ImportKeyFile(ctx, o, file, password)
	return present(s), err
}

func (a *accountAPI) list(ctx context.Context, _ api.None) ([]api.ListedAccount, error) {
	all, err := a.accounts.List(ctx)
	out := make([]api.ListedAccount, 0, len(all))
	only := callFrom(ctx).caller.grant.only()
	for _, i := range all {
		if only != "" && only != i.UID.String() {
			continue
		}
		l := api.ListedAccount{
			Name: i.Name, Timestamp: i.Timestamp, PhotoPath: i.PhotoPath, KeycardPairing: i.KeycardPairing,
			KeyUID: i.UID.String(), LoggedIn: i.LoggedIn, Damaged: i.Damaged,
		}
		if !i.ChatKey.IsZero() {
			l.CompressedKey = contact.Text(i.ChatKey)
		}
		out = append(out, l)
	}
	return out, err
}

// account finds the account that an argument names, and reads a password.
func (a *accountAPI) account(ctx context.Context, name string, password api.Secret) (key.UID, kdf.Password, error) {
	uid, err := a.accounts.Find(ctx, name)
	if err != nil {
		return uid, kdf.Password{}, err
	}
	p, err := kdf.NewPassword(password.Reveal())
	return uid, p, err
}

func (a *accountAPI) login(ctx context.Context, in api.OpenAccountArgs) (api.LoggedIn, error) {
	acc, err := a.open(ctx, in.KeyUID, in.Password)
	if err != nil {
		return api.LoggedIn{}, err
	}
	return api.LoggedIn{
		KeyUID: acc.UID().String(), PublicKey: acc.ChatKey().Public().ContactID(), InstallationID: acc.InstallationID(),
	}, nil
}

func (a *accountAPI) open(ctx context.Context, name string, password api.Secret) (*profile.Account, error) {
	uid, p, err := a.account(ctx, name, password)
	if err != nil {
		return nil, err
	}
	defer p.Wipe()
	acc, err := a.accounts.Login(ctx, uid, p)
	return acc, err
}

func (a *accountAPI) logout(ctx context.Context, _ api.None) (api.None, error) {
	return api.None{}, a.accounts.Logout(ctx)
}

func (a *accountAPI) changePassword(ctx context.Context, in api.ChangePasswordArgs) (api.None, error) {
	uid, old, err := a.account(ctx, in.KeyUID, in.OldPassword)
	if err != nil {
		return api.None{}, err
	}
	defer old.Wipe()
	o, err := options(in.NewPassword, nil, in.NoPassword)
	if err != nil {
		return api.None{}, err
	}
	defer o.Password.Wipe()
	return api.None{}, a.accounts.ChangePassword(ctx, uid, old, o)
}

func (a *accountAPI) verifyPassword(ctx context.Context, in api.OpenAccountArgs) (bool, error) {
	uid, p, err := a.account(ctx, in.KeyUID, in.Password)
	if err != nil {
		return false, err
	}
	defer p.Wipe()
	right, err := a.accounts.Verify(ctx, uid, p)
	return right, err
}

func (a *accountAPI) export(ctx context.Context, in api.ExportAccountArgs) (api.Exported, error) {
	if !slices.Contains(in.Format.Values(), in.Format) {
		return api.Exported{}, api.NewError(api.CodeInvalidParams, "unknown format").
			WithHint("the formats are: %s", joined(in.Format.Values()))
	}
	uid, p, err := a.account(ctx, in.KeyUID, in.Password)
	if err != nil {
		return api.Exported{}, err
	}
	defer p.Wipe()
	if in.Format == api.ExportMnemonic {
		phrase, err := a.accounts.Phrase(ctx, uid, p)
		defer phrase.Wipe()
		return api.Exported{Mnemonic: string(phrase.Reveal())}, err
	}
	files, err := a.accounts.KeyFiles(ctx, uid, p)
	var out api.Exported
	for _, f := range files {
		out.Files = append(out.Files, f)
	}
	return out, err
}

func (a *accountAPI) confirmBackup(ctx context.Context, in api.AccountArgs) (api.None, error) {
	uid, err := a.accounts.Find(ctx, in.KeyUID)
	if err == nil {
		err = a.accounts.ConfirmBackup(ctx, uid)
	}
	return api.None{}, err
}

func (a *accountAPI) delete(ctx context.Context, in api.DeleteAccountArgs) (api.None, error) {
	uid, err := a.accounts.Find(ctx, in.KeyUID)
	if err == nil {
		err = a.accounts.Delete(ctx, uid, in.Confirm)
	}
	return api.None{}, err
}

func (a *accountAPI) backup(ctx context.Context, in api.BackupAccountArgs) (api.WrittenBackup, error) {
	p, err := kdf.NewPassword(in.Password.Reveal())
	if err != nil {
		return api.WrittenBackup{}, err
	}
	defer p.Wipe()
	var b profile.Backup
	err = a.whole(ctx, func(ctx context.Context) (err error) {
		b, err = a.accounts.Backup(ctx, p, orZero(in.WithKeys))
		return err
	})
	return api.WrittenBackup{KeyUID: b.UID.String(), Path: b.Path, Bytes: b.Bytes}, err
}

func (a *accountAPI) checkDatabase(ctx context.Context, _ api.None) (api.None, error) {
	return api.None{}, a.whole(ctx, a.accounts.CheckDatabase)
}

func (a *accountAPI) vacuumDatabase(ctx context.Context, _ api.None) (api.DatabaseSize, error) {
	var size int64
	err := a.whole(ctx, func(ctx context.Context) (err error) {
		size, err = a.accounts.VacuumDatabase(ctx)
		return err
	})
	return api.DatabaseSize{Bytes: size}, err
}

func (a *accountAPI) signIn(ctx context.Context, in api.SignInArgs) (api.SignedIn, error) {
	acc, err := a.open(ctx, in.Request.Address, in.Request.Password)
	if err != nil {
		return api.SignedIn{}, err
	}
	return api.SignedIn{AddressKeyID: waku.KeyPairID(acc.ChatKey().Public().ECDSA())}, nil
}

func (a *accountAPI) signUp(ctx context.Context, in api.SignUpArgs) (api.SignedUp, error) {
	s, err := a.create(ctx, api.CreateAccountArgs{Password: in.Request.Password})
	if err != nil {
		return api.SignedUp{}, err
	}
	wallet := s.Derived[hd.PathWallet]
	return api.SignedUp{
		Address: wallet.Address, Pubkey: wallet.PublicKey, WalletAddress: wallet.Address, WalletPubkey: wallet.PublicKey,
		ChatAddress: s.Address, ChatPubkey: s.PublicKey, Mnemonic: s.Mnemonic,
	}, nil
}
