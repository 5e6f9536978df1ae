#!/bin/sh
# dpkg: configure OLD-VERSION; rpm: 1 after an installation, 2 after an upgrade.
set -e
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
# An upgrade: pods and their network go on while kove starts again. On a new machine nothing runs yet, and nothing is
# started: the role is not known.
for unit in kove kove-agent; do
  systemctl try-restart --no-block $unit.service || :
done
