package rpc

import (
	"context"
	"errors"
	"time"

	"statusd/rpc/jsonrpc"
)

// maxTokenLife bounds how long a token that ends may last, in seconds.
const maxTokenLife = 100 * 365 * 24 * 3600

// tokenAPI makes and ends tokens.
type tokenAPI struct{ server *Server }

type tokenAddArgs struct {
	Name             string
	Scopes           []string
	Account          *string
	ExpiresInSeconds *int64
}

// newToken is the answer of admin_tokenAdd.
type newToken struct {
	Token string `json:"token"`
}

// tokenInfo is a token in a list.
type tokenInfo struct {
	Name    string     `json:"name"`
	Scopes  []string   `json:"scopes"`
	Account string     `json:"account,omitempty"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
}

func (a *tokenAPI) add(ctx context.Context, in tokenAddArgs) (newToken, error) {
	invalid := func(format string, args ...any) error {
		return jsonrpc.NewError(jsonrpc.CodeInvalidParams, format, args...)
	}
	if in.Name == "" || len(in.Name) > maxTokenName {
		return newToken{}, invalid("the name of a token has 1 to %d bytes", maxTokenName)
	}
	g := &grant{name: in.Name}
	var err error
	if g.scopes, err = parseScopes(in.Scopes); err != nil {
		return newToken{}, invalid("%s", err)
	}
	c := callFrom(ctx).caller
	if missing := g.scopes &^ c.scopes; missing != 0 {
		return newToken{}, jsonrpc.NewError(jsonrpc.CodeScope, "a token cannot give scopes that the caller lacks: %v",
			missing.names()).WithHint("call it over the unix socket")
	}
	if g.account, err = accountOf(orZero(in.Account)); err != nil {
		return newToken{}, err
	}
	if g.account != "" && g.scopes&(scopeAccount|scopeAdmin|scopeDebug) != 0 {
		return newToken{}, invalid("a token of one account cannot have the scopes account, admin and debug, " +
			"which are about all of the daemon")
	}
	now := time.Now()
	if s := in.ExpiresInSeconds; s != nil {
		if *s < 1 || *s > maxTokenLife {
			return newToken{}, invalid("expiresInSeconds is %d, want 1 to %d", *s, maxTokenLife)
		}
		g.expires = now.Add(time.Duration(*s) * time.Second).UTC().Truncate(time.Second)
	}
	text, err := a.server.tokens.add(g, now)
	return newToken{text}, tokenFailure(err)
}

func (a *tokenAPI) list(context.Context) ([]tokenInfo, error) {
	out := []tokenInfo{}
	for _, g := range a.server.tokens.list() {
		t := tokenInfo{Name: g.name, Scopes: g.scopes.names(), Account: g.account, Created: g.created}
		if !g.expires.IsZero() {
			t.Expires = &g.expires
		}
		out = append(out, t)
	}
	return out, nil
}

func (a *tokenAPI) revoke(_ context.Context, name string) (nothing, error) {
	if err := a.server.tokens.revoke(name); err != nil {
		return nil, tokenFailure(err)
	}
	a.server.endSessions()
	return nil, nil
}

func tokenFailure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errTokenExists):
		return jsonrpc.NewError(jsonrpc.CodeExists, "%s", err).WithHint("revoke it first, or choose another name")
	case errors.Is(err, errTokenUnknown):
		return jsonrpc.NewError(jsonrpc.CodeUnknownObject, "%s", err).WithHint("admin_tokenList lists them, as does: " +
			"statusd token list")
	case errors.Is(err, errTokenCount):
		return jsonrpc.NewError(jsonrpc.CodeBusy, "%s", err).WithHint("revoke one that is no longer used")
	}
	return err
}

// methods make and end tokens.
func (a *tokenAPI) methods() []method {
	withToken := []setupCall{setup("admin_tokenAdd", `["bot",["read","send"]]`, "")}
	return []method{
		{
			name: "admin_tokenAdd", scope: scopeAdmin, secret: true, slow: true,
			summary: "Makes a token for HTTP and WebSocket. It is shown this once; the daemon keeps its hash alone.",
			params: []param{
				{"name", "to tell tokens apart"}, {"scopes", "list of " + scopeNames},
				{"account", "key-uid of the only account it is for; left out: any"},
				{"expiresInSeconds", "left out: never"},
			},
			result:  "the token",
			example: ex(`["echo-bot",["read","send","events"],null,7776000]`, `{"token":"`+exampleID+`"}`),
			handler: fnArgs(a.add),
		},
		{
			name: "admin_tokenList", scope: scopeAdmin,
			summary: "Lists the tokens that were made, without the one in the data directory.",
			result:  "expires is left out for a token that does not expire",
			example: ex(`[]`, `[{"name":"bot","scopes":["read","send"],"created":"2020-11-28T00:00:00Z"}]`, withToken...),
			handler: fn0(a.list),
		},
		{
			name: "admin_tokenRevoke", scope: scopeAdmin, slow: true,
			summary: "Ends a token at once, with the connections that it opened.",
			params:  []param{{"name", "of the token"}}, result: "null",
			example: ex(`["bot"]`, `null`, withToken...), handler: fn1(a.revoke),
		},
	}
}

// endSessions closes the connections whose token has ended, and removes its
// filters and keys.
func (s *Server) endSessions() {
	s.guests.sweep()
	now := time.Now()
	s.sessions.each(func(sess *session) {
		if sess.caller.grant.over(now) {
			sess.abort(endToken)
		}
	})
}

// endOf returns when the token of a caller expires, as a channel; nil: never.
func endOf(g *grant) (<-chan time.Time, func() bool) {
	left, known := g.left(time.Now())
	if !known {
		return nil, func() bool { return false }
	}
	timer := time.NewTimer(max(0, left))
	return timer.C, timer.Stop
}
