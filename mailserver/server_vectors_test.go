package mailserver_test

import (
	"fmt"
	"slices"
	"testing"

	"statusd/internal/test/vectors"
	"statusd/mailserver"
	"statusd/mailserver/archivetest"
	"statusd/mailserver/leveldb"
	"statusd/waku/wire"
)

// vecQuery is one request against the archive of the vector file.
type vecQuery struct {
	Description string
	MaxSize     int         `json:"max_message_size"`
	Packets     [][]int     `json:"packets_by_archive_index"`
	LastHash    vectors.Hex `json:"last_envelope_hash"`
	Cursor      vectors.Hex
	Error       *string
	Crashes     any `json:"reference_crashes"`
	Request     struct {
		Batch        bool
		Bloom        vectors.Hex
		Cursor       vectors.Hex
		Limit        uint32
		Lower, Upper uint32
		Topics       []vectors.Hex
	}
}

func (c *vecQuery) payload() mailserver.Payload {
	r := &c.Request
	p := mailserver.Payload{
		Lower: r.Lower, Upper: r.Upper, Bloom: r.Bloom, Limit: r.Limit, Cursor: r.Cursor, Batch: r.Batch,
	}
	for _, t := range r.Topics {
		p.Topics = append(p.Topics, t)
	}
	return p
}

// vecArchive loads the stored envelopes, in the order of their indexes.
func vecArchive(t *testing.T, f *vectors.File) (envs []*wire.Envelope, index map[wire.Hash]int) {
	t.Helper()
	type entry struct {
		RLP     vectors.Hex
		Hash    vectors.Hex
		Created uint32
		Topic   vectors.Hex
	}
	index = make(map[wire.Hash]int)
	for i, c := range vectors.Section[[]entry](t, f, "archive") {
		env, err := wire.DecodeEnvelope(c.RLP)
		if err != nil {
			t.Fatal(err)
		}
		if env.Hash() != wire.Hash(c.Hash) || env.Sent() != c.Created || env.Topic() != wire.Topic(c.Topic) {
			t.Errorf("envelope %d: got %s, %d, %s", i, env.Hash(), env.Sent(), env.Topic())
		}
		envs = append(envs, env)
		index[env.Hash()] = i
	}
	return envs, index
}

// expected is the answer that our rules demand, from the model.
type expected struct {
	indexes []int
	last    wire.Hash
	cursor  []byte
	refused bool
}

func (c *vecQuery) expect(t *testing.T, envs []*wire.Envelope, index map[wire.Hash]int) (e expected) {
	t.Helper()
	r := &c.Request
	okLengths := (len(r.Bloom) == 0 || len(r.Bloom) == 64) && (len(r.Cursor) == 0 || len(r.Cursor) == 36)
	if !okLengths || r.Lower > r.Upper || r.Limit > mailserver.MaxLimit || len(r.Bloom)+len(r.Topics) == 0 {
		return expected{refused: true}
	}
	model := new(archivetest.Model)
	model.Put(envs)
	q := mailserver.Query{Lower: r.Lower, Upper: r.Upper}
	for _, topic := range r.Topics {
		q.Topics = append(q.Topics, wire.Topic(topic))
	}
	if len(q.Topics) == 0 {
		bloom := wire.Bloom(r.Bloom)
		q.Bloom = &bloom
	}
	if len(r.Cursor) > 0 {
		after, err := mailserver.ParseCursor(r.Cursor)
		if err != nil {
			t.Fatal(err)
		}
		q.After = &after
	}
	all := model.Select(q)
	if r.Limit > 0 && int(r.Limit) < len(all) {
		all = all[:r.Limit]
		e.cursor = mailserver.KeyOf(all[len(all)-1]).AppendCursor(nil)
	}
	for _, env := range all {
		if wire.MessagesSize(len(env.RLP())) <= c.MaxSize {
			e.indexes = append(e.indexes, index[env.Hash()])
			e.last = env.Hash()
		}
	}
	return e
}

