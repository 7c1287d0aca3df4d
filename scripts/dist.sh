#!/usr/bin/env bash
# Builds the packages of the clients into dist/: wheel and sdist. Nothing is
# fetched. What is built depends on the files in the repository alone.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/clients.sh

client_tools

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
git ls-files -z --cached --others --exclude-standard -- clients | tar --null -T - -cf - | tar -xf - -C "$scratch"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
mkdir -p dist

cp LICENSE "$scratch/clients/python/"
"$python" -m build --no-isolation --outdir dist "$scratch/clients/python" >"$scratch/log" || {
	cat "$scratch/log"
	exit 1
}
ls dist
