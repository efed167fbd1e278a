#!/usr/bin/env bash
# Builds chandy and runs a cluster in the background:
# scripts/cluster.sh up|down|logs [--restart] [FILE]
# FILE is the cluster file. Without it the file is $CHANDY_CLUSTER or cluster.toml. With
# --restart, up stays in the foreground and starts a node again when it ends.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ "${1-}" = up ] && how=--detach
[ "${2-}" = --restart ] && how=--restart && set -- "$1" "${@:3}"
export CHANDY_CLUSTER=${2:-${CHANDY_CLUSTER:-$root/cluster.toml}}

go build -C "$root" -tags urfave_cli_no_docs -o .chandy/chandy .
exec "$root/.chandy/chandy" "${1:-help}" ${how:+"$how"}
