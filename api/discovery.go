package api

import "encoding/json"

// SearchMode says how hard peers of a topic are looked for.
type SearchMode string

// Modes.
const (
	SearchFast SearchMode = "fast"
	SearchSlow SearchMode = "slow"
	SearchOff  SearchMode = "off"
)

// Values implements Enum.
func (SearchMode) Values() []SearchMode { return []SearchMode{SearchFast, SearchSlow, SearchOff} }

// SourceState is what a source of nodes does.
type SourceState string

// States of sources.
const (
	SourceOff     SourceState = "off"
	SourceWaiting SourceState = "waiting"
	SourceRunning SourceState = "running"
	SourceDone    SourceState = "done"
)

// Values implements Enum.
func (SourceState) Values() []SourceState {
	return []SourceState{SourceOff, SourceWaiting, SourceRunning, SourceDone}
}

// FoundState is what became of a node that was found.
type FoundState string

// States of nodes.
const (
	FoundConnected FoundState = "connected"
	FoundDialling  FoundState = "dialling"
	FoundQueued    FoundState = "queued"
	FoundResting   FoundState = "resting"
	FoundKnown     FoundState = "known"
)

// Values implements Enum.
func (FoundState) Values() []FoundState {
	return []FoundState{FoundConnected, FoundDialling, FoundQueued, FoundResting, FoundKnown}
}

// PoolStatus is the state of the search for peers.
type PoolStatus struct {
	// Searching is true between discovery.started and discovery.stopped.
	Searching bool        `json:"searching"`
	Topics    []PoolTopic `json:"topics"`
}

// PoolTopic is the state of one topic.
type PoolTopic struct {
	Topic     string         `json:"topic"`
	Min       int            `json:"min"`
	Max       int            `json:"max"`
	CacheOnly bool           `json:"cacheOnly"` // the limits are numbers of known nodes
	Mode      SearchMode     `json:"mode"`
	Satisfied bool           `json:"satisfied"` // it has what it needs
	Connected []PoolNode     `json:"connected"`
	Pending   []PoolNode     `json:"pending"`
	Known     []PoolNode     `json:"known,omitempty"`
	Sources   []SourceStatus `json:"sources"`
}

// PoolNode is a node in the view of one topic.
type PoolNode struct {
	ID     string     `json:"id"`              // 64 hex digits
	Enode  string     `json:"enode,omitempty"` // where it is dialled; empty: unknown
	Source string     `json:"source"`          // that found it: "kept" for one that others asked for
	State  FoundState `json:"state"`
	// Seconds it is connected, or will rest for.
	Seconds int64  `json:"seconds,omitempty"`
	Reason  string `json:"reason,omitempty"` // of its rest
}

// SourceStatus is a source of nodes.
type SourceStatus struct {
	Source string      `json:"source"`
	State  SourceState `json:"state"`
	Error  string      `json:"error,omitempty"`
}

// TopicLists are the topics that are searched for, and those that this node is
// registered under.
type TopicLists struct {
	Required   []TopicLimits `json:"required"`
	Registered []string      `json:"registered"`
}

// TopicLimits are how many peers of a topic are wanted.
type TopicLimits struct {
	Topic string `json:"topic"`
	Min   int    `json:"min"`
	Max   int    `json:"max"`
}

// DiscoveryReport describes how peers are looked for.
type DiscoveryReport struct {
	Running       bool                 `json:"running"`   // there is a pool
	Searching     bool                 `json:"searching"` // a source searches, or has just ended
	Degraded      bool                 `json:"degraded"`  // a source fails, or a registration
	Record        string               `json:"record"`    // of this node
	Sources       []SourceStatus       `json:"sources"`
	Registrations []RegistrationStatus `json:"registrations"`
	// Discv5 is the UDP endpoint; absent: discv5 is not used.
	Discv5 *EndpointStatus `json:"discv5,omitempty"`
	// TopicDiscovery is the topic discovery on it, while it is open.
	TopicDiscovery *TopicDiscoveryStatus `json:"topicDiscovery,omitempty"`
	Rendezvous     []RendezvousStatus    `json:"rendezvous,omitempty"`
}

// RegistrationStatus is a topic that this node is registered under.
type RegistrationStatus struct {
	Topic string `json:"topic"`
	By    string `json:"by"` // discv5 or rendezvous
	Error string `json:"error,omitempty"`
}

