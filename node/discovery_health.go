package node

import (
	"fmt"
	"strings"

	"statusd/discovery"
	"statusd/discovery/pool"
)

// discoveryHealth is about finding peers. A source that fails makes it
// degraded as long as another one works.
func (n *Node) discoveryHealth() ComponentHealth {
	c := ComponentHealth{Name: "Discovery", Level: NotMounted, Desc: "switched off"}
	s := n.searching()
	switch {
	case s == nil:
		return c
	case phase(n.phase.Load()) < phaseUp:
		c.Level, c.Desc = Initializing, ""
		return c
	}
	status := s.pool.Status()
	missing, peers := false, 0
	for _, t := range status.Topics {
		missing = missing || !t.Satisfied
		if t.Topic == discovery.TopicRelay {
			peers = len(t.Connected)
		}
	}
	failing, all := s.failing(status)
	c.Level, c.Desc = Ready, fmt.Sprintf("%d relays", peers)
	if missing {
		c.Level, c.Desc = Synchronizing, fmt.Sprintf("searching, %d relays so far", peers)
	}
	if len(failing) == 0 {
		return c
	}
	if missing && all {
		c.Level = NotReady
	}
	c.Desc += "; degraded: " + strings.Join(failing, "; ")
	return c
}

// failing lists what fails, and tells whether that is every source that can
// find new nodes.
func (s *search) failing(status *pool.Status) (texts []string, all bool) {
	bad := make(map[string]bool)
	for _, f := range append(status.Failing(), s.cannot...) {
		texts = append(texts, f.Source+": "+f.Error)
		bad[f.Source] = true
	}
	for _, r := range s.register {
		if err := r.failure(); err != nil {
			texts = append(texts, fmt.Sprintf("registration as %s by %s: %v", r.topic, r.by.Name(), err))
		}
	}
	all = true
	for _, name := range s.finders {
		all = all && bad[name]
	}
	return texts, all
}
