package store

import (
	"statusd/datasync"
	"statusd/datasync/runner"
)

// boot makes the observed party out of its database, as after a restart.
func (o *witness) boot() {
	o.t.Helper()
	p, err := openParty(o.dir, 9)
	if err != nil {
		o.t.Fatal(err)
	}
	schedule := datasync.DefaultSchedule()
	schedule.Jitter = 0
	if p.node, err = datasync.New(datasync.Config{Self: p.self, Schedule: schedule}); err != nil {
		o.t.Fatal(err)
	}
	if o.syncParty != nil {
		p.clock = o.clock
	}
	o.syncParty = p
	o.run, err = runner.New(runner.Config[*Tx]{Node: p.node, Store: SyncStore{p.db}, Port: o, Now: p.now})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = p.db.Close() })
}

// quietParty opens a party that sends nowhere.
func quietParty(dir string) (*syncParty, error) {
	p, err := openParty(dir, 8)
	if err != nil {
		return nil, err
	}
	p.run, err = runner.New(runner.Config[*Tx]{Node: p.node, Store: SyncStore{p.db}, Port: quiet{}, Now: p.now})
	return p, err
}
