package topdisc

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// ErrParams is wrapped by the errors of Params.Validate.
var ErrParams = errors.New("bad parameter")

// Similarity is how a registrar weighs advertisements of the same service.
type Similarity uint8

const (
	// Capacity weighs by c(s)/C, the share of the whole cache. It suits
	// networks of few services and is the default.
	Capacity Similarity = iota
	// Cache weighs by c(s)/c, the share of what is cached, as devp2p has it.
	Cache
)

// String returns the name used in configuration.
func (s Similarity) String() string {
	if s == Cache {
		return "cache"
	}
	return "capacity"
}

// ParseSimilarity reads the name of a similarity.
func ParseSimilarity(name string) (Similarity, error) {
	switch name {
	case "capacity":
		return Capacity, nil
	case "cache":
		return Cache, nil
	}
	return 0, fmt.Errorf("%w: similarity %q, want \"capacity\" or \"cache\"", ErrParams, name)
}

// Params are the constants of topic discovery. A zero field means its default.
// Nodes of one network may differ in all of them; only waiting gets longer for
// advertisers whose RetryWindow is larger than that of the registrar.
type Params struct {
	// RegisterPerBucket (K_register) is the number of registrations an
	// advertiser keeps active or pending in each bucket. Default 5.
	RegisterPerBucket int
	// LookupPerBucket (K_lookup) is the number of registrars a search asks in
	// each bucket. Default 5.
	LookupPerBucket int
	// AdsPerAnswer (F_return) is the number of advertisements a registrar
	// returns and a search takes from one. Default 10.
	AdsPerAnswer int
	// AdsWanted (F_lookup) is the number of advertisers that ends a search.
	// Default 30.
	AdsWanted int

	// Lifetime (E) of an advertisement. Default 15 min.
	Lifetime time.Duration
	// Capacity (C) is the number of advertisements a registrar keeps.
	// Default 1000.
	Capacity int
	// OccupancyExponent (P_occ). Default 10.
	OccupancyExponent float64
	// Safety (G). Default 1e-7.
	Safety float64
	// RetryWindow (δ) is how late an advertiser may come back with its ticket.
	// Default 10 s: a datagram may get lost.
	RetryWindow time.Duration
	// Earliness is how early it may come. Default 20 ms.
	Earliness time.Duration
	// Similarity is Capacity by default.
	Similarity Similarity
	// AllowLocal leaves loopback and private addresses out of the address
	// score and of the limits per network. For private networks.
	AllowLocal bool

	// BucketSize is the number of registrars known in each bucket. Default 16.
	BucketSize int
	// VerifyWithin is when an unverified registrar is pinged. Default 30 s.
	VerifyWithin time.Duration
	// ExcludeFor is how long a registrar that failed is left alone, doubling
	// with each time up to ExcludeMax. Defaults 10 min and 2 h.
	ExcludeFor, ExcludeMax time.Duration
	// FillPeriod passes between two looks for registrars that could take
	// another registration. Default 60 s.
	FillPeriod time.Duration
	// MinWait is the shortest wait of an advertiser. Default 50 ms.
	MinWait time.Duration

	// Limits bounds what a registrar serves.
	Limits Limits
}

// Limits are the rates a registrar serves. Zero fields mean defaults.
type Limits struct {
	RegistrationsPerMinute float64 // of a node and of a /24 or /64; default 10
	QueriesPerMinute       float64 // likewise; default 60
	Burst                  float64 // likewise; default 10
	TotalPerSecond         float64 // of all; default 200
}

