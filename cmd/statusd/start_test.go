//go:build !race

package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Limits of what happens before main, which every command pays for.
const (
	initBudget = 8.0 // milliseconds, of all packages
	initRuns   = 60  // at most, until nothing else disturbs each package once
)

// TestPackagesDoLittleBeforeMain adds up what the packages do before main. The
// fastest of several runs counts for each: what else the machine does only
// makes a run slower. The race detector multiplies it, so it runs without.
func TestPackagesDoLittleBeforeMain(t *testing.T) {
	best, sum := map[string]float64{}, 0.0
	for range initRuns {
		cmd := exec.Command(os.Args[0], "version")
		cmd.Env = append(os.Environ(), "RUN_AS_STATUSD=1", "GODEBUG=inittrace=1")
		var trace strings.Builder
		cmd.Stderr = &trace
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		if sum = fastest(best, trace.String()); sum <= initBudget && len(best) > 100 {
			t.Logf("%.1f ms for %d packages", sum, len(best))
			return
		}
	}
	for name, ms := range best {
		if ms > initBudget/20 {
			t.Logf("%.2f ms %s", ms, name)
		}
	}
	t.Errorf("the packages take %.1f ms before main, want %.0f: make what they do there lazy", sum, initBudget)
}

// fastest notes the least time of each package, and returns the sum.
func fastest(best map[string]float64, trace string) (sum float64) {
	for line := range strings.Lines(trace) { // init PACKAGE @0.1 ms, 0.02 ms clock, …
		words := strings.Fields(line)
		if len(words) < 5 || words[0] != "init" {
			continue
		}
		ms, err := strconv.ParseFloat(words[4], 64)
		if err != nil {
			continue
		}
		if before, ok := best[words[1]]; !ok || ms < before {
			best[words[1]] = ms
		}
	}
	for _, ms := range best {
		sum += ms
	}
	return sum
}
