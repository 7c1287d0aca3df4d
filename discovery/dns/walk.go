package dns

import "math/rand/v2"

// maxVisits bounds the entries of one subtree that are looked at. At three in
// a second it is an hour's work.
const maxVisits = 10_000

// walk is the way through one subtree: every entry once, in random order, so
// that clients that need two nodes do not all find the same.
type walk struct {
	pending []string
	seen    map[string]bool
	rand    *rand.Rand
}

func newWalk(root string, r *rand.Rand) *walk {
	w := &walk{seen: make(map[string]bool), rand: r}
	w.add([]string{root})
	return w
}

// add has entries visited, unless they were or will be, as far as the bound
// allows.
func (w *walk) add(hashes []string) {
	for _, h := range hashes {
		if !w.seen[h] && len(w.seen) < maxVisits {
			w.seen[h] = true
			w.pending = append(w.pending, h)
		}
	}
}

// next returns the entry to visit, ok = false when there is none left.
func (w *walk) next() (hash string, ok bool) {
	n := len(w.pending)
	if n == 0 {
		return "", false
	}
	i := w.rand.IntN(n)
	hash = w.pending[i]
	w.pending[i] = w.pending[n-1]
	w.pending = w.pending[:n-1]
	return hash, true
}
