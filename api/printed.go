package api

// What the commands print in JSON (-o json) and no method answers. The keys are
// stable like those of methods: docs/commands.md.

// The types of this block are what a method answers, and by what name people
// see it: the name is made for people, and says where it is not ours.
type (
	// ShownMessage is a message with the name of its author.
	ShownMessage struct {
		*Message
		FromName        string  `json:"fromName"`
		FromNameGivenBy GivenBy `json:"fromNameGivenBy"`
	}
	// ShownChat is a chat with its name.
	ShownChat struct {
		*Chat
		DisplayName string  `json:"displayName"`
		NameGivenBy GivenBy `json:"nameGivenBy"`
	}
	// ShownContact is a person with the name.
	ShownContact struct {
		*Contact
		DisplayName string  `json:"displayName"`
		NameGivenBy GivenBy `json:"nameGivenBy"`
	}
	// ShownMember is a member of a group with the name.
	ShownMember struct {
		Member
		DisplayName string  `json:"displayName"`
		NameGivenBy GivenBy `json:"nameGivenBy"`
	}
	// FetchedMessage is a message that came from a mailserver.
	FetchedMessage struct {
		WakuMessage
		Time string `json:"time"` // of the sending, RFC 3339
		// Message is what it says, where it is a message of the chat asked for.
		Message *ShownMessage `json:"message,omitempty"`
	}
	// ShownPeers are the peers of a node, and what it looks for.
	ShownPeers struct {
		Peers  []ShownPeer `json:"peers"`
		Topics []PoolTopic `json:"topics"`
	}
	// ShownPeer is a peer, and what it is here for.
	ShownPeer struct {
		PeerInfo
		For []string `json:"for"` // topics that it is a peer of
	}
)

// The types of this block are about the command itself.
type (
	// CommandError is an error, on standard error.
	CommandError struct {
		Error    string `json:"error"`
		Kind     Kind   `json:"kind"`           // also one that no answer of a daemon has
		Hint     string `json:"hint,omitempty"` // what to do
		ExitCode int    `json:"exitCode"`       // docs/exit-codes.md
		Help     string `json:"help,omitempty"` // the command that explains the usage
		Stack    string `json:"stack,omitempty"`
	}
	// CommandNote is neither a result nor an error, on standard error.
	CommandNote struct {
		Note string `json:"note"`
	}
	// BuildInfo describes the program.
	BuildInfo struct {
		VersionInfo
		Platform string `json:"platform"` // system/architecture
	}
)

// The types of this block are results of commands about accounts and keys.
type (
	// PasswordCheck tells whether a password is right.
	PasswordCheck struct {
		Valid bool `json:"valid"`
	}
	// DatabaseCheck says that a database is sound.
	DatabaseCheck struct {
		OK bool `json:"ok"`
	}
	// RestoredAccount is what a backup held.
	RestoredAccount struct {
		KeyUID   string `json:"keyUid"`
		Name     string `json:"name"`
		Time     int64  `json:"time"` // of the backup, Unix seconds
		WithKeys bool   `json:"withKeys"`
		Dir      string `json:"dir"` // that was made
	}
	// KeyIdentities are those of one key, as other tools name it.
	KeyIdentities struct {
		NodeID     string `json:"nodeId"`     // keccak256 of the public key
		PublicKey  string `json:"publicKey"`  // 65 bytes
		Compressed string `json:"compressed"` // 33 bytes
		EnodeID    string `json:"enodeId"`    // user part of an enode URL
		Address    string `json:"address"`
		ChatKey    string `json:"chatKey"`   // zQ3sh…, as people exchange it
		Name       string `json:"name"`      // of three words; empty without word lists
		Identicon  string `json:"identicon"` // data URI
	}
	// ConvertedKey is a public key in a multibase form.
	ConvertedKey struct {
		Base string `json:"base"`
		Key  string `json:"key"`
	}
)

