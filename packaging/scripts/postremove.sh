#!/bin/sh
# dpkg: remove, purge, …; rpm: 0 after the removal.
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || :; fi
[ "${1:-}" = purge ] || exit 0
rm -rf /var/lib/kove /run/kove /etc/kove /var/log/kove.log /var/log/kove.log.1
for dir in /var/log/pods /var/log/containers; do rmdir "$dir" 2>/dev/null || :; done
