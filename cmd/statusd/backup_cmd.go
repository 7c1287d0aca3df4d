package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"statusd/accounts"
	"statusd/accounts/kdf"
	"statusd/accounts/key"
	"statusd/accounts/mnemonic"
	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
	"statusd/internal/atomicfile"
	"statusd/internal/backup"
	"statusd/internal/profile"
)

// longCall is how long calls may take that work on a whole database.
const longCall = 10 * time.Minute

func (a *app) backupCommand() frame.Command {
	return frame.Command{
		Use: "backup --out FILE", Short: "Write the account that is logged in into one encrypted file",
		Long: `Writes the account that is logged in, as it is at one moment, into one encrypted
and authenticated file, under a password of its own. With --with-keys the file
holds everything, the keys of the account and of the node among it; without,
restoring it needs the phrase or the private key too. The account stays in use.`,
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, longCall)
			password := addPasswordFlags(fs, "", "to protect the backup with")
			out, withKeys, force := "", false, false
			fs.Var(&out, "out", "file to write (-: standard output)")
			fs.Var(&withKeys, "with-keys", "with the keys of the account and of the node")
			fs.Var(&force, "force", "replace an existing file")
			return func(ctx context.Context, _ []string) error {
				if out == "" {
					return usageError(errors.New("missing flag: --out, the file to write (-: standard output)"))
				}
				place := a.place(out, 0o600, force)
				if err := checkOut(place); err != nil {
					return err
				}
				return a.backup(ctx, c, password, place, withKeys)
			}
		},
	}
}

func (a *app) backup(
	ctx context.Context, c *daemon, password *passwordFlags, out atomicfile.Place, withKeys bool,
) error {
	if err := c.reach(ctx); err != nil {
		return err
	}
	typed, err := a.readPassword(password, "Password for the backup", true)
	if err != nil {
		return err
	}
	defer clear(typed)
	written, err := api.AccountBackup.Call(ctx, c, api.BackupAccountArgs{
		Password: api.NewSecret(typed), WithKeys: &withKeys,
	})
	if err != nil {
		return err
	}
	if err := a.fetch(ctx, written.Path, out); err != nil || out.Path == toStdout {
		return err
	}
	written.Path = out.Path
	return a.say(fmt.Sprintf("%s: %d bytes, account %s", out.Path, written.Bytes, written.KeyUID), written)
}

// fetch moves a file that the daemon wrote to where the user wants it.
func (a *app) fetch(ctx context.Context, from string, to atomicfile.Place) error {
	in, err := os.Open(from)
	if err != nil {
		return fail(fault.Permission, fmt.Errorf("the backup is at %s of the daemon's machine, but cannot be read from "+
			"here: %w", from, err))
	}
	defer in.Close()
	if !backup.Recognise(in) { // a daemon elsewhere may name any file of this machine
		return fail(fault.Protocol, fmt.Errorf("the daemon says that the backup is at %s, but there is no backup here", from))
	}
	if to.Path == toStdout {
		if _, err := io.Copy(a.out, in); err != nil {
			return fail(fault.IO, err)
		}
		return fail(fault.IO, os.Remove(from))
	}
	err = syscall.EXDEV
	if !atomicfile.IsStream(to.Path) {
		err = to.Move(from)
	}
	if errors.Is(err, syscall.EXDEV) {
		ctx, stop := interruptible(ctx)
		defer stop()
		if err = copyFile(ctx, in, to); err == nil {
			return fail(fault.IO, os.Remove(from))
		}
	}
	if err != nil {
		return cannotCreate(fmt.Errorf("%w; the backup is at %s", err, from))
	}
	return nil
}

// copyFile writes a file that appears when it is whole.
func copyFile(ctx context.Context, in io.Reader, to atomicfile.Place) error {
	out, err := to.Create(ctx)
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Commit()
}

// restoreFlags say what to restore, and what the backup lacks.
type restoreFlags struct {
	config                      *configFlags
	in                          string
	password, account           *passwordFlags
	mnemonic, privateKey        string
	language                    string
	same, light, legacy, noPass bool
}

