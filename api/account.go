package api

import (
	"encoding/json"
	"time"
)

// DerivedKey is a key of an account that has a key file.
type DerivedKey struct {
	PublicKey string `json:"publicKey"` // contact id
	Address   string `json:"address"`
}

// NewAccount is the answer of calls that make an account.
type NewAccount struct {
	KeyUID        string                `json:"keyUid"`
	PublicKey     string                `json:"publicKey"` // the chat key as contact id
	CompressedKey string                `json:"compressedKey"`
	Address       string                `json:"address"`
	Mnemonic      string                `json:"mnemonic,omitempty"` // of a new phrase
	Derived       map[string]DerivedKey `json:"derived"`            // by their paths
}

// ListedAccount is an account of the data directory. Members with dashes are
// those of status-go.
type ListedAccount struct {
	Name           string `json:"name"`
	Timestamp      int64  `json:"timestamp"` // of the last login, Unix seconds
	PhotoPath      string `json:"photo-path"`
	KeycardPairing string `json:"keycard-pairing"`
	KeyUID         string `json:"key-uid"`
	CompressedKey  string `json:"compressedKey"`
	LoggedIn       bool   `json:"loggedIn"`
	Damaged        bool   `json:"damaged,omitempty"` // account.json; the next login writes it anew
}

// LoggedIn is the answer to a login.
type LoggedIn struct {
	KeyUID         string `json:"keyUid"`
	PublicKey      string `json:"publicKey"` // contact id
	InstallationID string `json:"installationId"`
}

// ExportFormat is a form of an account's keys.
type ExportFormat string

// Forms of keys.
const (
	ExportKeystore ExportFormat = "keystore" // key files, encrypted under the password of the account
	ExportMnemonic ExportFormat = "mnemonic" // the phrase, if it is still kept
)

// Values implements Enum.
func (ExportFormat) Values() []ExportFormat { return []ExportFormat{ExportKeystore, ExportMnemonic} }

// Exported are the keys of an account.
type Exported struct {
	Files    []json.RawMessage `json:"files,omitempty"`
	Mnemonic string            `json:"mnemonic,omitempty"`
}

// WrittenBackup is a backup that was written.
type WrittenBackup struct {
	KeyUID string `json:"keyUid"`
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
}

// DatabaseSize is the size of a database.
type DatabaseSize struct {
	Bytes int64 `json:"bytes"`
}

// SignedUp is an account that was made in the form of status-go.
type SignedUp struct {
	Address       string `json:"address"`
	Pubkey        string `json:"pubkey"`
	WalletAddress string `json:"wallet_address"`
	WalletPubkey  string `json:"wallet_pubkey"`
	ChatAddress   string `json:"chat_address"`
	ChatPubkey    string `json:"chat_pubkey"`
	Mnemonic      string `json:"mnemonic"`
}

// SignedIn is the answer to a login in the form of status-go.
type SignedIn struct {
	AddressKeyID string `json:"address_key_id"`
}

// PhraseLanguage is a language of phrases.
type PhraseLanguage string

// Languages of phrases, by the names of the official word lists.
const (
	LanguageEnglish            PhraseLanguage = "english"
	LanguageChineseSimplified  PhraseLanguage = "chinese_simplified"
	LanguageChineseTraditional PhraseLanguage = "chinese_traditional"
	LanguageCzech              PhraseLanguage = "czech"
	LanguageFrench             PhraseLanguage = "french"
	LanguageItalian            PhraseLanguage = "italian"
	LanguageJapanese           PhraseLanguage = "japanese"
	LanguageKorean             PhraseLanguage = "korean"
	LanguagePortuguese         PhraseLanguage = "portuguese"
	LanguageSpanish            PhraseLanguage = "spanish"
)

// Values implements Enum.
func (PhraseLanguage) Values() []PhraseLanguage {
	return []PhraseLanguage{
		LanguageEnglish, LanguageChineseSimplified, LanguageChineseTraditional, LanguageCzech, LanguageFrench,
		LanguageItalian, LanguageJapanese, LanguageKorean, LanguagePortuguese, LanguageSpanish,
	}
}

