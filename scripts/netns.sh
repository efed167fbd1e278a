#!/usr/bin/env bash
# Runs three nodes on three hosts, makes one fault after another and takes snapshots. A fourth
# host is there for a node whose host dies. Each host is a network namespace. A bridge in a
# further namespace joins them, so that the network of this machine is not touched. The script removes all of them at its
# end, also after an error.
#
#   scripts/netns.sh        takes about four minutes; prints a table in Markdown
#   scripts/netns.sh --tls  the same, with TLS between the hosts
#
# Exits 1 if a result is not as expected. Where namespaces are not allowed it says so
# and exits 0.
# shellcheck disable=SC2016 # the backticks are Markdown
set -euo pipefail

tls=
case "$#:${1-}" in
0:) ;;
1:--tls) tls=yes ;;
*) echo 'usage: scripts/netns.sh [--tls]' >&2 && exit 2 ;;
esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
prefix=chandy-$$ # prefix of the names of the namespaces
net=10.111.0     # p1 is $net.1
ids='p1 p2 p3'
hosts="$ids p4"
third=p3 # the host of process p3
work=$(mktemp -d "${TMPDIR:-/tmp}/chandy-netns.XXXXXX")
chandy=$work/chandy
shared=$work/shared mounted=$work/mounted # a folder, and where the hosts mount it
mkdir "$shared" "$mounted"
cluster=$work/cluster.toml
client= # process id of chandy initiate; the process ids of the nodes are in $work/ID.pid
killer= # process id of the subshell that destroys connections

say() { echo "netns: $*" >&2; }

pid() { cat "$work/$1.pid"; }

