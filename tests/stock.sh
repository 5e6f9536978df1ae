#!/usr/bin/env bash
# make stock: stock OVN 25.03 and Open vSwitch 3.5 in $STOCK (bin/ lib/ share/, with man pages and Python), the oracle of the tests. The
# packages are the pinned ones of packaging/payload/debs.lock; nothing is installed on the host. Does nothing when
# $STOCK is up to date.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
STOCK=${STOCK:-/var/tmp/kove-stock}
case $STOCK in /*) ;; *) echo "stock: STOCK=$STOCK: want an absolute path" >&2; exit 1 ;; esac
debs=packaging/payload/debs.sh
stamp=$(cat packaging/payload/debs.lock "$0" | sha256sum | cut -d' ' -f1)
mkdir -p "$(dirname "$STOCK")" .cache
exec 9>".cache/stock.lock"
flock 9
[ "$(cat "$STOCK/stamp" 2>/dev/null)" != "$stamp" ] || exit 0

command -v patchelf >/dev/null || { echo "stock: patchelf is missing: run make deps" >&2; exit 1; }
work=$(mktemp -d "$STOCK.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root new=$work/new
$debs extract .cache/debs "$root" ovs central ic py
mkdir -p "$new"/{bin,lib,share}
programs=(
  usr/lib/openvswitch-switch/ovs-vswitchd usr/sbin/ovsdb-server usr/bin/ovsdb-client usr/bin/ovsdb-tool usr/bin/ovs-vsctl
  usr/bin/ovs-ofctl usr/bin/ovs-appctl usr/bin/ovs-dpctl usr/bin/ovn-controller usr/bin/ovn-northd usr/bin/ovn-nbctl
  usr/bin/ovn-sbctl usr/bin/ovn-trace usr/bin/ovn-appctl usr/bin/ovn-ic usr/bin/ovn-ic-nbctl usr/bin/ovn-ic-sbctl
)
for p in "${programs[@]}"; do
  install -m 755 "$root/$p" "$new/bin/"
  # absolute, so that they run directly; DT_RPATH, so that it serves the libraries' own needs too
  patchelf --set-interpreter "$STOCK/lib/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$STOCK/lib" "$new/bin/$(basename "$p")"
done
find "$root/usr/lib/x86_64-linux-gnu" "$root/usr/lib64" -maxdepth 1 -name '*.so*' -exec cp -aLn {} "$new/lib/" \;
install -m 755 "$root/usr/bin/ovn-detrace" "$new/bin/"
cp -a "$root/usr/lib/python3/dist-packages" "$new/share/python" # for PYTHONPATH: Open vSwitch's library and what it needs
cp -a "$root/usr/share/man" "$root/usr/share/ovn" "$root/usr/share/openvswitch" "$new/share/"
echo "$stamp" >"$new/stamp"

[ ! -e "$STOCK" ] || mv -T "$STOCK" "$work/old"
mv -T "$new" "$STOCK"
for p in "${programs[@]}"; do
  "$STOCK/bin/$(basename "$p")" --version >/dev/null || { rm -f "$STOCK/stamp"; echo "stock: $p does not run" >&2; exit 1; }
done
echo "stock: $("$STOCK/bin/ovn-northd" --version | head -1), $("$STOCK/bin/ovs-vswitchd" --version | head -1) in $STOCK"