// Arguments of methods about accounts.
type (
	// CreateAccountArgs are those of account_create.
	CreateAccountArgs struct {
		Password   Secret  `json:"password" doc:"password of the account"`
		Name       *string `json:"name" doc:"to tell accounts apart, at most 256 bytes"`
		Words      *int    `json:"words" doc:"of the phrase: 12 (the default), 15, 18, 21 or 24"`
		Passphrase *Secret `json:"passphrase" doc:"of BIP39, part of the seed; ordinary accounts have none"`
		NoPassword *bool   `json:"noPassword" doc:"true: take an empty password, which protects nothing"`
	}
	// ImportMnemonicArgs are those of account_importMnemonic.
	ImportMnemonicArgs struct {
		Mnemonic             Secret          `json:"mnemonic" doc:"the phrase, in any of the official languages"`
		Password             Secret          `json:"password" doc:"to protect the account with"`
		Passphrase           *Secret         `json:"passphrase" doc:"of BIP39; ordinary accounts have none"`
		Name                 *string         `json:"name" doc:"to tell accounts apart, at most 256 bytes"`
		AllowInvalidChecksum *bool           `json:"allowInvalidChecksum" doc:"true: take the text as it is, unchecked"`
		LegacyChatKey        *bool           `json:"legacyChatKey" doc:"true: the chat key is the first wallet key"`
		NoPassword           *bool           `json:"noPassword" doc:"true: take an empty password, which protects nothing"`
		Language             *PhraseLanguage `json:"language" doc:"of the phrase, if it is valid in several"`
	}
	// ImportKeyArgs are those of account_importKey.
	ImportKeyArgs struct {
		PrivateKey Secret  `json:"privateKey" doc:"64 hex digits, with 0x or without"`
		Password   Secret  `json:"password" doc:"to protect the account with"`
		Name       *string `json:"name" doc:"to tell accounts apart, at most 256 bytes"`
		NoPassword *bool   `json:"noPassword" doc:"true: take an empty password, which protects nothing"`
	}
	// ImportKeystoreArgs are those of account_importKeystore.
	ImportKeystoreArgs struct {
		JSON         json.RawMessage `json:"json" doc:"the content of the file, as an object or as a string"`
		FilePassword Secret          `json:"filePassword" doc:"the file's password as its owner types it"`
		Password     Secret          `json:"password" doc:"to protect the account with"`
		Name         *string         `json:"name" doc:"to tell accounts apart, at most 256 bytes"`
		NoPassword   *bool           `json:"noPassword" doc:"true: take an empty password, which protects nothing"`
	}
	// SignUpArgs are those of status_signup.
	SignUpArgs struct {
		Request SignUp `json:"request" doc:"what is needed"`
	}
	// SignUp is what is needed to make an account in the form of status-go.
	SignUp struct {
		Password Secret `json:"password" doc:"to protect the account with"`
	}
	// SignInArgs are those of status_login.
	SignInArgs struct {
		Request SignIn `json:"request" doc:"what is needed"`
	}
	// SignIn is what is needed to log in in the form of status-go.
	SignIn struct {
		Address  string `json:"address" doc:"of any key of the account"`
		Password Secret `json:"password" doc:"password of the account"`
	}
	// AccountArgs name an account.
	AccountArgs struct {
		KeyUID string `json:"keyUid" doc:"key-uid or name of the account"`
	}
	// OpenAccountArgs name an account, and have its password.
	OpenAccountArgs struct {
		KeyUID   string `json:"keyUid" doc:"key-uid or name of the account"`
		Password Secret `json:"password" doc:"password of the account"`
	}
	// ChangePasswordArgs are those of account_changePassword.
	ChangePasswordArgs struct {
		KeyUID      string `json:"keyUid" doc:"key-uid or name of the account"`
		OldPassword Secret `json:"oldPassword" doc:"the password until now"`
		NewPassword Secret `json:"newPassword" doc:"the password from now on"`
		NoPassword  *bool  `json:"noPassword" doc:"true: take an empty password, which protects nothing"`
	}
	// ExportAccountArgs are those of account_export.
	ExportAccountArgs struct {
		KeyUID   string       `json:"keyUid" doc:"key-uid or name of the account"`
		Password Secret       `json:"password" doc:"password of the account"`
		Format   ExportFormat `json:"format" doc:"of the keys"`
	}
	// BackupAccountArgs are those of account_backup.
	BackupAccountArgs struct {
		Password Secret `json:"password" doc:"to protect the file with; it need not be that of the account"`
		WithKeys *bool  `json:"withKeys" doc:"true: with keys and phrase. Without, restoring needs one of them"`
	}
	// DeleteAccountArgs are those of account_delete.
	DeleteAccountArgs struct {
		KeyUID  string `json:"keyUid" doc:"key-uid or name of the account"`
		Confirm string `json:"confirm" doc:"the key-uid of the account again"`
	}
)

