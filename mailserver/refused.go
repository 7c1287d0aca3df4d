package mailserver

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"statusd/waku/wire"
)

// refusedSuffix is added to the name of the spill file for what the archive
// refuses. The file has the form of a spill file.
const refusedSuffix = ".refused"

// Bounds of putting envelopes aside.
const (
	// refusedBytes bounds the file.
	refusedBytes = 64 << 20
	// refusedMost is by how much envelopes that are refused may outnumber those
	// that are taken, until it is the archive that is at fault.
	refusedMost = 8
	// refusedNamed is how many envelopes of one piece the log names.
	refusedNamed = 20
)

// notRow are the errors that are about the archive, whatever it is given.
var notRow = []error{
	ErrUnavailable, ErrDiskLow, ErrCorrupted, ErrClosed, context.Canceled, context.DeadlineExceeded,
}

// mayBeRow reports whether an error may be about single envelopes.
func mayBeRow(err error) bool {
	for _, other := range notRow {
		if errors.Is(err, other) {
			return false
		}
	}
	return err != nil
}

// refusedRow is an envelope that the archive does not take, and why.
type refusedRow struct {
	env   *wire.Envelope
	cause error
}

// sift stores the envelopes that the archive takes, after it has refused them
// together, and puts the others aside. It returns an error, and puts nothing
// aside, when it is rather the archive that is at fault: when it takes nothing,
// or refuses more than it takes.
func (c *committer) sift(ctx context.Context, envs []*wire.Envelope, cause error) error {
	known := c.good != nil
	if known { // it took this one before
		if c.attempt(ctx, []*wire.Envelope{c.good}) != nil {
			return fmt.Errorf("%w: it refuses everything: %w", ErrUnavailable, cause)
		}
	}
	taken, refused, err := c.split(ctx, envs, cause)
	if err != nil {
		return err
	}
	if taken == 0 && (!known || len(refused) > 1) {
		return fmt.Errorf("%w: it refuses all there is: %w", ErrUnavailable, cause)
	}
	c.putAside(refused)
	return nil
}

// split halves what is refused together until each envelope is taken or refused
// alone. All parts of one size come before smaller ones: what can be taken is
// known early, and too many refusals are.
func (c *committer) split(
	ctx context.Context, envs []*wire.Envelope, cause error,
) (taken int, refused []refusedRow, err error) {
	type part struct {
		envs  []*wire.Envelope
		cause error
	}
	for parts := []part{{envs, cause}}; len(parts) > 0; {
		var failing []part
		for _, p := range parts {
			if len(p.envs) == 1 {
				refused = append(refused, refusedRow{p.envs[0], p.cause})
				continue
			}
			half := len(p.envs) / 2
			for _, envs := range [][]*wire.Envelope{p.envs[:half], p.envs[half:]} {
				switch err := c.attempt(ctx, envs); {
				case err == nil:
					taken += len(envs)
				case mayBeRow(err):
					failing = append(failing, part{envs, err})
				default:
					return 0, nil, err
				}
			}
		}
		if len(failing)+len(refused) > taken+refusedMost {
			return 0, nil, fmt.Errorf("%w: it refuses more than it takes: %w", ErrUnavailable, cause)
		}
		parts = failing
	}
	return taken, refused, nil
}

// putAside keeps what the archive refuses in a file of its own, and names it.
func (c *committer) putAside(rows []refusedRow) {
	envs := make([]*wire.Envelope, len(rows))
	for i, r := range rows {
		envs[i] = r.env
	}
	where, err := c.keepRefused(envs)
	for i, r := range rows {
		if i == refusedNamed {
			c.log.Error("more envelopes refused by the archive", zap.Int("envelopes", len(rows)-i))
			break
		}
		c.log.Error("envelope refused by the archive and put aside", zap.Stringer("hash", r.env.Hash()),
			zap.Stringer("topic", r.env.Topic()), zap.Uint32("created", r.env.Sent()), zap.Int("bytes", r.env.Size()),
			zap.String("file", where), zap.Error(r.cause))
	}
	c.metrics.refused.Add(float64(len(rows)))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Refused += int64(len(rows))
	if where == "" {
		c.dropLocked(len(rows))
		if err != nil {
			c.log.Error("refused envelopes are lost, they could not be put aside", zap.Error(err))
		}
	}
}

// keepRefused writes envelopes to the file of refused ones and returns its
// name, empty when they are not kept.
func (c *committer) keepRefused(envs []*wire.Envelope) (string, error) {
	if c.cfg.SpillPath == "" {
		return "", nil
	}
	path := c.cfg.SpillPath + refusedSuffix
	if c.refused == nil {
		f, err := openSpill(path, refusedBytes)
		if err != nil {
			return "", err
		}
		c.refused = f
	}
	if c.cfg.SpillRoom != nil && !c.cfg.SpillRoom() {
		return "", errNoRoom
	}
	if err := c.refused.append(envs); err != nil {
		return "", err
	}
	return path, nil
}
