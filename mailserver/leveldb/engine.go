package leveldb

import (
	"errors"
	"fmt"
	"time"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"go.uber.org/zap"

	"statusd/mailserver"
)

// After a write that failed the engine refuses every other, or, worse, writes
// on behind what it may have written half: numbers of batches would repeat, and
// the next start would leave out those that came later. So it is closed and
// opened again, which replays the journal as after a crash. Walks in progress
// go on in the new one.

// reopenPause is the time between two attempts that reads cause. Those of
// writes come as the recorder makes them.
const reopenPause = time.Second

// start opens the engine and loads what is kept in memory. suspect are tables
// to be read from end to end.
func (a *Archive) start(suspect []tableState) (err error) {
	stor, err := storage.OpenFile(a.dir, false)
	if err != nil {
		return err
	}
	if a.o.wrap != nil {
		stor = a.o.wrap(stor)
	}
	defer func() {
		if err != nil {
			if a.db != nil {
				_ = a.db.Close() // err says more
			}
			_ = stor.Close()
			a.db, a.stor = nil, nil
		}
	}()
	if err := checkManifest(a.dir); err != nil {
		return err
	}
	if err := keepDamaged(a.dir); err != nil {
		return err
	}
	if a.db, err = leveldb.Open(stor, options(a.o)); err != nil {
		a.db = nil
		return err
	}
	a.stor, a.tail, a.noted = stor, nil, time.Now()
	if err := verifyTables(a.dir, suspect); err != nil {
		return err
	}
	if err := a.load(); err != nil {
		return err
	}
	return a.salvage()
}

// stop closes the engine.
func (a *Archive) stop() error {
	err := a.db.Close()
	if closeErr := a.stor.Close(); err == nil {
		err = closeErr
	}
	return err
}

// ready opens the engine again when a write has failed. The caller holds mu.
func (a *Archive) ready() error {
	if a.closed {
		return mailserver.ErrClosed
	}
	if a.broken == nil {
		return nil
	}
	a.use.Lock()
	defer a.use.Unlock()
	a.tried = time.Now()
	a.suspendRows()
	if a.db != nil {
		if err := a.stop(); err != nil {
			a.log.Debug("archive not closed cleanly", zap.Error(err))
		}
		a.db, a.stor = nil, nil
	}
	if err := a.start(nil); err != nil {
		if err = a.openError(err); !errors.Is(err, mailserver.ErrCorrupted) {
			err = fmt.Errorf("%w: %w", mailserver.ErrUnavailable, err)
		}
		return err
	}
	a.log.Warn("archive was opened again after a write had failed", zap.NamedError("failed", a.broken))
	a.broken = nil
	return nil
}

// acquire lets the caller use the engine until it calls release. An engine that
// could not be opened again is tried now and then.
func (a *Archive) acquire() error {
	a.use.RLock()
	if a.db != nil {
		return nil
	}
	a.use.RUnlock()
	a.mu.Lock()
	err := fmt.Errorf("%w: %w", mailserver.ErrUnavailable, a.broken)
	if a.closed || time.Since(a.tried) >= reopenPause {
		err = a.ready()
	}
	a.mu.Unlock()
	if err != nil {
		return err
	}
	a.use.RLock()
	if a.db == nil { // broken again
		a.use.RUnlock()
		return mailserver.ErrUnavailable
	}
	return nil
}

func (a *Archive) release() { a.use.RUnlock() }

// Close waits for the batch being written and closes the database.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.use.Lock()
	defer a.use.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	a.suspendRows()
	if a.db == nil {
		return nil
	}
	if err := a.stop(); err != nil {
		return fmt.Errorf("close archive: %w", err)
	}
	return recordTables(a.dir)
}
