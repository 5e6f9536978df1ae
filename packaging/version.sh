#!/bin/sh
# Prints the version of a kove binary as releases and packages write it: vMAJOR.MINOR.PATCH[-…]. One that was built from a
# commit without a tag before it counts as older than everything: v0.0.0-COMMIT.
# usage: version.sh BINARY     KOVE_VERSION replaces what the binary says
set -eu
v=${KOVE_VERSION:-$("$1" version | sed -n 's/^kove  *//p')}
case $v in
v[0-9]*.[0-9]*.[0-9]*) ;;
[0-9]*.[0-9]*.[0-9]*) v=v$v ;;
*) v=v0.0.0-$v ;;
esac
case $v in *[!A-Za-z0-9.+_-]*) echo "version.sh: '$v' is no version" >&2; exit 1 ;; esac
echo "$v"
