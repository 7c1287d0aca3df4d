package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"statusd/accounts/contact"
	"statusd/accounts/hd"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/mnemonic"
	"statusd/internal/profile"
	"statusd/rpc/jsonrpc"
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
	return accountFailure(err)
}

// Times that calls may take.
const (
	deriveTimeout = 3 * time.Minute // others may be before it
	fileTimeout   = maxCallTime     // works on a whole database
)

func after(d time.Duration) func([]json.RawMessage) time.Duration {
	return func([]json.RawMessage) time.Duration { return d }
}

// derivedKey is a key of an account that has a key file.
type derivedKey struct {
	PublicKey string `json:"publicKey"`
	Address   string `json:"address"`
}

// newAccount is the answer of calls that make an account.
type newAccount struct {
	KeyUID        string                `json:"keyUid"`
	PublicKey     string                `json:"publicKey"`
	CompressedKey string                `json:"compressedKey"`
	Address       string                `json:"address"`
	Mnemonic      string                `json:"mnemonic,omitempty"`
	Derived       map[string]derivedKey `json:"derived"`
}

func present(s profile.Summary) newAccount {
	a := newAccount{
		KeyUID: s.UID.String(), PublicKey: s.ChatKey.ContactID(), CompressedKey: contact.Text(s.ChatKey),
		Address: s.ChatKey.Address().String(), Derived: make(map[string]derivedKey),
	}
	for _, d := range s.Derived {
		if d.Path != "" {
			a.Derived[d.Path] = derivedKey{d.Public.ContactID(), d.Public.Address().String()}
		}
	}
	return a
}

// options are the arguments that every new account takes.
func options(password secretText, name *string, noPassword *bool) (profile.Options, error) {
	p, err := kdf.NewPassword(password.Reveal())
	if err != nil {
		return profile.Options{}, err
	}
	return profile.Options{Name: orZero(name), Password: p, AllowEmpty: orZero(noPassword)}, nil
}

type createArgs struct {
	Password   secretText
	Name       *string
	Words      *int
	Passphrase *secretText
	NoPassword *bool
}

func (a *accountAPI) create(ctx context.Context, in createArgs) (newAccount, error) {
	words := mnemonic.DefaultWords
	if in.Words != nil {
		words = *in.Words
	}
	o, err := options(in.Password, in.Name, in.NoPassword)
	if err != nil {
		return newAccount{}, accountFailure(err)
	}
	defer o.Password.Wipe()
	s, phrase, err := a.accounts.Create(ctx, o, words, orZero(in.Passphrase).Bytes)
	if err != nil {
		return newAccount{}, accountFailure(err)
	}
	defer phrase.Wipe()
	out := present(s)
	out.Mnemonic = phrase.Reveal()
	return out, nil
}

type importMnemonicArgs struct {
	Mnemonic             secretText
	Password             secretText
	Passphrase           *secretText
	Name                 *string
	AllowInvalidChecksum *bool
	LegacyChatKey        *bool
	NoPassword           *bool
	Language             *string
}

// phrase reads the phrase as the other arguments say.
func (in importMnemonicArgs) phrase() (mnemonic.Phrase, error) {
	switch name := orZero(in.Language); {
	case orZero(in.AllowInvalidChecksum):
		return mnemonic.ParseUnchecked(in.Mnemonic.Reveal())
	case name != "":
		language, ok := mnemonic.ParseLanguage(name)
		if !ok {
			return mnemonic.Phrase{}, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "unknown language").
				WithHint("the languages are: %s", languageNames())
		}
		return mnemonic.ParseIn(language, in.Mnemonic.Reveal())
	}
	return mnemonic.Parse(in.Mnemonic.Reveal())
}

func languageNames() string {
	var names []string
	for _, l := range mnemonic.Languages() {
		names = append(names, l.Key())
	}
	return strings.Join(names, ", ")
}

func (a *accountAPI) importMnemonic(ctx context.Context, in importMnemonicArgs) (newAccount, error) {
	phrase, err := in.phrase()
	if err != nil {
		return newAccount{}, accountFailure(err)
	}
	defer phrase.Wipe()
	o, err := options(in.Password, in.Name, in.NoPassword)
	if err != nil {
		return newAccount{}, accountFailure(err)
	}
	defer o.Password.Wipe()
	s, err := a.accounts.ImportPhrase(ctx, o, profile.Import{
		Phrase: phrase, Passphrase: orZero(in.Passphrase).Bytes, LegacyChat: orZero(in.LegacyChatKey),
	})
	return present(s), accountFailure(err)
}

type importKeyArgs struct {
	PrivateKey secretText
	Password   secretText
	Name       *string
	NoPassword *bool
}

func (a *accountAPI) importKey(ctx context.Context, in importKeyArgs) (newAccount, error) {
	k, err := key.ParsePrivate(in.PrivateKey.Reveal())
	if err != nil {
		return newAccount{}, accountFailure(err)
	}
	defer k.Wipe()
	o, err := options(in.Password, in.Name, in.NoPassword)
	if err != nil {
		return newAccount{}, accountFailure(err)
	}
	defer o.Password.Wipe()
	s, err := a.accounts.ImportKey(ctx, o, k)
	return present(s), accountFailure(err)
}

