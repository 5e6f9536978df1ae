#!/bin/sh
# Runs before the files are unpacked, for dpkg and rpm alike.
set -e
if [ -e /etc/kove/install.json ]; then
  echo "kove: the installer has put a kove onto this machine; upgrade it with the installer, or remove it with kove-uninstall.sh before installing the package" >&2
  exit 1
fi
