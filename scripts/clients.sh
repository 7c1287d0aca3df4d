# Sourced by test-clients.sh and dist.sh: what the clients in other languages
# are built with.

# client_tools finds the programs, and says what to install for those that are
# missing. It sets python to a Python that has the modules build and setuptools.
client_tools() {
	local missing=() candidate
	python=
	for candidate in "${PYTHON:-python3}" /usr/bin/python3; do
		if "$candidate" -c 'import sys, build, setuptools, wheel; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
			python=$candidate
			break
		fi
	done
	[ "$python" ] || missing+=("Python 3.11 with the module build|python3 python3-build python3-setuptools python3-wheel")
	command -v mypy >/dev/null || missing+=("mypy|mypy")
	if [ ${#missing[@]} -gt 0 ]; then
		local each
		for each in "${missing[@]}"; do
			echo "${each%%|*} is missing: apt-get install ${each##*|}" >&2
		done
		return 1
	fi
}
