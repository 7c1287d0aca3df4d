#!/usr/bin/env bash
# Generates Go code for the given .proto files of the current folder, beside
# them. Needs protoc (Debian: apt-get install protobuf-compiler); the Go plugin
# is built in the version of go.mod. Without protoc it changes nothing: the
# generated code is committed, and a test compares each .proto file with the
# checksum that its generation left behind.
set -euo pipefail

if ! command -v protoc >/dev/null; then
	echo "protoc.sh: protoc is not installed, generated code is left as it is" >&2
	exit 0
fi
plugin=$(mktemp -d)
trap 'rm -rf "$plugin"' EXIT
go build -o "$plugin/protoc-gen-go" google.golang.org/protobuf/cmd/protoc-gen-go
for proto in "$@"; do
	protoc --plugin="$plugin/protoc-gen-go" --go_out=. --go_opt=paths=source_relative "$proto"
	# The compiler's version would differ from machine to machine; its output does not.
	sed -i '/^\/\/ 	protoc /d' "${proto%.proto}.pb.go"
	sha256sum "$proto" >"$proto.sum"
done
