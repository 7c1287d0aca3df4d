package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// accountCommand groups what is done with accounts through the daemon.
func (a *app) accountCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "account", Short: "Create, open and keep accounts",
		Long: `Works on the accounts of the running daemon. Passwords, phrases and private keys
are asked for on the terminal, or read from files, file descriptors, commands or
the environment; they are never arguments, which other users can see.

A password is looked for in this order: --password-fd, --password-file,
--password-cmd, the systemd credential statusd-password, the file named by
STATUSD_PASSWORD_FILE, STATUSD_PASSWORD, the terminal.`,
		RunE: needSubcommand,
	}
	cmd.AddCommand(a.accountCreate(), a.accountImport(), a.accountList(), a.accountLogin(), a.accountLogout(),
		a.accountPasswd(), a.accountVerify(), a.accountExport(), a.accountDelete(), a.accountConfirm())
	return cmd
}

// atMostAccount takes the name of an account or nothing.
func atMostAccount(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError(fmt.Errorf("unexpected argument %q", args[1]))
	}
	return nil
}

// made is the answer of calls that make an account.
type made struct {
	KeyUID    string `json:"keyUid"`
	PublicKey string `json:"publicKey"`
	Key       string `json:"compressedKey"`
	Address   string `json:"address"`
	Mnemonic  string `json:"mnemonic"`
}

// printMade shows a new account.
func (a *app) printMade(raw json.RawMessage) error {
	if a.output == outputJSON {
		return a.printResult(raw)
	}
	var m made
	if err := json.Unmarshal(raw, &m); err != nil {
		return fail(exitProtocol, err)
	}
	fmt.Fprintf(a.out, "key-uid   %s\nchat key  %s\naddress   %s\n", m.KeyUID, m.Key, m.Address)
	if m.Mnemonic != "" {
		fmt.Fprintf(a.out, "phrase    %s\n", m.Mnemonic)
		fmt.Fprintln(a.err, "Write the phrase down: who has it has the account, and nothing else brings it back.\n"+
			"Once it is in a safe place: statusd account login, then statusd account confirm-backup")
	}
	return nil
}

func (a *app) accountCreate() *cobra.Command {
	var c *client
	var password *passwordFlags
	var name string
	var words int
	var none bool
	cmd := &cobra.Command{
		Use: "create", Short: "Make an account from a new phrase, and show the phrase", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.reach(cmd.Context()); err != nil {
				return err
			}
			typed, err := a.newPassword(password, none)
			if err != nil {
				return err
			}
			defer clear(typed)
			var raw json.RawMessage
			err = c.call(cmd.Context(), &raw, "account_create", string(typed), name, words, nil, none)
			if err != nil {
				return err
			}
			return a.printMade(raw)
		},
	}
	c = a.newClient(cmd, time.Minute)
	password = addPasswordFlags(cmd.Flags(), "", "of the new account")
	cmd.Flags().StringVar(&name, "name", "", "to tell accounts apart")
	cmd.Flags().IntVar(&words, "words", 12, "of the phrase: 12, 15, 18, 21 or 24")
	cmd.Flags().BoolVar(&none, "no-password", false, "leave the account unprotected")
	return cmd
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

func (a *app) accountImport() *cobra.Command {
	var c *client
	var password *passwordFlags
	f := &importFlags{}
	cmd := &cobra.Command{
		Use: "import", Short: "Make an account from a phrase, a private key or a key file",
		Long: `Makes an account from a phrase (the default: typed, from --mnemonic-file or from
standard input), from a private key (--key-file) or from a key file of this
program, of geth or of a Status app (--keystore-file).`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.reach(cmd.Context()); err != nil {
				return err
			}
			method, params, err := a.importParams(f)
			if err != nil {
				return err
			}
			typed, err := a.newPassword(password, f.none)
			if err != nil {
				return err
			}
			defer clear(typed)
			var raw json.RawMessage
			if err := c.call(cmd.Context(), &raw, method, params(string(typed))...); err != nil {
				return err
			}
			return a.printMade(raw)
		},
	}
	c = a.newClient(cmd, time.Minute)
	set := cmd.Flags()
	password = addPasswordFlags(set, "", "of the new account")
	f.file = addPasswordFlags(set, "file-", "of the key file")
	set.StringVar(&f.name, "name", "", "to tell accounts apart")
	set.StringVar(&f.mnemonic, "mnemonic-file", "", "file with the phrase (-: standard input)")
	set.StringVar(&f.language, "language", "", "of the phrase, such as french; needed only if it is valid in several")
	set.StringVar(&f.privateKey, "key-file", "", "file with a private key in hex (-: standard input)")
	set.StringVar(&f.keystore, "keystore-file", "", "key file")
	set.BoolVar(&f.none, "no-password", false, "leave the account unprotected")
	set.BoolVar(&f.unchecked, "allow-invalid-mnemonic", false, "take the phrase exactly as it is, without any check")
	set.BoolVar(&f.legacy, "legacy-chat-key", false, "for accounts of Status apps older than multi-account")
	return cmd
}

