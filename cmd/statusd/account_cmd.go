package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/internal/termtext"
)

// accountCommand is what is done with accounts through the daemon.
func (a *app) accountCommand() frame.Command {
	group := a.call(frame.Command{
		Use: "account", Short: "List the accounts; create, open and keep them",
		Long: `Works on the accounts of the running daemon. Passwords, phrases and private keys
are asked for on the terminal, or read from files, file descriptors, commands or
the environment; they are never arguments, which other users can see.

A password is looked for in this order: --password-fd, --password-file,
--password-cmd, the systemd credential statusd-password, the file named by
STATUSD_PASSWORD_FILE, STATUSD_PASSWORD, the terminal.`,
		Commands: []frame.Command{
			a.accountCreate(), a.accountImport(), a.accountLogin(),
			a.call(frame.Command{Use: "logout", Short: "Close the account that is logged in"},
				func(ctx context.Context, c *daemon, _ []string) error {
					return done(api.AccountLogout.Call(ctx, c, api.None{}))
				}),
			a.accountPasswd(), a.accountVerify(), a.accountExport(), a.accountDelete(),
			a.onAccount("confirm-backup", "Say that the phrase is written down, and remove it from the disk",
				func(*frame.Flags) accountWork {
					return func(ctx context.Context, c *daemon, l api.ListedAccount) error {
						return done(api.AccountConfirmBackup.Call(ctx, c, api.AccountArgs{KeyUID: l.KeyUID}))
					}
				}),
		},
	}, a.listAccounts)
	return listing(group, "List the accounts")
}

// accountWork does one thing with an account.
type accountWork func(context.Context, *daemon, api.ListedAccount) error

// onAccount is a command that does one thing with an account: the one that is
// named, or the only one there is.
func (a *app) onAccount(use, short string, build func(*frame.Flags) accountWork) frame.Command {
	return frame.Command{
		Use: use + " [ACCOUNT]", Short: short, Args: frame.Optional(),
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			fs.CompleteArgs(c.accounts())
			do := build(fs)
			return func(ctx context.Context, args []string) error {
				l, err := c.account(ctx, args)
				if err != nil {
					return err
				}
				return do(ctx, c, l)
			}
		},
	}
}

// printMade shows a new account.
func (a *app) printMade(m api.NewAccount) error {
	if a.output == outputJSON {
		return fail(fault.IO, a.printJSON(m))
	}
	fmt.Fprintf(a.out, "key-uid   %s\nchat key  %s\naddress   %s\n", m.KeyUID, m.CompressedKey, m.Address)
	if m.Mnemonic != "" {
		fmt.Fprintf(a.out, "phrase    %s\n", m.Mnemonic)
		fmt.Fprintln(a.err, "Write the phrase down: who has it has the account, and nothing else brings it back.\n"+
			"Once it is in a safe place: statusd account login, then statusd account confirm-backup")
	}
	return nil
}

func (a *app) accountCreate() frame.Command {
	return frame.Command{
		Use: "create", Short: "Make an account from a new phrase, and show the phrase",
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			password := addPasswordFlags(fs, "", "of the new account")
			name, words, none := "", 12, false
			fs.Var(&name, "name", "to tell accounts apart")
			fs.Var(&words, "words", "of the phrase: 12, 15, 18, 21 or 24").Complete(frame.OneOf("12", "15", "18", "21", "24"))
			fs.Var(&none, "no-password", "leave the account unprotected")
			return func(ctx context.Context, _ []string) error {
				if err := c.reach(ctx); err != nil {
					return err
				}
				typed, err := a.newPassword(password, none)
				if err != nil {
					return err
				}
				defer clear(typed)
				made, err := api.AccountCreate.Call(ctx, c, api.CreateAccountArgs{
					Password: api.NewSecret(typed), Name: &name, Words: &words, NoPassword: &none,
				})
				if err != nil {
					return err
				}
				return a.printMade(made)
			}
		},
	}
}

// newPassword reads a new password, unless there is to be none.
func (a *app) newPassword(p *passwordFlags, none bool) ([]byte, error) {
	if none {
		return nil, nil
	}
	return a.readPassword(p, "New password", true)
}

// importFlags say what to import.
type importFlags struct {
	mnemonic, privateKey, keystore string
	file                           *passwordFlags
	name, language                 string
	none, unchecked, legacy        bool
}

