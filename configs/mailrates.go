package configs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MailRate is a volume that may be used in a period, at once or spread. The
// zero value is no limit.
type MailRate struct {
	Volume int64
	Period time.Duration
}

// MailRates say what one peer may ask of the mailserver. It is written
// "request:10/1m;page:100/1m;bytes:50MB/1m" as nwaku writes its limits: kind,
// volume and period, any of them, in any order. Requests are also called store,
// as there.
type MailRates struct {
	Requests MailRate // that begin an answer
	Pages    MailRate // that continue one of the peer's own
	Bytes    MailRate // of envelopes
}

var errMailRates = errors.New(`want limits such as "request:10/1m;page:100/1m;bytes:50MB/1m": request, page or ` +
	`bytes, a volume, and a period in h, m, s or ms`)

// maxRatePeriod keeps what is remembered of peers short-lived.
const maxRatePeriod = 24 * time.Hour

// UnmarshalText reads the text form; empty means no limits.
func (r *MailRates) UnmarshalText(b []byte) error {
	var out MailRates
	for part := range strings.SplitSeq(string(b), ";") {
		part = strings.ToLower(strings.TrimSpace(part))
		if part == "" {
			continue
		}
		kind, rate, ok := strings.Cut(part, ":")
		if !ok {
			return errMailRates
		}
		target := out.of(strings.TrimSpace(kind))
		if target == nil || *target != (MailRate{}) || !target.parse(rate, target == &out.Bytes) {
			return errMailRates
		}
	}
	*r = out
	return nil
}

func (r *MailRates) of(kind string) *MailRate {
	switch kind {
	case "request", "store":
		return &r.Requests
	case "page":
		return &r.Pages
	case "bytes":
		return &r.Bytes
	}
	return nil
}

// parse reads volume/period.
func (r *MailRate) parse(text string, sized bool) bool {
	volume, period, ok := strings.Cut(text, "/")
	if !ok {
		return false
	}
	volume, unit := strings.TrimSpace(volume), int64(1)
	if sized {
		for _, u := range []struct {
			name  string
			value int64
		}{{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}} {
			if rest, ok := strings.CutSuffix(volume, u.name); ok {
				volume, unit = strings.TrimSpace(rest), u.value
			}
		}
	}
	n, err := strconv.ParseInt(volume, 10, 64)
	if err != nil || n <= 0 || n > (1<<53)/unit {
		return false
	}
	d, err := time.ParseDuration(strings.TrimSpace(period))
	if err != nil || d < time.Millisecond || d > maxRatePeriod {
		return false
	}
	*r = MailRate{n * unit, d}
	return true
}

// String prints the text form.
func (r MailRates) String() string {
	var parts []string
	for _, p := range []struct {
		kind string
		rate MailRate
	}{{"request", r.Requests}, {"page", r.Pages}, {"bytes", r.Bytes}} {
		if p.rate != (MailRate{}) {
			parts = append(parts, fmt.Sprintf("%s:%d/%s", p.kind, p.rate.Volume, p.rate.Period))
		}
	}
	return strings.Join(parts, ";")
}

// MarshalText prints the text form.
func (r MailRates) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
