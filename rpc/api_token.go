package rpc

import (
	"context"
	"time"

	"statusd/api"
)

// maxTokenLife bounds how long a token that ends may last, in seconds.
const maxTokenLife = 100 * 365 * 24 * 3600

// tokenAPI makes and ends tokens.
type tokenAPI struct{ server *Server }

func (a *tokenAPI) add(ctx context.Context, in api.TokenAddArgs) (api.NewToken, error) {
	invalid := func(format string, args ...any) error {
		return api.NewError(api.CodeInvalidParams, format, args...)
	}
	if in.Name == "" || len(in.Name) > maxTokenName {
		return api.NewToken{}, invalid("the name of a token has 1 to %d bytes", maxTokenName)
	}
	g := &grant{name: in.Name}
	var err error
	if g.scopes, err = parseScopes(in.Scopes); err != nil {
		return api.NewToken{}, invalid("%s", err)
	}
	c := callFrom(ctx).caller
	if missing := g.scopes &^ c.scopes; missing != 0 {
		return api.NewToken{}, api.NewError(api.CodeScope, "a token cannot give scopes that the caller lacks: %v",
			missing.names()).WithHint("call it over the unix socket")
	}
	if g.account, err = accountOf(orZero(in.Account)); err != nil {
		return api.NewToken{}, err
	}
	if g.account != "" && g.scopes&(scopeAccount|scopeAdmin|scopeDebug) != 0 {
		return api.NewToken{}, invalid("a token of one account cannot have the scopes account, admin and debug, " +
			"which are about all of the daemon")
	}
	now := time.Now()
	if s := in.ExpiresInSeconds; s != nil {
		if *s < 1 || *s > maxTokenLife {
			return api.NewToken{}, invalid("expiresInSeconds is %d, want 1 to %d", *s, maxTokenLife)
		}
		g.expires = now.Add(time.Duration(*s) * time.Second).UTC().Truncate(time.Second)
	}
	text, err := a.server.tokens.add(g, now)
	return api.NewToken{Token: text}, err
}

func (a *tokenAPI) list(context.Context, api.None) ([]api.TokenInfo, error) {
	out := []api.TokenInfo{}
	for _, g := range a.server.tokens.list() {
		t := api.TokenInfo{Name: g.name, Scopes: g.scopes.names(), Account: g.account, Created: g.created}
		if !g.expires.IsZero() {
			t.Expires = &g.expires
		}
		out = append(out, t)
	}
	return out, nil
}

func (a *tokenAPI) revoke(_ context.Context, in api.TokenArgs) (api.None, error) {
	if err := a.server.tokens.revoke(in.Name); err != nil {
		return api.None{}, err
	}
	a.server.endSessions()
	return api.None{}, nil
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
