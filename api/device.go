package api

// Installation is a device of this account. Timestamp is Unix nanoseconds.
type Installation struct {
	Identity  string                `json:"identity"`
	ID        string                `json:"id"`
	Version   uint32                `json:"version"`
	Enabled   bool                  `json:"enabled"`
	Timestamp int64                 `json:"timestamp"`
	Metadata  *InstallationMetadata `json:"metadata"`
}

// InstallationMetadata is how the owner tells devices apart.
type InstallationMetadata struct {
	Name       string `json:"name"`
	DeviceType string `json:"deviceType"`
	FCMToken   string `json:"fcmToken"`
}

// ChatFilterSpec says what to listen to: chatId names a public chat or, with
// oneToOne, identity or chatId a person. To end it, filterId or chatId counts.
type ChatFilterSpec struct {
	ChatID   string `json:"chatId,omitempty"`
	FilterID string `json:"filterId,omitempty"`
	OneToOne bool   `json:"oneToOne,omitempty"`
	Identity string `json:"identity,omitempty"` // hex
}

// ChatFilter is a place that an account listens to.
type ChatFilter struct {
	ChatID     string `json:"chatId"`   // name of the topic; of a negotiated one the contact id
	FilterID   string `json:"filterId"` // serves wakuext_removeFilters
	SymKeyID   string `json:"symKeyId"` // empty: the keys of an account are for it alone
	OneToOne   bool   `json:"oneToOne"`
	Identity   string `json:"identity"` // whose place it is, hex without 0x
	Topic      string `json:"topic"`
	Discovery  bool   `json:"discovery"`
	Negotiated bool   `json:"negotiated"`
	Listen     bool   `json:"listen"`
}

// Arguments of methods about devices and filters.
type (
	// InstallationArgs name a device.
	InstallationArgs struct {
		InstallationID string `json:"installationId" doc:"id of the device"`
	}
	// InstallationMetadataArgs are those of wakuext_setInstallationMetadata.
	InstallationMetadataArgs struct {
		InstallationID string               `json:"installationId" doc:"id of the device"`
		Metadata       InstallationMetadata `json:"metadata" doc:"name, deviceType (desktop, ios, android …), fcmToken, which stays on this machine"`
	}
	// LoadFiltersArgs are those of wakuext_loadFilters.
	LoadFiltersArgs struct {
		Filters []ChatFilterSpec `json:"filters" doc:"chatId: a public chat, or, with oneToOne, a person: identity (hex without 0x) or chatId is the key. Other members do not matter"`
	}
	// RemoveFiltersArgs are those of wakuext_removeFilters.
	RemoveFiltersArgs struct {
		Filters []ChatFilterSpec `json:"filters" doc:"by filterId or, without it, chatId; unknown ones do not matter"`
	}
	// SignTextArgs are those of wakuext_signMessageWithChatKey.
	SignTextArgs struct {
		Text string `json:"text" doc:"taken as it is, also if it looks like hex"`
	}
)

// What the examples of devices share.
const (
	exampleLaptop = `["` + exampleInstall + `",{"name":"laptop","deviceType":"desktop","fcmToken":""}]`
	exampleDevice = `{"identity":"` + examplePublicKey + `","id":"` + exampleInstall + `","version":1,"enabled":true,` +
		`"timestamp":1606060800000000000,"metadata":{"name":"laptop","deviceType":"desktop","fcmToken":""}}`
	exampleSecond  = `["5b3a9b1c-7f0e-4c2d-9a86-3e1f0d2c4b5a"]` // another device
	examplePlace   = `[[{"chatId":"status"}]]`
	exampleFilters = `[{"chatId":"status","filterId":"` + exampleFilterID + `","symKeyId":"",` +
		`"oneToOne":false,"identity":"","topic":"0xcd423760","discovery":false,"negotiated":false,"listen":true}]`
	exampleFilterID  = "5b4c1ba33ff8ee0e3a1ea1db5b2cf1ab6bb1db2a1e9ed7ba03ee4a7ce4d8f3f1"
	exampleSignature = `"0xd6aa60da6a1f5ec9fada664487184e9a3492bd1079e603cbe122f5fed505318f` +
		`26ab4e198147f34525853d796dc5f5566c7c3f63dfeb7370dbcecdca3b5a45cc01"` // of the text hello
)

