#!/usr/bin/env bash
# The tests that take too long for scripts/check.sh. It prints their figures, and ends at
# the first failure. Run it before a release. It takes some hours on two cores.
#
#   scripts/soak.sh          everything
#   scripts/soak.sh SEED     the same, with SEED as the first seed of the simulation
#                            (default 1000000)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

from=${1:-1000000}
output=$(mktemp "${TMPDIR:-/tmp}/chandy-soak.XXXXXX")
trap 'rm -f "$output"' EXIT

# part NAME COMMAND... runs one part. It fails also if the part ran no test, as after a
# test was renamed: go test itself reports success then.
part() {
	echo "== $1"
	shift
	local begun=$SECONDS
	"$@" | tee "$output"
	if grep -F 'no tests to run' "$output" >/dev/null; then
		echo 'FAILED: there is no test of this name' >&2
		return 1
	fi
	echo "   $((SECONDS - begun)) s"
}

part 'simulation without faults' go test ./internal/sim -count=1 -timeout 60m -run '^TestSnapshotsAreCompleteWithoutFaults$' -v -from "$from" -seeds 20000
part 'simulation with faults' go test ./internal/sim -count=1 -timeout 60m -run '^TestSnapshotsAreConsistentWithFaults$' -v -from "$from" -seeds 5000
part 'simulation with restores' go test ./internal/sim -count=1 -timeout 60m -run '^TestRestoresAtAnyMoment$' -v -from "$from" -seeds 5000
part 'simulation with recoveries' go test ./internal/sim -count=1 -timeout 60m -run '^TestRecoveriesAtAnyMoment$' -v -from "$from" -seeds 5000
part 'simulation with clients that leave' go test ./internal/sim -count=1 -timeout 60m -run '^TestSnapshotsEndWithTheirClients$' -v -from "$from" -seeds 1000
part 'resets on real sockets' go test ./netnode -count=1 -timeout 30m -run '^TestProxyResets$' -v -soak
if [ "$(go env GOOS)" = linux ]; then
	part 'mixed attack' go test ./internal/command -count=1 -timeout 60m -run '^TestMixedAttack$' -v -attack 30m
	part 'cycles of save and restore' go test ./internal/command -count=1 -timeout 60m -run '^TestCyclesOfSaveAndRestore$' -v -cycles 300
	part 'cycles of kill and recovery' go test ./internal/command -count=1 -timeout 90m -parallel 1 -run '^TestCyclesOfKillAndRecovery$' -v -kills 500
	part 'a counter through kills' go test ./internal/command -count=1 -timeout 60m -run '^TestACounterThroughKills$' -v -kills 500
	part 'raid' go test ./internal/command -count=1 -timeout 30m -run '^TestRaid$' -v -raiders 10000
else
	echo '== mixed attack, cycles, kills and raid: skipped, only for Linux'
fi
part 'pictures' go test ./internal/diagram -count=1 -timeout 30m -run '^TestAStraightCut' -v -seeds 4000
part 'children' go test ./internal/child -count=1 -timeout 30m -run '^Test(Exact|Token|Gossip)$' -v -soak
part 'explorations' go test ./snapshot ./internal/channel ./internal/agreement -count=1 -timeout 60m -run '^TestExplore' -v -huge
part 'fuzz' scripts/check.sh --fuzz 50000
part 'the concurrent packages, twenty times' scripts/check.sh --repeat 20
