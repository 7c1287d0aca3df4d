#!/usr/bin/env bash
# Formatting, vet, module files, layering, generated files, and the linters
# that can be had. A tool that is neither installed nor reachable is skipped
# with a message; a finding of one that runs fails the check.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0

need_go
failed=0

# step NAME COMMAND… runs a command; output of one that fails is shown.
step() {
	local name=$1 out begin=$SECONDS
	shift
	if out=$("$@" 2>&1); then
		echo "ok    $name ($((SECONDS - begin)) s)"
	else
		echo "FAIL  $name ($((SECONDS - begin)) s)"
		printf '%s\n' "$out"
		failed=1
	fi
}

# skipped NAME REASON
skipped() { echo "skip  $1: $2"; }

formatting() {
	local out
	out=$(git ls-files -z --cached --others --exclude-standard -- '*.go' | xargs -0 gofmt -l)
	[ -z "$out" ] || { echo "run gofmt -w on:"; echo "$out"; return 1; }
}

shell_scripts() {
	local script
	for script in scripts/*.sh .ci/run; do
		bash -n "$script" || return 1
	done
}

# Generated files are made anew in a copy of the repository and compared.
generated() {
	if ! git grep -q '^//go:generate ' -- '*.go'; then
		return 0
	fi
	local copy
	copy=$(mktemp -d)
	# shellcheck disable=SC2064
	trap "rm -rf '$copy'" RETURN
	git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' f; do
		[ ! -e "$f" ] || printf '%s\0' "$f"
	done | tar --null -T - -cf - | tar -xf - -C "$copy"
	(cd "$copy" && git init -q && git add -A && go generate ./... && git diff --exit-code --stat) || {
		echo "generated files are out of date: run make generate"
		return 1
	}
}

# go-ethereum's keys are of the type crypto/ecdsa, whose fields the standard
# library deprecates although it has nothing else for secp256k1.
run_staticcheck() {
	local out
	out=$(go run "$staticcheck" -tags integration ./... 2>&1 |
		grep -Ev '\(crypto/ecdsa\.(PublicKey|PrivateKey)\)\.[XYD] has been deprecated|^exit status 1$') || true
	[ -z "$out" ] || { printf '%s\n' "$out"; return 1; }
}

step "gofmt" formatting
step "shell syntax" shell_scripts
step "go vet" go vet ./...
step "go vet, tag integration" go vet -tags integration ./...
step "go.mod is tidy" go mod tidy -diff
step "layers and sizes" go test ./internal/test/archtest
step "generated files" generated

if go run "$staticcheck" -version >/dev/null 2>&1; then
	step "staticcheck" run_staticcheck
else
	skipped "staticcheck" "$staticcheck cannot be fetched"
fi
if command -v golangci-lint >/dev/null; then
	step "golangci-lint" golangci-lint run
else
	skipped "golangci-lint" "not installed"
fi
if command -v shellcheck >/dev/null; then
	step "shellcheck" shellcheck -x scripts/*.sh .ci/run
else
	skipped "shellcheck" "not installed"
fi
if [ "${GOVULNDB:-}" ] || curl -sfo /dev/null -m 5 https://vuln.go.dev/index/db.json 2>/dev/null; then
	step "govulncheck" go run "$govulncheck" ./...
else
	skipped "govulncheck" "the vulnerability database cannot be reached"
fi
exit $failed
