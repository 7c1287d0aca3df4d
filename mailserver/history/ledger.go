package history

import (
	"slices"
)

// Overlap is how far before the end of what is known to be fetched the next
// request begins: servers may archive envelopes out of order (spec 02
// section 9).
const Overlap = 60

// Span is a range of creation times, both ends included.
type Span struct {
	From uint32 `json:"from"`
	To   uint32 `json:"to"`
}

// Spans is a set of times: ordered, disjoint and not adjacent.
type Spans []Span

// Add returns the set with one span more.
func (s Spans) Add(add Span) Spans {
	if add.From > add.To {
		return s
	}
	out := make(Spans, 0, len(s)+1)
	for _, have := range s {
		if uint64(have.To)+1 < uint64(add.From) || uint64(add.To)+1 < uint64(have.From) {
			out = append(out, have)
			continue
		}
		add.From, add.To = min(add.From, have.From), max(add.To, have.To)
	}
	out = append(out, add)
	slices.SortFunc(out, func(a, b Span) int {
		if a.From < b.From {
			return -1
		}
		return 1
	})
	return out
}

// Missing returns the parts of want that the set lacks, oldest first.
func (s Spans) Missing(want Span) []Span {
	var gaps []Span
	from := uint64(want.From)
	for _, have := range s {
		if uint64(have.To) < from || have.From > want.To {
			continue
		}
		if uint64(have.From) > from {
			gaps = append(gaps, Span{uint32(from), have.From - 1})
		}
		from = uint64(have.To) + 1
	}
	if from <= uint64(want.To) {
		gaps = append(gaps, Span{uint32(from), want.To})
	}
	return gaps
}

// Last returns the end of the latest span, zero when there is none.
func (s Spans) Last() uint32 {
	if len(s) == 0 {
		return 0
	}
	return s[len(s)-1].To
}

// maxSpans bounds the gaps that are remembered for a topic. When there are
// more, the oldest span is forgotten: its envelopes are merely fetched again.
const maxSpans = 64

func (s Spans) bounded() Spans {
	if len(s) > maxSpans {
		return s[len(s)-maxSpans:]
	}
	return s
}
