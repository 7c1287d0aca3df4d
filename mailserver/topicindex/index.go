// Package topicindex keeps values by topic, and finds the topics that a bloom
// filter contains without looking at all of them.
//
// A topic sets up to three bits of a filter. One of them is set in every filter
// that contains the topic; topics lie together by that bit, so a filter of one
// topic meets a 170th of all topics. An index starts no goroutines and has no
// lock.
package topicindex

import (
	"iter"

	"statusd/waku/wire"
)

// Index maps topics to values. The zero value is empty. It is not safe for
// concurrent use when somebody writes.
type Index[V any] struct {
	at    map[wire.Topic]int32 // where in its slot a topic is
	slots [8 * wire.BloomLength][]entry[V]
}

type entry[V any] struct {
	topic wire.Topic
	value V
}

// Len returns the number of topics.
func (x *Index[V]) Len() int { return len(x.at) }

// Get returns the value of a topic, the zero value when it is not there.
func (x *Index[V]) Get(t wire.Topic) (value V, ok bool) {
	i, ok := x.at[t]
	if ok {
		value = x.slots[t.SureBit()][i].value
	}
	return value, ok
}

// Set adds a topic or replaces its value.
func (x *Index[V]) Set(t wire.Topic, value V) {
	slot := &x.slots[t.SureBit()]
	if i, ok := x.at[t]; ok {
		(*slot)[i].value = value
		return
	}
	if x.at == nil {
		x.at = make(map[wire.Topic]int32)
	}
	x.at[t] = int32(len(*slot))
	*slot = append(*slot, entry[V]{t, value})
}

// Delete removes a topic, if it is there.
func (x *Index[V]) Delete(t wire.Topic) {
	i, ok := x.at[t]
	if !ok {
		return
	}
	delete(x.at, t)
	slot := &x.slots[t.SureBit()]
	last := len(*slot) - 1
	if int(i) != last {
		moved := (*slot)[last]
		(*slot)[i] = moved
		x.at[moved.topic] = i
	}
	*slot = (*slot)[:last]
}

// All walks over every topic, in no order. Nothing may be added or removed
// meanwhile.
func (x *Index[V]) All() iter.Seq2[wire.Topic, V] {
	return func(yield func(wire.Topic, V) bool) {
		for i := range x.slots {
			for _, e := range x.slots[i] {
				if !yield(e.topic, e.value) {
					return
				}
			}
		}
	}
}

// Matching walks over the topics that a bloom filter contains, in no order.
// Nothing may be added or removed meanwhile.
func (x *Index[V]) Matching(b *wire.Bloom) iter.Seq2[wire.Topic, V] {
	return func(yield func(wire.Topic, V) bool) {
		for i := range x.slots {
			if !b.Bit(i) {
				continue
			}
			for _, e := range x.slots[i] {
				if b.Contains(e.topic) && !yield(e.topic, e.value) {
					return
				}
			}
		}
	}
}
