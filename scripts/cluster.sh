#!/usr/bin/env bash
# Builds chandy and runs a cluster in the background: scripts/cluster.sh up|down|logs [FILE]
# FILE is the cluster file. Without it the file is $CHANDY_CLUSTER or cluster.toml.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ "${1-}" = up ] && detach=--detach
export CHANDY_CLUSTER=${2:-${CHANDY_CLUSTER:-$root/cluster.toml}}

go build -C "$root" -tags urfave_cli_no_docs -o .chandy/chandy .
exec "$root/.chandy/chandy" "${1:-help}" ${detach:+"$detach"}
