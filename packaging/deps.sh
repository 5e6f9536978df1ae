#!/usr/bin/env bash
# Installs the Debian packages that building and testing need; does nothing when all are there.
set -euo pipefail
packages=(
  ca-certificates curl git make gcc libc6-dev libseccomp-dev patchelf zstd xz-utils binutils # payload
  iproute2 iputils-ping ethtool util-linux procps nftables kmod                              # lab
  qemu-system-x86 busybox-static cpio e2fsprogs tcpdump shellcheck                           # guest, tests, lint
  debootstrap rpm wget                                                                       # packages and installer
  python3 socat                                                                              # ovn-detrace; who takes the ports that doctor looks at
)
missing=()
for p in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
  [ "$(id -u)" = 0 ] || { echo "deps: missing ${missing[*]}: install them, or run as root" >&2; exit 1; }
  echo "deps: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq -o DPkg::Lock::Timeout=120 update
  apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "${missing[@]}" >/dev/null
fi
command -v go >/dev/null || { echo "deps: Go is missing: install Go $(sed -n 's/^go //p' go.mod) or newer" >&2; exit 1; }
