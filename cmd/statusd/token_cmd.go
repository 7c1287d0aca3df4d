package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"statusd/api"
	"statusd/cmd/statusd/frame"
	"statusd/fault"
)

// tokenCommand is what is done with tokens through the daemon.
func (a *app) tokenCommand() frame.Command {
	group := a.call(frame.Command{
		Use: "token", Short: "List tokens for programs that call over HTTP; make or revoke one",
		Long: `Works on the tokens of the running daemon. Who calls over HTTP or WebSocket needs
one. The token in the file rpc-token of the data directory may do nearly
everything; a program should get one of its own that may do no more than it has
to, and that can be revoked.

Scopes: read, send, events (named consumers of the event log), contacts, account
(log in, export), admin (peers, stop), debug (keys). What a token makes belongs
to it: filters, keys, consumers.`,
		Commands: []frame.Command{
			a.tokenAdd(),
			{
				Use: "revoke NAME", Short: "End a token at once, with the connections that it opened",
				Args: frame.Exactly(1, "the name of the token; see: statusd token list"),
				Build: func(fs *frame.Flags) frame.Run {
					c := a.newClient(fs, time.Minute)
					fs.CompleteArgs(c.tokens())
					return func(ctx context.Context, args []string) error {
						return done(api.AdminTokenRevoke.Call(ctx, c, api.TokenArgs{Name: args[0]}))
					}
				},
			},
		},
	}, a.listTokens)
	return listing(group, "List the tokens that were made")
}

// joined writes words, one after the other.
func joined[T ~string](words []T, between string) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, between)
}

func (a *app) tokenAdd() frame.Command {
	return frame.Command{
		Use: "add --name NAME --scope SCOPE[,SCOPE…]", Short: "Make a token, and show it this once",
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			var name, account, expires string
			var scope []string
			fs.Var(&name, "name", "to tell tokens apart")
			fs.List(&scope, "scope", "what it may do: "+joined(api.Scopes(), ", ")).Complete(frame.OneOf(api.Scopes()...))
			fs.Var(&account, "account", "key-uid of the only account it is for").Complete(c.accounts())
			fs.Var(&expires, "expires", "how long it is valid, as 90d or 12h; never ends if left out")
			return func(ctx context.Context, _ []string) error {
				if name == "" || len(scope) == 0 {
					return usageError(errors.New("give the token a --name and at least one --scope"))
				}
				add := api.TokenAddArgs{Name: name}
				for _, s := range scope {
					add.Scopes = append(add.Scopes, api.Scope(s))
				}
				if account != "" {
					add.Account = &account
				}
				if expires != "" {
					d, err := parseLifetime(expires)
					if err != nil {
						return usageError(fmt.Errorf("--expires %q: %w", expires, err))
					}
					add.ExpiresInSeconds = new(int64(d / time.Second))
				}
				return a.addToken(ctx, c, add)
			}
		},
	}
}

func (a *app) addToken(ctx context.Context, c *daemon, add api.TokenAddArgs) error {
	made, err := api.AdminTokenAdd.Call(ctx, c, add)
	if err != nil {
		return err
	}
	if a.output == outputJSON {
		return fail(fault.IO, a.printJSON(made))
	}
	fmt.Fprintln(a.out, made.Token)
	fmt.Fprintln(a.err, "The daemon does not keep the token: it is shown this once.")
	return nil
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

func (a *app) listTokens(ctx context.Context, c *daemon, _ []string) error {
	list, err := api.AdminTokenList.Call(ctx, c, api.None{})
	if err != nil {
		return err
	}
	return printList(a, list, "there are no tokens yet; make one with: statusd token add",
		frame.Col("NAME", func(t api.TokenInfo) string { return t.Name }),
		frame.Col("SCOPES", func(t api.TokenInfo) string { return joined(t.Scopes, ",") }),
		frame.IDs("ACCOUNT", func(t api.TokenInfo) string { return cmp.Or(t.Account, "any") }),
		frame.Col("EXPIRES", func(t api.TokenInfo) string {
			if t.Expires == nil {
				return "never"
			}
			return t.Expires.Local().Format(time.DateTime)
		}),
	)
}
