package datasync

// journal holds how to undo what was done since Begin, newest last.
type journal struct {
	open  bool
	undo  []func()
	fresh []*peer // peers that may turn out to have nothing outstanding
}

func (j *journal) log(undo func()) {
	if j.open {
		j.undo = append(j.undo, undo)
	}
}

// Begin starts to record how to undo what follows. Exactly one of Commit and
// Rollback ends that. Without Begin nothing can be rolled back.
func (n *Node) Begin() {
	n.journal.open = true
	n.journal.undo = n.journal.undo[:0]
}

// Savepoint returns a mark for RollbackTo, valid until the transaction ends or
// is rolled back beyond it.
func (n *Node) Savepoint() int { return len(n.journal.undo) }

// RollbackTo undoes everything since the savepoint.
func (n *Node) RollbackTo(savepoint int) {
	j := &n.journal
	for i := len(j.undo) - 1; i >= savepoint; i-- {
		j.undo[i]()
		j.undo[i] = nil
	}
	j.undo = j.undo[:savepoint]
}

// Rollback undoes everything since Begin: the store's transaction was dropped.
func (n *Node) Rollback() {
	n.RollbackTo(0)
	n.Commit()
}

// Commit makes everything since Begin final: the store's transaction is
// durable.
func (n *Node) Commit() {
	n.journal.open = false
	clear(n.journal.undo)
	n.journal.undo = n.journal.undo[:0]
	if cap(n.journal.undo) > 1<<12 {
		n.journal.undo = nil
	}
	n.sweep()
}

// sweep removes peers with nothing outstanding. While a transaction is open
// they stay, because undoing may need them.
func (n *Node) sweep() {
	if n.journal.open {
		return
	}
	for _, p := range n.journal.fresh {
		if len(p.records) == 0 && len(p.acks) == 0 {
			delete(n.peers, p.id)
		}
	}
	clear(n.journal.fresh)
	n.journal.fresh = n.journal.fresh[:0]
}
