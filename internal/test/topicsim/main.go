package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
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
	runs   []scenario
	plots  string
	attack time.Duration
}

func parse(args []string) (options, error) {
	flags := flag.NewFlagSet("topicsim", flag.ContinueOnError)
	var o options
	var base scenario
	runs := flags.String("runs", "1000/capacity,1000/cache", "networks: nodes/similarity, comma-separated")
	flags.StringVar(&o.plots, "plots", "", "folder for the plots; empty: none")
	flags.DurationVar(&base.Warmup, "warmup", 20*time.Minute, "virtual time before measuring")
	flags.DurationVar(&base.Measure, "measure", 40*time.Minute, "virtual time measured")
	flags.IntVar(&base.Topics, "topics", 10, "topics, of Zipf popularity")
	flags.Float64Var(&base.BadShare, "bad", 0.1, "share of registrars that are dead or hollow, half each")
	flags.Float64Var(&base.Loss, "loss", 0.02, "share of datagrams lost")
	flags.Float64Var(&base.SearchRate, "searches", 1, "searches of a node per hour")
	flags.Uint64Var(&base.Seed, "seed", 1, "of the random choices")
	flags.DurationVar(&o.attack, "attack", 24*time.Hour, "virtual time of the attacks on one registrar; 0: none")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if base.Topics < 1 || base.Measure < time.Minute {
		return o, fmt.Errorf("at least one topic and one minute are needed")
	}
	for field := range strings.SplitSeq(*runs, ",") {
		s := base
		nodes, similarity, _ := strings.Cut(field, "/")
		var err error
		if s.Nodes, err = strconv.Atoi(nodes); err != nil || s.Nodes < 2 || s.Nodes > 1_000_000 {
			return o, fmt.Errorf("-runs: %q is not a number of nodes", nodes)
		}
		if s.Similarity, err = topdisc.ParseSimilarity(similarity); err != nil {
			return o, fmt.Errorf("-runs: %w", err)
		}
		o.runs = append(o.runs, s)
	}
	return o, nil
}

func run(args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	progress := func(what string) { fmt.Fprintln(os.Stderr, what) }
	fmt.Println(steadyTable(steadyStates()))
	var points []attack
	if o.attack > 0 {
		points = attacks(o.attack, progress)
		fmt.Println(attackTable(points))
	}
	var results []result
	for _, s := range o.runs {
		w := newWorld(s)
		w.run(progress)
		results = append(results, w.result())
		// After each: the next one may take long.
		if err := writePlots(o.plots, results, points); err != nil {
			return err
		}
		fmt.Println(networkTable(results))
	}
	fmt.Println(topicTable(results))
	return nil
}

// writePlots writes all plots into a folder, if one was named.
func writePlots(dir string, results []result, points []attack) error {
	if dir == "" {
		return nil
	}
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
