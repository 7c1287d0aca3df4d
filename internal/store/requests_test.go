package store

import (
	"fmt"
	"testing"
	"time"
)

// TestRequestsAreBounded has one owner make more requests than are kept: its
// own oldest go, nobody else's, and what is old goes with time.
func TestRequestsAreBounded(t *testing.T) {
	db := mustOpen(t, testConfig(t.TempDir()))
	now := time.UnixMilli(1_700_000_000_000)
	put := func(tx *Tx, owner, id string, at time.Time) {
		t.Helper()
		if err := tx.Requests().Put(&Request{Owner: owner, ID: id, Method: "m", Args: "a", Result: "r", At: at}); err != nil {
			t.Fatal(err)
		}
	}
	has := func(tx *Tx, owner, id string, at time.Time) bool {
		t.Helper()
		_, found, err := tx.Requests().ByID(owner, id, at)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	count := func(tx *Tx) (n int64) {
		t.Helper()
		if _, err := tx.Get(`SELECT count(*) FROM request`, nil, func(r Row) { n = r.Int64(0) }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	err := db.Update(t.Context(), func(tx *Tx) error {
		put(tx, "quiet", "0", now)
		for i := range MaxRequests + 5 {
			put(tx, "loud", fmt.Sprint(i), now)
		}
		if n := count(tx); n != MaxRequests+1 {
			t.Errorf("%d are kept", n)
		}
		if !has(tx, "quiet", "0", now) || has(tx, "loud", "4", now) || !has(tx, "loud", "5", now) {
			t.Error("the oldest of who made too many do not go")
		}
		if !has(tx, "quiet", "0", now.Add(RequestAge)) || has(tx, "quiet", "0", now.Add(RequestAge+time.Millisecond)) {
			t.Error("requests are not remembered for just RequestAge")
		}
		later := now.Add(RequestAge + time.Hour)
		put(tx, "quiet", "0", later) // the id is free again
		if !has(tx, "quiet", "0", later) {
			t.Error("an id cannot be used again")
		}
		for i := range 10 {
			put(tx, "other", fmt.Sprint(i), later)
		}
		if n := count(tx); n > MaxRequests+11-10*(prunedAtOnce-1) {
			t.Errorf("%d are kept although they are too old", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
