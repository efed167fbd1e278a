#!/usr/bin/env bash
# The whole test suite. It runs every part even if one fails. At the end it prints how
# long each part took, what was skipped because a tool is missing, and which parts
# failed. Longer tests are in scripts/soak.sh, real networks in scripts/netns.sh.
#
#   scripts/check.sh             everything; fails if it takes more than 8 minutes
#   scripts/check.sh --repeat N  the tests of the concurrent packages N times, to find
#                                failures that are rare
#   scripts/check.sh --fuzz N    each fuzz target with N inputs, guided by what they cover
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.1.4
staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
limit=480 # seconds for everything, on two cores
# Inputs for each fuzz target, about a fifth of a second of work. It is a number and not a
# duration because Go before 1.27 may report the end of a duration as a failure,
# "context deadline exceeded" (golang/go#75804).
fuzz_inputs=5000
# With so few inputs nothing is gained by the coverage of each one, and compiling for it takes
# a minute of processor time. So guide is empty in the check, and -fuzz . with --fuzz.
guide=
# The race detector has nothing to find in these packages. They start no goroutine, in
# their tests neither, see the function single. Their code under goroutines is tested by
# the packages that start them.
pure='./snapshot ./wire ./program ./internal/agreement ./internal/channel ./internal/config ./internal/core ./internal/explore
	./internal/difference ./internal/journal ./internal/jsonwalk ./internal/maelstrom ./internal/manpage ./internal/printable ./internal/question ./internal/saved ./internal/sim ./internal/verify'
# Most of what these tests do, they do in other processes, or they wait for those. Those of
# internal/store let one goroutine run at a time, but for the small ones of its pipeline. Most
# of netnode run in virtual time.
plain='./internal/try ./internal/command ./examples/... ./internal/bundled ./internal/diagram ./internal/store/... ./netnode'
concurrent='./netnode/... ./internal/child/... ./internal/try/... ./internal/command/... ./internal/cmdline/...'

usage() {
	echo 'usage: scripts/check.sh [--repeat N | --fuzz N]' >&2
	exit 2
}
case "$#:${1-}" in
0:) ;;
2:--repeat | 2:--fuzz) [[ $2 =~ ^[1-9][0-9]*$ ]] || usage ;;
*) usage ;;
esac

times='' failed='' skipped='' names=()
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# skip TEXT adds a line to the list of what was skipped.
skip() { skipped="$skipped         $1"$'\n'; }

# need TOOL TEXT adds TEXT to that list if TOOL is not installed.
need() { command -v "$1" >/dev/null || skip "$2: $1 is not installed"; }

# note NAME SECONDS RESULT adds a part to the list of times, and to the failed parts unless
# its result is 0.
note() {
	local name=$1
	if [ "$3" != 0 ]; then
		failed="$failed, $name"
		name="$name: FAILED"
	fi
	times="$times$(printf '%5d s  %s' "$2" "$name")"$'\n'
}

# part NAME COMMAND... runs one part. Bash ignores set -e inside COMMAND, because part
# tests its result. So a function must return by itself if one of its commands fails.
part() {
	local name=$1 begun=$SECONDS result=0
	shift
	echo "== $name"
	"$@" || result=1
	note "$name" $((SECONDS - begun)) "$result"
}

