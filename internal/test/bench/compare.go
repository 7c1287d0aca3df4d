package main

import (
	"cmp"
	"fmt"
	"slices"
)

// contender is a program in a comparison.
type contender struct {
	name  string
	start func() (*daemon, error)
	runs  []result
}

// compare measures statusd and bare relays in turn, and prints each run and the
// ratios of the medians.
func compare(binary, before, only string, scale float64, rounds int) error {
	bare, idle := "bare relay", "bare relay without hashes"
	for _, w := range chosen(only, scale) {
		all := []*contender{
			{name: "statusd", start: func() (*daemon, error) { return start(binary) }},
			{name: bare, start: func() (*daemon, error) { return startBare(true) }},
			{name: idle, start: func() (*daemon, error) { return startBare(false) }},
		}
		if before != "" {
			all = append(all, &contender{name: "before", start: func() (*daemon, error) { return start(before) }})
		}
		fmt.Printf("## %s\n\n", w.name)
		printHead()
		for range rounds {
			for _, c := range all {
				r, err := measure(c.start, w)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", w.name, c.name, err)
				}
				r.print(c.name)
				c.runs = append(c.runs, r)
			}
		}
		fmt.Println()
		for _, c := range all[1:] {
			fmt.Printf("statusd against %s: CPU %.2f, rate %.2f, p50 %.2f\n", c.name, ratio(all[0], c, (*result).cost),
				ratio(all[0], c, (*result).rate), ratio(all[0], c, (*result).latency))
		}
		fmt.Println()
	}
	return nil
}

func (r *result) cost() float64    { return r.cpu }
func (r *result) rate() float64    { return r.perReceiver }
func (r *result) latency() float64 { return r.p50.Seconds() }

// ratio is that of the medians of a figure.
func ratio(a, b *contender, of func(*result) float64) float64 {
	median := func(c *contender) float64 {
		runs := slices.SortedFunc(slices.Values(c.runs), func(x, y result) int { return cmp.Compare(of(&x), of(&y)) })
		return of(&runs[len(runs)/2])
	}
	return median(a) / max(median(b), 1e-9)
}