stop() {
	trap - EXIT INT TERM
	local id pids=$client\ $killer
	for id in $ids; do pids="$pids $(pid "$id" 2>/dev/null || true)"; done
	for id in $pids; do kill -KILL "$id" 2>/dev/null || true; done
	for id in $pids; do wait "$id" 2>/dev/null || true; done
	for id in $hosts hub; do ip netns del "$prefix-$id" 2>/dev/null || true; done
	rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# -- The hosts.

# cannot prints why the hosts cannot be made, or nothing.
cannot() {
	local tool missing=
	[ "$(uname)" = Linux ] || { echo 'only Linux has network namespaces'; return; }
	[ "$(id -u)" = 0 ] || { echo 'network namespaces need root'; return; }
	for tool in go ip nft tc ss nsenter mount; do
		command -v "$tool" >/dev/null || missing="$missing $tool"
	done
	[ -z "$missing" ] || { echo "not installed:$missing"; return; }
	network >"$work/network" 2>&1 || tr '\n' ' ' <"$work/network"
}

# network makes the hosts, and tries the commands that the faults need.
network() {
	local id n=0
	ip netns add "$prefix-hub" && ip -n "$prefix-hub" link add hub up type bridge || return
	for id in $hosts; do
		n=$((n + 1))
		ip netns add "$prefix-$id" &&
			ip link add eth0 netns "$prefix-$id" type veth peer name "$id" netns "$prefix-hub" &&
			ip -n "$prefix-hub" link set "$id" master hub up &&
			ip -n "$prefix-$id" link set lo up &&
			ip -n "$prefix-$id" link set eth0 up &&
			ip -n "$prefix-$id" address add "$net.$n/24" dev eth0 &&
			host "$id" nft 'table inet fault { chain input { type filter hook input priority 0; }; }' || return
	done
	slow && fast && host p4 mount --bind "$shared" "$mounted"
}

# host ID COMMAND... runs a command on a host.
host() { ip netns exec "$prefix-$1" "${@:2}"; }

# deaf ID RULE silently drops the packets to a host that match the rule.
deaf() { host "$1" nft "add rule inet fault input $2 drop"; }

heal() {
	local id
	for id in $hosts; do host "$id" nft flush chain inet fault input; done
}

# to_p3 and from_p3 cut one way each.
to_p3() { deaf p3 'iifname "eth0"'; }
from_p3() {
	deaf p1 "ip saddr $net.3"
	deaf p2 "ip saddr $net.3"
}

# slow [RATE] limits the link of p3 in both directions; fast removes the limit.
slow() {
	host p3 tc qdisc add dev eth0 root tbf rate "${1:-256kbit}" burst 4kb latency 400ms &&
		host hub tc qdisc add dev p3 root tbf rate "${1:-256kbit}" burst 4kb latency 400ms
}
fast() {
	host p3 tc qdisc del dev eth0 root &&
		host hub tc qdisc del dev p3 root
}

# -- The nodes.

# security prints the end of a cluster file whose last table is [network].
security() {
	if [ -z "$tls" ]; then
		echo 'insecure = true'
		return
	fi
	cat <<-END
		[tls]
		ca = "$work/certs/ca.crt"
		cert = "$work/certs/process/{id}.crt"
		key = "$work/certs/process/{id}.key"
		client_cert = "$work/certs/client/admin.crt"
		client_key = "$work/certs/client/admin.key"
	END
}

# write_cluster P1 P2 P3 prints a cluster file with these addresses. A snapshot takes
# twice the delay, which is long enough to kill a node meanwhile.
write_cluster() {
	cat <<-END
		name = "netns"
		[[process]]
		id = "p1"
		address = "$1:7100"
		[[process]]
		id = "p2"
		address = "$2:7100"
		[[process]]
		id = "p3"
		address = "$3:7100"
		[program]
		kind = "bank"
		transfers_per_second = 400
		max_transfer = 3
		[network]
		delay = "200ms"
	END
	security
}

# start ID [FILE] runs a node and returns when it listens. "ip netns exec" gives the node
# mounts of its own. prepare is a command that comes first, if any.
prepare=
start() {
	local on=$1
	[ "$1" != p3 ] || on=$third
	: >"$work/$1.log"
	ip netns exec "$prefix-$on" sh -c "${prepare:-:} && "'exec "$@"' sh "$chandy" node --cluster "${2:-$cluster}" --log-level debug "$1" 2>"$work/$1.log" &
	echo $! >"$work/$1.pid"
	until grep -q 'node started' "$work/$1.log"; do
		if ! kill -0 "$(pid "$1")" 2>/dev/null; then
			cat "$work/$1.log" >&2
			return 1
		fi
		sleep 0.02
	done
}

# end SIGNAL ID ends a node.
end() {
	kill "-$1" "$(pid "$2")"
	wait "$(pid "$2")" 2>/dev/null || true
	rm "$work/$2.pid"
}

# total KEY adds up a counter of chandy/status.v1 over all channel ends.
total() {
	host p1 "$chandy" status --cluster "$cluster" --json | awk -F'[:,]' -v key="\"$1\"" 'index($1, key) { n += $2 } END { print n + 0 }'
}

# -- Snapshots. Each is checked when it arrives. Differences are added to wrong.

money=3000 # sum of all accounts; empty if unknown, because a process restarted
taken=0    # complete snapshots

# initiate [FLAG...] takes a snapshot and waits for its end. For a fault during a
# snapshot, initiated [FLAG...] starts one and returns when it is in progress; finish
# then waits for its end.
initiate() {
	launch "$@"
	finish
}

# launch [FLAG...] starts chandy initiate in the background.
launch() {
	ip netns exec "$prefix-p1" "$chandy" initiate --cluster "$cluster" --at p1 "$@" >"$work/snapshot.json" 2>"$work/client" &
	client=$!
}

initiated() {
	local before
	before=$(grep -c 'snapshot initiated' "$work/p1.log" || true)
	launch "$@"
	until [ "$(grep -c 'snapshot initiated' "$work/p1.log" || true)" -gt "$before" ]; do
		kill -0 "$client" 2>/dev/null || return 0 # finish reports why
		sleep 0.01
	done
}

# finish sets status, took (seconds) and missing. A snapshot must be consistent, and
# a complete one must have all the money.
finish() {
	wait "$client" || true
	client=
	status=$(grep -oE '"status": "[a-z]+"' "$work/snapshot.json" | cut -d'"' -f4 || true)
	took=$(awk -F'[:,]' '/"elapsed_ms"/ { printf "%.2f", $2 / 1000 }' "$work/snapshot.json")
	missing=$(sed -n 's/^chandy: missing: //p' "$work/client")
	if [ -z "$status" ]; then
		status=none took=0
		differs "no snapshot: $(tail -1 "$work/client")"
		return
	fi
	"$chandy" verify "$work/snapshot.json" >"$work/verified" || true
	grep -q ": $status and consistent" "$work/verified" || differs "$(cat "$work/verified")"
	if [ "$status" = complete ]; then
		taken=$((taken + 1))
		local sum
		sum=$(grep -oE '"(balance|amount)": *[0-9]+' "$work/snapshot.json" | awk -F: '{ n += $2 } END { print n }')
		: "${money:=$sum}"
		[ "$sum" = "$money" ] || differs "money $sum, not $money"
	fi
}

# want STATUS [REASON] checks the status of the last snapshot and what is missing.
want() {
	[ "$status" = "$1" ] || differs "$status${missing:+: $missing}"
	[ -z "${2-}" ] || grep -qE "$2" <<<"$missing" || differs "missing is not $2 but: ${missing:-nothing}"
}

# within FROM TO SECONDS checks that a time is in a range. The handshake of the client counts
# towards the time-out of its snapshot, so with TLS the time may be a little shorter.
within() {
	[ -z "$tls" ] || set -- "$(awk -v from="$1" 'BEGIN { print from - 0.3 }')" "$2" "$3"
	awk -v from="$1" -v to="$2" -v s="$3" 'BEGIN { exit !(from <= s && s <= to) }' || differs "it took $3 s, not $1 to $2 s"
}

now() { date +%s%3N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.2f", (b - a) / 1000 }'; }

# until_since TIME SECONDS waits until SECONDS after TIME.
until_since() { sleep "$(awk -v a="$1" -v b="$(now)" -v s="$2" 'BEGIN { t = s - (b - a) / 1000; print t < 0 ? 0 : t }')"; }

# resumed LIMIT takes a snapshot right after a fault. It must be complete within LIMIT
# seconds.
resumed() {
	local from
	from=$(now)
	initiate "${@:2}"
	after=$(since "$from")
	want complete
	within 0 "$1" "$after"
}

# -- The table.

table=
different=0

# fault TITLE EXPECTED begins a row of the table.
fault() {
	title=$1 expected=$2 wrong=
	say "$title"
}

# differs TEXT... records a result of the fault that is not as expected.
differs() { wrong="$wrong${wrong:+; }$*"; }

# seen TEXT ends a fault and adds its row to the table.
seen() {
	if [ -n "$wrong" ]; then
		different=$((different + 1))
		set -- "$1 **Differs: ${wrong//$'\n'/; }**"
		say "differs: $wrong"
		tail -n 20 "$work"/p?.log "$work/client" >&2
	fi
	table="$table| $title | $expected | $1 |"$'\n'
}

reason=$(cannot)
if [ -n "$reason" ]; then
	say "skipped: $reason"
	exit 0
fi

begun=$(now)
(cd "$root" && go build -tags urfave_cli_no_docs -o "$chandy" .)
write_cluster "$net.1" "$net.2" "$net.3" >"$cluster"
[ -z "$tls" ] || "$chandy" cert --cluster "$cluster" "$work/certs" >/dev/null 2>&1
for id in $ids; do start "$id"; done

fault 'none' 'complete'
initiate --wait
want complete
within 0 2 "$took"
seen "complete in $took s"

fault '`ss -K`: all TCP connections between two hosts destroyed, 100 times, one pair after another' \
	'every snapshot is complete; the channels resume'
before=$(total reconnects)
(
	for n in $(seq 100); do
		case $((n % 3)) in
		0) host p3 ss -HtnK state established dst "$net.1" ;;
		1) host p1 ss -HtnK state established dst "$net.2" ;;
		2) host p2 ss -HtnK state established dst "$net.3" ;;
		esac
		sleep 0.2
	done >"$work/killed"
) &
killer=$!
count=0 slowest=0
while kill -0 "$killer" 2>/dev/null; do
	initiate
	want complete
	count=$((count + 1))
	slowest=$(printf '%s\n' "$slowest" "$took" | sort -n | tail -1)
