// Package broadcast wakes everybody who waits for something to change: closing
// a channel reaches all of them, and nobody who comes later.
package broadcast

// Waiters are those who wait for a change. The zero value is ready. It has no
// lock of its own: the one that guards what changes guards it, so that nobody
// misses a change between looking and waiting.
type Waiters struct{ next chan struct{} } // nil while nobody waits

// Next returns a channel that the next Wake closes.
func (w *Waiters) Next() <-chan struct{} {
	if w.next == nil {
		w.next = make(chan struct{})
	}
	return w.next
}

// Wake wakes those who wait.
func (w *Waiters) Wake() {
	if w.next != nil {
		close(w.next)
		w.next = nil
	}
}