// importParams reads what is imported and returns the call for it.
func (a *app) importParams(f *importFlags) (method string, params func(password string) []any, err error) {
	given := 0
	for _, file := range []string{f.mnemonic, f.privateKey, f.keystore} {
		if file != "" {
			given++
		}
	}
	if given > 1 {
		return "", nil, usageError(errors.New("give one of --mnemonic-file, --key-file and --keystore-file"))
	}
	switch {
	case f.privateKey != "":
		text, err := a.readSecretText(f.privateKey, "Private key")
		return "account_importKey", func(p string) []any {
			return []any{strings.TrimSpace(text), p, f.name, f.none}
		}, err
	case f.keystore != "":
		text, err := a.readSecretText(f.keystore, "Key file")
		if err != nil {
			return "", nil, err
		}
		typed, err := a.readPassword(f.file, "Password of the key file", false)
		return "account_importKeystore", func(p string) []any { return []any{text, string(typed), p, f.name, f.none} }, err
	}
	text, err := a.readSecretText(f.mnemonic, "Phrase")
	return "account_importMnemonic", func(p string) []any {
		return []any{text, p, nil, f.name, f.unchecked, f.legacy, f.none, f.language}
	}, err
}

func (a *app) accountList() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "list", Short: "List the accounts", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var raw []json.RawMessage
			if err := c.call(cmd.Context(), &raw, "account_list"); err != nil {
				return err
			}
			if a.output == outputJSON {
				for _, line := range raw {
					if err := a.printResult(line); err != nil {
						return err
					}
				}
				return nil
			}
			table := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
			for _, line := range raw {
				var l listed
				if err := json.Unmarshal(line, &l); err != nil {
					return fail(exitProtocol, err)
				}
				state := "never logged in"
				switch {
				case l.LoggedIn:
					state = "logged in"
				case l.Damaged:
					state = "account.json is damaged; the next login writes it anew"
				case l.Timestamp > 0:
					state = "last login " + time.Unix(l.Timestamp, 0).Format(time.DateTime)
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", l.KeyUID, l.Key, state, l.Name)
			}
			return table.Flush()
		},
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}

func (a *app) accountLogin() *cobra.Command {
	var c *client
	var password *passwordFlags
	cmd := &cobra.Command{
		Use: "login [ACCOUNT]", Short: "Open an account", Args: atMostAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := c.account(cmd.Context(), args)
			if err != nil {
				return err
			}
			typed, err := a.readPassword(password, "Password", false)
			if err != nil {
				return err
			}
			defer clear(typed)
			var raw json.RawMessage
			if err := c.call(cmd.Context(), &raw, "account_login", l.KeyUID, string(typed)); err != nil {
				return err
			}
			if a.output == outputJSON {
				return a.printResult(raw)
			}
			var in struct{ InstallationID string }
			if err := json.Unmarshal(raw, &in); err != nil {
				return fail(exitProtocol, err)
			}
			fmt.Fprintf(a.out, "key-uid       %s\nchat key      %s\ninstallation  %s\n", l.KeyUID, l.Key, in.InstallationID)
			return nil
		},
	}
	c = a.newClient(cmd, time.Minute)
	password = addPasswordFlags(cmd.Flags(), "", "of the account")
	return cmd
}

func (a *app) accountLogout() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "logout", Short: "Close the account that is logged in", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.call(cmd.Context(), nil, "account_logout") },
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}

