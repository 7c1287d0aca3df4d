package rpc

import (
	"strings"

	"statusd/waku/wire"
)

// What the members of the two objects mean that requests have.
const (
	messageDoc = "symKeyID or pubKey: the key to encrypt for, exactly one of them. sig: id of the key pair to sign " +
		"with. ttl: seconds, 50 if 0. topic: needed with symKeyID. payload, padding: bytes. powTime: seconds that the " +
		"proof of work may take. powTarget: the proof of work to reach, at least the node's minimum. targetPeer: enode " +
		"of a connected peer, which alone gets the message"
	criteriaDoc = "symKeyID or privateKeyID: id of the key to open messages with, exactly one of them. sig: public key " +
		"that must have signed. minPow: least proof of work. topics: topics wanted, all if empty. allowP2P: also what " +
		"trusted peers send directly"
)

// settingMethods read and change the node's own values.
func (a *wakuAPI) settingMethods() []method {
	return []method{
		{
			name: "waku_version", scope: scopeRead,
			summary: "Tells the version of the Waku protocol.", result: "always \"1\"",
			example: ex(`[]`, `"1"`), handler: fn0(a.version),
		},
		{
			name: "waku_info", scope: scopeRead,
			summary: "Tells how many messages wait in the caller's polling filters, and the limits in force.",
			result:  "messages waiting, the proof of work demanded, the largest envelope in bytes",
			example: ex(`[]`, `{"messages":0,"minPow":0.000002,"maxMessageSize":1048576}`),
			handler: bind0(a, (*guestAPI).info),
		},
		{
			name: "waku_setMaxMessageSize", scope: scopeAdmin,
			summary: "Sets the size of the largest envelope that is accepted, until the daemon stops.",
			params:  []param{{"size", "bytes, at most 10485760"}}, result: "true",
			example: ex(`[1048576]`, `true`), handler: fn1(a.setMaxMessageSize),
		},
		{
			name: "waku_setMaxEnvelopeSize", aliasOf: "waku_setMaxMessageSize", scope: scopeAdmin,
			summary: "The name 9/WAKU-RPC gives waku_setMaxMessageSize.",
			params:  []param{{"size", "bytes, at most 10485760"}}, result: "true",
			example: ex(`[1048576]`, `true`), handler: fn1(a.setMaxMessageSize),
		},
		{
			name: "waku_setMinPoW", scope: scopeAdmin,
			summary: "Sets the proof of work that envelopes must have, until the daemon stops, and tells the peers. The " +
				"earlier value is accepted for 10 more seconds.",
			params: []param{{"pow", "0 or more"}}, result: "true",
			example: ex(`[0.000002]`, `true`), handler: fn1(a.setMinPoW),
		},
		{
			name: "waku_setBloomFilter", scope: scopeAdmin,
			summary: "Asks the peers for the topics of this bloom filter, and those of the filters, instead of a list of " +
				"topics.",
			params: []param{{"bloom", "64 bytes"}}, result: "true",
			example: ex(`["0x`+strings.Repeat("ff", wire.BloomLength)+`"]`, `true`),
			handler: fn1(a.setBloomFilter),
		},
		{
			name: "waku_markTrustedPeer", scope: scopeAdmin,
			summary: "Accepts peer-to-peer messages from a connected peer, also after it has reconnected.",
			params:  []param{{"enode", "URL or record of the peer"}}, result: "true",
			example: ex(`["`+exampleNode+`"]`, `true`), handler: fn1(a.markTrustedPeer),
		},
		{
			name: "waku_makeLightClient", scope: scopeAdmin,
			summary: "Makes this a light node: it relays nothing but its own messages.", result: "true",
			example: ex(`[]`, `true`), handler: fn0(a.makeLightClient),
		},
		{
			name: "waku_cancelLightClient", scope: scopeAdmin,
			summary: "Ends light mode.", result: "true",
			example: ex(`[]`, `true`), handler: fn0(a.cancelLightClient),
		},
	}
}

