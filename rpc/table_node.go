package rpc

// nodeMethods are those of the daemon itself.
func (s *Server) nodeMethods() []method {
	a := &nodeAPI{server: s}
	return append(s.peerMethods(a), []method{
		{
			name: "admin_datadir", scope: scopeRead,
			summary: "Tells the data directory.", result: "absolute path",
			example: ex(`[]`, `"/var/lib/statusd"`), handler: fn0(a.datadir),
		},
		{
			name: "admin_setLogLevel", scope: scopeAdmin,
			summary: "Changes what is logged, until the daemon stops. A single positional parameter is the level.",
			params: []param{{"module", "for instance waku or rpc; left out or null: all"}, {"level", "error, warn, " +
				"info, debug or trace"}},
			result:  "true",
			example: ex(`[null,"info"]`, `true`), handler: fn2(a.setLogLevel),
		},
		{
			name: "admin_shutdown", scope: scopeAdmin,
			summary: "Stops the daemon in good order.", result: "true",
			example: ex(`[]`, `true`), handler: fn0(a.shutdown),
		},
		{
			name: "net_version", scope: scopeRead,
			summary: "Tells the configured network id.", result: "decimal number",
			example: ex(`[]`, `"1"`), handler: fn0(a.netVersion),
		},
		{
			name: "net_peerCount", scope: scopeRead,
			summary: "Counts the connected peers.", result: "number in hex",
			example: ex(`[]`, `"0x4"`), handler: fn0(a.peerCount),
		},
		{
			name: "net_listening", scope: scopeRead,
			summary: "Tells whether the peer-to-peer port accepts connections.", result: "whether it does",
			example: ex(`[]`, `true`), handler: fn0(a.listening),
		},
		{
			name: "web3_clientVersion", scope: scopeRead,
			summary: "Tells name and version of this program.", result: "name/version/system/language",
			example: ex(`[]`, `"statusd/v0.1.0/linux-amd64/go1.26.0"`), handler: fn0(a.clientVersion),
		},
		{
			name: "web3_sha3", scope: scopeRead,
			summary: "Hashes bytes with Keccak-256.", params: []param{{"data", "any bytes"}}, result: "32 bytes",
			example: example{
				params: `["0x68656c6c6f"]`,
				result: `"0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8"`,
			},
			handler: fn1(a.sha3),
		},
		{
			name: "status_health", scope: scopeRead,
			summary: "Reports the state of the daemon and of its components, as GET /health does.",
			result:  "levels are INITIALIZING, SYNCHRONIZING, READY, NOT_READY, NOT_MOUNTED and SHUTTING_DOWN",
			example: example{
				params: `[]`,
				result: `{"nodeHealth":"READY","protocolsHealth":[{"Waku":"READY","desc":"4 peers"}],"version":"v0.1.0",` +
					`"uptimeSeconds":3600}`,
			},
			handler: fn0(a.health),
		},
		{
			name: "status_version", scope: scopeRead,
			summary: "Tells version, commit and protocols of this program.", result: "see the example",
			example: example{
				params: `[]`,
				result: `{"version":"v0.1.0","commit":"0123456789ab","go":"go1.26.0","protocols":["waku/1","waku/0"]}`,
			},
			handler: fn0(a.version),
		},
		{
			name: "version", aliasOf: "status_version", scope: scopeRead,
			summary: "Is status_version in the words of signal-cli.", result: "see the example",
			example: ex(`[]`, `{"version":"v0.1.0","commit":"0123456789ab","go":"go1.26.0","protocols":["waku/1","waku/0"]}`),
			handler: fn0(a.version),
		},
	}...)
}

// peerMethods look at and change the peers.
func (s *Server) peerMethods(a *nodeAPI) []method {
	node := []param{{"enode", "URL (enode://…) or record (enr:…) of the node"}}
	onNode := `["` + exampleNode + `"]`
	peers := s.deps.Peers
	return []method{
		{
			name: "admin_nodeInfo", scope: scopeRead,
			summary: "Describes this node: id, addresses and protocols.", result: "as go-ethereum's",
			example: example{
				params: `[]`,
				result: `{"id":"` + exampleHash[2:] + `","name":"statusd/v0.1.0","enode":"` + exampleNode + `","enr":"enr:-J24",` +
					`"ip":"192.0.2.7","ports":{"discovery":30303,"listener":30303},"listenAddr":"[::]:30303",` +
					`"protocols":{"waku":{"version":"1","maxMessageSize":1048576,"minimumPoW":0.000002}}}`,
			},
			handler: fn0(a.nodeInfo),
		},
		{
			name: "admin_peers", scope: scopeRead,
			summary: "Describes the connected peers, with their Waku statistics.",
			result:  "as go-ethereum's, protocols.waku is ours",
			example: example{
				params: `[]`,
				result: `[{"enode":"` + exampleNode + `","id":"` + exampleHash[2:] + `","name":"statusd/v0.1.0",` +
					`"caps":["waku/0","waku/1"],` +
					`"network":{"localAddress":"192.0.2.1:30303","remoteAddress":"192.0.2.7:30303","inbound":false,` +
					`"trusted":false,"static":true},` +
					`"protocols":{"waku":{"version":1,"envelopesIn":12,"envelopesOut":3}}}]`,
			},
			handler: fn0(a.peers),
		},
		{
			name: "admin_addPeer", scope: scopeAdmin, slow: true,
			summary: "Connects to a node, and again whenever the connection is lost, until the daemon stops.",
			params:  node, result: "true: the node was noted",
			example: ex(onNode, `true`), handler: fn1(onPeer(peers.AddPeer)),
		},
		{
			name: "admin_removePeer", scope: scopeAdmin, slow: true,
			summary: "Disconnects from a node and no longer tries to connect to it.",
			params:  node, result: "true",
			example: ex(onNode, `true`), handler: fn1(onPeer(peers.RemovePeer)),
		},
		{
			name: "admin_addTrustedPeer", scope: scopeAdmin, slow: true,
			summary: "Lets a node connect also when there is no free slot.",
			params:  node, result: "true",
			example: ex(onNode, `true`), handler: fn1(onPeer(peers.AddTrustedPeer)),
		},
		{
			name: "admin_removeTrustedPeer", scope: scopeAdmin, slow: true,
			summary: "Takes that privilege away; the connection stays.",
			params:  node, result: "true",
			example: ex(onNode, `true`), handler: fn1(onPeer(peers.RemoveTrustedPeer)),
		},
		{
			name: "admin_subscribe", scope: scopeRead,
			summary: "Pushes what happens to peers over this connection (WebSocket and unix socket).",
			params:  []param{{"name", "peerEvents"}},
			result: "id of the subscription; notifications admin_subscription have go-ethereum's peer events as result, " +
				"types add and drop",
			example: ex(`["peerEvents"]`, `"`+exampleSubID+`"`),
			handler: subscribeFn("admin", "peerEvents", topic0(a.subscribePeerEvents)),
		},
		{
			name: "admin_unsubscribe", scope: scopeRead,
			summary: "Ends a subscription of this connection.",
			params:  []param{{"id", "id of the subscription"}},
			result:  "true",
			example: example{
				setup:  []setupCall{setup("admin_subscribe", `["peerEvents"]`, "subscriptionID")},
				params: `["{{subscriptionID}}"]`, result: `true`,
			},
			handler: fn1(unsubscribe),
		},
	}
}
