package rpc

import "strings"

// Values that the examples of accounts share.
const (
	examplePassword = "correct horse"
	exampleAccount  = "0x273d624550449a919c2ed286e84db879fc1855db946c442eb782d55b19c3c3cd"
	// exampleOther is the private key of the account exampleGone.
	exampleOther   = "0x1111111111111111111111111111111111111111111111111111111111111111"
	exampleGone    = "0x34d7f0fe7afe22d2be114044d87f928c7f9044b0f104696e51594890f38ccd15"
	examplePhrase  = "legal winner thank year wave sausage worth useful legal winner thank yellow"
	exampleKeyFile = `{"address":"5cbdd86a2fa8dc4bddd8a8f69dba48572eec07fb","id":"c9f9b7e0-0e4f-4a3c-8f7e-1d2c3b` +
		`4a5968","version":3,"crypto":{"cipher":"aes-128-ctr","ciphertext":"8b54a061c1ef9544f4f7454` +
		`73d44be6bfbb9dae3099f7d69ba6373695125ee94","cipherparams":{"iv":"f6d60eaea0c3c81764eca80dc` +
		`83fdaff"},"kdf":"scrypt","kdfparams":{"dklen":32,"salt":"0a0ac5dabdee9536bc0ee4c417ee9d0ae` +
		`0004cda2244e445bfab1d7cc7a140da","n":2,"r":8,"p":1},"mac":"24b49b7f473c1c29b6c0e07d39a75ac` +
		`1fb79f9a27ee32423bfdaecaaec0b27ec"},"extendedkey":{"cipher":"","ciphertext":"","cipherpara` +
		`ms":{"iv":""},"kdf":"","kdfparams":null,"mac":""},"subaccountindex":0}`
	exampleText     = "zQ3shVpA6Vhh2dLoWqZ3fab67kbZS32fqEyMZnmv6Qdjqv586"
	exampleAddress  = "0xA04746Cb069e01e4e7F698904fa0A63834bD0137"
	exampleInstall  = "c9f9b7e0-0e4f-4a3c-8f7e-1d2c3b4a5968"
	exampleImported = `{` + exampleKeys + `,"derived":{}}`
	// exampleKeys begins what describes an account.
	exampleKeys = `"keyUid":"` + exampleAccount + `","publicKey":"` + examplePublicKey + `","compressedKey":"` +
		exampleText + `","address":"` + exampleAddress + `"`
)

// withAccount makes the account of the examples, unless it is there.
func withAccount() []setupCall {
	return []setupCall{setup("account_importKey", `["`+examplePrivateKey+`","`+examplePassword+`","ana"]`, "")}
}

func withLogin() []setupCall {
	return append(withAccount(), setup("account_login", `["`+exampleAccount+`","`+examplePassword+`"]`, ""))
}

// Parameters that several methods have.
func paramUID() param      { return param{"keyUid", "key-uid or name of the account"} }
func paramPassword() param { return param{"password", "password of the account"} }
func paramName() param     { return param{"name", "to tell accounts apart, at most 256 bytes"} }
func paramNoPassword() param {
	return param{"noPassword", "true: take an empty password, which protects nothing"}
}

// secretMethods marks methods that take or give secrets: they answer on the
// socket, over TLS and on loopback. Each may have to derive a key.
func secretMethods(all ...method) []method {
	for i := range all {
		all[i].scope, all[i].secret, all[i].slow, all[i].timeout = scopeAccount, true, true, after(deriveTimeout)
	}
	return all
}