func (a *app) accountPasswd() *cobra.Command {
	var c *client
	var old, fresh *passwordFlags
	var none bool
	cmd := &cobra.Command{
		Use: "passwd [ACCOUNT]", Short: "Change the password of an account", Args: atMostAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := c.account(cmd.Context(), args)
			if err != nil {
				return err
			}
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
			return c.call(cmd.Context(), nil, "account_changePassword", l.KeyUID, string(typed), string(next), none)
		},
	}
	c = a.newClient(cmd, time.Minute)
	old = addPasswordFlags(cmd.Flags(), "", "until now")
	fresh = addPasswordFlags(cmd.Flags(), "new-", "from now on")
	cmd.Flags().BoolVar(&none, "no-password", false, "leave the account unprotected from now on")
	return cmd
}

func (a *app) accountVerify() *cobra.Command {
	var c *client
	var password *passwordFlags
	cmd := &cobra.Command{
		Use: "verify [ACCOUNT]", Short: "Check a password: exit code 0 if it is right, 77 if not", Args: atMostAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := c.account(cmd.Context(), args)
			if err != nil {
				return err
			}
			typed, err := a.readPassword(password, "Password", false)
			if err != nil {
				return err
			}
			defer clear(typed)
			right := false
			if err := c.call(cmd.Context(), &right, "account_verifyPassword", l.KeyUID, string(typed)); err != nil {
				return err
			}
			if a.output == outputJSON {
				if err := a.printJSON(right); err != nil {
					return fail(exitIO, err)
				}
			}
			if !right {
				return fail(exitPermission, errors.New("wrong password"))
			}
			return nil
		},
	}
	c = a.newClient(cmd, time.Minute)
	password = addPasswordFlags(cmd.Flags(), "", "to check")
	return cmd
}

func (a *app) accountExport() *cobra.Command {
	var c *client
	var password *passwordFlags
	var format string
	cmd := &cobra.Command{
		Use: "export [ACCOUNT]", Short: "Print the key files or the phrase of an account", Args: atMostAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := c.account(cmd.Context(), args)
			if err != nil {
				return err
			}
			typed, err := a.readPassword(password, "Password", false)
			if err != nil {
				return err
			}
			defer clear(typed)
			var out struct {
				Files    []json.RawMessage `json:"files"`
				Mnemonic string            `json:"mnemonic"`
			}
			if err := c.call(cmd.Context(), &out, "account_export", l.KeyUID, string(typed), format); err != nil {
				return err
			}
			if out.Mnemonic != "" && a.output == outputJSON {
				return fail(exitIO, a.printJSON(map[string]string{"mnemonic": out.Mnemonic}))
			}
			if out.Mnemonic != "" {
				_, err := fmt.Fprintln(a.out, out.Mnemonic)
				return fail(exitIO, err)
			}
			for _, file := range out.Files { // one on each line, in both forms
				if err := a.printJSON(file); err != nil {
					return fail(exitIO, err)
				}
			}
			return nil
		},
	}
	c = a.newClient(cmd, time.Minute)
	password = addPasswordFlags(cmd.Flags(), "", "of the account")
	cmd.Flags().StringVar(&format, "format", "keystore", "keystore (encrypted under the password) or mnemonic")
	return cmd
}

func (a *app) accountDelete() *cobra.Command {
	var c *client
	var yes bool
	cmd := &cobra.Command{
		Use: "delete ACCOUNT", Short: "Delete an account with its keys and messages, for good",
		Args: exactly(1, "the name or key-uid of the account"),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := c.account(cmd.Context(), args)
			if err != nil {
				return err
			}
			if l.LoggedIn {
				return fail(exitCantCreate, errors.New("the account is logged in; log out first: statusd account logout"))
			}
			confirm := l.KeyUID
			if !yes {
				if _, ok := a.terminal(); !ok {
					return usageError(errors.New("give --yes to delete without a question"))
				}
				fmt.Fprintf(a.err, "This deletes %s %s and everything it received. A backup first: statusd backup.\n"+
					"Type the key-uid to go on: ", l.KeyUID, l.Name)
				if confirm, err = bufio.NewReader(a.in).ReadString('\n'); err != nil {
					return fail(exitNoInput, errors.New("nothing was deleted"))
				}
			}
			return c.call(cmd.Context(), nil, "account_delete", l.KeyUID, strings.TrimSpace(confirm))
		},
	}
	c = a.newClient(cmd, time.Minute)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (a *app) accountConfirm() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "confirm-backup [ACCOUNT]", Short: "Say that the phrase is written down, and remove it from the disk",
		Args: atMostAccount,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := c.account(cmd.Context(), args)
			if err != nil {
				return err
			}
			return c.call(cmd.Context(), nil, "account_confirmBackup", l.KeyUID)
		},
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}