func (a *app) accountImport() frame.Command {
	return frame.Command{
		Use: "import", Short: "Make an account from a phrase, a private key or a key file",
		Long: `Makes an account from a phrase (the default: typed, from --mnemonic-file or from
standard input), from a private key (--key-file) or from a key file of this
program, of geth or of a Status app (--keystore-file).`,
		Build: func(fs *frame.Flags) frame.Run {
			c, f := a.newClient(fs, time.Minute), &importFlags{}
			password := addPasswordFlags(fs, "", "of the new account")
			f.file = addPasswordFlags(fs, "file-", "of the key file")
			fs.Var(&f.name, "name", "to tell accounts apart")
			fs.Var(&f.mnemonic, "mnemonic-file", "file with the phrase (-: standard input)")
			fs.Var(&f.language, "language", languageUsage).Complete(languages)
			fs.Var(&f.privateKey, "key-file", "file with a private key in hex (-: standard input)")
			fs.Var(&f.keystore, "keystore-file", "key file")
			fs.Var(&f.none, "no-password", "leave the account unprotected")
			fs.Var(&f.unchecked, "allow-invalid-mnemonic", "take the phrase exactly as it is, without any check")
			fs.Var(&f.legacy, "legacy-chat-key", "for accounts of Status apps older than multi-account")
			return func(ctx context.Context, _ []string) error { return a.importAccount(ctx, c, f, password) }
		},
	}
}

func (a *app) importAccount(ctx context.Context, c *daemon, f *importFlags, password *passwordFlags) error {
	if err := c.reach(ctx); err != nil {
		return err
	}
	make, err := a.importCall(f)
	if err != nil {
		return err
	}
	typed, err := a.newPassword(password, f.none)
	if err != nil {
		return err
	}
	defer clear(typed)
	made, err := make(ctx, c, api.NewSecret(typed))
	if err != nil {
		return err
	}
	return a.printMade(made)
}

// importing makes an account of what was read, under a password.
type importing func(context.Context, api.Caller, api.Secret) (api.NewAccount, error)

// importCall reads what is imported, and returns the call for it.
func (a *app) importCall(f *importFlags) (importing, error) {
	given := 0
	for _, file := range []string{f.mnemonic, f.privateKey, f.keystore} {
		if file != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, usageError(errors.New("give one of --mnemonic-file, --key-file and --keystore-file"))
	case f.privateKey != "":
		text, err := a.readSecretText(f.privateKey, "Private key")
		return func(ctx context.Context, c api.Caller, p api.Secret) (api.NewAccount, error) {
			return api.AccountImportKey.Call(ctx, c, api.ImportKeyArgs{
				PrivateKey: secret(strings.TrimSpace(text)), Password: p, Name: &f.name, NoPassword: &f.none,
			})
		}, err
	case f.keystore != "":
		return a.importKeystore(f)
	}
	text, err := a.readSecretText(f.mnemonic, "Phrase")
	return func(ctx context.Context, c api.Caller, p api.Secret) (api.NewAccount, error) {
		args := api.ImportMnemonicArgs{
			Mnemonic: secret(text), Password: p, Name: &f.name, AllowInvalidChecksum: &f.unchecked, LegacyChatKey: &f.legacy,
			NoPassword: &f.none,
		}
		if f.language != "" {
			args.Language = new(api.PhraseLanguage(f.language))
		}
		return api.AccountImportMnemonic.Call(ctx, c, args)
	}, err
}

func (a *app) importKeystore(f *importFlags) (importing, error) {
	text, err := a.readSecretText(f.keystore, "Key file")
	if err != nil {
		return nil, err
	}
	typed, err := a.readPassword(f.file, "Password of the key file", false)
	return func(ctx context.Context, c api.Caller, p api.Secret) (api.NewAccount, error) {
		file, err := json.Marshal(text) // as a string: what it is, the daemon finds out
		if err != nil {
			return api.NewAccount{}, err
		}
		return api.AccountImportKeystore.Call(ctx, c, api.ImportKeystoreArgs{
			JSON: file, FilePassword: api.NewSecret(typed), Password: p, Name: &f.name, NoPassword: &f.none,
		})
	}, err
}

func secret(text string) api.Secret { return api.NewSecret([]byte(text)) }

func (a *app) listAccounts(ctx context.Context, c *daemon, _ []string) error {
	list, err := api.AccountList.Call(ctx, c, api.None{})
	if err != nil {
		return err
	}
	return printList(a, list, "",
		frame.IDs("KEY-UID", func(l api.ListedAccount) string { return l.KeyUID }),
		frame.IDs("CHAT KEY", func(l api.ListedAccount) string { return l.CompressedKey }),
		frame.Col("STATE", accountState),
		frame.Col("NAME", func(l api.ListedAccount) string { return termtext.Line(l.Name) }),
	)
}

// accountState says whether an account is in use.
func accountState(l api.ListedAccount) string {
	switch {
	case l.LoggedIn:
		return "logged in"
	case l.Damaged:
		return "account.json is damaged; the next login writes it anew"
	case l.Timestamp > 0:
		return "last login " + time.Unix(l.Timestamp, 0).Format(time.DateTime)
	}
	return "never logged in"
}

func (a *app) accountLogin() frame.Command {
	return a.onAccount("login", "Open an account", func(fs *frame.Flags) accountWork {
		password := addPasswordFlags(fs, "", "of the account")
		return func(ctx context.Context, c *daemon, l api.ListedAccount) error {
			typed, err := a.readPassword(password, "Password", false)
			if err != nil {
				return err
			}
			defer clear(typed)
			in, err := api.AccountLogin.Call(ctx, c, api.OpenAccountArgs{KeyUID: l.KeyUID, Password: api.NewSecret(typed)})
			if err != nil {
				return err
			}
			if alone(ctx, c) {
				a.note("this node has no peers, and discovery is off: %s", helpAlone)
			}
			if a.output == outputJSON {
				return fail(fault.IO, a.printJSON(in))
			}
			return a.raw(frame.Align([][]string{
				{"key-uid", l.KeyUID}, {"chat key", l.CompressedKey}, {"installation", in.InstallationID},
			}))
		}
	})
}