// deriveTime is the time that a call may take which derives keys from a
// password: others may be before it.
const deriveTime = 3 * time.Minute

// What the examples of accounts share.
const (
	// exampleOther is the private key of the account exampleGone.
	exampleOther   = "0x1111111111111111111111111111111111111111111111111111111111111111"
	exampleGone    = "0x34d7f0fe7afe22d2be114044d87f928c7f9044b0f104696e51594890f38ccd15"
	exampleNewKey  = "0x2222222222222222222222222222222222222222222222222222222222222222"
	examplePhrase  = "legal winner thank year wave sausage worth useful legal winner thank yellow"
	exampleKeyFile = `{"address":"5cbdd86a2fa8dc4bddd8a8f69dba48572eec07fb","id":"c9f9b7e0-0e4f-4a3c-8f7e-1d2c3b` +
		`4a5968","version":3,"crypto":{"cipher":"aes-128-ctr","ciphertext":"8b54a061c1ef9544f4f7454` +
		`73d44be6bfbb9dae3099f7d69ba6373695125ee94","cipherparams":{"iv":"f6d60eaea0c3c81764eca80dc` +
		`83fdaff"},"kdf":"scrypt","kdfparams":{"dklen":32,"salt":"0a0ac5dabdee9536bc0ee4c417ee9d0ae` +
		`0004cda2244e445bfab1d7cc7a140da","n":2,"r":8,"p":1},"mac":"24b49b7f473c1c29b6c0e07d39a75ac` +
		`1fb79f9a27ee32423bfdaecaaec0b27ec"},"extendedkey":{"cipher":"","ciphertext":"","cipherpara` +
		`ms":{"iv":""},"kdf":"","kdfparams":null,"mac":""},"subaccountindex":0}`
	exampleText     = "zQ3shVpA6Vhh2dLoWqZ3fab67kbZS32fqEyMZnmv6Qdjqv586"
	exampleImported = `{` + exampleKeys + `,"derived":{}}`
	// exampleKeys begins what describes an account.
	exampleKeys = `"keyUid":"` + exampleAccount + `","publicKey":"` + examplePublicKey + `","compressedKey":"` +
		exampleText + `","address":"` + exampleAddress + `"`
	withoutPhrase = "as of account_create, without the phrase"
)

// Methods that make accounts.
var (
	AccountCreate = Method[CreateAccountArgs, NewAccount]{
		Name: "account_create", Scope: ScopeAccount, Secret: true, Slow: true, Timeout: deriveTime,
		Summary: "Makes an account from a new phrase. The phrase is kept, encrypted, until account_confirmBackup: let " +
			"its owner write it down.",
		Returns: "the account: its chat key, the phrase, and the keys that have a key file, by their paths",
		Example: Example{
			Params: `["` + examplePassword + `"]`,
			Result: `{` + exampleKeys + `,"mnemonic":"` + examplePhrase + `","derived":{"m/43'/60'/1581'/0'/0":{"publicKey":"` +
				examplePublicKey + `","address":"` + exampleAddress + `"}}}`,
		},
	}
	AccountImportMnemonic = Method[ImportMnemonicArgs, NewAccount]{
		Name: "account_importMnemonic", Scope: ScopeAccount, Secret: true, Slow: true, Timeout: deriveTime,
		Summary: "Makes an account from a phrase. Case, white space, invisible characters and accents do not matter. With " +
			"allowInvalidChecksum the text is taken exactly as it is, without any check, as status-go's import did; " +
			"legacyChatKey is for accounts older than multi-account.",
		Returns: withoutPhrase, Errors: []Code{CodeExists},
		Example: Example{Params: `["` + examplePhrase + `","` + examplePassword + `"]`, Result: exampleImported},
	}
	AccountImportKey = Method[ImportKeyArgs, NewAccount]{
		Name: "account_importKey", Scope: ScopeAccount, Secret: true, Slow: true, Timeout: deriveTime,
		Summary: "Makes an account whose chat key is a given private key. Nothing is derived from it.",
		Returns: withoutPhrase, Errors: []Code{CodeExists},
		Example: Example{Params: `["` + exampleNewKey + `","` + examplePassword + `"]`, Result: exampleImported},
	}
	AccountImportKeystore = Method[ImportKeystoreArgs, NewAccount]{
		Name: "account_importKeystore", Scope: ScopeAccount, Secret: true, Slow: true, Timeout: deriveTime,
		Summary: "Makes an account from a key file of this program, of geth or of a Status app.",
		Returns: withoutPhrase, Errors: []Code{CodeExists, CodeWrongPassword},
		Example: Example{
			Params: `[` + exampleKeyFile + `,"the file's","` + examplePassword + `"]`, Result: exampleImported,
		},
	}
	StatusSignup = Method[SignUpArgs, SignedUp]{
		Name: "status_signup", Scope: ScopeAccount, Secret: true, Slow: true, Timeout: deriveTime,
		Summary: "Is account_create in the form of status-go.",
		Returns: "address and pubkey are those of the first wallet key",
		Example: Example{
			Params: `[{"password":"` + examplePassword + `"}]`,
			Result: `{"address":"` + exampleAddress + `","pubkey":"` + examplePublicKey + `","mnemonic":"` + examplePhrase +
				`"}`,
		},
	}
)