done
wait "$killer"
killer=
initiate --wait
want complete
again=$((($(total reconnects) - before) / 2)) # both ends count
[ "$again" -ge 100 ] || differs "only $again reconnects"
seen "$count snapshots meanwhile, all complete, the slowest in $slowest s; $(wc -l <"$work/killed") connections destroyed, channels resumed $again times"

fault 'nothing gets through for 2 s; a snapshot meanwhile' 'complete, but later'
for id in $ids; do deaf "$id" 'iifname "eth0"'; done
initiated
sleep 2
heal
finish
want complete
within 2 5 "$took"
seen "complete in $took s"

# partition TITLE CUT... cuts the channels of p3 until after the time-out.
partition() {
	fault "$1, for 7 s; a snapshot meanwhile, with a time-out of 6 s" \
		'partial at the time-out, p3 is `unreachable`; complete again at most 4 s after the end of the fault'
	local cut from
	for cut in "${@:2}"; do "$cut"; done
	from=$(now)
	initiate --timeout 6s
	want partial 'p3: unreachable'
	within 6 6.5 "$took"
	text="partial in $took s (${missing//$'\n'/; })"
	until_since "$from" 7
	heal
	resumed 4.5
	seen "$text; complete $after s after the end"
}
partition 'nothing gets to p3 or from it' to_p3 from_p3
partition 'nothing gets to p3' to_p3
partition 'nothing gets from p3' from_p3