// makingMethods make accounts.
func (a *accountAPI) makingMethods() []method {
	return secretMethods(
		method{
			name: "account_create",
			summary: "Makes an account from a new phrase. The phrase is kept, encrypted, until account_confirmBackup: let " +
				"its owner write it down.",
			params: []param{
				paramPassword(), paramName(), {"words", "of the phrase: 12 (the default), 15, 18, 21 or 24"},
				{"passphrase", "of BIP39, part of the seed; ordinary accounts have none"}, paramNoPassword(),
			},
			result: "the account: its chat key, the phrase, and the keys that have a key file, by their paths",
			example: ex(`["`+examplePassword+`"]`, `{`+exampleKeys+`,"mnemonic":"`+examplePhrase+
				`","derived":{"m/43'/60'/1581'/0'/0":{"publicKey":"`+examplePublicKey+`","address":"`+exampleAddress+`"}}}`),
			handler: fnArgs(a.create),
		},
		method{
			name:    "account_importMnemonic",
			summary: "Makes an account from a phrase. Case, white space, invisible characters and accents do not matter.",
			params: []param{
				{"mnemonic", "the phrase, in any of the official languages"}, {"password", "to protect the account with"},
				{"passphrase", "of BIP39; ordinary accounts have none"}, paramName(),
				{"allowInvalidChecksum", "true: take the text exactly as it is, without any check, as status-go's import did"},
				{"legacyChatKey", "true: the chat key is the first wallet key, as in accounts older than multi-account"},
				paramNoPassword(), {"language", "of the phrase, if it is valid in several: " + languageNames()},
			},
			result:  "as of account_create, without the phrase",
			example: ex(`["`+examplePhrase+`","`+examplePassword+`"]`, exampleImported),
			handler: fnArgs(a.importMnemonic),
		},
		method{
			name:    "account_importKey",
			summary: "Makes an account whose chat key is a given private key. Nothing is derived from it.",
			params: []param{
				{"privateKey", "64 hex digits, with 0x or without"}, {"password", "to protect the account with"}, paramName(),
				paramNoPassword(),
			},
			result:  "as of account_create, without the phrase",
			example: ex(`["0x`+strings.Repeat("2", 64)+`","`+examplePassword+`"]`, exampleImported),
			handler: fnArgs(a.importKey),
		},
		method{
			name:    "account_importKeystore",
			summary: "Makes an account from a key file of this program, of geth or of a Status app.",
			params: []param{
				{"json", "the content of the file, as an object or as a string"},
				{"filePassword", "the file's password as its owner types it"}, {"password", "to protect the account with"},
				paramName(), paramNoPassword(),
			},
			result:  "as of account_create, without the phrase",
			example: ex(`[`+exampleKeyFile+`,"the file's","`+examplePassword+`"]`, exampleImported),
			handler: fnArgs(a.importKeystore),
		},
		method{
			name: "status_signup", summary: "Is account_create in the form of status-go.",
			params: []param{{"request", "password"}},
			result: "address and pubkey are those of the first wallet key",
			example: ex(`[{"password":"`+examplePassword+`"}]`, `{"address":"`+exampleAddress+`","pubkey":"`+
				examplePublicKey+`","mnemonic":"`+examplePhrase+`"}`),
			handler: fn1(a.oldSignup),
		},
	)
}

// sessionMethods open and look at accounts.
func (a *accountAPI) sessionMethods() []method {
	onAccount := `["` + exampleAccount + `","` + examplePassword + `"]`
	return append(secretMethods(
		method{
			name:    "account_login",
			summary: "Opens an account. If it is open already, its password is checked and nothing else happens.",
			params:  []param{paramUID(), paramPassword()},
			result:  "whose account it is, and the id of this copy of it",
			example: ex(onAccount, `{"keyUid":"`+exampleAccount+`","publicKey":"`+examplePublicKey+`","installationId":"`+
				exampleInstall+`"}`, withAccount()...),
			handler: fnArgs(a.login),
		},
		method{
			name: "account_verifyPassword", summary: "Tells whether a password is that of an account.",
			params: []param{paramUID(), paramPassword()}, result: "whether it is",
			example: ex(onAccount, `true`, withAccount()...), handler: fnArgs(a.verifyPassword),
		},
		method{
			name: "account_changePassword",
			summary: "Puts an account under another password, whether it is logged in or not. After a crash either the " +
				"old or the new one is in force.",
			params: []param{
				paramUID(), {"oldPassword", "the password until now"}, {"newPassword", "the password from now on"},
				paramNoPassword(),
			},
			result:  "null",
			example: ex(`["`+exampleAccount+`","`+examplePassword+`","`+examplePassword+`"]`, `null`, withAccount()...),
			handler: fnArgs(a.changePassword),
		},
		method{
			name: "account_export",
			summary: "Gives out the keys of an account: its key files, which stay encrypted under its password, or its " +
				"phrase, if that is still kept.",
			params: []param{paramUID(), paramPassword(), {"format", "keystore or mnemonic"}},
			result: "files or mnemonic",
			example: ex(`["`+exampleAccount+`","`+examplePassword+`","keystore"]`, `{"files":[`+exampleKeyFile+`]}`,
				withAccount()...),
			handler: fnArgs(a.export),
		},
		method{
			name: "account_backup",
			summary: "Writes the account that is logged in, with its database, into one encrypted file in the folder " +
				"backups of the data directory. statusd restore reads it.",
			params: []param{
				{"password", "to protect the file with; it need not be that of the account"},
				{"withKeys", "true: with the keys and the phrase. Without, restoring needs one of them"},
			},
			result: "where the file is",
			example: ex(`["another horse",true]`, `{"keyUid":"`+exampleAccount+
				`","path":"/var/lib/statusd/backups/20261123T051500.000000Z-f5a1b2c3.statusd","bytes":66341}`, withLogin()...),
			handler: fnArgs(a.backup),
		},
		method{
			name: "status_login", summary: "Is account_login in the form of status-go.",
			params: []param{{"request", "address: of any key of the account; password"}},
			result: "the id that follows from the chat key; the key itself is out of the reach of waku_*",
			example: ex(`[{"address":"`+exampleAddress+`","password":"`+examplePassword+`"}]`,
				`{"address_key_id":"`+exampleKeyID+`"}`, withAccount()...),
			handler: fn1(a.oldLogin),
		},
	), a.plainMethods()...)
}

