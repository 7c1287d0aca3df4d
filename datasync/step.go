package datasync

import "time"

// step is one call of a Node: the rows that it works on, and what comes of it.
type step struct {
	n  *Node
	st Store
	t  Millis
	e  Effects
}

func (n *Node) step(st Store, now time.Time) *step { return &step{n: n, st: st, t: MillisOf(now)} }

// finish ends the record of an outgoing message and reports how. When nobody
// waits for the message any more, its body goes.
func (s *step) finish(r *State, o Outcome) error {
	if err := s.st.Delete(r); err != nil {
		return err
	}
	waiting, err := s.st.CountOf(r.Ref)
	if err != nil {
		return err
	}
	s.e.Receipts = append(s.e.Receipts, Receipt{Ref: r.Ref, Peer: r.Peer, ID: r.ID, Outcome: o, Waiting: waiting})
	if waiting > 0 {
		return nil
	}
	return s.st.DropBody(r.Ref)
}
