#!/bin/sh
# dpkg: remove, or upgrade NEW-VERSION; rpm: 0 before the removal, 1 before an upgrade. An upgrade leaves all running.
set -e
case "${1:-}" in
remove | 0) ;;
*) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
  systemctl disable --now kove.service kove-agent.service || :
fi
# Pods, containerd and the data plane outlive kove, and nothing else can end them. Sysctls, links and rules go back to
# what they were. The data stays: `apt purge`, or rm -rf /var/lib/kove.
if /usr/bin/kove stop --all; then
  rm -rf /run/kove
else
  echo "kove: some of it could not be stopped; reboot to get rid of it" >&2
fi
