package store

import (
	"context"
	"errors"
	"testing"
)

// TestKeepLeavesTheVersion opens an older database for looking and tidying up,
// and refuses a newer one as ever.
func TestKeepLeavesTheVersion(t *testing.T) {
	c := testConfig(t.TempDir())
	closeDB(t, openVersion(t, c, 2))
	c.Keep = true
	db := openVersion(t, c, 3)
	for _, work := range []func(context.Context) error{db.Check, db.Vacuum} {
		if err := work(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if v := versionOf(t, db); v != 2 {
		t.Errorf("content of version %d", v)
	}
	closeDB(t, db)
	c.migrations = versions(1)
	if _, err := Open(context.Background(), c); !errors.Is(err, ErrNewer) {
		t.Errorf("got %v", err)
	}
	closeDB(t, openVersion(t, c, 2))
}