// Methods that open accounts, and give out what is in them.
var (
	AccountLogin = Method[OpenAccountArgs, LoggedIn]{
		Name: "account_login", Scope: ScopeAccount, Secret: true, Slow: true, Timeout: deriveTime,
		Summary: "Opens an account. If it is open already, its password is checked and nothing else happens.",
		Returns: "whose account it is, and the id of this copy of it",
		Errors:  []Code{CodeUnknownObject, CodeWrongPassword, CodeInUse, CodeNewerData, CodeKeyFile},
		Example: Example{
			Setup: exampleMade, Params: exampleOpen,
			Result: `{"keyUid":"` + exampleAccount + `","publicKey":"` + examplePublicKey + `","installationId":"` +
				exampleInstall + `"}`,
		},
	}
	AccountVerifyPassword = Method[OpenAccountArgs, bool]{
		Name: "account_verifyPassword", Scope: ScopeAccount, Secret: true, Slow: true, Timeout: deriveTime,
		Summary: "Tells whether a password is that of an account.", Returns: "whether it is",
		Errors:  []Code{CodeUnknownObject, CodeNewerData, CodeKeyFile},
		Example: Example{Setup: exampleMade, Params: exampleOpen, Result: `true`},
	}
	AccountChangePassword = Method[ChangePasswordArgs, None]{
		Name: "account_changePassword", Scope: ScopeAccount, Secret: true, Slow: true, Timeout: deriveTime,
		Returns: "null",
		Summary: "Puts an account under another password, whether it is logged in or not. After a crash either the " +
			"old or the new one is in force.",
		Errors: []Code{CodeUnknownObject, CodeWrongPassword, CodeNewerData, CodeKeyFile},
		Example: Example{
			Setup: exampleMade, Params: `["` + exampleAccount + `","` + examplePassword + `","` + examplePassword + `"]`,
			Result: `null`,
		},
	}
	AccountExport = Method[ExportAccountArgs, Exported]{
		Name: "account_export", Scope: ScopeAccount, Secret: true, Slow: true, Timeout: deriveTime,
		Summary: "Gives out the keys of an account: its key files, which stay encrypted under its password, or its " +
			"phrase, if that is still kept.",
		Returns: "files or mnemonic", Errors: []Code{CodeUnknownObject, CodeWrongPassword, CodeNewerData, CodeKeyFile},
		Example: Example{
			Setup: exampleMade, Params: `["` + exampleAccount + `","` + examplePassword + `","keystore"]`,
			Result: `{"files":[` + exampleKeyFile + `]}`,
		},
	}
	AccountBackup = Method[BackupAccountArgs, WrittenBackup]{
		Name: "account_backup", Scope: ScopeAccount, Secret: true, Slow: true, Timeout: deriveTime,
		Summary: "Writes the account that is logged in, with its database, into one encrypted file in the folder " +
			"backups of the data directory. statusd restore reads it.",
		Returns: "where the file is", Errors: []Code{CodeNotLoggedIn, CodeKeyFile},
		Example: Example{
			Setup: exampleLogin, Params: `["another horse",true]`,
			Result: `{"keyUid":"` + exampleAccount +
				`","path":"/var/lib/statusd/backups/20261123T051500.000000Z-f5a1b2c3.statusd","bytes":66341}`,
		},
	}
	StatusLogin = Method[SignInArgs, SignedIn]{
		Name: "status_login", Scope: ScopeAccount, Secret: true, Slow: true, Timeout: deriveTime,
		Summary: "Is account_login in the form of status-go.",
		Returns: "the id that follows from the chat key; the key itself is out of the reach of waku_*",
		Errors:  []Code{CodeUnknownObject, CodeWrongPassword, CodeInUse, CodeNewerData, CodeKeyFile},
		Example: Example{
			Setup: exampleMade, Params: `[{"address":"` + exampleAddress + `","password":"` + examplePassword + `"}]`,
			Result: `{"address_key_id":"` + exampleKeyID + `"}`,
		},
	}
)

