package configs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Retention says what a mail archive keeps: whichever limit is hit first.
// Zero values are no limits. It is written "30d;20GB;5000000": age, bytes and
// number of envelopes, any of them, in any order.
type Retention struct {
	Age       time.Duration
	Bytes     int64
	Envelopes int64
}

var errRetention = errors.New(`want limits such as "30d;20GB;5000000": an age in h or d, a size in MB, GB or TB, ` +
	`and a number of envelopes`)

// retentionUnits are the units of age and size, longest first.
func retentionUnits() []struct {
	name  string
	value int64
	age   bool
} {
	return []struct {
		name  string
		value int64
		age   bool
	}{
		{"mb", 1e6, false}, {"gb", 1e9, false}, {"tb", 1e12, false},
		{"h", int64(time.Hour), true}, {"d", int64(24 * time.Hour), true},
	}
}

// UnmarshalText reads the text form; empty means no limits.
func (r *Retention) UnmarshalText(b []byte) error {
	var out Retention
	for part := range strings.SplitSeq(string(b), ";") {
		part = strings.ToLower(strings.TrimSpace(part))
		if part == "" {
			continue
		}
		if err := out.limit(part); err != nil {
			return err
		}
	}
	*r = out
	return nil
}

// limit adds one limit. None may be given twice.
func (r *Retention) limit(part string) error {
	target, unit := &r.Envelopes, int64(1)
	for _, u := range retentionUnits() {
		rest, ok := strings.CutSuffix(part, u.name)
		if !ok {
			continue
		}
		part, unit, target = rest, u.value, &r.Bytes
		if u.age {
			target = (*int64)(&r.Age)
		}
		break
	}
	n, err := strconv.ParseInt(strings.TrimSpace(part), 10, 64)
	if err != nil || n <= 0 || n > (1<<63-1)/unit || *target != 0 {
		return errRetention
	}
	*target = n * unit
	return nil
}

// String prints the text form.
func (r Retention) String() string {
	var parts []string
	if r.Age > 0 {
		parts = append(parts, fmt.Sprintf("%dh", int64(r.Age/time.Hour)))
	}
	if r.Bytes > 0 {
		parts = append(parts, fmt.Sprintf("%dMB", r.Bytes/1e6))
	}
	if r.Envelopes > 0 {
		parts = append(parts, strconv.FormatInt(r.Envelopes, 10))
	}
	return strings.Join(parts, ";")
}

// MarshalText prints the text form.
func (r Retention) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Retention is the tighter of MailServerDataRetention and MailServerRetention.
func (c *Config) Retention() Retention {
	r := c.WakuConfig.MailServerRetention
	days := time.Duration(c.WakuConfig.MailServerDataRetention) * 24 * time.Hour
	if days > 0 && (r.Age == 0 || days < r.Age) {
		r.Age = days
	}
	return r
}
