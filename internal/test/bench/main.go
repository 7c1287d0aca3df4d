// Command bench measures a statusd relay from outside: it starts the given
// binary as a process of its own, connects senders and receivers over RLPx on
// loopback, and prints one table row for each workload.
//
//	go run ./internal/test/bench -statusd bin/statusd
//
// Senders put one envelope in each packet, as peers do when traffic is light.
// CPU is what the statusd process alone used, latency runs from just before
// the write at a sender to just after the read at a receiver, and RSS is the
// process's peak. Generator and statusd share the machine.
//
//	go run ./internal/test/bench -statusd bin/statusd -bare 3
//
// measures statusd, a bare relay, and one that does not even hash envelopes, in
// turn, three times, and prints the ratios: these compare between machines.
// -before bin/other takes another statusd into the turns.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

func main() {
	binary := flag.String("statusd", "bin/statusd", "binary to measure")
	only := flag.String("run", "", "run only the workload with this name")
	scale := flag.Float64("scale", 1, "multiply the number of envelopes")
	bare := flag.Int("bare", 0, "relay workloads: so many rounds in turn with a bare relay")
	before := flag.String("before", "", "with -bare: another binary to measure in turn")
	serve := flag.String("serve-bare", "", "be a bare relay with this private key, in hex")
	hashes := flag.Bool("hashes", false, "with -serve-bare: hash each envelope")
	flag.Parse()
	var err error
	switch {
	case *serve != "":
		err = serveBare(*serve, *hashes)
	case *bare > 0:
		err = compare(*binary, *before, *only, *scale, *bare)
	default:
		err = run(*binary, *only, *scale)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// workload is one row of the table.
type workload struct {
	name      string
	senders   int
	receivers int
	count     int // envelopes, over all senders
	size      int // bytes of the data field
	rate      int // envelopes per second over all senders; 0: as fast as can be
}

var workloads = []workload{
	{"300B-1x1", 1, 1, 50_000, 300, 0},
	{"300B-2x8", 2, 8, 50_000, 300, 0},
	{"10kB-2x8", 2, 8, 5_000, 10_000, 0},
	{"300B-paced", 1, 1, 10_000, 300, 1000},
	{"300B-slow", 1, 1, 1000, 300, 100},
}

func run(binary, only string, scale float64) error {
	fmt.Printf("machine: %d cores, %s, %s\n\n", runtime.NumCPU(), cpuModel(), time.Now().Format(time.DateOnly))
	if only == "" || only == "idle" {
		if err := measureIdle(binary); err != nil {
			return err
		}
	}
	if only == "" || only == "mail" {
		if err := measureMail(binary); err != nil {
			return err
		}
	}
	if only == "" || only == "discovery" {
		if err := measureDiscovery(binary); err != nil {
			return err
		}
	}
	if only == "" || strings.HasPrefix(only, "chat") {
		if err := measureChat(binary, only); err != nil {
			return err
		}
	}
	if only == "idle" || only == "mail" || only == "discovery" || strings.HasPrefix(only, "chat") {
		return nil
	}
	printHead()
	for _, w := range chosen(only, scale) {
		r, err := measure(func() (*daemon, error) { return start(binary) }, w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		r.print(w.name)
	}
	return nil
}

// chosen are the workloads of relays that are to run.
func chosen(only string, scale float64) (list []workload) {
	for _, w := range workloads {
		if only == "" || only == w.name {
			w.count = int(float64(w.count) * scale)
			list = append(list, w)
		}
	}
	return list
}

func printHead() {
	fmt.Println("| workload | delivered | per receiver/s | CPU/envelope | generator's | per packet | p50 | p99 | RSS |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
}

func (r *result) print(name string) {
	fmt.Printf("| %s | %.2f %% | %.0f | %.1f µs | %.1f µs | %.1f | %s | %s | %.0f MiB |\n", name, 100*r.delivered,
		r.perReceiver, r.cpu, r.generator, r.gathered, round(r.p50), round(r.p99), float64(r.rss)/(1<<20))
}

func round(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

func measureIdle(binary string) error {
	started := time.Now()
	d, err := start(binary)
	if err != nil {
		return err
	}
	defer d.stop()
	ready := time.Since(started)
	before := d.cpu()
	time.Sleep(10 * time.Second)
	used := d.cpu() - before
	fmt.Printf("idle, no peers: ready after %s, %.0f MiB RSS, %.2f %% CPU over 10 s\n\n",
		ready.Round(time.Millisecond), float64(d.rss("VmRSS"))/(1<<20), 100*used.Seconds()/10)
	return nil
}
