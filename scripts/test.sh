#!/usr/bin/env bash
# All tests: one run with the race detector over every package, the tests on
# real sockets and processes (build tag integration) among them, and a build
# without cgo. Arguments go to go test, for instance: scripts/test.sh -run Vector
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh

need_go
need_compiler

stage "build without cgo" env CGO_ENABLED=0 go build ./...

stage "unit tests and real processes, race detector" go test -race -tags integration -timeout 12m "$@" ./...

# goleveldb sends on a channel that it may be closing, and recovers; the race
# detector takes that for ours. The long simulations run in full without it,
# and what packages do before main is timed without it.
stage "tests without the race detector" \
	go test -run 'TestEveryCallFails|TestHonestStrangerInAFlood|TestDayOfTwentyPeople|TestPackagesDoLittleBeforeMain' \
	./mailserver/leveldb ./messenger ./cmd/statusd