type importKeystoreArgs struct {
	JSON         json.RawMessage
	FilePassword secretText
	Password     secretText
	Name         *string
	NoPassword   *bool
}

func (a *accountAPI) importKeystore(ctx context.Context, in importKeystoreArgs) (newAccount, error) {
	file := []byte(in.JSON)
	var text string
	if json.Unmarshal(in.JSON, &text) == nil { // the file as one string
		file = []byte(text)
	}
	o, err := options(in.Password, in.Name, in.NoPassword)
	if err != nil {
		return newAccount{}, accountFailure(err)
	}
	defer o.Password.Wipe()
	s, err := a.accounts.ImportKeyFile(ctx, o, file, in.FilePassword.Bytes)
	return present(s), accountFailure(err)
}

// listedAccount is an account in the answer of account_list.
type listedAccount struct {
	Name           string `json:"name"`
	Timestamp      int64  `json:"timestamp"`
	PhotoPath      string `json:"photo-path"`
	KeycardPairing string `json:"keycard-pairing"`
	KeyUID         string `json:"key-uid"`
	CompressedKey  string `json:"compressedKey"`
	LoggedIn       bool   `json:"loggedIn"`
	Damaged        bool   `json:"damaged,omitempty"` // account.json; the next login writes it anew
}

func (a *accountAPI) list(ctx context.Context) ([]listedAccount, error) {
	all, err := a.accounts.List(ctx)
	out := make([]listedAccount, 0, len(all))
	only := callFrom(ctx).caller.grant.only()
	for _, i := range all {
		if only != "" && only != i.UID.String() {
			continue
		}
		l := listedAccount{i.Name, i.Timestamp, i.PhotoPath, i.KeycardPairing, i.UID.String(), "", i.LoggedIn, i.Damaged}
		if !i.ChatKey.IsZero() {
			l.CompressedKey = contact.Text(i.ChatKey)
		}
		out = append(out, l)
	}
	return out, accountFailure(err)
}

// account finds the account that an argument names, and reads a password.
func (a *accountAPI) account(ctx context.Context, name string, password secretText) (key.UID, kdf.Password, error) {
	uid, err := a.accounts.Find(ctx, name)
	if err != nil {
		return uid, kdf.Password{}, accountFailure(err)
	}
	p, err := kdf.NewPassword(password.Reveal())
	return uid, p, accountFailure(err)
}

type accountArgs struct {
	KeyUID   string
	Password secretText
}

// loggedIn is the answer to a login.
type loggedIn struct {
	KeyUID         string `json:"keyUid"`
	PublicKey      string `json:"publicKey"`
	InstallationID string `json:"installationId"`
}

func (a *accountAPI) login(ctx context.Context, in accountArgs) (loggedIn, error) {
	acc, err := a.open(ctx, in.KeyUID, in.Password)
	if err != nil {
		return loggedIn{}, err
	}
	return loggedIn{acc.UID().String(), acc.ChatKey().Public().ContactID(), acc.InstallationID()}, nil
}

func (a *accountAPI) open(ctx context.Context, name string, password secretText) (*profile.Account, error) {
	uid, p, err := a.account(ctx, name, password)
	if err != nil {
		return nil, err
	}
	defer p.Wipe()
	acc, err := a.accounts.Login(ctx, uid, p)
	return acc, accountFailure(err)
}

// nothing is the result of calls that answer null.
type nothing = any

func (a *accountAPI) logout(ctx context.Context) (nothing, error) {
	return nil, accountFailure(a.accounts.Logout(ctx))
}

type changePasswordArgs struct {
	KeyUID      string
	OldPassword secretText
	NewPassword secretText
	NoPassword  *bool
}

func (a *accountAPI) changePassword(ctx context.Context, in changePasswordArgs) (nothing, error) {
	uid, old, err := a.account(ctx, in.KeyUID, in.OldPassword)
	if err != nil {
		return nil, err
	}
	defer old.Wipe()
	o, err := options(in.NewPassword, nil, in.NoPassword)
	if err != nil {
		return nil, accountFailure(err)
	}
	defer o.Password.Wipe()
	return nil, accountFailure(a.accounts.ChangePassword(ctx, uid, old, o))
}

func (a *accountAPI) verifyPassword(ctx context.Context, in accountArgs) (bool, error) {
	uid, p, err := a.account(ctx, in.KeyUID, in.Password)
	if err != nil {
		return false, err
	}
	defer p.Wipe()
	right, err := a.accounts.Verify(ctx, uid, p)
	return right, accountFailure(err)
}

type exportArgs struct {
	KeyUID   string
	Password secretText
	Format   string
}

// exported is the answer of account_export.
type exported struct {
	Files    []json.RawMessage `json:"files,omitempty"`
	Mnemonic string            `json:"mnemonic,omitempty"`
}