// keyMethods manage the caller's keys, which live in memory only.
func (a *wakuAPI) keyMethods() []method {
	pairID := []param{{"id", "id of the key pair, or its public key in 0x hex"}}
	symID := []param{{"id", "id of the key"}}
	return []method{
		{
			name: "waku_newKeyPair", scope: scopeSend,
			summary: "Makes a key pair. Keys are kept in memory, for the token that made them alone, and go when it ends or " +
				"the daemon stops. A token may have 1024.",
			result:  "its id",
			example: ex(`[]`, `"`+exampleKeyID+`"`), handler: bind0(a, (*guestAPI).newKeyPair),
		},
		{
			name: "waku_addPrivateKey", scope: scopeSend,
			summary: "Stores a private key.",
			params:  []param{{"key", "32 bytes"}},
			result:  "id of the key pair; it follows from the key",
			example: ex(`["`+examplePrivateKey+`"]`, `"`+exampleKeyID+`"`), handler: bind1(a, (*guestAPI).addPrivateKey),
		},
		{
			name: "waku_deleteKeyPair", scope: scopeSend,
			summary: "Forgets a key pair.", params: pairID, result: "true",
			example: ex(`["`+exampleKeyID+`"]`, `true`, withKeyPair()...), handler: bind1(a, (*guestAPI).deleteKeyPair),
		},
		{
			name: "waku_hasKeyPair", scope: scopeRead,
			summary: "Tells whether there is a key pair with this id.", params: pairID, result: "whether there is",
			example: ex(`["`+exampleKeyID+`"]`, `true`), handler: bind1(a, (*guestAPI).hasKeyPair),
		},
		{
			name: "waku_getPublicKey", scope: scopeRead,
			summary: "Gives the public key of a key pair.", params: pairID, result: "65 bytes, uncompressed",
			example: ex(`["`+exampleKeyID+`"]`, `"`+examplePublicKey+`"`, withKeyPair()...),
			handler: bind1(a, (*guestAPI).getPublicKey),
		},
		{
			name: "waku_getPrivateKey", scope: scopeDebug, secret: true,
			summary: "Gives the private key of a key pair that the caller made. Keys of accounts are never among them.",
			params:  pairID, result: "32 bytes",
			example: ex(`["`+exampleKeyID+`"]`, `"`+examplePrivateKey+`"`, withKeyPair()...),
			handler: bind1(a, (*guestAPI).getPrivateKey),
		},
		{
			name: "waku_newSymKey", scope: scopeSend,
			summary: "Makes a symmetric key.", result: "its id",
			example: ex(`[]`, `"`+exampleID+`"`), handler: bind0(a, (*guestAPI).newSymKey),
		},
		{
			name: "waku_addSymKey", scope: scopeSend,
			summary: "Stores a symmetric key.", params: []param{{"key", "32 bytes"}}, result: "its id, which is random",
			example: ex(`["`+exampleSymKey+`"]`, `"`+exampleID+`"`), handler: bind1(a, (*guestAPI).addSymKey),
		},
		{
			name: "waku_generateSymKeyFromPassword", scope: scopeSend, slow: true,
			summary: "Derives a symmetric key from a password and stores it. Public chats use their name as password.",
			params:  []param{{"password", "any text"}}, result: "its id, which is random",
			example: ex(`["status"]`, `"`+exampleID+`"`), handler: bind1(a, (*guestAPI).generateSymKey),
		},
		{
			name: "waku_hasSymKey", scope: scopeRead,
			summary: "Tells whether there is a symmetric key with this id.", params: symID, result: "whether there is",
			example: ex(`["{{symKeyID}}"]`, `true`, withSymKey()...), handler: bind1(a, (*guestAPI).hasSymKey),
		},
		{
			name: "waku_getSymKey", scope: scopeDebug, secret: true,
			summary: "Gives a symmetric key.", params: symID, result: "32 bytes",
			example: ex(`["{{symKeyID}}"]`, `"`+exampleSymKey+`"`, withSymKey()...), handler: bind1(a, (*guestAPI).getSymKey),
		},
		{
			name: "waku_deleteSymKey", scope: scopeSend,
			summary: "Forgets a symmetric key.", params: symID, result: "whether there was one",
			example: ex(`["{{symKeyID}}"]`, `true`, withSymKey()...), handler: bind1(a, (*guestAPI).deleteSymKey),
		},
	}
}

