# Sourced by the other scripts: what has to be on the machine.

# need_go checks that there is a Go of the version go.mod asks for. Older ones
# from 1.21 on fetch it by themselves.
need_go() {
	if ! command -v go >/dev/null; then
		echo "The Go tool is missing. Install Go 1.26 or later: https://go.dev/doc/install" >&2
		exit 1
	fi
	if ! go version >/dev/null; then
		echo "This Go cannot build the module; it needs the version that go.mod names." >&2
		exit 1
	fi
}

# need_compiler gets a C compiler, which the race detector needs.
need_compiler() {
	if command -v "$(go env CC)" >/dev/null; then
		return
	fi
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "== installing a C compiler for the race detector"
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq gcc libc6-dev
		return
	fi
	echo "The race detector needs a C compiler: apt-get install gcc libc6-dev" >&2
	exit 1
}

# stage NAME COMMAND… runs a part of the gate and says how long it took.
stage() {
	local name=$1 begin=$SECONDS status=0
	shift
	echo "== $name"
	"$@" || status=$?
	echo "== $name: $((SECONDS - begin)) s"
	return $status
}
