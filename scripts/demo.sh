#!/usr/bin/env bash
# Three processes, each in an operating-system process of its own, send money to each
# other. The script takes a snapshot while the money moves. The JSON goes to stdout,
# everything else to stderr. Exits 0 only if the snapshot is complete and consistent
# and no money was lost or created.
#
#   scripts/demo.sh [FILE]
#
# FILE is another cluster file. Without it the file is $CHANDY_CLUSTER or cluster.toml.
# With another file the money is not added up.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bank=$root/cluster.toml
cluster=${1:-${CHANDY_CLUSTER:-$bank}}
money=3000 # three balances of 1000
work=$(mktemp -d "${TMPDIR:-/tmp}/chandy-demo.XXXXXX")
chandy=$work/chandy
left=$root/.chandy/demo # what the script leaves
mkdir -p "$left"
nodes= # process ids

stop() {
	trap - EXIT INT TERM
	for pid in $nodes; do kill "$pid" 2>/dev/null || true; done
	for pid in $nodes; do wait "$pid" 2>/dev/null || true; done
	rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { echo "demo: $*" >&2; }

# start ID runs a node and returns when it listens. It keeps the node's log, and
# prints it if the node did not start.
start() {
	: >"$work/$1.log"
	"$chandy" node --cluster "$cluster" "$1" 2>"$work/$1.log" &
	local pid=$!
	nodes="$nodes $pid"
	until grep -q 'node started' "$work/$1.log"; do
		if ! kill -0 "$pid" 2>/dev/null; then
			cat "$work/$1.log" >&2
			say "node $1 did not start; is one of the addresses in $cluster in use?"
			return 1
		fi
		sleep 0.05
	done
}

# build builds chandy without the documentation generators of urfave/cli.
build() { (cd "$root" && go build -tags urfave_cli_no_docs "$@" -o "$chandy" .); }

# first reports whether Go must download libraries or compile its own library first.
first() {
	local commands
	commands=$(GOPROXY=off build -n 2>&1) || return 0
	[ "$(grep -c '/compile -o' <<<"$commands")" -gt 100 ]
}

if first; then
	say 'building; the first time this takes about a minute'
else
	say 'building'
fi
build

ids=$("$chandy" validate --ids "$cluster")
say "starting the nodes ${ids//$'\n'/, }"
for id in $ids; do start "$id"; done
sleep 1 # let some money move

"$chandy" initiate --cluster "$cluster" --wait >"$work/snapshot.json"
cat "$work/snapshot.json"
"$chandy" verify "$work/snapshot.json" | sed "s|^$work/||" >&2

# Another snapshot, with the messages before and after it, as a picture.
"$chandy" initiate --cluster "$cluster" --journal -o "$left/snapshot.json" 2>/dev/null
"$chandy" diagram -o "$left/snapshot.html" "$left/snapshot.json"
say "a second snapshot and its picture are in ${left#"$PWD"/}: open snapshot.html in a browser"

[ "$cluster" -ef "$bank" ] || exit 0

# With jq:
#   [.processes[].state.balance, .channels[].messages[].payload.amount] | add
# The sum is made without jq, which may not be installed. Only the state of a bank has
# a "balance", and only a message has an "amount".
sum=$(grep -oE '"(balance|amount)": *[0-9]+' "$work/snapshot.json" | awk -F: '{ n += $2 } END { print n }')
say "balances and messages in flight add up to $sum of $money"
[ "$sum" = "$money" ]
