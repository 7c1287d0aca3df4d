package configs

import (
	"testing"
	"time"
)

func TestMailRates(t *testing.T) {
	for text, want := range map[string]MailRates{
		"":             {},
		"store:10/1m":  {Requests: MailRate{10, time.Minute}},
		"request:1/5s": {Requests: MailRate{1, 5 * time.Second}},
		" page : 100 / 500ms ; bytes:50MB/1h; REQUEST:2/1s": {
			Requests: MailRate{2, time.Second}, Pages: MailRate{100, 500 * time.Millisecond}, Bytes: MailRate{50e6, time.Hour},
		},
		"bytes:5/1s": {Bytes: MailRate{5, time.Second}},
	} {
		var got MailRates
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
		var again MailRates
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != want {
			t.Errorf("%q: printed as %q", text, got)
		}
	}
	for _, text := range []string{
		"10/1m", "request:10", "request:0/1m", "request:-1/1m", "request:1/0s", "request:1/-1s", "request:1/25h",
		"request:1MB/1s",
		"bytes:1TB/1s", "bytes:99999999999GB/1s", "request:1/1m;store:1/1m", "lightpush:1/1s", "request:1/1", "request:1/1d",
	} {
		var got MailRates
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted as %+v", text, got)
		}
	}
}
