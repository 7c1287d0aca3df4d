#!/usr/bin/env bash
# Tests of the clients in other languages: types, units, and with real daemons.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh
source scripts/clients.sh

need_go
client_tools

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo "== statusd"
go build -o "$scratch/statusd" ./cmd/statusd
export STATUSD_BINARY=$scratch/statusd

echo "== Python: types"
(cd clients/python && mypy --cache-dir "$scratch/mypy")
echo "== Python: tests"
(cd clients/python && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=src "$python" -W error -m unittest discover -t . -s tests)
