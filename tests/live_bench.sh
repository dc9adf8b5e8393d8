#!/bin/sh
# live_bench.sh LIVE_BENCH [ROUNDS] [SECONDS]: iperf3 through a veth pair between two namespaces of its
# own, in alternating rounds: nobody listening, a tap with cut-off, a tap without. First with large
# (GSO) packets, then with packets of 1448 bytes. Prints one line a round; needs root, iperf3, jq.
set -eu
bench=$1 rounds=${2:-6} seconds=${3:-3}
one=davy-bench-$$-1 two=davy-bench-$$-2

cleanup() {
	[ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
	ip netns del $one 2>/dev/null || true
	ip netns del $two 2>/dev/null || true
}
trap cleanup EXIT INT TERM

ip netns add $one
ip netns add $two
ip link add bench0 netns $one type veth peer name bench1 netns $two
ip -n $one addr add 10.99.0.1/24 dev bench0
ip -n $two addr add 10.99.0.2/24 dev bench1
ip -n $one link set bench0 up
ip -n $two link set bench1 up
ip netns exec $two iperf3 -s -1 >/dev/null 2>&1 & server=$!
sleep 1
ip netns exec $one iperf3 -c 10.99.0.2 -t 1 >/dev/null # the carrier is up, caches are warm
wait $server || true

round() { # name, arguments of the tap
	name=$1
	shift
	ip netns exec $two iperf3 -s -1 >/dev/null 2>&1 & server=$!
	tap=
	if [ $# -gt 0 ]; then
		ip netns exec $two "$bench" bench1 $((seconds + 1)) "$@" >/tmp/davy-bench-$$ & tap=$!
	fi
	sleep 0.5
	speed=$(ip netns exec $one iperf3 -J -c 10.99.0.2 -t "$seconds" |
		jq '.end.sum_received.bits_per_second / 1e9 * 100 | round / 100')
	if [ -n "$tap" ]; then wait $tap; else echo '{}' >/tmp/davy-bench-$$; fi
	wait $server || true
	server=
	jq -c --arg size "$size" --arg tap "$name" --argjson speed "$speed" \
		'{size: $size, tap: $tap, gbit_per_s: $speed} + .' /tmp/davy-bench-$$
	rm -f /tmp/davy-bench-$$
}

for size in gso mtu; do
	if [ $size = mtu ]; then
		ip -n $one link set bench0 gso_max_segs 1 2>/dev/null || continue
		ip -n $two link set bench1 gso_max_segs 1
	fi
	i=0
	while [ $i -lt "$rounds" ]; do
		round none
		round cut 1000000
		round whole 0
		i=$((i + 1))
	done
done
