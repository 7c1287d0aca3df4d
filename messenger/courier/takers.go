package courier

import (
	"slices"

	"statusd/internal/store"
	"statusd/transport/envelopes"
	"statusd/waku/wire"
)

// need is what peers judge an envelope by before it is sent to them. anyway is set
// for what carries no message of the chats, such as a contact code: nobody waits
// for it, and it leaves whoever takes it.
type need struct {
	topic  wire.Topic
	pow    float64
	anyway bool
}

// head returns the first post that somebody takes. Those that nobody takes, since
// the peers asked for other topics only, wait and hold up no others.
func (o *outbox) head() (id envelopes.PostID, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.queue) > 0 && o.posts[o.queue[0]] == nil {
		o.queue = o.queue[1:] // cancelled meanwhile
	}
	var nobody map[need]bool
	for _, id := range o.queue {
		p := o.posts[id]
		if p == nil || nobody[p.need] {
			continue
		}
		if o.taken(p.need) {
			return id, true
		}
		if nobody == nil {
			nobody = make(map[need]bool)
		}
		nobody[p.need] = true
	}
	return 0, false
}

// taken reports whether a peer takes and forwards an envelope.
func (o *outbox) taken(n need) bool { return n.anyway || o.c.cfg.Host.Takers(n.topic, n.pow) > 0 }

func needOf(row *store.Post, pow float64) need {
	return need{row.Place.Topic(), pow, row.Untracked || len(row.Messages) == 0}
}

// stuck reports whether a post waits because nobody takes it.
func (o *outbox) stuck(id envelopes.PostID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.posts[id]
	return p != nil && !o.taken(p.need) && slices.Contains(o.queue, id)
}

func (o *outbox) pop(id envelopes.PostID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch i := slices.Index(o.queue, id); {
	case i == 0:
		o.queue = o.queue[1:]
	case i > 0:
		o.queue = slices.Delete(o.queue, i, i+1)
	}
}
