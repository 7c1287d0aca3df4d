package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"statusd/cmd/statusd/frame"
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
						return c.call(ctx, nil, "admin_tokenRevoke", args[0])
					}
				},
			},
		},
	}, a.listTokens)
	return listing(group, "List the tokens that were made")
}

// scopes are what tokens may do.
func scopes() []string {
	return []string{"read", "send", "events", "contacts", "account", "admin", "debug"}
}

func (a *app) tokenAdd() frame.Command {
	return frame.Command{
		Use: "add --name NAME --scope SCOPE[,SCOPE…]", Short: "Make a token, and show it this once",
		Build: func(fs *frame.Flags) frame.Run {
			c := a.newClient(fs, time.Minute)
			var name, account, expires string
			var scope []string
			fs.Var(&name, "name", "to tell tokens apart")
			fs.List(&scope, "scope", "what it may do: read, send, events, contacts, account, admin, debug").Complete(
				frame.OneOf(scopes()...))
			fs.Var(&account, "account", "key-uid of the only account it is for").Complete(c.accounts())
			fs.Var(&expires, "expires", "how long it is valid, as 90d or 12h; never ends if left out")
			return func(ctx context.Context, _ []string) error {
				if name == "" || len(scope) == 0 {
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
				return a.addToken(ctx, c, name, scope, only, seconds)
			}
		},
	}
}

func (a *app) addToken(ctx context.Context, c *client, name string, scope []string, only, seconds any) error {
	var raw json.RawMessage
	if err := c.call(ctx, &raw, "admin_tokenAdd", name, scope, only, seconds); err != nil {
		return err
	}
	if a.output == outputJSON {
		return a.printResult(raw)
	}
	var made struct{ Token string }
	if err := decodeAnswer(raw, &made); err != nil {
		return err
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

// listedToken is a token as the daemon lists it.
type listedToken struct {
	Name    string
	Scopes  []string
	Account string
	Expires *time.Time
}

func (a *app) listTokens(ctx context.Context, c *client, _ []string) error {
	list, err := callList[listedToken](ctx, c, "admin_tokenList")
	if err != nil {
		return err
	}
	return printList(a, list, "there are no tokens yet; make one with: statusd token add",
		frame.Col("NAME", func(t answered[listedToken]) string { return t.Value.Name }),
		frame.Col("SCOPES", func(t answered[listedToken]) string { return strings.Join(t.Value.Scopes, ",") }),
		frame.IDs("ACCOUNT", func(t answered[listedToken]) string { return cmp.Or(t.Value.Account, "any") }),
		frame.Col("EXPIRES", func(t answered[listedToken]) string {
			if t.Value.Expires == nil {
				return "never"
			}
			return t.Value.Expires.Local().Format(time.DateTime)
		}),
	)
}
