#!/bin/sh
# Makes the Debian and the RPM package with nfpm (pinned in go.mod).
# usage: package.sh BINARY OUT     KOVE_VERSION, GZIP_LEVEL (6; 1 for a quick package)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
mkdir -p "$2"
out=$(cd "$2" && pwd)
version=$("$here/version.sh" "$binary")
stage=$(mktemp -d "${TMPDIR:-/var/tmp}/kove-package.XXXXXX")
trap 'rm -rf "$stage"' EXIT

unit() { sed -e 's|@BIN@|/usr/bin|g' -e "s|@ROLE@|$1|g" -e "s|@ARGS@|$1|g" -e "s|@SERVICE@|$2|g" -e '1s|.*|# From the package kove. Own settings: systemctl edit '"$2"'|' "$here/../systemd/kove.service"; }
unit server kove >"$stage/kove.service"
unit agent kove-agent >"$stage/kove-agent.service"
# the quotes around @SERVICE@.service turn into two words
sed -e 's|@BIN@|/usr/bin|g' -e "s|@SERVICE@|kove.service' 'kove-agent|" -e '2s|Written by kove.s installer|From the package kove|' \
  "$here/../systemd/kove-killall.sh" >"$stage/kove-killall.sh"
for shell in bash zsh fish; do "$binary" completion $shell >"$stage/completion.$shell"; done
cp "$here/config.yaml" "$here/copyright" "$stage/"
cp "$here/../LICENSE" "$stage/LICENSE"
cp "$here"/scripts/* "$stage/"
level=${GZIP_LEVEL:-6}
sed -e "s/compression: gzip:6/compression: gzip:$level/" "$here/nfpm.yaml" >"$stage/nfpm.yaml"
[ "$level" != 1 ] || sed -i "s/compression: gzip$/compression: none/" "$stage/nfpm.yaml" # for tests: deb has no levels
cp "$binary" "$stage/kove" # nfpm would pack a link as a link

cd "$here/.."
go build -o "$stage/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm
cd "$stage"
for kind in deb rpm; do
  VERSION=${version#v} ./nfpm package --config nfpm.yaml --packager $kind --target "$out/"
done
