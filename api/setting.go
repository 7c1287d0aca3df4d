package api

// MaxNotes and MaxNoteBytes bound what frontends keep at an account, settings
// and wallet accounts each: how many, and their bytes together.
const (
	MaxNotes     = 1000
	MaxNoteBytes = 1 << 20
)

// WalletAccount is an account of a wallet as frontends of status-go keep them.
// It means nothing to the daemon, which has no wallet.
type WalletAccount struct {
	Address   string `json:"address"` // 0x and 40 hex digits
	Wallet    bool   `json:"wallet"`  // it is the first of the wallet
	Chat      bool   `json:"chat"`    // it is that of the chat key
	Type      string `json:"type,omitempty"`
	Storage   string `json:"storage,omitempty"`
	Path      string `json:"path,omitempty"`
	PublicKey string `json:"public-key,omitempty"`
	Name      string `json:"name"`
	Color     string `json:"color"`
}

// Arguments of methods about what frontends keep.
type (
	// SaveSettingArgs are those of settings_saveSetting.
	SaveSettingArgs struct {
		Name  string `json:"name" doc:"1 to 128 bytes"`
		Value *JSON  `json:"value" doc:"any value; null or left out: the setting goes"`
	}
	// SaveWalletAccountsArgs are those of accounts_saveAccounts.
	SaveWalletAccountsArgs struct {
		Accounts []WalletAccount `json:"accounts" doc:"to add, or to put in the place of older ones"`
	}
	// WalletAccountArgs name an account of a wallet.
	WalletAccountArgs struct {
		Address string `json:"address" doc:"0x and 40 hex digits"`
	}
)

const exampleWallet = `{"address":"` + exampleAddress +
	`","wallet":true,"chat":false,"name":"wallet","color":"#4360df"}`

// Methods that frontends of status-go call to keep things of their own.
var (
	SettingsSaveSetting = Method[SaveSettingArgs, None]{
		Name: "settings_saveSetting", Scope: ScopeAccount, Account: true, Returns: "null",
		Summary: "Keeps a setting of a frontend with the account: at most 1000, 1 MiB together. The daemon's own " +
			"configuration is another thing.",
		Errors:  []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleLogin, Params: `["currency","eur"]`, Result: `null`},
	}
	SettingsGetSettings = Method[None, map[string]JSON]{
		Name: "settings_getSettings", Scope: ScopeRead, Account: true,
		Summary: "Lists the settings that frontends keep with the account, and the account's public key.",
		Returns: "values by the names of the settings",
		Errors:  []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleLogin, Params: `[]`, Result: `{"public-key":"` + examplePublicKey + `"}`},
	}
	AccountsGetAccounts = Method[None, []WalletAccount]{
		Name: "accounts_getAccounts", Scope: ScopeRead, Account: true,
		Summary: "Lists the accounts of a wallet that frontends keep with the account; that of the chat key is always " +
			"among them.",
		Errors: []Code{CodeNotLoggedIn},
		Example: Example{
			Setup: exampleLogin, Params: `[]`,
			Result: `[{"address":"` + exampleAddress + `","wallet":false,"chat":true,"public-key":"` + examplePublicKey +
				`","name":"","color":""}]`,
		},
	}
	AccountsSaveAccounts = Method[SaveWalletAccountsArgs, None]{
		Name: "accounts_saveAccounts", Scope: ScopeAccount, Account: true, Returns: "null",
		Summary: "Keeps accounts of a wallet with the account, for frontends: at most 1000, 1 MiB together. No keys are " +
			"made or kept.",
		Errors:  []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleLogin, Params: `[[` + exampleWallet + `]]`, Result: `null`},
	}
	AccountsDeleteAccount = Method[WalletAccountArgs, None]{
		Name: "accounts_deleteAccount", Scope: ScopeAccount, Account: true, Returns: "null",
		Summary: "Forgets an account of a wallet that a frontend kept. Accounts of the daemon: account_delete.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{
			Setup: []Call{
				{Method: "account_importKey", Params: exampleImport}, {Method: "account_login", Params: exampleOpen},
				{Method: "accounts_saveAccounts", Params: `[[` + exampleWallet + `]]`},
			},
			Params: `["` + exampleAddress + `"]`, Result: `null`,
		},
	}
)

func settingMethods() []Described {
	return []Described{
		SettingsSaveSetting, SettingsGetSettings, AccountsGetAccounts, AccountsSaveAccounts,
		AccountsDeleteAccount,
	}
}
