package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"statusd/discovery/topdisc"
)

func small() scenario {
	return scenario{
		Nodes: 200, Topics: 10, BadShare: 0.1, Loss: 0.02, Warmup: 15 * time.Minute, Measure: 10 * time.Minute,
		SearchRate: 3, Seed: 1,
	}
}

func play(s scenario) result {
	w := newWorld(s)
	w.run(func(string) {})
	return w.result()
}

// TestSmallNetwork holds what the documentation says of large networks against
// a small one.
func TestSmallNetwork(t *testing.T) {
	for _, similarity := range []topdisc.Similarity{topdisc.Capacity, topdisc.Cache} {
		s := small()
		s.Similarity = similarity
		r := play(s)
		t.Log("\n" + networkTable([]result{r}))
		if r.placed < 0.99 {
			t.Errorf("%s: only %.3f of the advertisers are placed", similarity, r.placed)
		}
		if r.found < 0.99 || r.complete < 0.85 || r.wrong > 0 {
			t.Errorf("%s: %.3f of the searches find something, %.3f all, %d something else",
				similarity, r.found, r.complete, r.wrong)
		}
		if r.peak > 5*3600 {
			t.Errorf("%s: a node sends %.1f messages per second", similarity, r.peak/3600)
		}
		if r.stored.max > float64(topdisc.Params{}.WithDefaults().Capacity) {
			t.Errorf("%s: a registrar keeps %v", similarity, r.stored.max)
		}
	}
}

func TestRunsAreRepeatable(t *testing.T) {
	s := small()
	s.Nodes, s.Warmup, s.Measure = 100, 5*time.Minute, 10*time.Minute
	a, b := play(s), play(s)
	if !reflect.DeepEqual(a, b) {
		t.Error("two runs of one scenario differ")
	}
	s.Seed = 2
	if reflect.DeepEqual(a, play(s)) {
		t.Error("another seed makes no difference")
	}
}

// TestSteadyStates compares with the table of the specification, which was
// made by another program: random addresses, random moments.
func TestSteadyStates(t *testing.T) {
	for _, s := range steadyStates() {
		for v, want := range s.published {
			if got := s.ours[v]; math.Abs(got-want) > 0.08*want {
				t.Errorf("%d / %d, variant %d: %.1f advertisements, published %.1f", s.advertisers, s.services, v, got, want)
			}
		}
	}
}

// TestAttackGrowsCostly: the steeper the exponent, the less an attacker gets
// out of one network, and the more often it has to ask.
func TestAttackGrowsCostly(t *testing.T) {
	points := attacks(time.Hour, func(string) {})
	for i, p := range points[1:] {
		if before := points[i]; p.share >= before.share || p.used >= before.used || p.attempts <= before.attempts {
			t.Errorf("P_occ %g: %+v after %+v", p.exponent, p, before)
		}
	}
	for _, p := range points {
		if p.published[0] > 0 && p.share > p.published[0]+0.05 {
			t.Errorf("P_occ %g: attacker has %.2f of the cache, published %.2f", p.exponent, p.share, p.published[0])
		}
	}
}

func TestCommandWritesPlots(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plots")
	args := []string{
		"-runs", "60/capacity", "-warmup", "2m", "-measure", "4m", "-attack", "20m", "-plots", dir,
	}
	if err := run(args); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.svg"))
	if err != nil || len(files) != 5 {
		t.Fatalf("plots %v, %v", files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for dec := xml.NewDecoder(strings.NewReader(string(text))); ; {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if strings.Contains(string(text), "NaN") || len(text) < 1000 {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, args := range []string{"-runs x", "-runs 1/cache", "-runs 50/both", "-topics 0", "-measure 1s", "-nonsense"} {
		if err := run(strings.Fields(args)); err == nil {
			t.Errorf("%s: accepted", args)
		}
	}
}

func TestDistribution(t *testing.T) {
	if d := distributionOf([]float64{3, 3, 3, 3}); d.gini != 0 || d.mean != 3 || d.p99 != 3 {
		t.Errorf("equal: %+v", d)
	}
	if d := distributionOf([]float64{0, 0, 0, 8}); d.gini != 0.75 || d.p50 != 0 || d.max != 8 {
		t.Errorf("one has all: %+v", d)
	}
	if d := distributionOf(nil); d != (distribution{}) {
		t.Errorf("none: %+v", d)
	}
}