// Methods about accounts that handle no secrets.
var (
	AccountList = Method[None, []ListedAccount]{
		Name: "account_list", Scope: ScopeRead, Slow: true, Timeout: deriveTime,
		Summary: "Lists the accounts, last login first.",
		Returns: "fields with dashes are those of status-go; timestamp is that of the last login, in seconds; damaged " +
			"means that account.json cannot be read, which the next login mends",
		Example: Example{
			Setup: exampleMade, Params: `[]`,
			Result: `[{"name":"ana","timestamp":1795409025,"photo-path":"","keycard-pairing":"","key-uid":"` +
				exampleAccount + `","compressedKey":"` + exampleText + `","loggedIn":true}]`,
		},
	}
	AccountLogout = Method[None, None]{
		Name: "account_logout", Scope: ScopeAccount, Slow: true, Timeout: deriveTime, Returns: "null",
		Summary: "Closes the account that is logged in.", Errors: []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleLogin, Params: `[]`, Result: `null`},
	}
	AccountConfirmBackup = Method[AccountArgs, None]{
		Name: "account_confirmBackup", Scope: ScopeAccount, Slow: true, Timeout: deriveTime, Returns: "null",
		Summary: "Removes the phrase of the account that is logged in: its owner has written it down. It cannot be " +
			"exported any more.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject, CodeInUse, CodeKeyFile},
		Example: Example{Setup: exampleLogin, Params: `["` + exampleAccount + `"]`, Result: `null`},
	}
	AccountDelete = Method[DeleteAccountArgs, None]{
		Name: "account_delete", Scope: ScopeAccount, Slow: true, Timeout: deriveTime, Returns: "null",
		Summary: "Deletes an account with its keys and its database, for good. It must not be logged in.",
		Errors:  []Code{CodeUnknownObject, CodeInUse},
		Example: Example{
			Setup:  []Call{{Method: "account_importKey", Params: `["` + exampleOther + `","` + examplePassword + `"]`}},
			Params: `["` + exampleGone + `","` + exampleGone + `"]`, Result: `null`,
		},
	}
	AccountCheckDatabase = Method[None, None]{
		Name: "account_checkDatabase", Scope: ScopeAdmin, Slow: true, Timeout: MaxTimeout,
		Summary: "Reads the whole database of the account that is logged in. Its messages wait meanwhile.",
		Returns: "null: it is sound; otherwise an error says what was found", Errors: []Code{CodeNotLoggedIn, CodeKeyFile},
		Example: Example{Setup: exampleLogin, Params: `[]`, Result: `null`},
	}
	AccountVacuumDatabase = Method[None, DatabaseSize]{
		Name: "account_vacuumDatabase", Scope: ScopeAdmin, Slow: true, Timeout: MaxTimeout,
		Summary: "Rewrites the database of the account that is logged in without the space of what was deleted. It " +
			"needs twice the space for a moment.",
		Returns: "the size that it has now", Errors: []Code{CodeNotLoggedIn, CodeKeyFile},
		Example: Example{Setup: exampleLogin, Params: `[]`, Result: `{"bytes":65536}`},
	}
)

func accountMethods() []Described {
	return []Described{
		AccountCreate, AccountImportMnemonic, AccountImportKey, AccountImportKeystore, StatusSignup,
		AccountLogin, AccountVerifyPassword, AccountChangePassword, AccountExport, AccountBackup,
		StatusLogin, AccountList, AccountLogout, AccountConfirmBackup, AccountDelete, AccountCheckDatabase,
		AccountVacuumDatabase,
	}
}