// The types of this block are results of commands about nodes.
type (
	// NodePublicKey is the key of a boot node that was made.
	NodePublicKey struct {
		PublicKey string `json:"publicKey"`
	}
	// BootnodeAddresses are those of a boot node that runs.
	BootnodeAddresses struct {
		Enode      string `json:"enode"`
		ENR        string `json:"enr"`
		UDP        int    `json:"udp"`
		Rendezvous string `json:"rendezvous,omitempty"`
	}
	// RolePlan is what was written for a role.
	RolePlan struct {
		Role  string   `json:"role"`
		Dir   string   `json:"dir"`
		Files []string `json:"files"`
		Enode string   `json:"enode"`
		Open  []string `json:"open"` // ports, as tcp/30303
	}
	// ConfigCheck says that a configuration is valid.
	ConfigCheck struct {
		OK       bool     `json:"ok"`
		Files    []string `json:"files"` // that were read
		Warnings []string `json:"warnings"`
	}
	// ConfigFiles is where a configuration comes from.
	ConfigFiles struct {
		Dir   string   `json:"dir"`
		Files []string `json:"files"`
	}
	// ConfigEntry is a value of the configuration, and who set it.
	ConfigEntry struct {
		Key    string `json:"key"`
		Value  any    `json:"value"` // secrets masked unless asked for
		Source string `json:"source"`
	}
	// NetworkPreset is a fleet.
	NetworkPreset struct {
		Name   string `json:"name"`
		Source string `json:"source"` // "embedded", "retired", or a path
	}
	// PeerChange says that the daemon was told to connect to a node, or to leave
	// it alone.
	PeerChange struct {
		Node string `json:"node"`
		Done bool   `json:"done"`
	}
	// ForgottenPeers counts the remembered peers that were forgotten.
	ForgottenPeers struct {
		Forgotten int `json:"forgotten"`
	}
	// NodeCheck is how trying out a node went.
	NodeCheck struct {
		Node      string      `json:"node"` // enode without password
		Kind      string      `json:"kind"` // mailserver, static, rendezvous or discv5
		OK        bool        `json:"ok"`
		Code      int         `json:"exitCode"`
		Error     string      `json:"error,omitempty"`
		Client    string      `json:"client,omitempty"` // what the node calls itself
		Protocols []string    `json:"protocols,omitempty"`
		Steps     []CheckStep `json:"steps"`
		Envelopes int         `json:"envelopes"` // that came: 0 or 1
		More      bool        `json:"more"`      // the server has more for the period
		// Of rendezvous servers and discv5 nodes.
		Relays int    `json:"relays,omitempty"` // that it told of, ten at most
		SeenAs string `json:"seenAs,omitempty"` // the address it sees
	}
	// CheckStep is one step of that.
	CheckStep struct {
		Name         string  `json:"step"`
		OK           bool    `json:"ok"`
		Milliseconds float64 `json:"milliseconds"`
	}
	// DevnetNode is a node of a network on this machine.
	DevnetNode struct {
		Name    string `json:"name"`
		Dir     string `json:"dir"`
		HTTP    string `json:"http"`
		Enode   string `json:"enode"`
		ChatKey string `json:"chatKey"`
		Log     string `json:"log"`
	}
	// DNSTree is a list of nodes that was made or signed.
	DNSTree struct {
		File    string `json:"file"`
		Domain  string `json:"domain"`
		Seq     uint64 `json:"seq"`
		Nodes   int    `json:"nodes"`
		Links   int    `json:"links"`
		Changed bool   `json:"changed"`
		URL     string `json:"url,omitempty"`
	}
)

// The types of this block are results of commands about mail archives.
type (
	// BackfillReport is what another mailserver had of a time. Times are Unix
	// seconds.
	BackfillReport struct {
		From      uint32 `json:"from"`
		To        uint32 `json:"to"`
		Envelopes int    `json:"envelopes"` // that came
		Archived  int    `json:"archived"`
		Skipped   int    `json:"skipped"` // not fit for the archive
	}
	// ImportReport is what came into the archive from that of a status-go
	// mailserver.
	ImportReport struct {
		Archive string `json:"archive"`
		Read    int64  `json:"read"`
		Added   int64  `json:"added"`
		Invalid int64  `json:"invalid"` // left out
		Resumed bool   `json:"resumed"` // it went on after an earlier run
	}
	// RepairReport is what could be saved of a damaged archive.
	RepairReport struct {
		Archive      string `json:"archive"`
		Envelopes    int64  `json:"envelopes"` // kept
		Pruned       int64  `json:"pruned"`
		Dropped      int64  `json:"dropped"`
		DamagedFiles int    `json:"damagedFiles"`
	}
)
