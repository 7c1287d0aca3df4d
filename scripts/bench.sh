#!/usr/bin/env bash
# Micro-benchmarks of every package, then the load benchmark, which drives a
# real statusd process over RLPx. BENCHTIME and COUNT change how long the
# micro-benchmarks run; arguments go to the load benchmark. With TOPICSIM=1 the
# simulation of topic discovery follows, which redraws the plots in docs.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh
need_go

machine() {
	local cpu memory
	cpu=$(awk -F': ' '/^model name/ {print $2; exit}' /proc/cpuinfo 2>/dev/null || true)
	memory=$(awk '/^MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo 2>/dev/null || true)
	echo "machine: ${cpu:-unknown cpu}, $(getconf _NPROCESSORS_ONLN) cores, ${memory:-unknown memory}"
	echo "system:  $(uname -srm), $(go version | cut -d' ' -f3), $(date -u +%Y-%m-%d)"
	echo "commit:  $(git describe --always --dirty 2>/dev/null || echo unknown)"
}

machine
echo "== micro-benchmarks"
go test -run '^$' -bench . -benchmem -benchtime "${BENCHTIME:-1s}" -count "${COUNT:-1}" ./... | grep -v 'no test files'

echo "== load benchmark"
make build
go run ./internal/test/bench -statusd bin/statusd "$@"

if [ "${TOPICSIM:-}" = 1 ]; then
	echo "== topic discovery in virtual time (minutes, 5 GB)"
	./scripts/plots.sh
fi
