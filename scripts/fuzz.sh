#!/usr/bin/env bash
# Runs every fuzz target for FUZZTIME (default 60s), one after the other.
# Arguments are packages, default all: scripts/fuzz.sh ./waku/wire
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh
need_go

time=${FUZZTIME:-60s}
packages=("$@")
[ ${#packages[@]} -gt 0 ] || packages=(./...)
count=0
failed=()
while read -r package; do
	while read -r target; do
		count=$((count + 1))
		echo "== $package $target, $time"
		if ! go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package"; then
			failed+=("$package $target")
		fi
	done < <(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
done < <(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' "${packages[@]}")
echo "$count fuzz targets ran for $time each"
if [ ${#failed[@]} -gt 0 ]; then
	echo "findings (inputs are in testdata/fuzz of the package):"
	printf '  %s\n' "${failed[@]}"
	exit 1
fi
