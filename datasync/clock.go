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
	// repairedAtOnce bounds the records in memory while all are repaired.
	repairedAtOnce = 256
)

// observe moves the store's clock. When the clock was set back since something
// was dated with it, the times of all records are repaired; small steps back
// are harmless. Now and then it forgets ids that are too old or too many, and when
// peers were heard that may be heard again.
func (s *step) observe(status *Status) error {
	cfg := &s.n.cfg
	switch {
	case s.t < status.Clock-clockTolerance:
		if err := s.repair(); err != nil {
			return err
		}
	case s.t <= status.Clock+clockGrain:
		return nil
	}
	if err := s.st.SetClock(s.t); err != nil {
		return err
	}
	if err := s.st.ForgetReceived(s.t.add(-cfg.SeenRetention), cfg.MaxSeen); err != nil {
		return err
	}
	if err := s.st.ForgetPeers(s.t.add(-cfg.Schedule.Base)); err != nil {
		return err
	}
	var err error
	*status, err = s.st.Status()
	return err
}

// repair pulls times that the schedule cannot have given back to now.
func (s *step) repair() error {
	last := uint64(0)
	for {
		list, err := s.st.RecordsAfter(last, repairedAtOnce)
		if err != nil {
			return err
		}
		for i := range list {
			r, before := &list[i], list[i]
			last = r.Seq
			s.n.repair(r, s.t)
			if *r == before {
				continue
			}
			if err := s.st.Update(r); err != nil {
				return err
			}
		}
		if len(list) < repairedAtOnce {
			return s.st.SetBack(s.t)
		}
	}
}

func (n *Node) repair(r *State, t Millis) {
	r.Created = min(r.Created, t)
	r.LastSent = min(r.LastSent, t)
	r.Asked = min(r.Asked, t)
	limit := n.cfg.Schedule.spread(max(r.Attempts, 1), nil)
	if f := 1 + n.cfg.Schedule.Jitter; limit < math.MaxInt64/2 {
		limit = time.Duration(float64(limit) * f)
	}
	r.Deadline = min(r.Deadline, t.add(limit))
}