fault 'the link of p3 at 256 kbit/s, which is less than the load, for two snapshots with a time-out of 30 s' \
	'complete, but later; no connection is given up'
before=$(total reconnects)
slow
slowest=0
for _ in 1 2; do
	initiate --timeout 30s
	want complete
	slowest=$(printf '%s\n' "$slowest" "$took" | sort -n | tail -1)
done
fast
initiate --wait
want complete
[ "$(total reconnects)" = "$before" ] || differs 'a channel broke'
seen "2 complete, the slowest in $slowest s; 0 reconnects"

fault 'SIGSTOP of p3 for 3 s, during a snapshot' 'complete, but later'
initiated
kill -STOP "$(pid p3)"
sleep 3
kill -CONT "$(pid p3)"
finish
want complete
within 3 5 "$took"
seen "complete in $took s"

fault 'SIGSTOP of p3 for 20 s, during a snapshot with a time-out of 6 s' \
	'partial at the time-out, p3 is named; complete again within 2 s of SIGCONT, nothing lost'
initiated --timeout 6s
kill -STOP "$(pid p3)"
from=$(now)
finish
want partial p3
within 6 6.5 "$took"
text="partial in $took s (${missing//$'\n'/; })"
until_since "$from" 20
kill -CONT "$(pid p3)"
resumed 2
initiate --wait
want complete
seen "$text; complete $after s after SIGCONT, all $money units of money there"

violations=$(total violations)
channels="$(($(total reconnects) / 2)) reconnects, $(total resent) messages sent again, $(total duplicates) duplicates dropped, $violations violations of the protocol"
[ "$violations" = 0 ] || different=$((different + 1))
before_restart=$taken money_before=$money
money= # a process that restarts has a new account and loses its money

# restarted checks the snapshots after a restart of p3. The first must be complete and
# have a reset. From then on no money may be lost or created.
restarted() {
	resumed 2 --wait
	grep -q '"reset": \[{"process": "p3"' "$work/snapshot.json" || differs 'no reset'
	initiate
	want complete
}

fault 'SIGKILL of p3 during a snapshot, started again at once' \
	'partial, `process restarted` or `unreachable`; afterwards complete, with `reset`'
initiated --timeout 6s
end KILL p3
start p3
finish
want partial 'p3.*(process restarted|unreachable)'
within 0 6.5 "$took"
text="partial in $took s (${missing//$'\n'/; })"
restarted
seen "$text; complete with \`reset\` $after s later"

fault 'SIGKILL of p3 during a snapshot with a time-out of 3 s, started again after it' \
	'partial at the time-out, p3 is `unreachable`; afterwards complete, with `reset`'
money=
initiated --timeout 3s
end KILL p3
finish
want partial 'p3: unreachable'
within 3 3.5 "$took"
text="partial in $took s (${missing//$'\n'/; })"
start p3
restarted
seen "$text; complete with \`reset\` $after s after the start"

fault 'the file of p3 has the addresses of p1 and p2 the wrong way round' \
	'p3 is refused by name, or refuses itself, `chandy status` shows why; with the right file complete again'
