package configs

import (
	"testing"
	"time"
)

func TestRetention(t *testing.T) {
	for text, want := range map[string]Retention{
		"":                 {},
		"30d;20GB;5000000": {30 * 24 * time.Hour, 20e9, 5000000},
		" 12h ":            {12 * time.Hour, 0, 0},
		"500mb; 10":        {0, 500e6, 10},
	} {
		var got Retention
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
		var again Retention
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != want {
			t.Errorf("%q: printed as %q", text, got)
		}
	}
	for _, text := range []string{"x", "-1d", "1d;2d", "3w", "99999999999999TB", "0d"} {
		var got Retention
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted as %+v", text, got)
		}
	}
	c := Default()
	c.WakuConfig.MailServerDataRetention = 2
	c.WakuConfig.MailServerRetention = Retention{Age: time.Hour}
	if got := c.Retention().Age; got != time.Hour {
		t.Errorf("the tighter age is %v", got)
	}
}