// messageMethods send and receive.
func (a *wakuAPI) messageMethods() []method {
	filterID := []param{{"id", "id of the filter"}}
	const received = `{"sig":"` + examplePublicKey + `","ttl":50,"timestamp":1596000000,"topic":"0x07678231",` +
		`"payload":"0x68656c6c6f","padding":"0x00","pow":0.002,"hash":"` + exampleHash + `",` +
		`"recipientPublicKey":"` + examplePublicKey + `"}`
	return []method{
		{
			name: "waku_post", scope: scopeSend, slow: true, timeout: postTime,
			summary: "Encrypts, signs and sends a message.",
			params:  []param{{"message", messageDoc}}, result: "hash of the envelope",
			example: ex(`[{"pubKey":"`+examplePublicKey+`","ttl":10,"topic":"0x07678231","payload":"0x68656c6c6f",`+
				`"powTime":5,"powTarget":0.002}]`, `"`+exampleHash+`"`),
			handler: bind1(a, (*guestAPI).post),
		},
		{
			name: "waku_newMessageFilter", scope: scopeSend,
			summary: "Installs a filter that keeps messages until they are polled. It belongs to the token that installed it, " +
				"and ends with it. A token may have 256 filters with 1000 topics; together they may have 1024 with 5000.",
			params: []param{{"criteria", criteriaDoc}}, result: "id of the filter",
			example: ex(`[{"privateKeyID":"`+exampleKeyID+`","topics":["0x07678231"]}]`, `"`+exampleID+`"`, withKeyPair()...),
			handler: bind1(a, (*guestAPI).newMessageFilter),
		},
		{
			name: "waku_getFilterMessages", scope: scopeSend,
			summary: "Takes the messages that a filter has kept since the last call. A filter keeps at most 8192 " +
				"messages or 64 MiB; the oldest go first.",
			params: filterID, result: "the messages, in no particular order",
			example: ex(`["{{filterID}}"]`, `[`+received+`]`, withFilter()...),
			handler: bind1(a, (*guestAPI).getFilterMessages),
		},
		{
			name: "waku_deleteMessageFilter", scope: scopeSend,
			summary: "Removes a filter.", params: filterID, result: "true",
			example: ex(`["{{filterID}}"]`, `true`, withFilter()...), handler: bind1(a, (*guestAPI).deleteMessageFilter),
		},
		{
			name: "waku_uninstallFilter", scope: scopeSend,
			summary: "Removes a filter, if there is one with this id.", params: filterID, result: "null",
			example: ex(`["{{filterID}}"]`, `null`, withFilter()...), handler: bind1(a, (*guestAPI).uninstallFilter),
		},
	}
}

// subscriptionMethods push messages.
func (a *wakuAPI) subscriptionMethods() []method {
	const subscribe = `["messages",{"privateKeyID":"` + exampleKeyID + `"}]`
	return []method{
		{
			name: "waku_subscribe", scope: scopeSend,
			summary: "Pushes messages over this connection as they arrive (WebSocket and unix socket).",
			params:  []param{{"name", "messages"}, {"criteria", "as of waku_newMessageFilter; topics are needed with symKeyID"}},
			result: "id of the subscription. Each message comes as a notification waku_subscription with params " +
				"{subscription, result}; a gap, because the client reads too slowly, as one with params {subscription, error}",
			example: ex(subscribe, `"`+exampleSubID+`"`, withKeyPair()...),
			handler: subscribeFn("waku", "messages", topic1(a.subscribe)),
		},
		{
			name: "waku_unsubscribe", scope: scopeSend,
			summary: "Ends a subscription of this connection.",
			params:  []param{{"id", "id of the subscription"}}, result: "true",
			example: ex(`["{{subscriptionID}}"]`, `true`,
				append(withKeyPair(), setup("waku_subscribe", subscribe, "subscriptionID"))...),
			handler: fn1(unsubscribe),
		},
	}
}