money=
end TERM p3
write_cluster "$net.2" "$net.1" "$net.3" >"$work/wrong.toml"
start p3 "$work/wrong.toml"
sleep 1
host p1 "$chandy" status --wide --cluster "$cluster" >"$work/status" && differs 'status says that all is up'
for peer in p1:p2 p2:p1; do
	refusal="refused: .*this is ${peer#*:}, not ${peer%:*}"
	[ -z "$tls" ] || refusal="certificate of the peer is chandy:/netns/process/${peer#*:}, not of process ${peer%:*}"
	grep -qE "^p3->${peer%:*} +down .*$refusal" "$work/status" || differs "status says nothing of p3->${peer%:*}"
done
why=$(grep -oE '^p3->p1 .*' "$work/status" | grep -oE '(refused|the certificate of the peer is).*' | sed 's/ ([0-9.a-z]* ago)//' || true)
initiate --timeout 2s
want partial p3
text="partial in $took s (${missing//$'\n'/; }); status, of p3->p1: \"$why\""
end TERM p3
start p3
restarted
seen "$text; complete $after s after the start with the right file"

# The following faults happen to nodes with recovery. Their store is a folder that all hosts
# mount. Nothing is lost, so all money must be there in every snapshot.
write_recovery() { # ADDRESS of p3
	write_cluster "$net.1" "$net.2" "$1" | sed "s|^\\[program\\]|[snapshot]\nevery = \"1s\"\nstore = \"$mounted/store\"\n&|" >"$work/new.toml"
	mv "$work/new.toml" "$work/recovery.toml"
}

# mounts COMMAND... runs a command with the mounts of each node.
mounts() {
	local id
	for id in $ids; do nsenter -t "$(pid "$id")" -m "$@"; done
}
away() { mounts umount -l "$mounted"; }
back() { mounts mount --bind "$shared" "$mounted"; }

# latest prints the newest saved snapshot.
latest() { "$chandy" snapshots --cluster "$work/list.toml" | awk '/  saved(,|$)/ { id = $1 } END { print id }'; }

status() { host p1 "$chandy" status --cluster "$cluster" 2>&1; }

# recovered FROM LIMIT takes a snapshot after a recovery, which must be complete within LIMIT
# seconds, and belong to a later epoch.
epoch=0
recovered() {
	initiate --wait --timeout 60s
	after=$(since "$1")
	want complete
	within 0 "$2" "$after"
	local now
	now=$("$chandy" query .epoch "$work/snapshot.json")
	[ "$now" -gt "$epoch" ] || differs "epoch $now, not one after $epoch"
	epoch=$now
}

# saves waits until a snapshot is saved that is newer than the one named.
saves() {
	local from
	from=$(now)
	until [ -n "$(latest)" ] && [ "$(latest)" != "$1" ]; do
		[ "$(($(now) - from))" -lt 20000 ] || { differs "nothing was saved after ${1:-the start}"; break; }
		sleep 0.2
	done
}

fault 'none: nodes with recovery start, with a new store' 'they begin when all are there, and save'
for id in $ids; do end KILL "$id"; done
money=3000
prepare="mount --bind $shared $mounted"
write_recovery "$net.3"
cluster=$work/recovery.toml
sed "s|$mounted|$shared|" "$cluster" >"$work/list.toml"
for id in $ids; do start "$id" "$cluster"; done
from=$(now)
recovered "$from" 10
saves ''
seen "complete $after s after the start, saved $(since "$from") s after it"

fault 'the host of p3 dies. After 5 s its node starts on a fourth host, and its address is changed in the cluster files' \
	'back to the newest saved snapshot, with all money, within 10 s of the start'
saved=$(latest)
end KILL p3
ip -n "$prefix-hub" link set p3 down
sleep 5
third=p4
write_recovery "$net.4"
from=$(now)
start p3 "$cluster"
recovered "$from" 10
rolled=$(status | grep -oE 'rolled back to [^ ]+: .*' || differs 'status says nothing of a recovery')
seen "complete $after s after the start; \"$rolled\""

fault 'the store is away for 20 s: no host has the shared folder mounted' \
	'the programs run on and saves fail, which `chandy status` says; the next save within 10 s of its return; nothing is undone'
