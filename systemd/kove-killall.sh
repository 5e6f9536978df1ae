#!/bin/sh
# Written by kove's installer: stops kove and everything that outlives it: pods, containerd, Open vSwitch,
# ovn-controller, their mounts, links and rules. State and configuration stay; starting the service brings all back.
set -u
[ "$(id -u)" = 0 ] || { echo "kove-killall.sh: run as root (sudo $0)" >&2; exit 1; }
bin=@BIN@
if [ -d /run/systemd/system ]; then
  systemctl stop '@SERVICE@.service' || exit
elif [ -x "$bin/kove-service" ]; then
  "$bin/kove-service" stop || exit
fi
exec "$bin/kove" stop --all "$@"
