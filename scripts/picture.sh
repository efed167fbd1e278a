#!/usr/bin/env bash
# Draws docs/pictures/bank.svg, the picture with which the README begins: a snapshot of the
# bank in cluster.toml, with the messages before and after the cut. It takes snapshots until
# one has from three to six messages in flight.
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
	if [ "$tries" = 50 ]; then
		echo 'picture: no snapshot had from three to six messages in flight' >&2
		exit 1
	fi
	sleep 0.2 # let some money move
done
"$chandy" diagram -o "$root/docs/pictures/bank.svg" "$work/snapshot.json"
