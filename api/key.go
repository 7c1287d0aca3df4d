package api

// KeyForms are the forms of a public key.
type KeyForms struct {
	PublicKey     string `json:"publicKey"` // contact id
	CompressedKey string `json:"compressedKey"`
	Address       string `json:"address"`
	Alias         string `json:"alias"`     // the three-word name, empty without word lists
	Identicon     string `json:"identicon"` // a picture as data URI
}

// PhraseCheck tells whether a phrase is valid.
type PhraseCheck struct {
	Valid  bool   `json:"valid"`
	Word   int    `json:"word,omitempty"` // place of the first unknown word, counted from 1
	Reason string `json:"reason,omitempty"`
}

// Arguments of methods about keys.
type (
	// PhraseArgs have a phrase.
	PhraseArgs struct {
		Mnemonic Secret `json:"mnemonic" doc:"the phrase, in any of the official languages"`
	}
	// KeyArgs have a public key.
	KeyArgs struct {
		Key string `json:"key" doc:"a public key: zQ3sh…, 0x04…, 02… or 03…, or any multibase form"`
	}
	// ConvertKeyArgs are those of key_convert.
	ConvertKeyArgs struct {
		Key  string `json:"key" doc:"a public key: zQ3sh…, 0x04…, 02… or 03…, or any multibase form"`
		Base string `json:"base" doc:"name or prefix character of the base, for instance base58btc or z"`
	}
)

// Methods about keys, without an account.
var (
	KeyValidateMnemonic = Method[PhraseArgs, PhraseCheck]{
		Name: "key_validateMnemonic", Scope: ScopeAccount, Secret: true,
		Summary: "Checks the words and the checksum of a phrase.",
		Returns: "whether it is valid; word is the place of the first unknown one, counted from 1",
		Example: Example{Params: `["` + examplePhrase + `"]`, Result: `{"valid":true}`},
	}
	KeyInspect = Method[KeyArgs, KeyForms]{
		Name: "key_inspect", Scope: ScopeRead, Summary: "Shows the forms of a public key.",
		Returns: "alias is the three-word name, empty without word lists; identicon is a picture as data URI",
		Example: Example{
			Params: `["` + examplePublicKey + `"]`,
			Result: `{"publicKey":"` + examplePublicKey + `","compressedKey":"` + exampleText + `","address":"` +
				exampleAddress + `","alias":"","identicon":"data:image/png;base64,iVBORw0KGgo="}`,
		},
	}
	KeyConvert = Method[ConvertKeyArgs, string]{
		Name: "key_convert", Scope: ScopeRead, Summary: "Writes a public key, compressed, in a multibase form.",
		Returns: "text",
		Example: Example{Params: `["` + examplePublicKey + `","base58btc"]`, Result: `"` + exampleText + `"`},
	}
)

func keyMethods() []Described {
	return []Described{
		KeyValidateMnemonic, KeyInspect, KeyConvert,
	}
}
