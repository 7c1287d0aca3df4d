#!/usr/bin/env bash
# Builds the packages of the clients into dist/ (or $DIST): wheel, sdist and npm
# tarball. What is in them depends on the files in the repository alone.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/clients.sh

client_tools
node_modules

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
dist=${DIST:-dist}
mkdir -p "$dist"
dist=$(cd "$dist" && pwd)
git ls-files -z --cached --others --exclude-standard -- clients | tar --null -T - -cf - | tar -xf - -C "$scratch"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

# quietly COMMAND… shows what a command says only if it fails.
quietly() {
	"$@" >"$scratch/log" 2>&1 || {
		cat "$scratch/log" >&2
		return 1
	}
}

cp LICENSE "$scratch/clients/python/"
quietly "$python" -m build --no-isolation --outdir "$dist" "$scratch/clients/python"

cp LICENSE "$scratch/clients/typescript/"
ln -s "$PWD/clients/typescript/node_modules" "$scratch/clients/typescript/node_modules"
cd "$scratch/clients/typescript"
quietly npx --no-install tsc
quietly npm pack --silent --pack-destination "$dist"
ls "$dist"
