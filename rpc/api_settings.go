package rpc

import (
	"context"

	"statusd/api"
	"statusd/messenger"
)

// settingsAPI is what frontends keep with the account.
type settingsAPI struct{ messengers }

// settingsMethods are what frontends of status-go call to keep things.
func (a *settingsAPI) methods() []method {
	return []method{
		bind(api.SettingsSaveSetting, a.saveSetting),
		bind(api.SettingsGetSettings, a.settings),
		bind(api.AccountsGetAccounts, a.walletAccounts),
		bind(api.AccountsSaveAccounts, a.saveWalletAccounts),
		bind(api.AccountsDeleteAccount, a.deleteWalletAccount),
	}
}

// elsewhere are settings of status-go that are something else here.
func elsewhere(setting string) (hint string) {
	switch setting {
	case "mnemonic":
		return api.AccountExport.Name + " shows the phrase, and " + api.AccountConfirmBackup.Name + " removes it"
	case "installation-id":
		return api.WakuextGetOurInstallations.Name + " lists it; it cannot be changed"
	case "fleet", "log-level", "custom-bootnodes", "networks/networks":
		return "it belongs to the configuration of the daemon"
	}
	return ""
}

func (a *settingsAPI) saveSetting(ctx context.Context, in api.SaveSettingArgs) (api.None, error) {
	if hint := elsewhere(in.Name); hint != "" {
		return api.None{}, api.NewError(api.CodeInvalidParams, "%q is no setting of a frontend here", in.Name).
			WithHint("%s", hint)
	}
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Settings().Save(ctx, in.Name, in.Value) })
}

func (a *settingsAPI) settings(ctx context.Context, _ api.None) (map[string]api.JSON, error) {
	return ask(a.messengers, func(m *messenger.Messenger) (map[string]api.JSON, error) { return m.Settings().All(ctx) })
}

func (a *settingsAPI) walletAccounts(ctx context.Context, _ api.None) ([]api.WalletAccount, error) {
	return ask(a.messengers, func(m *messenger.Messenger) ([]api.WalletAccount, error) {
		return m.Settings().Accounts(ctx)
	})
}

func (a *settingsAPI) saveWalletAccounts(ctx context.Context, in api.SaveWalletAccountsArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Settings().SaveAccounts(ctx, in.Accounts) })
}

func (a *settingsAPI) deleteWalletAccount(ctx context.Context, in api.WalletAccountArgs) (api.None, error) {
	return tell(a.messengers, func(m *messenger.Messenger) error { return m.Settings().DeleteAccount(ctx, in.Address) })
}

// replaced are methods of status-go in these namespaces that this daemon has
// under another name.
func replaced(name string) (hint string, ok bool) {
	if name == "multiaccounts_updateAccount" {
		return "an account gets its name when it is made, from " + api.AccountCreate.Name + " and others; see " +
			api.AccountList.Name, true
	}
	switch namespace(name) {
	case "settings":
		return "frontends keep things with " + api.SettingsSaveSetting.Name + " and " + api.SettingsGetSettings.Name, true
	case "accounts":
		return "frontends keep accounts of a wallet with " + api.AccountsSaveAccounts.Name + "; those of the daemon are " +
			"in account_*", true
	case "multiaccounts":
		return "the accounts of the daemon are in account_*: " + api.AccountList.Name + ", " + api.AccountLogin.Name, true
	}
	return "", false
}
