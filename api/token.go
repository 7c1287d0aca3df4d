package api

import "time"

// NewToken is a token that was made.
type NewToken struct {
	Token string `json:"token"`
}

// TokenInfo is a token in a list.
type TokenInfo struct {
	Name    string     `json:"name"`
	Scopes  []Scope    `json:"scopes"`
	Account string     `json:"account,omitempty"` // 0x key-uid of the only account it is for
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
}

// Arguments of methods about tokens.
type (
	// TokenAddArgs are those of admin_tokenAdd.
	TokenAddArgs struct {
		Name             string  `json:"name" doc:"to tell tokens apart"`
		Scopes           []Scope `json:"scopes" doc:"what it allows"`
		Account          *string `json:"account" doc:"key-uid of the only account it is for; left out: any"`
		ExpiresInSeconds *int64  `json:"expiresInSeconds" doc:"left out: never"`
	}
	// TokenArgs name a token.
	TokenArgs struct {
		Name string `json:"name" doc:"of the token"`
	}
)

// exampleToken makes the token of the examples.
var exampleToken = []Call{{Method: "admin_tokenAdd", Params: `["bot",["read","send"]]`}}

// Methods that make and end tokens.
var (
	AdminTokenAdd = Method[TokenAddArgs, NewToken]{
		Name: "admin_tokenAdd", Scope: ScopeAdmin, Secret: true, Slow: true, Returns: "the token",
		Summary: "Makes a token for HTTP and WebSocket. It is shown this once; the daemon keeps its hash alone.",
		Errors:  []Code{CodeExists},
		Example: Example{
			Params: `["echo-bot",["read","send","events"],null,7776000]`, Result: `{"token":"` + exampleRandom + `"}`,
		},
	}
	AdminTokenList = Method[None, []TokenInfo]{
		Name: "admin_tokenList", Scope: ScopeAdmin,
		Summary: "Lists the tokens that were made, without the one in the data directory.",
		Returns: "expires is left out for a token that does not expire",
		Example: Example{
			Setup: exampleToken, Params: `[]`,
			Result: `[{"name":"bot","scopes":["read","send"],"created":"2020-11-28T00:00:00Z"}]`,
		},
	}
	AdminTokenRevoke = Method[TokenArgs, None]{
		Name: "admin_tokenRevoke", Scope: ScopeAdmin, Slow: true, Returns: "null",
		Summary: "Ends a token at once, with the connections that it opened.", Errors: []Code{CodeUnknownObject},
		Example: Example{Setup: exampleToken, Params: `["bot"]`, Result: `null`},
	}
)

func tokenMethods() []Described {
	return []Described{
		AdminTokenAdd, AdminTokenList, AdminTokenRevoke,
	}
}
