package node

import (
	"fmt"
	"strings"

	"statusd/api"
	"statusd/discovery"
	"statusd/discovery/pool"
)

// discoveryHealth is about finding peers. A source that fails makes it
// degraded as long as another one works.
func (n *finding) discoveryHealth() api.ComponentHealth {
	c := api.ComponentHealth{Name: "Discovery", Level: api.HealthNotMounted, Desc: "switched off"}
	s := n.searching()
	switch {
	case s == nil:
		return c
	case phase(n.phase.Load()) < phaseUp:
		c.Level, c.Desc = api.HealthInitializing, ""
		return c
	}
	status := s.pool.Status()
	missing, relays, servers := s.counts(status)
	failing, all := s.failing(status)
	c.Level, c.Desc = api.HealthReady, fmt.Sprintf("%d relays", relays)
	if missing {
		c.Level, c.Desc = api.HealthSynchronizing, fmt.Sprintf("searching, %d relays so far", relays)
	}
	if servers >= 0 {
		c.Desc += fmt.Sprintf(", %d mailservers found", servers)
	}
	if len(failing) == 0 {
		return c
	}
	if missing && all {
		c.Level = api.HealthNotReady
	}
	c.Desc += "; degraded: " + strings.Join(failing, "; ")
	return c
}

// counts returns the numbers of relays and of found mailservers, -1 when these
// are not looked for, and whether relays are missing. A relay can do with one
// other: there may be no more.
func (s *search) counts(status *pool.Status) (missing bool, relays, servers int) {
	servers = -1
	for _, t := range status.Topics {
		switch t.Topic {
		case discovery.TopicRelay:
			relays = len(t.Connected)
			missing = !t.Satisfied && (relays == 0 || !s.node.cfg.FullNode())
		case discovery.TopicMail:
			servers = len(t.Known)
		}
	}
	return missing, relays, servers
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
