package node

import (
	"strings"
	"testing"
	"time"

	"statusd/api"
	"statusd/internal/clock"
)

// TestClockHealth: the report names a wrong clock and says what to do.
func TestClockHealth(t *testing.T) {
	peers := func(offset time.Duration, dialled bool) clock.Opinion {
		return clock.Opinion{Known: true, Offset: offset, Peers: 2, Groups: 1, Dialled: dialled}
	}
	for name, tt := range map[string]struct {
		status     clock.Status
		servers    bool
		forwarders int
		want       api.HealthLevel
		critical   bool
		says       string
	}{
		"not known":    {clock.Status{}, true, 1, api.HealthSynchronizing, false, "not known yet"},
		"switched off": {clock.Status{}, false, 1, api.HealthNotMounted, false, "switched off"},
		"measured": {
			clock.Status{Source: clock.SourceServers, Offset: 12 * time.Millisecond}, true, 1,
			api.HealthReady, false, "off by 12ms",
		},
		"peers agree": {clock.Status{Peers: peers(time.Second, true)}, false, 1, api.HealthReady, false, "2 peers agree"},
		"corrected by servers": {
			clock.Status{Source: clock.SourceServers, Offset: 30 * time.Second}, true, 1,
			api.HealthNotReady, false, "time servers are 30s ahead",
		},
		"servers and peers": {
			clock.Status{Source: clock.SourceServers, Offset: -30 * time.Second, Peers: peers(-29*time.Second, true)}, true, 1,
			api.HealthNotReady, false, "time servers are 30s behind",
		},
		"servers against peers": {
			clock.Status{Source: clock.SourceServers, Peers: peers(-30*time.Second, true)}, true, 1,
			api.HealthNotReady, false, "NTPServers",
		},
		"corrected by peers": {
			clock.Status{Source: clock.SourcePeers, Offset: 30 * time.Second, Peers: peers(31*time.Second, true)}, false, 3,
			api.HealthNotReady, false, "corrected for messages",
		},
		"behind": {
			clock.Status{Peers: peers(30*time.Second, true)}, false, 1,
			api.HealthNotReady, true, "2 peers are 30s ahead of this computer",
		},
		"ahead": {
			clock.Status{Peers: peers(-30*time.Second, true)}, true, 1,
			api.HealthNotReady, true, "30s behind this computer",
		},
		"nobody we chose": {
			clock.Status{Peers: peers(30*time.Second, false)}, false, 1,
			api.HealthNotReady, false, "messages may not pass",
		},
		"a little": {clock.Status{Peers: peers(12*time.Second, true)}, false, 1, api.HealthNotReady, false, "12s ahead"},
		"refused": {
			clock.Status{Peers: clock.Opinion{Refusing: 1}}, false, 1,
			api.HealthNotReady, true, "1 of 1 peers refuse",
		},
		"refused by most": {
			clock.Status{Peers: clock.Opinion{Refusing: 2}}, true, 3,
			api.HealthNotReady, false, "2 of 3 peers refuse",
		},
		"refused by few": {
			clock.Status{Peers: clock.Opinion{Refusing: 1}}, true, 2,
			api.HealthSynchronizing, false, "not known",
		},
	} {
		c := clockHealth(tt.status, tt.servers, tt.forwarders)
		if c.Name != "Clock" || c.Level != tt.want || c.Critical != tt.critical || !strings.Contains(c.Desc, tt.says) {
			t.Errorf("%s: %+v", name, c)
		}
		if c.Level == api.HealthNotReady && !strings.Contains(c.Desc, setClock) {
			t.Errorf("%s: says not what to do: %s", name, c.Desc)
		}
	}
}
