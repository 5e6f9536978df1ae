#!/bin/sh
# Written by kove's installer: takes everything of kove off this machine, its data included. `kove uninstall` decides.
set -u
[ "$(id -u)" = 0 ] || { echo "kove-uninstall.sh: run as root (sudo $0)" >&2; exit 1; }
if [ -x @BIN@/kove ]; then exec @BIN@/kove uninstall "$@"; fi
# An uninstall was interrupted in its last steps.
echo "kove-uninstall.sh: @BIN@/kove is gone already; removing what names it"
rm -f @INVENTORY@ @BIN@/kove-killall.sh @BIN@/kove-service
# shellcheck disable=SC2043 # install puts the names of its folders there
for folder in @FOLDERS@; do
  rmdir "$folder" 2>/dev/null || [ ! -d "$folder" ] || echo "kept $folder: the installer did not write what is in it"
done
rm -f @BIN@/kove-uninstall.sh