// RendezvousStatus is a rendezvous server.
type RendezvousStatus struct {
	Server   string `json:"server"` // enode
	Failures int    `json:"failures"`
	Error    string `json:"error,omitempty"` // of the last failure
}

// EndpointStatus is the UDP endpoint of discv5.
type EndpointStatus struct {
	Open       bool   `json:"open"`
	Address    string `json:"address,omitempty"` // of the socket, while open
	Nodes      int    `json:"nodes"`             // known, while open
	Live       int    `json:"live"`              // of them those that answered
	PacketsIn  uint64 `json:"packetsIn"`         // since the start
	PacketsOut uint64 `json:"packetsOut"`
	Opened     uint64 `json:"opened"` // times
}

// TopicDiscoveryStatus is the state of topic discovery.
type TopicDiscoveryStatus struct {
	Registrar *RegistrarStatus `json:"registrar,omitempty"` // absent: keeps no advertisements
	Topics    []TopicView      `json:"topics"`              // searched or advertised lately, by name
	Searches  uint64           `json:"searches"`            // begun
	Queries   uint64           `json:"queries"`             // registrars asked by searches
	Failures  uint64           `json:"failures"`            // of these, without a valid answer
	Found     uint64           `json:"found"`               // advertisers, those of each search counted anew
	Sent      uint64           `json:"sent"`                // requests to register at others
}

// RegistrarStatus is what a node keeps for others.
type RegistrarStatus struct {
	Ads           int               `json:"ads"` // advertisements kept
	Capacity      int               `json:"capacity"`
	Services      int               `json:"services"`      // that they belong to
	Similarity    string            `json:"similarity"`    // variant of the waiting time
	Registrations uint64            `json:"registrations"` // answered: admitted or told to wait
	Admitted      uint64            `json:"admitted"`
	Renewed       uint64            `json:"renewed"` // of those admitted
	Queries       uint64            `json:"queries"` // answered, each page
	Expired       uint64            `json:"expired"`
	Refused       map[string]uint64 `json:"refused"` // by reason
}

// TopicView is the view of the network from one topic.
type TopicView struct {
	Topic       string        `json:"topic"`
	Registrars  int           `json:"registrars"` // known
	Verified    int           `json:"verified"`   // of these, answered
	Advertising bool          `json:"advertising"`
	Active      int           `json:"active"`  // registrations
	Pending     int           `json:"pending"` // registrations that wait for their first admission
	Buckets     []TopicBucket `json:"buckets"` // those with registrars, farthest first
	Sent        uint64        `json:"sent"`    // requests to register
	GivenUp     uint64        `json:"givenUp"` // registrations
}

// TopicBucket is one bucket of distance from a topic.
type TopicBucket struct {
	Distance   int `json:"distance"`
	Registrars int `json:"registrars"`
	Verified   int `json:"verified"`
	Active     int `json:"active"`
	Pending    int `json:"pending"`
}

// DiscoverySignal is what discovery_subscribe pushes: an event of the node in
// the shape of status-go's signals.
type DiscoverySignal struct {
	Type  EventType       `json:"type"`
	Event json.RawMessage `json:"event"`
}

// Arguments of methods about discovery.
type (
	// DiscoverArgs are those of peer_discover.
	DiscoverArgs struct {
		Request DiscoverRequest `json:"request" doc:"what to look for"`
	}
	// DiscoverRequest says how many peers of a topic to look for.
	DiscoverRequest struct {
		Topic string `json:"topic,omitempty" doc:"whisper: relays, whispermail: mailservers, or another name"`
		Max   int    `json:"max,omitempty" doc:"above it the node disconnects"`
		Min   int    `json:"min,omitempty" doc:"below it the node searches"`
	}
)

