package datasync

import (
	"math"
	"time"
)

const (
	// clockGrain is how far time moves on until the store's clock follows.
	clockGrain = Millis(10_000)
	// clockTolerance is how far time may run backwards from the store's clock
	// unnoticed.
	clockTolerance = Millis(60_000)
	// believedAfter is how long the clock has to stay back until what was dated
	// before counts as dated by a clock that was ahead.
	believedAfter = 24 * time.Hour
	// repairedAtOnce bounds the records in memory while all are repaired.
	repairedAtOnce = 256
)

// observe moves the store's clock, and now and then forgets ids that are too old
// or too many, and when peers were heard that may be heard again.
//
// A clock that was set back was ahead before, or is behind now, as that of a
// machine without a battery until a time server answers. Only what would hold up
// sending is pulled to it at once. Since when messages live, and ids are kept,
// stays as it was: by a clock of 1970 they would all be too old as soon as it is
// right again. That is pulled when the clock has stayed there for a day.
func (s *step) observe(status *Status) (err error) {
	cfg := &s.n.cfg
	switch {
	case s.t >= status.Clock-clockTolerance:
		if s.t <= status.Clock+clockGrain && status.Back == 0 {
			return nil
		}
		err = s.st.SetClock(max(s.t, status.Clock), 0)
	case status.Back == 0 || s.t < status.Back-clockTolerance:
		if err = s.repair(false); err == nil {
			err = s.st.SetClock(status.Clock, s.t)
		}
	case s.t < status.Back.add(believedAfter):
		return nil
	default:
		if err = s.repair(true); err == nil {
			err = s.st.SetClock(s.t, 0)
		}
	}
	if err != nil {
		return err
	}
	if err := s.st.ForgetReceived(s.t.add(-cfg.SeenRetention), cfg.MaxSeen); err != nil {
		return err
	}
	if err := s.st.ForgetPeers(s.t.add(-cfg.Schedule.Base)); err != nil {
		return err
	}
	*status, err = s.st.Status()
	return err
}

// repair pulls times that the schedule cannot have given back to now; births
// too says that the clock is believed.
func (s *step) repair(births bool) error {
	last := uint64(0)
	for {
		list, err := s.st.RecordsAfter(last, repairedAtOnce)
		if err != nil {
			return err
		}
		for i := range list {
			r, before := &list[i], list[i]
			last = r.Seq
			s.n.repair(r, s.t, births)
			if *r == before {
				continue
			}
			if err := s.st.Update(r); err != nil {
				return err
			}
		}
		if len(list) < repairedAtOnce {
			return s.st.SetBack(s.t, births)
		}
	}
}

func (n *Node) repair(r *State, t Millis, births bool) {
	if births {
		r.Created = min(r.Created, t)
	}
	r.LastSent = min(r.LastSent, t)
	r.Asked = min(r.Asked, t)
	limit := n.cfg.Schedule.spread(max(r.Attempts, 1), nil)
	if f := 1 + n.cfg.Schedule.Jitter; limit < math.MaxInt64/2 {
		limit = time.Duration(float64(limit) * f)
	}
	r.Deadline = min(r.Deadline, t.add(limit))
}
