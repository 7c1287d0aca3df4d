package postgres

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"statusd/mailserver"
	"statusd/mailserver/postgres/pgtest"
)

// faultRig is a recorder on a database into which a test puts faults.
type faultRig struct {
	t    *testing.T
	uri  string
	a    *Archive
	r    *mailserver.Recorder
	logs *observer.ObservedLogs
}

func newFaultRig(t *testing.T, timeout time.Duration) *faultRig {
	t.Helper()
	uri := pgtest.Start(t, false).Database()
	core, logs := observer.New(zapcore.InfoLevel)
	rig := &faultRig{t: t, uri: uri, a: openTest(t, uri), logs: logs}
	var err error
	rig.r, err = mailserver.NewRecorder(mailserver.RecorderConfig{
		Archive: rig.a, Logger: zap.New(core), PutTimeout: timeout,
		SpillPath: filepath.Join(t.TempDir(), "spill"),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- rig.r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return rig
}

// sql runs a statement of the operator's.
func (f *faultRig) sql(statement string) {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), f.uri)
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close(f.t.Context())
	if _, err := conn.Exec(f.t.Context(), statement); err != nil {
		f.t.Fatal(err)
	}
}

// onInsert runs PL/pgSQL before each row is stored; empty: nothing.
func (f *faultRig) onInsert(code string) {
	f.t.Helper()
	f.sql(`DROP TRIGGER IF EXISTS fault ON envelopes`)
	if code != "" {
		f.sql(`CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN ` + code + ` RETURN NEW; END $$`)
		f.sql(`CREATE TRIGGER fault BEFORE INSERT ON envelopes FOR EACH ROW EXECUTE FUNCTION fault()`)
	}
}

func (f *faultRig) await(what string, done func(mailserver.RecorderStatus) bool) {
	f.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !done(f.r.Status()) {
		if time.Now().After(deadline) {
			f.t.Fatalf("%s: status %+v, health %+v", what, f.r.Status(), f.r.Health())
		}
		<-time.After(5 * time.Millisecond)
	}
}

// TestRecorderDatabaseDiskFull: a database without disk space is an outage like
// any other, nothing is dropped.
func TestRecorderDatabaseDiskFull(t *testing.T) {
	f := newFaultRig(t, 0)
	envs := testEnvelopes(700, 0)
	f.onInsert(`RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';`)
	for _, env := range envs {
		f.r.Put(env)
	}
	f.await("spilled", func(s mailserver.RecorderStatus) bool { return s.SpillBytes > 0 && s.Pending == 0 })
	if s := f.r.Status(); s.Dropped != 0 || s.Refused != 0 || f.r.Health().OK {
		t.Errorf("%+v, %+v", s, f.r.Health())
	}
	f.onInsert("")
	f.await("stored", func(s mailserver.RecorderStatus) bool { return s.Stored == 700 && s.SpillBytes == 0 })
	if s, err := f.a.Stats(t.Context()); err != nil || s.Envelopes != 700 || f.r.Status().Dropped != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestRecorderSlowRows: a database that takes its time for each row gets pieces
// that it finishes, so that the spill file drains.
func TestRecorderSlowRows(t *testing.T) {
	f := newFaultRig(t, time.Second)
	f.onInsert(`RAISE EXCEPTION 'down' USING ERRCODE = '57P03';`)
	for _, env := range testEnvelopes(300, 0) {
		f.r.Put(env)
	}
	f.await("spilled", func(s mailserver.RecorderStatus) bool { return s.SpillBytes > 0 && s.Pending == 0 })
	f.onInsert(`PERFORM pg_sleep(0.01);`) // three times what the time allows
	f.await("drained", func(s mailserver.RecorderStatus) bool { return s.Stored == 300 && s.SpillBytes == 0 })
}

// TestRecorderRefusedRow: rows that the database refuses are put aside by name,
// and the rest goes on.
func TestRecorderRefusedRow(t *testing.T) {
	for _, state := range []string{"23514", "22023", "P0001", "XX000"} {
		t.Run(state, func(t *testing.T) {
			f := newFaultRig(t, 0)
			envs := testEnvelopes(1000, 0)
			bad := envs[321]
			hash := bad.Hash()
			f.onInsert(fmt.Sprintf(`IF NEW.hash = '\x%x' THEN RAISE EXCEPTION 'not this one' USING ERRCODE = '%s'; END IF;`,
				hash[:], state))
			for _, env := range envs {
				f.r.Put(env)
			}
			f.await("stored", func(s mailserver.RecorderStatus) bool { return s.Stored == 999 && s.Pending == 0 })
			f.await("put aside", func(s mailserver.RecorderStatus) bool { return s.Refused == 1 && s.SpillBytes == 0 })
			line := f.logs.FilterMessageSnippet("refused").All()
			if len(line) != 1 || line[0].ContextMap()["hash"] != hash.String() ||
				!strings.Contains(fmt.Sprint(line[0].ContextMap()["error"]), "not this one") {
				t.Errorf("log: %v", line)
			}
			if !f.r.Health().OK || f.r.Status().Dropped != 0 {
				t.Errorf("%+v, %+v", f.r.Health(), f.r.Status())
			}
		})
	}
}
