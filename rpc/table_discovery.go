package rpc

// discoveryMethods look at and steer the search for peers.
func (s *Server) discoveryMethods() []method {
	a := &discoveryAPI{s.deps.Discovery}
	return []method{
		{
			name: "peer_discover", scope: scopeAdmin,
			summary: "Sets how many peers of a topic to look for, and looks for them now.",
			params: []param{{"request", "topic (whisper: relays, whispermail: mailservers, or another name), max and min: " +
				"below min the node searches, above max it disconnects"}},
			result:  "null; peer_status tells what is found",
			example: ex(`[{"topic":"whisper","max":2,"min":2}]`, `null`), handler: fn1(a.discover),
		},
		{
			name: "peer_status", scope: scopeRead,
			summary: "Tells for each topic the limits, who is connected, known or waiting, and which sources search.",
			result:  "see the example; mode is fast, slow or off, the state of a source off, waiting, running or done",
			example: example{
				params: `[]`,
				result: `{"searching":true,"topics":[{"topic":"whisper","min":2,"max":2,"cacheOnly":false,"mode":"fast",` +
					`"satisfied":false,"connected":[{"id":"` + exampleHash[2:] + `","enode":"` + exampleNode + `",` +
					`"source":"discv5","state":"connected","seconds":12}],"pending":[],` +
					`"sources":[{"source":"cache","state":"done"},{"source":"discv5","state":"running"}]}]}`,
			},
			handler: fn0(a.peerStatus),
		},
		{
			name: "peer_topics", scope: scopeRead,
			summary: "Lists the topics that are searched for, and those that this node is registered under.",
			result:  "see the example",
			example: example{
				params: `[]`,
				result: `{"required":[{"topic":"whisper","min":2,"max":2}],"registered":[]}`,
			},
			handler: fn0(a.topics),
		},
		{
			name: "peer_prune", scope: scopeAdmin,
			summary: "Forgets the peers of earlier runs that the node is not connected to.",
			result:  "number of peers that were forgotten",
			example: ex(`[]`, `3`), handler: fn0(a.prune),
		},
		{
			name: "discovery_status", scope: scopeRead,
			summary: "Describes the sources of nodes, the registrations of this node and its UDP endpoint.",
			result: "see the example; degraded: a source fails and the others carry on. packetsIn and packetsOut count since " +
				"the start",
			example: example{
				params: `[]`,
				result: `{"running":true,"searching":false,"degraded":false,"record":"enr:-J24",` +
					`"sources":[{"source":"discv5","state":"off"}],"registrations":[],` +
					`"discv5":{"open":false,"nodes":0,"live":0,"packetsIn":120,"packetsOut":118,"opened":1}}`,
			},
			handler: fn0(a.status),
		},
		{
			name: "discovery_subscribe", scope: scopeRead,
			summary: "Pushes what discovery does over this connection (WebSocket and unix socket).",
			params:  []param{{"name", "signals"}},
			result: "id of the subscription; notifications discovery_subscription have {type, event} as result: " +
				"discovery.started and discovery.stopped with event null, discovery.summary with the list of connected " +
				"peers, enode.discovered with {enode, topic}, enode being the node id",
			example: ex(`["signals"]`, `"`+exampleSubID+`"`),
			handler: subscribeFn("discovery", "signals", topic0(a.subscribe)),
		},
		{
			name: "discovery_unsubscribe", scope: scopeRead,
			summary: "Ends a subscription of this connection.",
			params:  []param{{"id", "id of the subscription"}},
			result:  "true",
			example: example{
				setup:  []setupCall{setup("discovery_subscribe", `["signals"]`, "subscriptionID")},
				params: `["{{subscriptionID}}"]`, result: `true`,
			},
			handler: fn1(unsubscribe),
		},
	}
}
