package topdisc

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestParams(t *testing.T) {
	if err := (Params{}).Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for name, p := range map[string]Params{
		"RegisterPerBucket": {RegisterPerBucket: 17},
		"LookupPerBucket":   {LookupPerBucket: -1},
		"AdsPerAnswer":      {AdsPerAnswer: 31},
		"AdsWanted":         {AdsWanted: -5},
		"Capacity":          {Capacity: -1},
		"BucketSize":        {BucketSize: 65},
		"Lifetime":          {Lifetime: time.Millisecond},
		"RetryWindow":       {RetryWindow: 2 * time.Hour},
		"ExcludeMax":        {ExcludeFor: time.Hour, ExcludeMax: time.Minute},
		"MinWait":           {MinWait: time.Hour},
		"OccupancyExponent": {OccupancyExponent: math.NaN()},
		"Safety":            {Safety: -1},
		"Limits.Burst":      {Limits: Limits{Burst: 0.5}},
		"Limits.Total":      {Limits: Limits{TotalPerSecond: math.Inf(1)}},
	} {
		err := p.Validate()
		if !errors.Is(err, ErrParams) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, s := range []Similarity{Capacity, Cache} {
		if got, err := ParseSimilarity(s.String()); err != nil || got != s {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	if _, err := ParseSimilarity("both"); !errors.Is(err, ErrParams) {
		t.Errorf("got %v", err)
	}
}
