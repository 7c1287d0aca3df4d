package discv5

import (
	"errors"
	"testing"
	"time"

	"statusd/discovery/topdisc"
)

func TestParseParams(t *testing.T) {
	got, err := ParseParams("E=30s, C=500,P_occ=4,G=0.001,K_register=3,K_lookup=2,F_return=7,F_lookup=9,delta=2s," +
		"fill=5s,similarity=cache")
	want := topdisc.Params{
		Lifetime: 30 * time.Second, Capacity: 500, OccupancyExponent: 4, Safety: 0.001, RegisterPerBucket: 3,
		LookupPerBucket: 2, AdsPerAnswer: 7, AdsWanted: 9, RetryWindow: 2 * time.Second, FillPeriod: 5 * time.Second,
		Similarity: topdisc.Cache,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if p, err := ParseParams(""); err != nil || p != (topdisc.Params{}) {
		t.Errorf("empty: %+v, %v", p, err)
	}
	for _, bad := range []string{"E", "E=", "E=15", "e=15m", "C=many", "C=-1", "similarity=all", "X=1", "E=1ns"} {
		if _, err := ParseParams(bad); !errors.Is(err, ErrParams) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