// plainMethods handle no secrets.
func (a *accountAPI) plainMethods() []method {
	return []method{
		{
			name: "account_list", scope: scopeRead, slow: true, timeout: after(deriveTimeout),
			summary: "Lists the accounts, last login first.",
			result: "fields with dashes are those of status-go; timestamp is that of the last login, in seconds; damaged " +
				"means that account.json cannot be read, which the next login mends",
			example: ex(`[]`, `[{"name":"ana","timestamp":1795409025,"photo-path":"","keycard-pairing":"","key-uid":"`+
				exampleAccount+`","compressedKey":"`+exampleText+`","loggedIn":true}]`, withAccount()...),
			handler: fn0(a.list),
		},
		{
			name: "account_logout", scope: scopeAccount, slow: true, timeout: after(deriveTimeout),
			summary: "Closes the account that is logged in.", result: "null",
			example: ex(`[]`, `null`, withLogin()...), handler: fn0(a.logout),
		},
		{
			name: "account_confirmBackup", scope: scopeAccount, slow: true, timeout: after(deriveTimeout),
			summary: "Removes the phrase of the account that is logged in: its owner has written it down. It cannot be " +
				"exported any more.",
			params: []param{paramUID()}, result: "null",
			example: ex(`["`+exampleAccount+`"]`, `null`, withLogin()...), handler: fn1(a.confirmBackup),
		},
		{
			name: "account_delete", scope: scopeAccount, slow: true, timeout: after(deriveTimeout),
			summary: "Deletes an account with its keys and its database, for good. It must not be logged in.",
			params:  []param{paramUID(), {"confirm", "the key-uid of the account again"}}, result: "null",
			example: ex(`["`+exampleGone+`","`+exampleGone+`"]`, `null`,
				setup("account_importKey", `["`+exampleOther+`","`+examplePassword+`"]`, "")),
			handler: fn2(a.delete),
		},
		{
			name: "account_checkDatabase", scope: scopeAdmin, slow: true, timeout: after(fileTimeout),
			summary: "Reads the whole database of the account that is logged in. Its messages wait meanwhile.",
			result:  "null: it is sound; otherwise an error says what was found",
			example: ex(`[]`, `null`, withLogin()...), handler: fn0(a.checkDatabase),
		},
		{
			name: "account_vacuumDatabase", scope: scopeAdmin, slow: true, timeout: after(fileTimeout),
			summary: "Rewrites the database of the account that is logged in without the space of what was deleted. It " +
				"needs twice the space for a moment.",
			result:  "the size that it has now",
			example: ex(`[]`, `{"bytes":65536}`, withLogin()...), handler: fn0(a.vacuumDatabase),
		},
	}
}

// methods of the namespace key.
func (a *keyAPI) methods() []method {
	validate := secretMethods(method{
		name: "key_validateMnemonic", summary: "Checks the words and the checksum of a phrase.",
		params:  []param{{"mnemonic", "the phrase, in any of the official languages"}},
		result:  "whether it is valid; word is the place of the first unknown one, counted from 1",
		example: ex(`["`+examplePhrase+`"]`, `{"valid":true}`), handler: fnArgs(a.validateMnemonic),
	})
	validate[0].slow, validate[0].timeout = false, nil
	key := param{"key", "a public key as people exchange it: zQ3sh…, 0x04…, 02… or 03…, or any multibase form"}
	return append(validate, []method{
		{
			name: "key_inspect", scope: scopeRead, summary: "Shows the forms of a public key.",
			params: []param{key},
			result: "alias is the three-word name, empty without word lists; identicon is a picture as data URI",
			example: ex(`["`+examplePublicKey+`"]`, `{"publicKey":"`+examplePublicKey+`","compressedKey":"`+exampleText+
				`","address":"`+exampleAddress+`","alias":"","identicon":"data:image/png;base64,iVBORw0KGgo="}`),
			handler: fn1(a.inspect),
		},
		{
			name: "key_convert", scope: scopeRead, summary: "Writes a public key, compressed, in a multibase form.",
			params: []param{key, {"base", "name or prefix character of the base, for instance base58btc or z"}}, result: "text",
			example: ex(`["`+examplePublicKey+`","base58btc"]`, `"`+exampleText+`"`), handler: fn2(a.convert),
		},
	}...)
}
