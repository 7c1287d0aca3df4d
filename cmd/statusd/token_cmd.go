package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// tokenCommand groups what is done with tokens through the daemon.
func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Make and revoke tokens for programs that call over HTTP",
		Long: `Works on the tokens of the running daemon. Who calls over HTTP or WebSocket needs
one. The token in the file rpc-token of the data directory may do nearly
everything; a program should get one of its own that may do no more than it has
to, and that can be revoked.

Scopes: read, send, events (named consumers of the event log), contacts, account
(log in, export), admin (peers, stop), debug (keys). What a token makes belongs
to it: filters, keys, consumers.`,
		RunE: needSubcommand,
	}
	cmd.AddCommand(a.tokenAdd(), a.tokenList(), a.tokenRevoke())
	return cmd
}

func (a *app) tokenAdd() *cobra.Command {
	var c *client
	var name, account, expires string
	var scopes []string
	cmd := &cobra.Command{
		Use: "add --name NAME --scope SCOPE[,SCOPE…]", Short: "Make a token, and show it this once", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if name == "" || len(scopes) == 0 {
				return usageError(errors.New("give the token a --name and at least one --scope"))
			}
			var only, seconds any
			if account != "" {
				only = account
			}
			if expires != "" {
				d, err := parseLifetime(expires)
				if err != nil {
					return usageError(fmt.Errorf("--expires %q: %w", expires, err))
				}
				seconds = int64(d / time.Second)
			}
			var raw json.RawMessage
			if err := c.call(cmd.Context(), &raw, "admin_tokenAdd", name, scopes, only, seconds); err != nil {
				return err
			}
			if a.output == outputJSON {
				return a.printResult(raw)
			}
			var made struct{ Token string }
			if err := json.Unmarshal(raw, &made); err != nil {
				return fail(exitProtocol, err)
			}
			fmt.Fprintln(a.out, made.Token)
			fmt.Fprintln(a.err, "The daemon does not keep the token: it is shown this once.")
			return nil
		},
	}
	c = a.newClient(cmd, time.Minute)
	cmd.Flags().StringVar(&name, "name", "", "to tell tokens apart")
	cmd.Flags().StringSliceVar(&scopes, "scope", nil,
		"what it may do: read, send, events, contacts, account, admin, debug")
	cmd.Flags().StringVar(&account, "account", "", "key-uid of the only account it is for")
	cmd.Flags().StringVar(&expires, "expires", "", "how long it is valid, as 90d or 12h; never ends if left out")
	return cmd
}

var errLifetime = errors.New("want a time such as 90d or 12h")

// parseLifetime reads days, or a duration of Go.
func parseLifetime(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		if n > int(100*365) {
			return 0, errLifetime
		}
		d = time.Duration(n) * day
	}
	if err != nil || d < time.Second {
		return 0, errLifetime
	}
	return d, nil
}

func (a *app) tokenList() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "list", Short: "List the tokens that were made", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var raw json.RawMessage
			if err := c.call(cmd.Context(), &raw, "admin_tokenList"); err != nil {
				return err
			}
			if a.output == outputJSON {
				return a.printResult(raw)
			}
			var list []struct {
				Name    string
				Scopes  []string
				Account string
				Expires *time.Time
			}
			if err := json.Unmarshal(raw, &list); err != nil {
				return fail(exitProtocol, err)
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			for _, t := range list {
				expires, account := "never", t.Account
				if t.Expires != nil {
					expires = t.Expires.Local().Format(time.DateTime)
				}
				if account == "" {
					account = "any"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.Name, strings.Join(t.Scopes, ","), account, expires)
			}
			return fail(exitIO, w.Flush())
		},
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}

func (a *app) tokenRevoke() *cobra.Command {
	var c *client
	cmd := &cobra.Command{
		Use: "revoke NAME", Short: "End a token at once, with the connections that it opened",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError(errors.New("give the name of one token; see: statusd token list"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.call(cmd.Context(), nil, "admin_tokenRevoke", args[0])
		},
	}
	c = a.newClient(cmd, time.Minute)
	return cmd
}
