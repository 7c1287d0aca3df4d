// Package event appends to the event log of an account what api names, in the
// transaction that caused it (docs/events.md). It starts no goroutines.
package event

import (
	"encoding/json"
	"fmt"
	"time"

	"statusd/api"
	"statusd/internal/store"
	"statusd/messenger/text"
)

// Append writes an event into the log, in the transaction of its cause, without
// the trees of its messages: who reads the log makes them anew (text.Show).
func Append(tx *store.Tx, e api.EventPayload, now time.Time) error {
	body, err := json.Marshal(text.Bare(e))
	if err != nil {
		return fmt.Errorf("append %s: %w", e.EventType(), err)
	}
	_, err = tx.EventLog().Append(string(e.EventType()), body, now, api.ChatsOf(e)...)
	return err
}
