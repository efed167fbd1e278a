#!/usr/bin/env bash
# A job of a CI system. It starts the philosophers, lets guests ask them to eat, and watches
# meanwhile that they never wait for each other for ever. If they do, or if a guest gets no
# meal, it fails, and the state of everything at that moment is in snapshot.json.
#
#   ./ci.sh          with the cluster of this folder
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# shellcheck disable=SC2016 # $1 is for the shell of xargs
guests='for meal in 1 2 3; do
	for id in n1 n2 n3 n4 n5; do echo "$id"; done
done | xargs -n 1 -P 5 sh -c '\''chandy call --timeout 10s "$1" "{\"type\":\"eat\"}"'\'' guest'

chandy guard --up --every 500ms --never stalled --keep snapshot.json --timeout 1m -- sh -c "$guests"
echo 'every guest has eaten, and no snapshot was stalled'
