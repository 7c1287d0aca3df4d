#!/usr/bin/env bash
# Simulates topic discovery (minutes, 5 GB) and draws the plots of
# docs/discovery.md. Needs rsvg-convert (Debian: librsvg2-bin).
set -euo pipefail
cd "$(dirname "$0")/.."
command -v rsvg-convert >/dev/null || {
	echo "rsvg-convert is missing: apt-get install librsvg2-bin" >&2
	exit 1
}
drawn=$(mktemp -d)
trap 'rm -rf "$drawn"' EXIT
go run ./internal/test/topicsim -runs 10000/capacity,1000/capacity,1000/cache -plots "$drawn"
for svg in "$drawn"/*.svg; do
	rsvg-convert -z 1.5 "$svg" -o "docs/plots/$(basename "$svg" .svg).png"
done
