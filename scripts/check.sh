#!/usr/bin/env bash
# The whole test suite. Runs every part, says which failed, and how long each took.
#
#   scripts/check.sh             everything
#   scripts/check.sh --repeat N  the concurrent packages N times, to find what fails
#                                once in a while
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Inputs for each target, about two seconds of them. Not a duration: when one ends, Go
# before 1.27 may report "context deadline exceeded" as a failure (golang/go#75804).
fuzz_inputs=15000x
large='./snapshot ./netnode ./internal/channel ./internal/child ./internal/sim ./internal/verify'
concurrent='./netnode/... ./internal/child/... ./internal/try/... ./internal/command/...'

usage() {
	echo 'usage: scripts/check.sh [--repeat N]' >&2
	exit 2
}
case "$#:${1-}" in
0:) ;;
2:--repeat) [[ $2 =~ ^[1-9][0-9]*$ ]] || usage ;;
*) usage ;;
esac

times='' failed=''

# part NAME COMMAND... runs one part. In its command set -e has no effect: what
# fails in a function has to be its last command or to return.
part() {
	local name=$1 begun=$SECONDS
	shift
	echo "== $name"
	if ! "$@"; then
		failed="$failed, $name"
		name="$name: FAILED"
	fi
	times="$times$(printf '%5d s  %s' $((SECONDS - begun)) "$name")"$'\n'
}

formatted() {
	local files
	files=$(gofmt -l .) || return
	[ -z "$files" ] || { echo "to be formatted by gofmt -w: $files" && return 1; }
}

# vet looks at the files of every system that we support.
vet() {
	GOOS=linux go vet ./... && GOOS=darwin go vet ./...
}

shell() {
	if command -v shellcheck >/dev/null; then
		shellcheck scripts/*.sh .ci/run
	else
		echo 'skipped: shellcheck is not installed'
	fi
}

# fuzz runs each target for a little while. go test -list prints the targets of a
# package and then a line with its name.
fuzz() {
	local list name package
	list=$(go test -list '^Fuzz' ./... | awk '/^Fuzz/ { name[n++] = $1 } /^ok/ { for (i = 0; i < n; i++) print name[i], $2; n = 0 }') || return
	while read -r name package; do
		[ -z "$name" ] || go test -run '^$' -fuzz "^$name\$" -fuzztime "$fuzz_inputs" "$package" || return
	done <<<"$list"
}

# race is -race where it works: it needs a C compiler.
race=
if [ "$(go env CGO_ENABLED)" = 1 ] && command -v "$(go env CC)" >/dev/null; then
	race=-race
else
	echo 'no C compiler: the tests run without the race detector'
fi

if [ "${1-}" = --repeat ]; then
	for ((i = 1; i <= $2; i++)); do
		# shellcheck disable=SC2086 # words
		part "run $i" go test -count=1 $race $concurrent
	done
else
	part gofmt formatted
	part vet vet
	part staticcheck go run "$staticcheck" ./...
	part shellcheck shell
	part fuzz fuzz
	# What takes too long under the race detector does less there, and all of it here.
	# shellcheck disable=SC2086 # words
	[ -z "$race" ] || part 'explorations and simulation, no race detector' go test $large
	# The arrow test is in ., among these. What has one goroutine has no races.
	packages=./...
	[ -z "$race" ] || packages=$(go list ./... | grep -vE '/internal/(sim|verify)$')
	# shellcheck disable=SC2086 # words
	part "tests ${race:-without the race detector}" go test $race $packages
fi

printf '\n%s%5d s  in all\n' "$times" "$SECONDS"
[ -z "$failed" ] || { echo "FAILED: ${failed#, }" && exit 1; }
