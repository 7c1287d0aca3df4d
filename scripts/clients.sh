# Sourced by test-clients.sh, dist.sh and .ci/run: what the clients in other
# languages are built and tested with.

# find_python sets python to a Python that has what builds packages, or to
# nothing.
find_python() {
	for python in "${PYTHON:-python3}" /usr/bin/python3; do
		if "$python" -c 'import sys, build, setuptools, wheel; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
			return
		fi
	done
	python=
}

# missing_client_tools prints a line for each program that is missing: what it
# is, a |, and the packages of Debian that have it.
missing_client_tools() {
	find_python
	[ "$python" ] || echo "Python 3.11 with build, setuptools and wheel|python3 python3-build python3-setuptools python3-wheel"
	command -v mypy >/dev/null || echo "mypy|mypy"
	node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || echo "Node.js 20|nodejs"
	command -v npm >/dev/null || echo "npm|npm"
	command -v chromium >/dev/null || echo "Chromium|chromium"
}

# client_tools fails with a clear message if something is missing.
client_tools() {
	local missing each
	missing=$(missing_client_tools)
	if [ "$missing" ]; then
		while IFS= read -r each; do
			echo "${each%%|*} is missing: apt-get install ${each##*|}" >&2
		done <<<"$missing"
		return 1
	fi
	find_python
}

# node_modules fetches what the TypeScript client is compiled with, if what is
# there is not what package-lock.json says.
node_modules() {
	local stamp=node_modules/.for-lock
	(
		cd clients/typescript
		if ! cmp -s package-lock.json "$stamp"; then
			npm ci --silent --no-progress
			cp package-lock.json "$stamp"
		fi
	)
}
