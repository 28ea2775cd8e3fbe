#!/usr/bin/env bash
# Two hosts on one machine: network namespaces with a link of 1 Gbit/s and 0.1 ms each way between them (link.ts). As root:
#   bench/two-hosts.sh [-n] node dist/cli.js doctor      -n: a link without limits, for comparison
# Runs a rank on each, through Open MPI over TCP.
set -euo pipefail
limits=yes
[ "$1" = -n ] && { limits=; shift; }
agent=$(mktemp -d)
link=
clear() {
  [ -z "$link" ] || kill "$link" 2>/dev/null || true
  ip netns del nb1 2>/dev/null || true
  ip netns del nb2 2>/dev/null || true
  rm -rf "$agent"
}
trap clear EXIT
ip netns add nb1
ip netns add nb2
if [ -n "$limits" ]; then
  : > "$agent/link"
  # It must not wait for the ranks that compute.
  nice -n -20 "$(dirname "$0")/../node_modules/.bin/tsx" "$(dirname "$0")/link.ts" nb1 nb2 > "$agent/link" &
  link=$!
  until grep -q ready "$agent/link"; do kill -0 "$link"; sleep 0.1; done
else
  ip link add nb1 netns nb1 type veth peer name nb2 netns nb2
fi
for i in 1 2; do
  ip -n "nb$i" addr add "10.77.0.$i/24" dev "nb$i"
  ip -n "nb$i" link set "nb$i" up
  ip -n "nb$i" link set lo up
done
# In place of ssh: `agent HOST COMMAND`.
cat > "$agent/agent" <<'AGENT'
#!/bin/sh
host=$1; shift
name=nb${host##*.}
exec ip netns exec "$name" unshare --uts sh -c "hostname $name; $*"
AGENT
chmod +x "$agent/agent"
ip netns exec nb1 unshare --uts sh -c 'hostname nb1; exec "$@"' sh mpirun.openmpi --allow-run-as-root \
  --mca plm_rsh_agent "$agent/agent" --mca btl self,tcp --mca pml ob1 --mca btl_tcp_if_include 10.77.0.0/24 \
  --mca oob_tcp_if_include 10.77.0.0/24 --mca btl_tcp_links 2 --bind-to none --host 10.77.0.1,10.77.0.2 -np 2 "$@"