saves "$saved"
away
from=$(now)
saved=$(latest)
until_since "$from" 10
initiate
want complete
text="complete in $took s meanwhile"
until_since "$from" 20
why=$(status | grep -oE '[0-9]+ failures? since: .*' | head -1 || differs 'status says nothing of the failures')
[ "$(latest)" = "$saved" ] || differs 'a snapshot was saved'
back
from=$(now)
saves "$saved"
after=$(since "$from")
within 0 10 "$after"
initiate
want complete
[ "$("$chandy" query .epoch "$work/snapshot.json")" = "$epoch" ] || differs 'the cluster went back'
seen "$text; status: \"$why\"; saved again $after s after its return; nothing undone"

fault 'both, with a partition: p3 is killed and starts on its old host while the store is away for 20 s, and p2 is cut off for the first 10 s' \
	'nobody takes an older snapshot; back to the newest saved one, with all money, within 10 s of the return of the store'
away
saved=$(latest)
deaf p2 'iifname "eth0"'
deaf p1 "ip saddr $net.2"
deaf p3 "ip saddr $net.2"
end KILL p3
ip -n "$prefix-hub" link set p3 up
third=p3
write_recovery "$net.3"
from=$(now)
prepare=
start p3 "$cluster"
until_since "$from" 10
waits=$(status | grep -oE 'p[0-9]: recovering to .*|p[0-9]: .*waits for.*' | head -1 || true)
heal
until_since "$from" 20
back
from=$(now)
recovered "$from" 10
base=$(status | grep -oE 'from snapshot [^:]+' | head -1)
[ "$base" = "from snapshot $saved" ] || differs "$base, not $saved"
seen "complete $after s after the return of the store, from the newest saved snapshot; status meanwhile: \"$waits\""

# The last fault needs a program that sends a long message, so it has nodes of its own.
# Their child answers "send" when it has sent, and "size" with the length of what it got.
cat >"$work/child.py" <<'END'
import json, sys
me, got = "", 0
def send(to, body):
    print(json.dumps({"src": me, "dest": to, "body": body}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    body = message["body"]
    reply = {"in_reply_to": body.get("msg_id")}
    if body["type"] == "init":
        me = body["node_id"]
    elif body["type"] == "text":
        got += len(body["text"])
        continue
    elif body["type"] == "send":
        send("p3", {"type": "text", "text": "x" * body["size"]})
    elif body["type"] == "size":
        reply["size"] = got
    send(message["src"], {**reply, "type": body["type"] + "_ok"})
END
long=$work/long.toml
write_cluster "$net.1" "$net.2" "$net.3" | sed '/^\[program\]/,$d' >"$long"
cat >>"$long" <<END
[program]
kind = "exec"
command = ["python3", "$work/child.py"]
[network]
END
security >>"$long"

fault 'a message of 1.5 MB from p1 to p3 over a link of 1 Mbit/s, which takes 12 s' \
	'it arrives within 18 s; no connection is given up'
if command -v python3 >/dev/null; then
	for id in $ids; do end KILL "$id"; done
	for id in $ids; do start "$id" "$long"; done
	cluster=$long
	host p1 "$chandy" initiate --wait --cluster "$long" >/dev/null 2>"$work/client" || differs 'not up'
	slow 1mbit
	from=$(now)
	host p1 "$chandy" call --cluster "$long" p1 '{"type": "send", "size": 1500000}' >/dev/null
	until host p3 "$chandy" call --cluster "$long" p3 '{"type": "size"}' | grep -q 1500000; do
		[ "$(($(now) - from))" -lt 40000 ] || { differs 'it did not arrive'; break; }
		sleep 0.2
	done
	after=$(since "$from")
	within 11 18 "$after"
	fast
	[ "$(total reconnects)" = 0 ] || differs 'a connection was given up'
	seen "arrived after $after s; $(total reconnects) reconnects"
else
	seen 'skipped: there is no python3'
fi

cat <<END
| fault | expected | seen${tls:+ with TLS} |
|---|---|---|
$table
$taken complete snapshots, each verified. In the $before_restart before the first restart there were $money_before units of money, each time. The channels until then: $channels. It took $(since "$begun") s.
END
[ "$different" = 0 ]
