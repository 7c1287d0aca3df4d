package store

import (
	"fmt"
	"math"
	"time"

	"statusd/accounts/key"
	"statusd/transport"
	"statusd/transport/topics"
)

// Post is a row of the outbox: a sealed payload that is to leave in an
// envelope, again if need be, and always with the same bytes.
type Post struct {
	ID        int64
	Attempts  int // how often it was tried, the running attempt included
	Created   time.Time
	Place     topics.Place
	To        key.Public // whose key the envelope is sealed to; zero: that of the place
	Waku      transport.WakuParams
	Untracked bool // nobody waits for it
	Payload   []byte
	// Messages are the ids of the application payloads in it.
	Messages [][32]byte
}

// Outbox is what is sealed and has to be posted.
type Outbox struct{ tx *Tx }

// Outbox returns the table.
func (tx *Tx) Outbox() Outbox { return Outbox{tx} }

// Put adds a post. The caller numbers posts, from above Last on.
func (o Outbox) Put(p Post) error {
	var to []byte
	if !p.To.IsZero() {
		compressed := p.To.Compressed()
		to = compressed[:]
	}
	err := o.tx.Exec(`INSERT INTO outbox (id, attempts, created, place_kind, place, recipient, ttl, pow_target, pow_time,
		untracked, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, p.ID, p.Attempts, p.Created.UnixNano(),
		int(p.Place.Kind), p.Place.Name(), to, int64(p.Waku.TTL), p.Waku.PoWTarget, int64(p.Waku.PoWTime), p.Untracked,
		p.Payload)
	for _, id := range p.Messages {
		if err != nil {
			break
		}
		err = o.tx.Exec(`INSERT INTO outbox_message (message, post) VALUES (?, ?) ON CONFLICT DO NOTHING`, id[:], p.ID)
	}
	if err != nil {
		return fmt.Errorf("add to the outbox: %w", err)
	}
	return nil
}

// Last returns the highest number in the outbox, 0 if it is empty.
func (o Outbox) Last() (last int64, err error) {
	_, err = o.tx.Get(`SELECT max(id) FROM outbox`, nil, func(r Row) { last = r.Int64(0) })
	if err != nil {
		return 0, fmt.Errorf("read outbox: %w", err)
	}
	return last, nil
}

const postColumns = `id, attempts, created, place_kind, place, recipient, ttl, pow_target, pow_time, untracked`

func scanPost(r Row) (Post, error) {
	p := Post{
		ID: r.Int64(0), Attempts: int(r.Int64(1)), Created: time.Unix(0, r.Int64(2)),
		Waku: transport.WakuParams{
			TTL: time.Duration(r.Int64(6)), PoWTarget: r.Float64(7), PoWTime: time.Duration(r.Int64(8)),
		},
		Untracked: r.Bool(9),
	}
	kind := r.Int64(3)
	if kind < 0 || kind > math.MaxUint8 {
		return Post{}, fmt.Errorf("%w: place of kind %d", ErrTransport, kind)
	}
	p.Place = topics.Named(topics.Kind(kind), r.Text(4))
	to := r.Blob(5)
	if len(to) == 0 {
		return p, nil
	}
	var err error
	if p.To, err = key.ParsePublic(to); err != nil {
		return Post{}, fmt.Errorf("%w: recipient: %w", ErrTransport, err)
	}
	return p, nil
}

// ByID returns a post with its payload, without its Messages. found is false
// when it has left the outbox.
func (o Outbox) ByID(id int64) (p Post, found bool, err error) {
	var scanned error
	found, err = o.tx.Get(`SELECT `+postColumns+`, payload FROM outbox WHERE id = ?`, []any{id}, func(r Row) {
		p, scanned = scanPost(r)
		p.Payload = r.Blob(10)
	})
	if err == nil {
		err = scanned
	}
	if err != nil {
		return Post{}, false, fmt.Errorf("read post: %w", err)
	}
	return p, found, nil
}

// After returns the posts with a number above one, in the order of their
// numbers, without payloads.
func (o Outbox) After(above int64) (list []Post, err error) {
	err = o.tx.Query(`SELECT `+postColumns+` FROM outbox WHERE id > ? ORDER BY id`, []any{above}, func(r Row) error {
		p, err := scanPost(r)
		list = append(list, p)
		return err
	})
	for i := range list {
		if err != nil {
			break
		}
		err = o.tx.Query(`SELECT message FROM outbox_message WHERE post = ? ORDER BY message`, []any{list[i].ID},
			func(r Row) error {
				list[i].Messages = append(list[i].Messages, [32]byte{})
				return copyBlob(list[i].Messages[len(list[i].Messages)-1][:], r, 0)
			})
	}
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	return list, nil
}

// SetAttempts notes how often a post was tried.
func (o Outbox) SetAttempts(post int64, attempts int) error {
	if err := o.tx.Exec(`UPDATE outbox SET attempts = ? WHERE id = ?`, attempts, post); err != nil {
		return fmt.Errorf("count attempt: %w", err)
	}
	return nil
}

// Delete takes a post out of the outbox.
func (o Outbox) Delete(id int64) error {
	if err := o.tx.Exec(`DELETE FROM outbox WHERE id = ?`, id); err != nil {
		return fmt.Errorf("remove from the outbox: %w", err)
	}
	return nil
}

// With returns the posts that carry a message.
func (o Outbox) With(message [32]byte) (posts []int64, err error) {
	return o.ids(`SELECT post FROM outbox_message WHERE message = ? ORDER BY post`, message[:])
}

// To returns the posts to a person.
func (o Outbox) To(to key.Public) ([]int64, error) {
	compressed := to.Compressed()
	return o.ids(`SELECT id FROM outbox WHERE recipient = ? ORDER BY id`, compressed[:])
}

func (o Outbox) ids(query string, args ...any) (posts []int64, err error) {
	err = o.tx.Query(query, args, func(r Row) error {
		posts = append(posts, r.Int64(0))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("search outbox: %w", err)
	}
	return posts, nil
}

// Cancel takes a message out of the outbox: posts that carry no other go,
// and their numbers are returned.
func (o Outbox) Cancel(message [32]byte) (gone []int64, err error) {
	gone, err = o.ids(`SELECT post FROM outbox_message AS m WHERE message = ? AND NOT EXISTS (
		SELECT 1 FROM outbox_message WHERE post = m.post AND message <> m.message) ORDER BY post`, message[:])
	if err == nil {
		err = o.tx.Exec(`DELETE FROM outbox_message WHERE message = ?`, message[:])
	}
	for _, id := range gone {
		if err != nil {
			break
		}
		err = o.Delete(id)
	}
	return gone, err
}

// State returns how many posts wait, and since when the oldest does,
// zero when none waits.
func (o Outbox) State() (count int64, oldest time.Time, err error) {
	_, err = o.tx.Get(`SELECT count(*), min(created) FROM outbox`, nil, func(r Row) {
		if count = r.Int64(0); count > 0 {
			oldest = time.Unix(0, r.Int64(1))
		}
	})
	return count, oldest, err
}
