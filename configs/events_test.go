package configs

import (
	"strings"
	"testing"
	"time"
)

func TestWebhooksAndEvents(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   string // part of the problem; empty: fine
	}{
		{"nothing", func(*Config) {}, ""},
		{"https", func(c *Config) { c.WebhookURL = SecretURL{"https://example.org/hook?key=hidden"} }, ""},
		{"http here", func(c *Config) { c.WebhookURL = SecretURL{"http://LOCALHOST:8080/"} }, ""},
		{"http here, by number", func(c *Config) { c.WebhookURL = SecretURL{"http://[::1]:8080"} }, ""},
		{"http elsewhere", func(c *Config) { c.WebhookURL = SecretURL{"http://example.org/hidden"} }, "--insecure-webhook"},
		{"http by a like name", func(c *Config) { c.WebhookURL = SecretURL{"http://localhost.example"} }, "unencrypted"},
		{"http on purpose", func(c *Config) {
			c.WebhookURL, c.InsecureWebhook = SecretURL{"http://example.org"}, true
		}, ""},
		{"another scheme", func(c *Config) { c.WebhookURL = SecretURL{"ftp://example.org"} }, "want an address"},
		{"no address", func(c *Config) { c.WebhookURL = SecretURL{"example.org/hidden"} }, "want an address"},
		{"guessable secret", func(c *Config) { c.WebhookSecret = NewSecret("hidden") }, "WebhookSecret"},
		{"many types", func(c *Config) { c.WebhookTypes = make([]string, 65) }, "WebhookTypes"},
		{"short log", func(c *Config) { c.EventLogAge = Duration(time.Second) }, "EventLogAge"},
		{"small log", func(c *Config) { c.EventLogCount = 1 }, "EventLogCount"},
	} {
		c := Default()
		c.DataDir = t.TempDir()
		tt.change(&c)
		err := c.Validate()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: the error shows a secret: %v", tt.name, err)
		}
	}
	var m ReceiveMode
	if err := m.UnmarshalText([]byte("On-Start")); err != nil || m != ReceiveOnStart {
		t.Errorf("%q %v", m, err)
	}
	if err := m.UnmarshalText([]byte("always")); err == nil {
		t.Error("an unknown mode is accepted")
	}
}