func (a *app) restoreCommand() frame.Command {
	return frame.Command{
		Use: "restore --in FILE --dir DIRECTORY", Short: "Make a data directory of a backup",
		Long: `Makes a data directory of a backup. It must not exist, or be empty; it appears as
a whole, or not at all.

The restored copy is a new installation of the account, with a node key of its
own, so that the original may go on living. --same-installation says that the
original is gone for good: then both stay as they were.

A backup without keys needs the phrase (typed, or --mnemonic-file) or the
private key (--key-file) of the account, and a new password for it.`,
		Build: func(fs *frame.Flags) frame.Run {
			f := &restoreFlags{config: &configFlags{fs: fs}}
			fs.Var(&f.config.dir, "dir", "data directory to make (default $HOME/.statusd)")
			fs.Var(&f.in, "in", "backup to read (-: standard input)")
			f.password = addPasswordFlags(fs, "", "of the backup")
			f.account = addPasswordFlags(fs, "account-", "that the account gets, if the backup is without keys")
			fs.Var(&f.mnemonic, "mnemonic-file", "file with the phrase, if the backup is without keys")
			fs.Var(&f.language, "language", languageUsage).Complete(languages)
			fs.Var(&f.privateKey, "key-file", "file with the private key, if the backup is without keys")
			fs.Var(&f.same, "same-installation", "the original is gone for good: keep its installation id")
			fs.Var(&f.light, "light-kdf", "make the new password cheap to check")
			fs.Var(&f.legacy, "legacy-chat-key", "for accounts of Status apps older than multi-account")
			fs.Var(&f.noPass, "no-password", "leave the account unprotected, if the backup is without keys")
			return func(context.Context, []string) error { return a.restore(f) }
		},
	}
}

func (a *app) restore(f *restoreFlags) error {
	syscall.Umask(0o077)
	if f.in == "" {
		return usageError(errors.New("missing flag: --in, the backup to read"))
	}
	loaded, err := f.config.load()
	if err != nil {
		return err
	}
	if err := profile.CheckRoom(loaded.Config.DataDir); err != nil {
		return err
	}
	in := a.in
	if f.in != "-" {
		file, err := os.Open(f.in)
		if err != nil {
			return fail(fault.NoInput, err)
		}
		defer file.Close()
		in = file
	}
	typed, err := a.readPassword(f.password, "Password of the backup", false)
	if err != nil {
		return err
	}
	defer clear(typed)
	p, err := kdf.NewPassword(typed)
	if err != nil {
		return fail(fault.BadInput, err)
	}
	defer p.Wipe()
	dir := loaded.Config.DataDir
	done, err := profile.Restore(profile.RestoreOptions{
		Backup: in, Password: p, Dir: dir, SameInstallation: f.same, Now: time.Now(),
		Keys: func(uid key.UID) (profile.Keys, error) { return a.keysFor(f, uid) },
	})
	if err != nil {
		return err
	}
	if a.output == outputJSON {
		return fail(fault.IO, a.printJSON(api.RestoredAccount{
			KeyUID: done.UID.String(), Name: done.Name, Time: done.Time.Unix(), WithKeys: done.WithKeys, Dir: dir,
		}))
	}
	fmt.Fprintf(a.out, "%s: account %s as of %s\n", dir, done.UID, done.Time.Format(time.DateTime))
	return nil
}

// keysFor reads the keys that a backup lacks, and a new password.
func (a *app) keysFor(f *restoreFlags, uid key.UID) (profile.Keys, error) {
	if f.mnemonic == "" && f.privateKey == "" {
		if _, ok := a.terminal(); !ok {
			return profile.Keys{}, usageError(errors.New("the backup is without keys: give --mnemonic-file or --key-file"))
		}
		fmt.Fprintf(a.err, "The backup is without keys. Type the phrase of the account %s.\n", uid)
	}
	k := profile.Keys{Cost: kdf.Standard()}
	if f.light {
		k.Cost = kdf.Light()
	}
	var err error
	if f.privateKey != "" {
		text, err := a.readSecretText(f.privateKey, "Private key")
		if err != nil {
			return k, err
		}
		private, err := key.ParsePrivate([]byte(strings.TrimSpace(text)))
		if err != nil {
			return k, fail(fault.BadInput, err)
		}
		k.Keys = accounts.FromPrivateKey(private)
	} else if err = a.phraseFor(f, &k); err != nil {
		return k, err
	}
	if k.Keys.UID != uid { // before a password is typed
		return k, profile.ErrOtherKeys
	}
	var typed []byte
	if !f.noPass {
		if typed, err = a.readPassword(f.account, "New password of the account", true); err != nil {
			return k, err
		}
		defer clear(typed)
		if len(typed) == 0 {
			return k, usageError(profile.ErrEmptyPassword)
		}
	}
	k.Password, err = kdf.NewPassword(typed)
	return k, err
}

func (a *app) phraseFor(f *restoreFlags, k *profile.Keys) error {
	text, err := a.readSecretText(f.mnemonic, "Phrase")
	if err != nil {
		return err
	}
	parse := mnemonic.Parse
	if f.language != "" {
		language, ok := mnemonic.ParseLanguage(f.language)
		if !ok {
			return usageError(fmt.Errorf("--language: %q is not the language of a list", f.language))
		}
		parse = func(text []byte) (mnemonic.Phrase, error) { return mnemonic.ParseIn(language, text) }
	}
	if k.Phrase, err = parse([]byte(text)); err != nil {
		return fail(fault.BadInput, err)
	}
	k.Keys, err = accounts.FromPhrase(k.Phrase, nil, f.legacy)
	return err
}
