package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"statusd/discovery/topdisc"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "topicsim:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	nodes        []int
	similarities []topdisc.Similarity
	base         scenario
	plots        string
	attack       time.Duration
}

func parse(args []string) (options, error) {
	flags := flag.NewFlagSet("topicsim", flag.ContinueOnError)
	var o options
	nodes := flags.String("nodes", "1000", "network sizes, comma-separated")
	similarities := flags.String("similarity", "capacity,cache", "variants of the waiting time")
	flags.StringVar(&o.plots, "plots", "", "folder for the plots; empty: none")
	flags.DurationVar(&o.base.Warmup, "warmup", 30*time.Minute, "virtual time before measuring")
	flags.DurationVar(&o.base.Measure, "measure", time.Hour, "virtual time measured")
	flags.IntVar(&o.base.Topics, "topics", 10, "topics, of Zipf popularity")
	flags.Float64Var(&o.base.BadShare, "bad", 0.1, "share of registrars that are dead or hollow, half each")
	flags.Float64Var(&o.base.Loss, "loss", 0.02, "share of datagrams lost")
	flags.Float64Var(&o.base.SearchRate, "searches", 1, "searches of a node per hour")
	flags.Uint64Var(&o.base.Seed, "seed", 1, "of the random choices")
	flags.DurationVar(&o.attack, "attack", 24*time.Hour, "virtual time of the attacks on one registrar; 0: none")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for field := range strings.SplitSeq(*nodes, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 2 || n > 1_000_000 {
			return o, fmt.Errorf("-nodes: %q is not a number of nodes", field)
		}
		o.nodes = append(o.nodes, n)
	}
	for field := range strings.SplitSeq(*similarities, ",") {
		s, err := topdisc.ParseSimilarity(field)
		if err != nil {
			return o, fmt.Errorf("-similarity: %w", err)
		}
		o.similarities = append(o.similarities, s)
	}
	if o.base.Topics < 1 || o.base.Measure < time.Minute {
		return o, fmt.Errorf("at least one topic and one minute are needed")
	}
	return o, nil
}

func run(args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	debug.SetGCPercent(50) // ten thousand registrars take gigabytes
	progress := func(what string) { fmt.Fprintln(os.Stderr, what) }
	var results []result
	for _, similarity := range o.similarities {
		for _, n := range o.nodes {
			s := o.base
			s.Nodes, s.Similarity = n, similarity
			w := newWorld(s)
			w.run(progress)
			results = append(results, w.result())
			progress(networkTable(results[len(results)-1:])) // long runs get interrupted
		}
	}
	fmt.Println(networkTable(results))
	fmt.Println(topicTable(results))
	fmt.Println(steadyTable(steadyStates()))
	var points []attack
	if o.attack > 0 {
		points = attacks(o.attack, progress)
		fmt.Println(attackTable(points))
	}
	if o.plots == "" {
		return nil
	}
	return writePlots(o.plots, results, points)
}

func writePlots(dir string, results []result, points []attack) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	plots := map[string]plot{
		"topics-placed.svg":       placedPlot(results),
		"topics-messages.svg":     messagesPlot(results),
		"topics-first-result.svg": firstResultPlot(results),
		"topics-load.svg":         loadPlot(results),
	}
	if len(points) > 0 {
		plots["topics-attack.svg"] = attackPlot(points)
	}
	names := make([]string, 0, len(plots))
	for name := range plots {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		err := os.WriteFile(filepath.Join(dir, name), []byte(plots[name].svg()), 0o644)
		if err != nil {
			return err
		}
	}
	return nil
}
