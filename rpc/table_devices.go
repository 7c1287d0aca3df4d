package rpc

// What the members of the objects mean that methods about devices have.
const (
	filtersDoc = "chatId: a public chat, or, with oneToOne, a person: identity (hex without 0x) or chatId is the key. " +
		"Other members do not matter"
	filterDoc = "filterId: serves wakuext_removeFilters; symKeyId: empty, as keys of an account stay with it; identity: " +
		"whose place it is, hex without 0x; chatId: name of the topic, of a negotiated one the person's id, since that " +
		"name is a secret"
)

// exampleSecond is another device of the account in examples, exampleSignature
// that of the text hello.
const (
	exampleSecond    = "5b3a9b1c-7f0e-4c2d-9a86-3e1f0d2c4b5a"
	exampleSignature = "0xd6aa60da6a1f5ec9fada664487184e9a3492bd1079e603cbe122f5fed505318f" +
		"26ab4e198147f34525853d796dc5f5566c7c3f63dfeb7370dbcecdca3b5a45cc01"
)

// deviceMethods are about the devices and filters of an account.
func (a *devicesAPI) deviceMethods() []method {
	device := `{"identity":"` + examplePublicKey + `","id":"` + exampleInstall + `","version":1,"enabled":true,` +
		`"timestamp":1606060800000000000,"metadata":{"name":"laptop","deviceType":"desktop","fcmToken":""}}`
	named := append(withLogin(), setup("wakuext_setInstallationMetadata",
		`["`+exampleInstall+`",{"name":"laptop","deviceType":"desktop","fcmToken":""}]`, ""))
	return []method{
		{
			name: "wakuext_getOurInstallations", scope: scopeRead,
			summary: "Lists the devices of the account that are known, this one first. Those that are enabled get copies of " +
				"what is sent, at most three.",
			result:  "timestamp: Unix nanoseconds of the newest sign of the device; metadata: null without any",
			example: ex(`[]`, `[`+device+`]`, withLogin()...), handler: fn0(a.getOurInstallations),
		},
		{
			name: "wakuext_enableInstallation", scope: scopeAccount,
			summary: "Pairs another device of the account: from now on it gets copies of what is sent. Do the same there.",
			params:  []param{{"installationId", "id of the device"}}, result: "null",
			example: ex(`["`+exampleSecond+`"]`, `null`, withLogin()...), handler: fn1(a.enableInstallation),
		},
		{
			name: "wakuext_disableInstallation", scope: scopeAccount,
			summary: "Ends the pairing with another device of the account. It is not told.",
			params:  []param{{"installationId", "id of the device"}}, result: "null",
			example: ex(`["`+exampleSecond+`"]`, `null`, withLogin()...), handler: fn1(a.disableInstallation),
		},
		{
			name: "wakuext_setInstallationMetadata", scope: scopeAccount,
			summary: "Names a device of the account, this one or another. Name and type of this one travel with " +
				"wakuext_sendPairInstallation.",
			params: []param{
				{"installationId", "id of the device"},
				{"metadata", "name, deviceType (desktop, ios, android …), fcmToken, which stays on this machine"},
			},
			result: "null",
			example: ex(`["`+exampleInstall+`",{"name":"laptop","deviceType":"desktop","fcmToken":""}]`, `null`,
				withLogin()...),
			handler: fn2(a.setInstallationMetadata),
		},
		{
			name: "wakuext_sendPairInstallation", scope: scopeSend,
			summary: "Shows this device, with its name, to the other devices of the account, paired or not.",
			result:  "the device", example: ex(`[]`, `{"installations":[`+device+`]}`, named...),
			handler: fn0(a.sendPairInstallation),
		},
		{
			name: "wakuext_loadFilters", scope: scopeSend, slow: true,
			summary: "Listens to places besides those of the chats, until the account is logged out or the token ends, and " +
				"lists the filters of the account. An empty list only lists. A token may ask for 500 places.",
			params: []param{{"filters", filtersDoc}}, result: filterDoc,
			example: ex(`[[{"chatId":"status"}]]`, `[{"chatId":"status","filterId":"`+exampleID+`","symKeyId":"",`+
				`"oneToOne":false,"identity":"","topic":"0xcd423760","discovery":false,"negotiated":false,"listen":true}]`,
				withLogin()...),
			handler: fn1(a.loadFilters),
		},
		{
			name: "wakuext_removeFilters", scope: scopeSend,
			summary: "Takes back what the same token asked wakuext_loadFilters for. Places of the account's own, and of other " +
				"tokens, stay.",
			params: []param{{"filters", "by filterId or, without it, chatId; unknown ones do not matter"}},
			result: "null", example: ex(`[[{"chatId":"status"}]]`, `null`, withLogin()...), handler: fn1(a.removeFilters),
		},
		{
			name: "wakuext_signMessageWithChatKey", scope: scopeAccount,
			summary: "Signs a text with the chat key: Keccak-256 of \"\\x19Ethereum Signed Message:\\n\", length and text.",
			params:  []param{{"text", "taken as it is, also if it looks like hex"}}, result: "65 bytes R‖S‖V, V is 0 or 1",
			example: ex(`["hello"]`, `"`+exampleSignature+`"`, withLogin()...), handler: fn1(a.signMessageWithChatKey),
		},
	}
}