# beside NAME COMMAND... starts a part beside what follows. Its output and its result are in
# files until joined is called. COMMAND cannot call skip, because it runs in a subshell.
beside() {
	local name=$1 begun=$SECONDS file=$work/${#names[@]} result=0
	shift
	names+=("$name")
	{
		"$@" >"$file" 2>&1 || result=1
		echo $((SECONDS - begun)) "$result" >"$file.result"
	} &
}

# joined waits for the parts that run beside each other, and reports them in order.
joined() {
	local i took result
	wait
	for i in "${!names[@]}"; do
		echo "== ${names[i]}"
		cat "$work/$i"
		read -r took result <"$work/$i.result"
		note "${names[i]}" "$took" "$result"
	done
}

formatted() {
	local files
	files=$(gofmt -l .) || return
	[ -z "$files" ] || { echo "gofmt would change these files: $files" && return 1; }
}

# vet checks the files of every system that we support, and that chandy builds with the
# tag of a release. On any other system the build must fail with one sentence.
vet() {
	local text
	GOOS=linux go vet ./... && GOOS=darwin go vet ./... || return
	go build -tags urfave_cli_no_docs -o /dev/null . || return
	text=$(GOOS=windows go build -o /dev/null . 2>&1) && echo 'chandy builds for Windows' && return 1
	[[ $text == *undefined:\ chandy_runs_on_Linux_and_macOS_only ]] || { echo "$text" && return 1; }
}

# vulnerable looks for known vulnerabilities in what chandy calls. It needs the database at
# vuln.go.dev, so it is skipped where that cannot be reached within 5 s.
vulnerable() {
	if ! curl -sfo /dev/null --max-time 5 https://vuln.go.dev/index/db.json; then
		skip 'govulncheck: https://vuln.go.dev cannot be reached'
	elif ! go run "$govulncheck" -version >/dev/null 2>&1; then
		skip 'govulncheck: it cannot be downloaded'
	else
		go run "$govulncheck" ./...
	fi
}

shell() {
	if command -v shellcheck >/dev/null; then
		shellcheck scripts/*.sh .ci/run
	else
		skip 'the check of the scripts: shellcheck is not installed'
	fi
}

# fuzz runs each fuzz target for a short time. It builds one binary for all targets of a
# package. Each target starts with an empty cache, because the inputs in a cache count
# towards -test.fuzztime. With a large cache no new input was tried.
fuzz() {
	local dir package name inputs
	dir=$(mktemp -d) || return
	for package in $(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u); do
		# shellcheck disable=SC2086 # words
		go test -vet=off -c $guide -o "$dir/fuzz.test" "$package" || return
		for name in $("$dir/fuzz.test" -test.list '^Fuzz'); do
			inputs=${fuzz_inputs}x
			# It runs a whole course for each input, and takes long to shorten one.
			[ "$name" != FuzzHostile ] || inputs="$((fuzz_inputs / 10))x -test.fuzzminimizetime 10x"
			echo "$name in $package"
			# shellcheck disable=SC2086 # inputs are words
			(cd "$package" && "$dir/fuzz.test" -test.run '^$' -test.fuzz "^$name\$" \
				-test.fuzztime $inputs -test.fuzzcachedir "$dir/cache/$package") >"$dir/text" 2>&1 ||
				{ cat "$dir/text" && return 1; }
		done
	done
	rm -r "$dir"
}

# single fails if a package of $pure starts a goroutine or imports what starts some.
single() {
	local files found
	# shellcheck disable=SC2086,SC2016 # words; a template of Go
	files=$(go list -f '{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}} {{end}}{{range .TestGoFiles}}{{$d}}/{{.}} {{end}}{{range .XTestGoFiles}}{{$d}}/{{.}} {{end}}' $pure) || return
	# shellcheck disable=SC2086 # words
	found=$(grep -nE '^\s*go (func|[A-Za-z_.]+)\(|\.Go\(|AfterFunc\(|^\s*"(chandy/netnode|testing/synctest)"' $files) || return 0
	echo "got goroutines in packages that are tested without the race detector:"$'\n'"$found"
	return 1
}

# full runs the tests that do less work under the race detector: those that use
# explore.Race, or the function times of internal/child, which does.
full() {
	local names
	names=$(awk '/^func / { name = $2; sub(/\(.*/, "", name) } /explore\.Race|[^.]times\(/ && name ~ /^Test/ { print name }' internal/child/*_test.go internal/question/eval/*_test.go | sort -u | paste -sd '|' -) || return
	go test -vet=off -run "^($names)\$" ./internal/child ./internal/question/eval
}

# race is -race, or empty where there is no C compiler, which -race needs.
race=
if [ "$(go env CGO_ENABLED)" = 1 ] && command -v "$(go env CC)" >/dev/null; then
	race=-race
else
	skip 'the race detector: there is no C compiler'
fi
need jq 'the examples in the README and in chandy help'

if [ "${1-}" = --repeat ]; then
	for ((i = 1; i <= $2; i++)); do
		# shellcheck disable=SC2086 # words
		part "run $i" go test -count=1 $race $concurrent
	done
elif [ "${1-}" = --fuzz ]; then
	fuzz_inputs=$2 guide='-fuzz .'
	part fuzz fuzz
else
	# Go tests that skip themselves. Without -v, go test does not print that.
	need python3 'examples/token-ring and examples/testdata/threads.py'
	need node 'examples/broadcast'
	need chromium 'the pictures in a browser'
	[ "$(go env GOOS)" = linux ] || skip 'the count of file descriptors, the killed parent of a child, and the mixed attack: only for Linux'
	part gofmt formatted
	part govulncheck vulnerable
	part shellcheck shell
	# Compiling, linking and single fuzz targets often leave a processor idle. So these three
	# run at once.
	beside vet vet
	beside staticcheck go run "$staticcheck" ./...
	beside fuzz fuzz
	joined
	part 'no goroutines without the race detector' single
	# The explorations and the simulation need both processors. Most other tests wait, for
	# whole clusters, so they run at the same time. They include the mixed attack: five
	# nodes for 10 s. With the race detector it is 2.5 s.
	# shellcheck disable=SC2086 # words
	part 'tests without the race detector' go test -vet=off -p 4 -parallel 4 $plain $pure
	[ -z "$race" ] || part 'tests in full size, no race detector' full
	# Tests of netnode in virtual time run with the race detector in scripts/check.sh --repeat
	# only: with it they take a minute more.
	[ -z "$race" ] || part 'netnode on real sockets -race' go test -vet=off -race -run '^Test([^V]|V[^i])' ./netnode
	# These include internal/arrows, which checks the imports. The tests of a package run one
	# after the other in virtual time, on one processor, so four packages run at once. The
	# tests of internal/command run with the race detector in scripts/check.sh --repeat only.
	# shellcheck disable=SC2086,SC2046 # words
	part "other tests ${race:-without the race detector}" go test -vet=off -p 4 $race $(go list ./... | grep -vxF "$(go list $pure $plain)")
fi

took=$SECONDS
printf '\n%s%5d s  in all\n' "$times" "$took"
[ -z "$skipped" ] || printf 'skipped:\n%s' "$skipped"
if [ $# = 0 ] && [ "$took" -gt "$limit" ]; then
	echo "TOO SLOW: it took $took s, and the limit is $limit s on two cores"
	failed="$failed, time limit"
fi
[ -z "$failed" ] || { echo "FAILED: ${failed#, }" && exit 1; }