// Methods about devices and filters of an account.
var (
	WakuextGetOurInstallations = Method[None, []Installation]{
		Name: "wakuext_getOurInstallations", Scope: ScopeRead, Errors: []Code{CodeNotLoggedIn},
		Summary: "Lists the devices of the account that are known, this one first. Those that are enabled get copies of " +
			"what is sent, at most three.",
		Returns: "timestamp: Unix nanoseconds of the newest sign of the device; metadata: null without any",
		Example: Example{Setup: exampleLogin, Params: `[]`, Result: `[` + exampleDevice + `]`},
	}
	WakuextEnableInstallation = Method[InstallationArgs, None]{
		Name: "wakuext_enableInstallation", Scope: ScopeAccount, Returns: "null",
		Summary: "Pairs another device of the account: from now on it gets copies of what is sent. Do the same there.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleLogin, Params: exampleSecond, Result: `null`},
	}
	WakuextDisableInstallation = Method[InstallationArgs, None]{
		Name: "wakuext_disableInstallation", Scope: ScopeAccount, Returns: "null",
		Summary: "Ends the pairing with another device of the account. It is not told.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleLogin, Params: exampleSecond, Result: `null`},
	}
	WakuextSetInstallationMetadata = Method[InstallationMetadataArgs, None]{
		Name: "wakuext_setInstallationMetadata", Scope: ScopeAccount, Returns: "null",
		Summary: "Names a device of the account, this one or another. Name and type of this one travel with " +
			"wakuext_sendPairInstallation.",
		Errors:  []Code{CodeNotLoggedIn, CodeUnknownObject},
		Example: Example{Setup: exampleLogin, Params: exampleLaptop, Result: `null`},
	}
	WakuextSendPairInstallation = Method[None, Changes]{
		Name: "wakuext_sendPairInstallation", Scope: ScopeSend, Returns: "the device",
		Summary: "Shows this device, with its name, to the other devices of the account, paired or not.",
		Errors:  []Code{CodeNotLoggedIn},
		Example: Example{
			Setup: []Call{
				{Method: "account_importKey", Params: exampleImport}, {Method: "account_login", Params: exampleOpen},
				{Method: "wakuext_setInstallationMetadata", Params: exampleLaptop},
			},
			Params: `[]`, Result: `{"installations":[` + exampleDevice + `]}`,
		},
	}
	WakuextLoadFilters = Method[LoadFiltersArgs, []ChatFilter]{
		Name: "wakuext_loadFilters", Scope: ScopeSend, Slow: true, Errors: []Code{CodeNotLoggedIn},
		Summary: "Listens to places besides those of the chats, until the account is logged out or the token ends, and " +
			"lists the filters of the account. An empty list only lists. A token may ask for 500 places.",
		Returns: "filterId: serves wakuext_removeFilters; symKeyId: empty, as keys of an account stay with it; identity: " +
			"whose place it is, hex without 0x; chatId: name of the topic, of a negotiated one the person's id, since that " +
			"name is a secret",
		Example: Example{Setup: exampleLogin, Params: examplePlace, Result: exampleFilters},
	}
	WakuextRemoveFilters = Method[RemoveFiltersArgs, None]{
		Name: "wakuext_removeFilters", Scope: ScopeSend, Returns: "null", Errors: []Code{CodeNotLoggedIn},
		Summary: "Takes back what the same token asked wakuext_loadFilters for. Places of the account's own, and of other " +
			"tokens, stay.",
		Example: Example{Setup: exampleLogin, Params: examplePlace, Result: `null`},
	}
	WakuextSignMessageWithChatKey = Method[SignTextArgs, Bytes]{
		Name: "wakuext_signMessageWithChatKey", Scope: ScopeAccount, Returns: "65 bytes R‖S‖V, V is 0 or 1",
		Summary: "Signs a text with the chat key: Keccak-256 of \"\\x19Ethereum Signed Message:\\n\", length and text.",
		Errors:  []Code{CodeNotLoggedIn},
		Example: Example{Setup: exampleLogin, Params: `["hello"]`, Result: exampleSignature},
	}
)

func deviceMethods() []Described {
	return []Described{
		WakuextGetOurInstallations, WakuextEnableInstallation, WakuextDisableInstallation,
		WakuextSetInstallationMetadata, WakuextSendPairInstallation, WakuextLoadFilters,
		WakuextRemoveFilters, WakuextSignMessageWithChatKey,
	}
}
