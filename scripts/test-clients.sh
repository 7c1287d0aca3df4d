#!/usr/bin/env bash
# Tests of the clients in other languages: types, units, with real daemons, in
# a browser, bots over kills, and the packages that dist.sh builds.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh
source scripts/clients.sh

need_go
client_tools

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export STATUSD_BINARY=$scratch/statusd
export PYTHONDONTWRITEBYTECODE=1

python_types() { (cd clients/python && mypy --cache-dir "$scratch/mypy"); }
python_tests() { (cd clients/python && PYTHONPATH=src "$python" -W error -m unittest discover -t . -s tests); }
typescript_types() { (cd clients/typescript && npm run --silent check && npm run --silent build); }
bots() { STATUSD_TEST_PYTHON=$python go test -count=1 -tags integration -run TestBotsOfClients ./internal/test/e2e; }
typescript_tests() { (cd clients/typescript && npm run --silent test); }

# Whoever installs the packages can import them.
packages() {
	DIST=$scratch/dist scripts/dist.sh >/dev/null
	(
		cd "$scratch"
		PYTHONPATH=$(echo dist/*.whl) "$python" -c 'from statusd import Client; Client("/x").close()'
		mkdir user
		cd user
		echo '{"private":true,"type":"module"}' >package.json
		npm install --silent --no-progress --no-audit --offline ../dist/*.tgz
		node -e 'import("statusd").then(({ Client }) => new Client("/x").close())'
	)
}

stage "statusd" go build -o "$STATUSD_BINARY" ./cmd/statusd
stage "Python: types" python_types
stage "Python: tests" python_tests
stage "TypeScript: what compiles it" node_modules
stage "TypeScript: types" typescript_types
stage "TypeScript: tests, in a browser as well" typescript_tests
stage "bots over kills" bots
stage "packages" packages
