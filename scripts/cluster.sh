#!/usr/bin/env bash
# Runs the nodes of a cluster file in the background.
#
#   scripts/cluster.sh up [FILE]   builds chandy and starts a node for every process;
#                                  process ids and logs are in .chandy/
#   scripts/cluster.sh down        stops these nodes, and no others
#
# FILE is the cluster file. Without it the file is $CHANDY_CLUSTER or cluster.toml.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$root/.chandy

say() { echo "cluster: $*" >&2; }

# runs PID reports whether PID is a node that this script started. The system may have
# given the id to another process since.
runs() { kill -0 "$1" 2>/dev/null && ps -o command= -p "$1" | grep -q "^$work/chandy node "; }

up() {
	local file=${1:-${CHANDY_CLUSTER:-$root/cluster.toml}} id ids pid
	for pid in "$work"/*.pid; do
		if [ -e "$pid" ] && runs "$(cat "$pid")"; then
			say "a cluster is running already; scripts/cluster.sh down stops it"
			return 1
		fi
	done
	mkdir -p "$work"
	rm -f "$work"/*.pid
	(cd "$root" && go build -o "$work/chandy" .)
	"$work/chandy" validate --cluster "$file" >/dev/null
	ids=$("$work/chandy" validate --cluster "$file" --ids)
	for id in $ids; do
		nohup "$work/chandy" node --cluster "$file" --log-format console "$id" >/dev/null 2>"$work/$id.log" </dev/null &
		echo $! >"$work/$id.pid"
	done
	for id in $ids; do
		until grep -q 'node started' "$work/$id.log"; do
			if ! runs "$(cat "$work/$id.pid")"; then
				cat "$work/$id.log" >&2
				say "$id did not start"
				down
				return 1
			fi
			sleep 0.05
		done
	done
	say "$(echo "$ids" | wc -w | tr -d ' ') nodes run; logs and process ids are in $work"
}

down() {
	local file pid
	for file in "$work"/*.pid; do
		[ -e "$file" ] || continue
		pid=$(cat "$file")
		if runs "$pid"; then
			kill "$pid"
			while runs "$pid"; do sleep 0.05; done
		fi
		rm -f "$file"
	done
}

case ${1-} in
up) up "${2-}" ;;
down) down ;;
*)
	say 'usage: scripts/cluster.sh up [FILE] | down'
	exit 2
	;;
esac
