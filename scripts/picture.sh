#!/usr/bin/env bash
# Draws docs/pictures/bank.svg, the picture with which the README begins: a snapshot of the
# bank in cluster.toml, with the messages before and after the cut. It takes snapshots until
# one has from three to six messages in flight.
#
# It also draws docs/pictures/two.svg, the two snapshots of docs/diagram.md. The second one
# begins before the first one is complete, so that a message can be in flight in both.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/chandy-picture.XXXXXX")
chandy=$work/chandy
export CHANDY_CLUSTER=$root/cluster.toml

stop() {
	"$chandy" down --state-dir "$work/state" || true
	rm -rf "$work"
}
trap stop EXIT

(cd "$root" && go build -o "$chandy" .)
"$chandy" up --detach --state-dir "$work/state"
tries=0
until "$chandy" initiate --wait --journal --assert '[in_flight] | length >= 3 and length <= 6' -o "$work/snapshot.json"; do
	tries=$((tries + 1))
	if [ "$tries" = 200 ]; then
		echo 'picture: no snapshot had from three to six messages in flight' >&2
		exit 1
	fi
	sleep 0.2 # let some money move
done
"$chandy" diagram -o "$root/docs/pictures/bank.svg" "$work/snapshot.json"

tries=0
until "$chandy" diagram --text "$work/a.json" "$work/b.json" 2>/dev/null |
	grep -E '^[12] of 3 states changed · .* no longer in flight · .* newly in flight · .* in flight in both$'; do
	tries=$((tries + 1))
	if [ "$tries" = 300 ]; then
		echo 'picture: no two snapshots had messages of each kind' >&2
		exit 1
	fi
	"$chandy" initiate -o "$work/a.json" 2>/dev/null &
	first=$!
	sleep 0.03 # let some money move
	"$chandy" initiate -o "$work/b.json" 2>/dev/null
	wait "$first"
done
"$chandy" diagram -o "$root/docs/pictures/two.svg" "$work/a.json" "$work/b.json"
