#!/bin/sh
# Builds the real Jaeger at the version in go.mod, once, and prints the binary's path.
# Takes some minutes and about 3 GB of Go's caches the first time; nothing when the binary is there.
set -eu
cd "$(dirname "$0")"
version=$(sed -n 's|^require github.com/jaegertracing/jaeger \(v[0-9.]*\).*|\1|p; s|^\tgithub.com/jaegertracing/jaeger \(v[0-9.]*\).*|\1|p' go.mod)
binary="${XDG_CACHE_HOME:-$HOME/.cache}/3am-lab/jaeger-$version/jaeger"
if [ ! -x "$binary" ]; then
    command -v go >/dev/null || { echo "Go is not on PATH: install Go 1.25 or newer to build Jaeger $version." >&2; exit 1; }
    mkdir -p "$(dirname "$binary")"
    # One builds and others wait; without flock (macOS) each builds into a folder of its own, and all the same thing.
    exec 9> "$binary.lock"
    ! command -v flock >/dev/null || flock 9
fi
if [ ! -x "$binary" ]; then
    partial=$(mktemp -d "$binary.XXXXXX")
    trap 'rm -rf "$partial"' EXIT
    trap 'exit 1' HUP INT TERM
    go build -mod=readonly -buildvcs=false -trimpath -ldflags='-s -w' -o "$partial/jaeger" github.com/jaegertracing/jaeger/cmd/jaeger >&2
    mv "$partial/jaeger" "$binary"
fi
echo "$binary"
