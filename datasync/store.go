package datasync

// Status is what a store knows without looking at its records.
type Status struct {
	Clock    Millis // see Store.SetClock
	Back     Millis // see there
	Owed     bool   // an ack has not left
	Heard    bool   // a peer has a Before
	Deadline Millis // the earliest of all records; 0: there is none
}

// Store is what data sync keeps, as one transaction sees it. What a method
// changes is undone with the transaction, or with its savepoint, and is on disk
// when it has committed. No method changes what it returned or keeps its
// arguments.
type Store interface {
	RecordStore
	PeerStore
	ReceivedStore

	// PutBody stores the bytes of a message. What is there stays: is it the
	// same?
	PutBody(ref Ref, body []byte) (same bool, err error)
	// Body returns stored bytes, which the caller must not change.
	Body(ref Ref) ([]byte, error)
	// DropBody notes that data sync needs the bytes no more.
	DropBody(ref Ref) error

	// Status costs the same however much is stored.
	Status() (Status, error)
	// SetClock notes the latest time that something was dated with, and what the
	// clock said when it was found to be set back; 0: it is not.
	SetClock(latest, back Millis) error
	// SetBack pulls the times of peers that are after t back to it, and if births
	// is set those of received ids too.
	SetBack(t Millis, births bool) error
}

// RecordStore keeps records. Lists hold at most max records; where nothing else
// is said they come in any order.
type RecordStore interface {
	// HasRecords reports whether a peer has a record.
	HasRecords(peer PeerID) (bool, error)
	// Records returns those of the messages ids that there are at a peer.
	Records(peer PeerID, ids []MessageID) ([]State, error)
	// RecordsOf returns all records of a Ref, in the order of Seq.
	RecordsOf(ref Ref) ([]State, error)
	// CountOf counts the records of a Ref.
	CountOf(ref Ref) (int, error)
	// RecordsAt returns records of a peer.
	RecordsAt(peer PeerID, max int) ([]State, error)
	// RecordsAfter returns records with a higher Seq, in its order.
	RecordsAfter(seq uint64, max int) ([]State, error)
	// Due returns records with a deadline up to a time, the earliest first, and
	// of the same time in the order of Seq.
	Due(until Millis, max int) ([]State, error)
	// SentBefore returns records of a peer that were sent, and last before a
	// time, or after now by a clock that was ahead; in the order of their ids and
	// above one.
	SentBefore(peer PeerID, before, now Millis, above MessageID, max int) ([]State, error)
	// Requests counts the records of KindRequest, of one peer and of all.
	Requests(peer PeerID) (ofPeer, all int, err error)

	// Insert adds a record, in place of a request with its Peer and ID, and sets
	// its Seq. There is none with its Ref and Peer.
	Insert(s *State) error
	// Update writes Kind, Attempts, Created, LastSent, Asked and Deadline.
	Update(s *State) error
	Delete(s *State) error
}

// PeerStore keeps what is remembered of peers.
type PeerStore interface {
	// Peer returns the zero value for a peer of which nothing is remembered.
	Peer(id PeerID) (PeerState, error)
	PutPeer(id PeerID, p PeerState) error
	// ForgetPeers forgets peers without a Before that were heard last, and could
	// not read something last, before a time.
	ForgetPeers(before Millis) error
	// Heard returns peers with a Before, at most max, the earliest first: who is
	// heard again and again does not hold up others.
	Heard(max int) ([]HeardPeer, error)
}

// ReceivedStore keeps the ids of received messages, in the order in which they
// came first, and to whom an ack is owed for them.
type ReceivedStore interface {
	// Receive notes a message at a time, and that its ack is owed. It reports
	// whether it came for the first time.
	Receive(id MessageID, from PeerID, at Millis) (fresh bool, err error)
	// Received returns those of some messages that came.
	Received(ids []MessageID) (map[MessageID]bool, error)
	// Owe notes that an ack is owed for a message that came. If it is owed
	// already, it stays so to whom it is.
	Owe(id MessageID, to PeerID) error
	// TakeOwed returns acks that are owed, in the order of their messages, and
	// makes them no longer so.
	TakeOwed(max int) ([]Ack, error)
	// Disown has a peer owed nothing.
	Disown(to PeerID) error
	// Unreceive forgets a message and its ack, and reports whether it came.
	Unreceive(id MessageID) (bool, error)
	// ForgetReceived forgets what came before a time, and of what is left the
	// oldest beyond keep.
	ForgetReceived(before Millis, keep int) error
}

// HeardPeer is a peer with a Before.
type HeardPeer struct {
	Peer PeerID
	PeerState
}

// Ack is an acknowledgement that is owed.
type Ack struct {
	To PeerID
	ID MessageID
}
