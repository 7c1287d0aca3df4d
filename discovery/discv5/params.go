package discv5

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"statusd/discovery/topdisc"
)

// ErrParams is wrapped by the errors of ParseParams.
var ErrParams = errors.New("constants of topic discovery")

// ParseParams reads constants of topic discovery in the form "E=15m,C=1000".
// The names are those of spec 08 section 2.3; what is not named keeps its
// default.
//
//	E            lifetime of an advertisement, a duration
//	C            capacity of a registrar
//	P_occ, G     exponent of occupancy, safety constant
//	K_register, K_lookup, F_return, F_lookup
//	delta        window to come back in with a ticket, a duration
//	fill         pause between looks for more registrars, a duration
//	similarity   capacity or cache
func ParseParams(text string) (topdisc.Params, error) {
	var p topdisc.Params
	number := func(to *int) func(string) error {
		return func(s string) (err error) {
			*to, err = strconv.Atoi(s)
			return err
		}
	}
	real := func(to *float64) func(string) error {
		return func(s string) (err error) {
			*to, err = strconv.ParseFloat(s, 64)
			return err
		}
	}
	span := func(to *time.Duration) func(string) error {
		return func(s string) (err error) {
			*to, err = time.ParseDuration(s)
			return err
		}
	}
	set := map[string]func(string) error{
		"E": span(&p.Lifetime), "C": number(&p.Capacity), "P_occ": real(&p.OccupancyExponent), "G": real(&p.Safety),
		"K_register": number(&p.RegisterPerBucket), "K_lookup": number(&p.LookupPerBucket),
		"F_return": number(&p.AdsPerAnswer), "F_lookup": number(&p.AdsWanted),
		"delta": span(&p.RetryWindow), "fill": span(&p.FillPeriod),
		"similarity": func(s string) (err error) {
			p.Similarity, err = topdisc.ParseSimilarity(s)
			return err
		},
	}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		f := set[name]
		if !ok || f == nil {
			return p, fmt.Errorf("%w: %q: want NAME=VALUE with a name out of E, C, P_occ, G, K_register, K_lookup, F_return, "+
				"F_lookup, delta, fill and similarity", ErrParams, part)
		}
		if f(value) != nil {
			return p, fmt.Errorf("%w: %q: want a number, a duration such as 15m for E, delta and fill, capacity or cache "+
				"for similarity", ErrParams, part)
		}
	}
	if err := p.Validate(); err != nil {
		return p, fmt.Errorf("%w: %w", ErrParams, err)
	}
	return p, nil
}