func or[T int | float64 | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// WithDefaults returns p with every zero field set to its default.
func (p Params) WithDefaults() Params {
	p.RegisterPerBucket = or(p.RegisterPerBucket, 5)
	p.LookupPerBucket = or(p.LookupPerBucket, 5)
	p.AdsPerAnswer = or(p.AdsPerAnswer, 10)
	p.AdsWanted = or(p.AdsWanted, 30)
	p.Lifetime = or(p.Lifetime, 15*time.Minute)
	p.Capacity = or(p.Capacity, 1000)
	p.OccupancyExponent = or(p.OccupancyExponent, 10)
	p.Safety = or(p.Safety, 1e-7)
	p.RetryWindow = or(p.RetryWindow, 10*time.Second)
	p.Earliness = or(p.Earliness, 20*time.Millisecond)
	p.BucketSize = or(p.BucketSize, 16)
	p.VerifyWithin = or(p.VerifyWithin, 30*time.Second)
	p.ExcludeFor = or(p.ExcludeFor, 10*time.Minute)
	p.ExcludeMax = or(p.ExcludeMax, max(2*time.Hour, p.ExcludeFor))
	p.FillPeriod = or(p.FillPeriod, time.Minute)
	p.MinWait = or(p.MinWait, 50*time.Millisecond)
	p.Limits.RegistrationsPerMinute = or(p.Limits.RegistrationsPerMinute, 10)
	p.Limits.QueriesPerMinute = or(p.Limits.QueriesPerMinute, 60)
	p.Limits.Burst = or(p.Limits.Burst, 10)
	p.Limits.TotalPerSecond = or(p.Limits.TotalPerSecond, 200)
	return p
}

// Validate checks p with its defaults set.
func (p Params) Validate() error {
	p = p.WithDefaults()
	for _, c := range []struct {
		name     string
		value    int
		min, max int
	}{
		{"RegisterPerBucket", p.RegisterPerBucket, 1, 16},
		{"LookupPerBucket", p.LookupPerBucket, 1, 16},
		{"AdsPerAnswer", p.AdsPerAnswer, 1, 30},
		{"AdsWanted", p.AdsWanted, 1, 1000},
		{"Capacity", p.Capacity, 1, 1 << 20},
		{"BucketSize", p.BucketSize, 1, 64},
	} {
		if c.value < c.min || c.value > c.max {
			return fmt.Errorf("%w: %s is %d, want %d to %d", ErrParams, c.name, c.value, c.min, c.max)
		}
	}
	for _, c := range []struct {
		name     string
		value    time.Duration
		min, max time.Duration
	}{
		{"Lifetime", p.Lifetime, time.Second, 24 * time.Hour},
		{"RetryWindow", p.RetryWindow, 10 * time.Millisecond, time.Hour},
		{"Earliness", p.Earliness, 0, time.Second},
		{"VerifyWithin", p.VerifyWithin, time.Millisecond, time.Hour},
		{"ExcludeFor", p.ExcludeFor, time.Millisecond, 24 * time.Hour},
		{"ExcludeMax", p.ExcludeMax, p.ExcludeFor, 24 * time.Hour},
		{"FillPeriod", p.FillPeriod, time.Millisecond, time.Hour},
		{"MinWait", p.MinWait, time.Millisecond, time.Minute},
	} {
		if c.value < c.min || c.value > c.max {
			return fmt.Errorf("%w: %s is %s, want %s to %s", ErrParams, c.name, c.value, c.min, c.max)
		}
	}
	for _, c := range []struct {
		name  string
		value float64
	}{
		{"OccupancyExponent", p.OccupancyExponent},
		{"Safety", p.Safety},
		{"Limits.RegistrationsPerMinute", p.Limits.RegistrationsPerMinute},
		{"Limits.QueriesPerMinute", p.Limits.QueriesPerMinute},
		{"Limits.Burst", p.Limits.Burst},
		{"Limits.TotalPerSecond", p.Limits.TotalPerSecond},
	} {
		if math.IsNaN(c.value) || c.value < 0 || c.value > 1e9 {
			return fmt.Errorf("%w: %s is %v, want a positive number", ErrParams, c.name, c.value)
		}
	}
	if p.Limits.Burst < 1 {
		return fmt.Errorf("%w: Limits.Burst is %v, want at least 1", ErrParams, p.Limits.Burst)
	}
	return nil
}
