package topicindex

import (
	"maps"
	"math/rand/v2"
	"testing"

	"statusd/waku/wire"
)

// randomTopic makes a topic out of few bytes, so that bits of a filter fall
// into one byte, and topics come again.
func randomTopic(r *rand.Rand) wire.Topic {
	return wire.Topic{byte(r.IntN(10)), byte(r.IntN(10)), byte(r.IntN(3)), byte(r.IntN(8))}
}

func TestIndexAgainstMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var x Index[int]
	model := make(map[wire.Topic]int)
	x.Delete(wire.Topic{1}) // of an empty index
	for i := range 20_000 {
		topic := randomTopic(r)
		switch r.IntN(3) {
		case 0:
			x.Delete(topic)
			delete(model, topic)
		default:
			x.Set(topic, i)
			model[topic] = i
		}
		want, there := model[topic]
		if got, ok := x.Get(topic); got != want || ok != there {
			t.Fatalf("step %d: got %d, %t, want %d, %t", i, got, ok, want, there)
		}
	}
	if x.Len() != len(model) {
		t.Errorf("%d topics, want %d", x.Len(), len(model))
	}
	if got := maps.Collect(x.All()); !maps.Equal(got, model) {
		t.Error("the index and the map differ")
	}
}

// TestMatching compares with a look at every topic, for filters of both kinds.
func TestMatching(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var x Index[int]
	for i := range 500 {
		x.Set(randomTopic(r), i)
	}
	none, full := wire.Bloom{}, wire.FullBloom()
	blooms := []*wire.Bloom{&none, &full}
	for n := range 60 {
		var or, erasing wire.Bloom
		for range n {
			topic := randomTopic(r)
			or.Add(topic)
			sample := wire.SampleBloom(topic)
			erasing.Merge(&sample)
		}
		blooms = append(blooms, &or, &erasing)
	}
	for i, b := range blooms {
		want := make(map[wire.Topic]int)
		for topic, value := range x.All() {
			if b.Contains(topic) {
				want[topic] = value
			}
		}
		if got := maps.Collect(x.Matching(b)); !maps.Equal(got, want) {
			t.Errorf("filter %d: %d topics, want %d", i, len(got), len(want))
		}
		for range x.Matching(b) {
			break // may be left early
		}
	}
	for range x.All() {
		break
	}
}

func BenchmarkMatching(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	var x Index[int]
	var topics []wire.Topic
	for i := range 25_000 {
		n := r.Uint32()
		topics = append(topics, wire.Topic{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		x.Set(topics[i], i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		var one wire.Bloom
		one.Add(topics[i%len(topics)])
		for range x.Matching(&one) {
		}
		i++
	}
}