// deviates reports whether our answer is meant to differ from the reference's.
func (c *vecQuery) deviates(envs []*wire.Envelope, e expected) bool {
	r := &c.Request
	tooLarge := slices.ContainsFunc(envs, func(env *wire.Envelope) bool {
		return wire.MessagesSize(len(env.RLP())) > c.MaxSize
	})
	return c.Crashes != nil || len(r.Topics) > 0 || r.Upper == 1<<32-1 || tooLarge ||
		e.refused && c.Error == nil || // lengths that the reference lets pass
		len(c.Cursor) > 0 && len(e.cursor) == 0 // a cursor although nothing is left
}

// TestVectorQueries asks an archive what the reference's were asked.
func TestVectorQueries(t *testing.T) {
	f := vectors.Load(t, "mailserver")
	envs, index := vecArchive(t, f)
	archive, err := leveldb.Open(t.TempDir(), leveldb.Options{MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if _, err := archive.Put(t.Context(), envs); err != nil {
		t.Fatal(err)
	}
	for _, section := range []string{"queries_postgres", "queries_leveldb"} {
		vectors.Each(t, f, section, func(i int, c vecQuery) string { return fmt.Sprintf("%d_%s", i, c.Description) },
			func(t *testing.T, c vecQuery) {
				want := c.expect(t, envs, index)
				if !c.deviates(envs, want) {
					checkReference(t, &c, want, section == "queries_leveldb")
				}
				checkAnswer(t, archive, &c, want, index)
			})
	}
}

// checkReference compares our rule with what the reference did.
func checkReference(t *testing.T, c *vecQuery, want expected, oldestFirst bool) {
	t.Helper()
	if (c.Error != nil) != want.refused {
		t.Fatalf("refused: we %t, the reference %v", want.refused, c.Error)
	}
	got := slices.Concat(c.Packets...)
	if oldestFirst {
		if c.Request.Limit > 0 && len(got) == int(c.Request.Limit) || len(c.Request.Cursor) > 0 {
			return // another direction, another page
		}
		ours := slices.Sorted(slices.Values(want.indexes))
		if slices.Sort(got); !slices.Equal(got, ours) {
			t.Errorf("envelopes: we %v, the reference %v", ours, got)
		}
		return
	}
	if !slices.Equal(got, want.indexes) || string(c.Cursor) != string(want.cursor) {
		t.Errorf("we %v, %x, the reference %v, %x", want.indexes, want.cursor, got, c.Cursor)
	}
	if !want.refused && wire.Hash(c.LastHash) != want.last {
		t.Errorf("last: we %s, the reference %x", want.last, c.LastHash)
	}
}

// checkAnswer runs a server over an archive and compares what it sends.
func checkAnswer(t *testing.T, a mailserver.Archive, c *vecQuery, want expected, index map[wire.Hash]int) {
	t.Helper()
	var hashes []wire.Hash
	var answer *wire.RequestComplete
	largest := 0
	bubble(t, mailserver.ServerConfig{Archive: a, MaxPacket: c.MaxSize}, func(t *testing.T, s *mailserver.Server) {
		p := newPeer(t)
		hashes, answer = request(t, s, p, c.payload())
		largest = p.largest
	})
	if answer.Failed != want.refused || want.refused && c.Error != nil && answer.Text != *c.Error &&
		"request is invalid: "+answer.Text != *c.Error {
		t.Errorf("refused: got %q, want %t %v", answer.Text, want.refused, c.Error)
	}
	var indexes []int
	for _, h := range hashes {
		indexes = append(indexes, index[h])
	}
	if !slices.Equal(indexes, want.indexes) {
		t.Errorf("envelopes: got %v, want %v", indexes, want.indexes)
	}
	if answer.Last != want.last || string(answer.Cursor) != string(want.cursor) {
		t.Errorf("last, cursor: got %s, %x, want %s, %x", answer.Last, answer.Cursor, want.last, want.cursor)
	}
	if largest > c.MaxSize {
		t.Errorf("packet of %d bytes, limit %d", largest, c.MaxSize)
	}
}