// Methods about the search for peers.
var (
	PeerDiscover = Method[DiscoverArgs, None]{
		Name: "peer_discover", Scope: ScopeAdmin, Returns: "null; peer_status tells what is found",
		Summary: "Sets how many peers of a topic to look for, and looks for them now.",
		Example: Example{Params: `[{"topic":"whisper","max":2,"min":2}]`, Result: `null`},
	}
	PeerStatus = Method[None, PoolStatus]{
		Name: "peer_status", Scope: ScopeRead,
		Summary: "Tells for each topic the limits, who is connected, known or waiting, and which sources search.",
		Returns: "see the example; mode is fast, slow or off, the state of a source off, waiting, running or done",
		Example: Example{
			Params: `[]`,
			Result: `{"searching":true,"topics":[{"topic":"whisper","min":2,"max":2,"cacheOnly":false,"mode":"fast",` +
				`"satisfied":false,"connected":[{"id":"` + exampleID + `","enode":"` + exampleNode + `",` +
				`"source":"discv5","state":"connected","seconds":12}],"pending":[],` +
				`"sources":[{"source":"cache","state":"done"},{"source":"discv5","state":"running"}]}]}`,
		},
	}
	PeerTopics = Method[None, TopicLists]{
		Name: "peer_topics", Scope: ScopeRead, Returns: "see the example",
		Summary: "Lists the topics that are searched for, and those that this node is registered under.",
		Example: Example{Params: `[]`, Result: `{"required":[{"topic":"whisper","min":2,"max":2}],"registered":[]}`},
	}
	PeerPrune = Method[None, int]{
		Name: "peer_prune", Scope: ScopeAdmin, Returns: "number of peers that were forgotten",
		Summary: "Forgets the peers of earlier runs that the node is not connected to.",
		Example: Example{Params: `[]`, Result: `3`},
	}
	DiscoveryStatus = Method[None, DiscoveryReport]{
		Name: "discovery_status", Scope: ScopeRead,
		Summary: "Describes the sources of nodes, the registrations of this node and its UDP endpoint.",
		Returns: "see the example; degraded: a source fails and the others carry on. packetsIn and packetsOut count since " +
			"the start",
		Example: Example{
			Params: `[]`,
			Result: `{"running":true,"searching":false,"degraded":false,"record":"enr:-J24",` +
				`"sources":[{"source":"discv5","state":"off"}],"registrations":[],` +
				`"discv5":{"open":false,"nodes":0,"live":0,"packetsIn":120,"packetsOut":118,"opened":1}}`,
		},
	}
	DiscoverySubscribe = Subscription[TopicArgs, string, DiscoverySignal]{
		Name: "discovery_subscribe", Scope: ScopeRead, Topic: "signals",
		Summary: "Pushes what discovery does over this connection (WebSocket and unix socket).",
		Returns: "id of the subscription; notifications discovery_subscription have {type, event} as result: " +
			"discovery.started and discovery.stopped with event null, discovery.summary with the list of connected " +
			"peers, enode.discovered with {enode, topic}, enode being the node id",
		Example: Example{Params: `["signals"]`, Result: `"` + exampleSubID + `"`},
	}
	DiscoveryUnsubscribe = Method[SubscriptionArgs, bool]{
		Name: "discovery_unsubscribe", Scope: ScopeRead, Summary: "Ends a subscription of this connection.",
		Returns: "true",
		Example: Example{
			Setup:  []Call{{Method: "discovery_subscribe", Params: `["signals"]`, Bind: "subscriptionID"}},
			Params: `["{{subscriptionID}}"]`, Result: `true`,
		},
	}
)

// Methods that describe the server.
var (
	RpcModules = Method[None, map[string]string]{
		Name: "rpc_modules", Scope: ScopeRead, Returns: "namespace → version",
		Summary: "Lists the namespaces on offer on this connection, with their version.",
		Example: Example{Params: `[]`, Result: `{"admin":"1.0","net":"1.0","rpc":"1.0","waku":"1.0"}`},
	}
	RpcDiscover = Method[None, json.RawMessage]{
		Name: "rpc.discover", Scope: ScopeRead,
		Summary: "Describes every method on offer on this connection as an OpenRPC document.",
		Returns: "an OpenRPC 1.3 document, whose version is that of the contract. Types and errors have names, under " +
			"components. Of each method x-scope is the scope a token needs, x-since the release it appeared in, " +
			"x-notification what a subscription pushes, x-setup (in an example) calls to make first: what they answer, or " +
			"the part of it at the JSON pointer \"at\", is bound to a name and replaces {{name}}. x-errors are what every " +
			"method may answer with, x-events the types of events",
		Example: Example{Params: `[]`, Result: `{"openrpc":"1.3.2"}`},
	}
)

func discoveryMethods() []Described {
	return []Described{
		PeerDiscover, PeerStatus, PeerTopics, PeerPrune, DiscoveryStatus, DiscoverySubscribe,
		DiscoveryUnsubscribe, RpcModules, RpcDiscover,
	}
}
