#!/bin/sh
# Lays out what install.sh downloads:
#   OUT/channels/CHANNEL                        the version that the channel names
#   OUT/VERSION/kove-amd64[.gz], sha256sum-amd64.txt, install.sh, packages that lie in PACKAGES
# A copy of OUT on a web server or on a USB stick is a release server. The same layout fits GitHub releases, where VERSION
# and "channels" are tags.
# usage: release.sh BINARY OUT [PACKAGES]     KOVE_VERSION, KOVE_CHANNEL (stable), GZIP_LEVEL (9)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
binary=$1 out=$2 packages=${3:-}
version=$("$here/version.sh" "$binary")
dir=$out/$version
mkdir -p "$out/channels" "$dir"
cp "$binary" "$dir/kove-amd64"
# -n: neither name nor time, so that the same program gives the same file
gzip -n "-${GZIP_LEVEL:-9}" -c "$dir/kove-amd64" >"$dir/kove-amd64.gz"
cp "$here/../install.sh" "$dir/install.sh"
cp "$here/../install.sh" "$out/install.sh"
if [ -n "$packages" ]; then
  for p in "$packages"/*.deb "$packages"/*.rpm; do [ ! -f "$p" ] || cp "$p" "$dir/"; done
fi
(cd "$dir" && for f in *; do case $f in sha256sum-*) ;; *) sha256sum "$f" ;; esac; done >sha256sum-amd64.txt)
# the channel last: it never names what is not there yet
echo "$version" >"$out/channels/${KOVE_CHANNEL:-stable}"
echo "$out: kove $version"
