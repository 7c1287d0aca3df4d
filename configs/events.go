package configs

import (
	"net/url"
	"strings"
	"time"
)

// ReceiveMode says which connections get "receive" notifications without
// asking, in the words of signal-cli.
type ReceiveMode string

// Receive modes.
const (
	ReceiveManual       ReceiveMode = "manual"        // who calls subscribeReceive
	ReceiveOnStart      ReceiveMode = "on-start"      // every connection, what comes from then on
	ReceiveOnConnection ReceiveMode = "on-connection" // also what came since one last received
)

// UnmarshalText reads a mode in any case.
func (m *ReceiveMode) UnmarshalText(b []byte) error {
	modes := []ReceiveMode{ReceiveManual, ReceiveOnStart, ReceiveOnConnection}
	return oneOf(m, strings.ToLower(string(b)), modes)
}

// Bounds of what is kept of the event log, and of webhooks.
const (
	minEventAge     = Duration(time.Hour)
	maxEventAge     = Duration(10 * 365 * 24 * time.Hour)
	minEventCount   = 1000
	maxEventCount   = 1_000_000_000
	minSecret       = 16
	maxWebhookLists = 64
)

func (c *Config) checkEvents(v *checker) {
	v.want(minEventAge <= c.EventLogAge && c.EventLogAge <= maxEventAge, "EventLogAge", c.EventLogAge,
		"want a duration from 1h to 87600h")
	v.between("EventLogCount", c.EventLogCount, minEventCount, maxEventCount)
	v.want(!c.WebhookSecret.IsSet() || len(c.WebhookSecret.Reveal()) >= minSecret, "WebhookSecret", nil,
		"shorter than 16 characters: others could guess it and forge calls; leave it out to have one made")
	for key, list := range map[string][]string{"WebhookTypes": c.WebhookTypes, "WebhookChats": c.WebhookChats} {
		v.between(key, int64(len(list)), 0, maxWebhookLists)
	}
	if c.WebhookURL.IsSet() {
		reason := webhookProblem(c.WebhookURL.Reveal(), c.InsecureWebhook)
		v.want(reason == "", "WebhookURL", c.WebhookURL, reason)
	}
}

// webhookProblem says what is wrong with the address of a webhook, "" if
// nothing is.
func webhookProblem(text string, insecure bool) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "want an address such as https://example.org/hook"
	case u.Scheme == "http" && !insecure && !IsLoopback(strings.ToLower(u.Hostname())):
		return "messages would be sent over the network unencrypted: use https, or --insecure-webhook if you mean it"
	}
	return ""
}
