package courier

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"statusd/accounts/key"
	"statusd/internal/store"
	"statusd/transport"
)

// fakeChats is the layer above: it keeps each parcel once, by its text, in a
// table and in memory.
type fakeChats struct {
	mu      sync.Mutex
	chats   []string
	people  []key.Public
	parcels []Parcel
	notes   []string
	found   []transport.Installation
	fault   func(text string) error // of Receive
	again   int                     // synced parcels that were known
	retry   func(tx *store.Tx, attempt func(fn func() error) error) (time.Time, error)
}

func newFakeChats() *fakeChats { return new(fakeChats) }

func (f *fakeChats) listen(chat string, person *key.Public) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if chat != "" {
		f.chats = append(f.chats, chat)
	}
	if person != nil {
		f.people = append(f.people, *person)
	}
}

func (f *fakeChats) Receive(_ context.Context, tx *store.Tx, p Parcel) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := string(p.Data)
	if f.fault != nil {
		if err := f.fault(text); err != nil {
			return err
		}
	}
	if text == codeText {
		return nil
	}
	id := idOf(text)
	err := tx.Exec(`INSERT INTO test_received (id, text) VALUES (?, ?) ON CONFLICT DO NOTHING`, id[:], text)
	if err != nil {
		return err
	}
	n, err := tx.Changed()
	if err != nil {
		return err
	}
	if n == 0 {
		if p.Synced {
			f.again++ // data sync delivers once
		}
		return fmt.Errorf("%w: known", ErrDrop)
	}
	p.Data = slices.Clone(p.Data)
	tx.OnFinish(func(committed bool) {
		if committed {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.parcels = append(f.parcels, p)
		}
	})
	return nil
}

// Refused has what a fault calls so come again, the rest is done with.
func (f *fakeChats) Refused(_ context.Context, _ *store.Tx, _ Parcel, why error) (bool, error) {
	return errors.Is(why, ErrAgain), nil
}

// Retry calls the function of a test.
func (f *fakeChats) Retry(_ context.Context, tx *store.Tx, attempt func(fn func() error) error) (time.Time, error) {
	f.mu.Lock()
	retry := f.retry
	f.mu.Unlock()
	if retry == nil {
		return time.Time{}, nil
	}
	return retry(tx, attempt)
}

func (f *fakeChats) note(tx *store.Tx, text string) error {
	tx.OnFinish(func(committed bool) {
		if committed {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.notes = append(f.notes, text)
		}
	})
	return nil
}

func name(ids []ID) (s string) {
	for _, id := range ids {
		s += fmt.Sprintf(" %x", id[:4])
	}
	return s
}

func (f *fakeChats) Sent(_ context.Context, tx *store.Tx, ids []ID) error {
	return f.note(tx, "sent"+name(ids))
}

func (f *fakeChats) Failed(_ context.Context, tx *store.Tx, ids []ID, why Failure) error {
	return f.note(tx, "failed"+name(ids)+": "+string(why))
}

func (f *fakeChats) Delivered(_ context.Context, tx *store.Tx, id ID, _ key.Public, waiting int) error {
	return f.note(tx, fmt.Sprintf("delivered%s, waiting for %d", name([]ID{id}), waiting))
}

func (f *fakeChats) Found(_ context.Context, tx *store.Tx, found []transport.Installation) error {
	tx.OnFinish(func(committed bool) {
		if committed {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.found = append(f.found, found...)
		}
	})
	return nil
}

func (f *fakeChats) Undecryptable(_ context.Context, tx *store.Tx, _ key.Public) error {
	return f.note(tx, "undecryptable")
}

func (f *fakeChats) HistorySynced(_ context.Context, tx *store.Tx, _ time.Time, envelopes int) error {
	return f.note(tx, fmt.Sprintf("history %d", envelopes))
}

func (f *fakeChats) Listens(_ context.Context, tx *store.Tx, added []Filter) error {
	for _, a := range added {
		if err := f.note(tx, "listens to "+a.Place.Kind.String()+" of "+a.Person.String()); err != nil {
			return err
		}
	}
	return nil
}

func (f *fakeChats) Listening(context.Context, *store.Tx) ([]string, []key.Public, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.chats), slices.Clone(f.people), nil
}

// codeText is what the wrapper of the contact code holds in these tests.
const codeText = "contact code"

func (f *fakeChats) ContactCode(context.Context, *store.Tx) ([]byte, error) {
	return []byte(codeText), nil
}

// all returns the texts received, or the notes that begin with a word.
func (f *fakeChats) all(word string) (out []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if word == "" {
		for _, p := range f.parcels {
			out = append(out, string(p.Data))
		}
		return out
	}
	for _, n := range f.notes {
		if len(n) >= len(word) && n[:len(word)] == word {
			out = append(out, n)
		}
	}
	return out
}

func (f *fakeChats) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.parcels)
}

func (f *fakeChats) parcel(text string) (p Parcel, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.parcels {
		if string(p.Data) == text {
			return p, true
		}
	}
	return Parcel{}, false
}
