#!/usr/bin/env bash
# The long forms of tests: for a release, and before an issue is called
# resolved. Each is a test of make test with larger numbers; they take some
# hours. Parts can be named: scripts/test-long.sh kills fuzz
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh
need_go
need_compiler

# kills: sender, relay and recipient die in turn for some ten minutes; accounts
# are killed while they change.
kills() {
	STATUSD_KILL_MESSAGES=${STATUSD_KILL_MESSAGES:-1200} go test -tags integration -timeout 60m -count=1 -v \
		-run 'TestKillsLoseNothing' ./internal/test/e2e &&
	STATUSD_STOPS=50 go test -tags integration -timeout 60m -count=1 -v -run 'TestStopsDoNotWait' ./internal/test/e2e &&
	go test -tags integration -timeout 60m -count=10 \
		-run 'TestKillDuringAccountChanges|TestKillDuringBackupCommand|TestEventsSurviveKills|TestMailserverKilled|TestEchoBots' \
		./internal/test/e2e
}

# crashes: the power fails at every statement, and networks are bad for devices
# in many orders.
crashes() {
	STATUSD_CRASH_STEP=1 STATUSD_SCHEDULES=48 go test -timeout 120m -count=1 \
		-run 'Crash|Power|Cut|Schedule|Kill|Fault|EveryCall' ./internal/store ./messenger/... ./transport/... ./mailserver/...
}

# days: simulations of whole days in virtual time.
days() {
	go test -timeout 120m -count=1 -run 'Day|Flood|Model|Simulation' ./messenger/... ./datasync/... ./payloads/... ./internal/test/topicsim
}

# architectures: what is built for arm64, and its tests of bytes where an
# emulator is there.
architectures() {
	CGO_ENABLED=0 GOARCH=arm64 go build ./... && GOARCH=arm64 go vet ./... || return 1
	if command -v qemu-aarch64-static >/dev/null; then
		CGO_ENABLED=0 GOARCH=arm64 go test -exec qemu-aarch64-static -timeout 60m ./waku/wire ./payloads ./transport/... \
			./datasync ./accounts/...
	else
		echo "skip  tests on arm64: apt-get install qemu-user-static"
	fi
}

fuzz() { ./scripts/fuzz.sh; }

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(kills crashes days architectures fuzz)
failed=()
for part in "${parts[@]}"; do
	case $part in
	kills | crashes | days | architectures | fuzz) stage "$part" "$part" || failed+=("$part") ;;
	*) echo "unknown part $part: want kills, crashes, days, architectures or fuzz" >&2; exit 64 ;;
	esac
done
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
