package rpc

import "statusd/api"

// methods make, open and keep accounts.
func (a *accountAPI) methods() []method {
	return []method{
		bind(api.AccountCreate, a.create),
		bind(api.AccountImportMnemonic, a.importMnemonic),
		bind(api.AccountImportKey, a.importKey),
		bind(api.AccountImportKeystore, a.importKeystore),
		bind(api.StatusSignup, a.signUp),
		bind(api.AccountLogin, a.login),
		bind(api.AccountVerifyPassword, a.verifyPassword),
		bind(api.AccountChangePassword, a.changePassword),
		bind(api.AccountExport, a.export),
		bind(api.AccountBackup, a.backup),
		bind(api.StatusLogin, a.signIn),
		bind(api.AccountList, a.list),
		bind(api.AccountLogout, a.logout),
		bind(api.AccountConfirmBackup, a.confirmBackup),
		bind(api.AccountDelete, a.delete),
		bind(api.AccountCheckDatabase, a.checkDatabase),
		bind(api.AccountVacuumDatabase, a.vacuumDatabase),
	}
}

// methods make and end tokens.
func (a *tokenAPI) methods() []method {
	return []method{
		bind(api.AdminTokenAdd, a.add),
		bind(api.AdminTokenList, a.list),
		bind(api.AdminTokenRevoke, a.revoke),
	}
}

// methods of the namespace key.
func (a *keyAPI) methods() []method {
	return []method{
		bind(api.KeyValidateMnemonic, a.validateMnemonic),
		bind(api.KeyInspect, a.inspect),
		bind(api.KeyConvert, a.convert),
	}
}
