package datasync_test

import (
	"context"
	"fmt"
	"time"

	"statusd/datasync"
	"statusd/datasync/memstore"
)

// A message goes to a peer and its ack comes back. What a Node has outstanding is
// in the store, so each call is within a transaction; what Due plans may
// leave when that has committed.
func Example() {
	ana, ben := datasync.PeerID{4, 1}, datasync.PeerID{4, 2}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	party := func(self datasync.PeerID) (*datasync.Node, *memstore.Store) {
		n, err := datasync.New(datasync.Config{Self: self})
		if err != nil {
			panic(err)
		}
		return n, memstore.New()
	}
	sender, outgoing := party(ana)
	receiver, incoming := party(ben)
	ctx := context.Background()

	var payload []byte
	err := outgoing.Update(ctx, func(tx *memstore.Tx) error {
		m := datasync.Outgoing{Ref: datasync.Ref{1}, Body: []byte("wrapped message"), To: []datasync.PeerID{ben}}
		if _, err := sender.Append(tx, m, now); err != nil {
			return err
		}
		e, err := sender.Due(tx, now)
		if err == nil {
			payload, err = e.Sends[0].Encode(tx.Body)
		}
		return err
	})
	if err == nil {
		err = incoming.Update(ctx, func(tx *memstore.Tx) error {
			p, ok := datasync.Unwrap(payload)
			e, err := receiver.Handle(tx, ana, p, now)
			if err != nil || !ok {
				return err
			}
			fmt.Printf("delivered: %s\n", e.Deliveries[0].Body)
			e, err = receiver.Due(tx, now)
			if err == nil {
				payload, err = e.Sends[0].Encode(tx.Body)
			}
			return err
		})
	}
	if err == nil {
		err = outgoing.Update(ctx, func(tx *memstore.Tx) error {
			p, _ := datasync.Unwrap(payload)
			e, err := sender.Handle(tx, ben, p, now)
			if err == nil {
				fmt.Printf("%v, %d others are waited for\n", e.Receipts[0].Outcome, e.Receipts[0].Waiting)
			}
			return err
		})
	}
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// delivered: wrapped message
	// acked, 0 others are waited for
}