func (a *app) accountPasswd() frame.Command {
	return a.onAccount("passwd", "Change the password of an account", func(fs *frame.Flags) accountWork {
		old := addPasswordFlags(fs, "", "until now")
		fresh := addPasswordFlags(fs, "new-", "from now on")
		none := false
		fs.Var(&none, "no-password", "leave the account unprotected from now on")
		return func(ctx context.Context, c *daemon, l api.ListedAccount) error {
			typed, err := a.readPassword(old, "Password until now", false)
			if err != nil {
				return err
			}
			defer clear(typed)
			next, err := a.newPassword(fresh, none)
			if err != nil {
				return err
			}
			defer clear(next)
			return done(api.AccountChangePassword.Call(ctx, c, api.ChangePasswordArgs{
				KeyUID: l.KeyUID, OldPassword: api.NewSecret(typed), NewPassword: api.NewSecret(next), NoPassword: &none,
			}))
		}
	})
}

func (a *app) accountVerify() frame.Command {
	const short = "Check a password: exit code 0 if it is right, 77 if not"
	return a.onAccount("verify", short, func(fs *frame.Flags) accountWork {
		password := addPasswordFlags(fs, "", "to check")
		return func(ctx context.Context, c *daemon, l api.ListedAccount) error {
			typed, err := a.readPassword(password, "Password", false)
			if err != nil {
				return err
			}
			defer clear(typed)
			asked := api.OpenAccountArgs{KeyUID: l.KeyUID, Password: api.NewSecret(typed)}
			right, err := api.AccountVerifyPassword.Call(ctx, c, asked)
			if err != nil {
				return err
			}
			if a.output == outputJSON {
				if err := a.printJSON(api.PasswordCheck{Valid: right}); err != nil {
					return fail(fault.IO, err)
				}
			}
			if !right {
				return fail(fault.Permission, errors.New("wrong password"))
			}
			return nil
		}
	})
}

func (a *app) accountExport() frame.Command {
	return a.onAccount("export", "Print the key files or the phrase of an account", func(fs *frame.Flags) accountWork {
		password := addPasswordFlags(fs, "", "of the account")
		format := string(api.ExportKeystore)
		fs.Var(&format, "format", "keystore (encrypted under the password) or mnemonic").Complete(
			frame.OneOf("keystore", "mnemonic"))
		return func(ctx context.Context, c *daemon, l api.ListedAccount) error {
			typed, err := a.readPassword(password, "Password", false)
			if err != nil {
				return err
			}
			defer clear(typed)
			out, err := api.AccountExport.Call(ctx, c, api.ExportAccountArgs{
				KeyUID: l.KeyUID, Password: api.NewSecret(typed), Format: api.ExportFormat(format),
			})
			if err != nil {
				return err
			}
			if out.Mnemonic != "" {
				return a.say(out.Mnemonic, out)
			}
			for _, file := range out.Files { // one on each line, in both forms
				if err := a.printJSON(file); err != nil {
					return fail(fault.IO, err)
				}
			}
			return nil
		}
	})
}

func (a *app) accountDelete() frame.Command {
	return frame.Command{
		Use: "delete ACCOUNT", Short: "Delete an account with its keys and messages, for good",
		Args: frame.Exactly(1, "the name or key-uid of the account"),
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			fs.CompleteArgs(c.accounts())
			yes := false
			fs.Var(&yes, "yes", "do not ask")
			return func(ctx context.Context, args []string) error { return a.deleteAccount(ctx, c, args, yes) }
		},
	}
}

func (a *app) deleteAccount(ctx context.Context, c *daemon, args []string, yes bool) error {
	l, err := c.account(ctx, args)
	if err != nil {
		return err
	}
	if l.LoggedIn {
		return fail(fault.CannotCreate, errors.New("the account is logged in; log out first: statusd account logout"))
	}
	confirm := l.KeyUID
	if !yes {
		if _, ok := a.terminal(); !ok {
			return usageError(errors.New("give --yes to delete without a question"))
		}
		fmt.Fprintf(a.err, "This deletes %s %s and everything it received. A backup first: statusd backup.\n"+
			"Type the key-uid to go on: ", l.KeyUID, l.Name)
		if confirm, err = bufio.NewReader(a.in).ReadString('\n'); err != nil {
			return fail(fault.NoInput, errors.New("nothing was deleted"))
		}
	}
	gone := api.DeleteAccountArgs{KeyUID: l.KeyUID, Confirm: strings.TrimSpace(confirm)}
	return done(api.AccountDelete.Call(ctx, c, gone))
}