func (a *accountAPI) export(ctx context.Context, in exportArgs) (exported, error) {
	if in.Format != "keystore" && in.Format != "mnemonic" {
		return exported{}, jsonrpc.NewError(jsonrpc.CodeInvalidParams, "unknown format").
			WithHint("the formats are: keystore, mnemonic")
	}
	uid, p, err := a.account(ctx, in.KeyUID, in.Password)
	if err != nil {
		return exported{}, err
	}
	defer p.Wipe()
	if in.Format == "mnemonic" {
		phrase, err := a.accounts.Phrase(ctx, uid, p)
		defer phrase.Wipe()
		return exported{Mnemonic: string(phrase.Reveal())}, accountFailure(err)
	}
	files, err := a.accounts.KeyFiles(ctx, uid, p)
	var out exported
	for _, f := range files {
		out.Files = append(out.Files, f)
	}
	return out, accountFailure(err)
}

func (a *accountAPI) confirmBackup(ctx context.Context, name string) (nothing, error) {
	uid, err := a.accounts.Find(ctx, name)
	if err == nil {
		err = a.accounts.ConfirmBackup(ctx, uid)
	}
	return nil, accountFailure(err)
}

func (a *accountAPI) delete(ctx context.Context, name, confirm string) (nothing, error) {
	uid, err := a.accounts.Find(ctx, name)
	if err == nil {
		err = a.accounts.Delete(ctx, uid, confirm)
	}
	return nil, accountFailure(err)
}

type backupArgs struct {
	Password secretText
	WithKeys *bool
}

// writtenBackup is the answer of account_backup.
type writtenBackup struct {
	KeyUID string `json:"keyUid"`
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
}

func (a *accountAPI) backup(ctx context.Context, in backupArgs) (writtenBackup, error) {
	p, err := kdf.NewPassword(in.Password.Reveal())
	if err != nil {
		return writtenBackup{}, accountFailure(err)
	}
	defer p.Wipe()
	var b profile.Backup
	err = a.whole(ctx, func(ctx context.Context) (err error) {
		b, err = a.accounts.Backup(ctx, p, orZero(in.WithKeys))
		return err
	})
	return writtenBackup{b.UID.String(), b.Path, b.Bytes}, err
}

func (a *accountAPI) checkDatabase(ctx context.Context) (nothing, error) {
	return nil, a.whole(ctx, a.accounts.CheckDatabase)
}

// vacuumed is the answer of account_vacuumDatabase.
type vacuumed struct {
	Bytes int64 `json:"bytes"`
}

func (a *accountAPI) vacuumDatabase(ctx context.Context) (vacuumed, error) {
	var size int64
	err := a.whole(ctx, func(ctx context.Context) (err error) {
		size, err = a.accounts.VacuumDatabase(ctx)
		return err
	})
	return vacuumed{size}, err
}

// Requests and answers in the form of status-go.
type (
	oldLogin struct {
		Address  string     `json:"address"`
		Password secretText `json:"password"`
	}
	oldLoggedIn struct {
		AddressKeyID string `json:"address_key_id"`
	}
	oldSignup struct {
		Password secretText `json:"password"`
	}
	oldAccount struct {
		Address       string `json:"address"`
		Pubkey        string `json:"pubkey"`
		WalletAddress string `json:"wallet_address"`
		WalletPubkey  string `json:"wallet_pubkey"`
		ChatAddress   string `json:"chat_address"`
		ChatPubkey    string `json:"chat_pubkey"`
		Mnemonic      string `json:"mnemonic"`
	}
)

func (a *accountAPI) oldLogin(ctx context.Context, in oldLogin) (oldLoggedIn, error) {
	defer in.Password.Wipe()
	acc, err := a.open(ctx, in.Address, in.Password)
	if err != nil {
		return oldLoggedIn{}, err
	}
	return oldLoggedIn{waku.KeyPairID(acc.ChatKey().Public().ECDSA())}, nil
}

func (a *accountAPI) oldSignup(ctx context.Context, in oldSignup) (oldAccount, error) {
	defer in.Password.Wipe()
	s, err := a.create(ctx, createArgs{Password: in.Password})
	if err != nil {
		return oldAccount{}, err
	}
	wallet := s.Derived[hd.PathWallet]
	return oldAccount{
		wallet.Address, wallet.PublicKey, wallet.Address, wallet.PublicKey, s.Address, s.PublicKey, s.Mnemonic,
	}, nil
}

// accountFailure gives the errors of accounts their codes (spec 07 section 5).
func accountFailure(err error) error {
	if err == nil {
		return nil
	}
	if e := diskFailure(err); e != nil {
		return e
	}
	for _, f := range accountFailures() {
		if slices.ContainsFunc(f.errors, matches(err)) {
			e := jsonrpc.NewError(f.code, "%s", plainText(err))
			if f.hint != "" {
				e = e.WithHint("%s", f.hint)
			}
			return e
		}
	}
	return err
}
