#!/usr/bin/env bash
# Builds a release of the last commit in dist/: static binaries for Linux and macOS on
# amd64 and arm64, completions, the manual page, and checksums. The same commit and the
# same version of Go make the same bytes. A tag such as v1.2.3 names the version.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dist=$root/dist

if [ -n "$(git -C "$root" status --porcelain --untracked-files=no)" ]; then
	echo 'release: there are changes that are not committed' >&2
	exit 1
fi

# The build is made of a clone, which has nothing but the commit. From the clone Go reads
# the version that chandy --version prints.
work=$(mktemp -d "${TMPDIR:-/tmp}/chandy-release.XXXXXX")
trap 'rm -rf "$work"' EXIT
git clone -q "$root" "$work/chandy"
cd "$work/chandy"

# Settings of this machine must not change a byte.
export CGO_ENABLED=0 GOAMD64=v1 GOARM64=v8.0 GOFLAGS=-mod=readonly GOWORK=off

rm -rf "$dist"
mkdir -p "$dist/completions"
for system in linux darwin; do
	for machine in amd64 arm64; do
		GOOS=$system GOARCH=$machine go build -trimpath -buildvcs=true -tags urfave_cli_no_docs \
			-ldflags '-s -w' -o "$dist/chandy-$system-$machine" .
	done
done

# This machine's own binary prints the completions.
chandy=$dist/chandy-$(go env GOHOSTOS)-$(go env GOHOSTARCH)
[ -x "$chandy" ] || { chandy=$work/own && go build -buildvcs=true -o "$chandy" .; }
"$chandy" completion bash >"$dist/completions/chandy.bash"
"$chandy" completion zsh >"$dist/completions/_chandy"
"$chandy" completion fish >"$dist/completions/chandy.fish"
version=$("$chandy" --version)
go run ./internal/manpage "${version#chandy }" >"$dist/chandy.1"

# Linux has sha256sum, macOS has shasum.
sum=(sha256sum)
command -v sha256sum >/dev/null || sum=(shasum -a 256)
cd "$dist"
"${sum[@]}" chandy-* chandy.1 completions/* >"$work/SHA256SUMS"
mv "$work/SHA256SUMS" .
echo "release: $version, in $dist:" >&2
cat SHA256SUMS
