#!/bin/sh
# Installs or upgrades kove: Kubernetes and OVN in one program.
#
#   curl -sfL URL/install.sh | sh -                                             a server, the first machine
#   curl -sfL URL/install.sh | KOVE_URL=https://FIRST:6443 KOVE_TOKEN=K10… sh -  the next machine
#   curl -sfL URL/install.sh | sh -s - server --node-ip 192.0.2.10               with flags of the role
#   INSTALL_KOVE_URL=/media/usb ./install.sh                                     without a network
#
# This script finds, downloads and verifies the program. Everything else is decided by `kove install`, which checks the
# machine first. When something fails, nothing on the machine has changed.
#
#   KOVE_*                        options of kove (see docs/configuration.md), kept in /etc/kove/config.yaml.d/10-install.yaml
#   INSTALL_KOVE_URL              where releases are: a URL, or a folder that `make release` or a copy of it filled
#   INSTALL_KOVE_VERSION          version to install; else the one that the channel names
#   INSTALL_KOVE_CHANNEL          stable (default) or another file of URL/channels
#   INSTALL_KOVE_EXEC             role and flags, when none stand behind `sh -s -`
#   INSTALL_KOVE_SKIP_DOWNLOAD    true: the program in INSTALL_KOVE_BIN_DIR is the one to use
#   INSTALL_KOVE_IMAGES           archive of images, or folder of archives, that kove imports
#   INSTALL_KOVE_TIMEOUT          seconds without progress after which a download is given up (default 30)
#   INSTALL_KOVE_BIN_DIR          folder for programs (default /usr/local/bin); …_BIN_DIR_READ_ONLY=true leaves it alone
#   INSTALL_KOVE_SYSTEMD_DIR, _NAME, _SYMLINK, _SKIP_ENABLE, _SKIP_START, _SKIP_CHECKS, _FORCE_RESTART, _WAIT
#                                 see `kove install --help`
#
# http_proxy and its kin serve this download alone and are kept nowhere; kove's own are --http-proxy and --https-proxy.
set -eu

fail() {
  printf 'install.sh: %s\n' "$*" >&2
  printf 'install.sh: nothing was changed\n' >&2
  exit 1
}

say() { printf 'install.sh: %s\n' "$*"; }

last() { printf '%s\n' "$1" | sed -n '/./h;${x;p;}'; }

have() { command -v "$1" >/dev/null 2>&1; }

check_machine() {
  [ "$(uname -s)" = Linux ] || fail "this is $(uname -s); kove runs on Linux"
  case $(uname -m) in
  x86_64 | amd64) arch=amd64 ;;
  *) fail "unknown architecture $(uname -m); kove is built for x86_64" ;;
  esac
  [ "$(id -u)" = 0 ] || fail "only root can install kove: run it as root, for example … | sudo sh -"
  bin_dir=${INSTALL_KOVE_BIN_DIR:-/usr/local/bin}
  case ${INSTALL_KOVE_TIMEOUT:=30} in '' | *[!0-9]*) fail "INSTALL_KOVE_TIMEOUT=$INSTALL_KOVE_TIMEOUT is no number of seconds" ;; esac
  for name in $(env | sed -n 's/^\(INSTALL_KOVE_[A-Z_]*\)=.*/\1/p'); do
    case ${name#INSTALL_KOVE_} in
    URL | VERSION | CHANNEL | EXEC | SKIP_DOWNLOAD | IMAGES | TIMEOUT | BIN_DIR | BIN_DIR_READ_ONLY | SYSTEMD_DIR | NAME | SYMLINK | SKIP_ENABLE | SKIP_START | SKIP_CHECKS | FORCE_RESTART | WAIT | TYPE) ;;
    *) say "warning: $name means nothing to this installer" ;;
    esac
  done
}

# Says which proxy a download went through: the usual cause of its failure.
proxy_hint() {
  for name in https_proxy HTTPS_PROXY http_proxy HTTP_PROXY all_proxy ALL_PROXY; do
    eval "value=\${$name:-}"
    [ -z "$value" ] || { printf '; the shell has %s=%s: correct or unset it' "$name" "$(printf '%s' "$value" | sed 's|//[^/@]*@|//…@|')"; return; }
  done
}

# download NAME FILE fetches base/NAME.
download() {
  case $base in
  http://* | https://*) ;;
  *)
    [ -f "$base/$1" ] || fail "there is no $base/$1; INSTALL_KOVE_URL names a folder that must hold a release"
    said=$(cp "$base/$1" "$2" 2>&1) || fail "copying $base/$1: $said"
    return
    ;;
  esac
  status=0
  if have curl; then
    said=$(curl -fsSL --connect-timeout "$INSTALL_KOVE_TIMEOUT" --speed-limit 1 --speed-time "$INSTALL_KOVE_TIMEOUT" \
      --retry 1 -o "$2" "$base/$1" 2>&1) || status=$?
    case $status in
    0) return ;;
    5 | 7) why="cannot connect" ;;
    6) why="the name does not resolve" ;;
    18) why="the transfer was cut short" ;;
    22) why="the server has no such file" ;;
    23) why="cannot write to $(dirname "$2"): is the disk full?" ;;
    28) why="no answer for $INSTALL_KOVE_TIMEOUT s" ;;
    35 | 51 | 60) why="TLS failed: check the machine's clock and CA certificates" ;;
    *) why="curl ended with $status" ;;
    esac
    why="$why ($(last "$said"))"
  elif have wget; then
    # busybox's wget knows -T and -O, and retries by itself in no version
    tries=
    if wget --help 2>&1 | grep -q -- --tries; then tries=--tries=2; fi
    said=$(wget $tries -q -T "$INSTALL_KOVE_TIMEOUT" -O "$2" "$base/$1" 2>&1) || status=$?
    case $status in
    0) return ;;
    3) why="cannot write to $(dirname "$2"): is the disk full?" ;;
    4) why="cannot connect, or no answer for $INSTALL_KOVE_TIMEOUT s" ;;
    5) why="TLS failed: check the machine's clock and CA certificates" ;;
    8) why="the server has no such file" ;;
    *) why="wget ended with $status" ;;
    esac
    [ -z "$said" ] || why="$why ($(last "$said"))"
  else
    fail "neither curl nor wget is here; install one, or copy a release and set INSTALL_KOVE_URL to its folder"
  fi
  fail "downloading $base/$1: $why$(proxy_hint)"
}

sum() {
  if have sha256sum; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif have openssl; then
    openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
  else
    fail "neither sha256sum nor openssl is here; the download cannot be verified"
  fi
}

wanted_sum() { awk -v name="$1" '$2 == name || $2 == "*" name { print $1; exit }' "$work/sums"; }

verify() {
  want=$(wanted_sum "$1")
  [ "${#want}" = 64 ] || fail "the checksums of $version do not name $1: the release is damaged or the link is not a release of kove"
  got=$(sum "$2")
  [ "$got" = "$want" ] || fail "$1 of $version is damaged on the way: SHA-256 $got, want $want; try again, and if it stays so tell whoever runs $base"
}

# Removes what killed runs of this script left: their pids are in the names.
remove_leftovers() {
  for dir in "$bin_dir"/.kove-install.*; do
    [ -d "$dir" ] || continue
    kill -0 "${dir##*.}" 2>/dev/null || rm -rf "$dir"
  done
}

fetch() {
  base=${INSTALL_KOVE_URL:-https://github.com/kove-io/kove/releases/download}
  base=${base%/}
  version=${INSTALL_KOVE_VERSION:-}
  if [ -z "$version" ]; then
    channel=${INSTALL_KOVE_CHANNEL:-stable}
    download "channels/$channel" "$work/channel"
    version=$(head -n 1 "$work/channel" | tr -d '\r')
    case $version in v[0-9]*) ;; *) fail "$base/channels/$channel names no version (it begins with '$(printf '%s' "$version" | cut -c 1-40)'): is that a release server, or a portal or proxy in between?" ;; esac
  fi
  case $version in v*) ;; *) version=v$version ;; esac
  case $version in *[!A-Za-z0-9.+_-]*) fail "INSTALL_KOVE_VERSION=$version is no version" ;; esac
  download "$version/sha256sum-$arch.txt" "$work/sums"
  want=$(wanted_sum "kove-$arch")
  if [ -f "$bin_dir/kove" ] && [ ! -L "$bin_dir/kove" ] && [ "$(sum "$bin_dir/kove")" = "$want" ]; then
    say "kove $version is in $bin_dir already"
    program=$bin_dir/kove
    return
  fi
  say "downloading kove $version from $base"
  program=$work/kove
  if have gzip && [ -n "$(wanted_sum "kove-$arch.gz")" ]; then
    download "$version/kove-$arch.gz" "$work/kove.gz"
    verify "kove-$arch.gz" "$work/kove.gz"
    said=$(gzip -dc "$work/kove.gz" 2>&1 >"$program") || fail "unpacking kove in $bin_dir: $(last "$said")"
    rm -f "$work/kove.gz"
  else
    download "$version/kove-$arch" "$program"
  fi
  verify "kove-$arch" "$program"
  chmod 755 "$program"
}

main() {
  check_machine
  work=
  trap '[ -z "$work" ] || rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  if [ "${INSTALL_KOVE_SKIP_DOWNLOAD:-}" = true ] || [ "${INSTALL_KOVE_BIN_DIR_READ_ONLY:-}" = true ]; then
    program=$bin_dir/kove
    [ -x "$program" ] || fail "there is no $program, and INSTALL_KOVE_SKIP_DOWNLOAD or INSTALL_KOVE_BIN_DIR_READ_ONLY says not to download it; copy it there"
  else
    [ -d "$bin_dir" ] || fail "there is no folder $bin_dir; make it, or choose another with INSTALL_KOVE_BIN_DIR"
    remove_leftovers
    # where the program will be: the same file system, so that taking its place is one step
    work=$bin_dir/.kove-install.$$
    mkdir -m 700 "$work" 2>/dev/null || { dir=$work work=; fail "cannot write to ${dir%/*}: read-only, or the disk is full; INSTALL_KOVE_BIN_DIR chooses another folder"; }
    fetch
  fi
  if [ $# = 0 ] && [ -n "${INSTALL_KOVE_EXEC:-}" ]; then
    # shellcheck disable=SC2086 # words are flags, as on a command line
    set -- $INSTALL_KOVE_EXEC
  fi
  case ${1:-} in
  -*) if [ -n "${INSTALL_KOVE_TYPE:-}" ]; then role=$INSTALL_KOVE_TYPE; elif [ -n "${KOVE_URL:-}" ]; then role=agent; else role=server; fi
    set -- "$role" "$@" ;;
  '') [ -z "${INSTALL_KOVE_TYPE:-}" ] || set -- "$INSTALL_KOVE_TYPE" ;;
  esac
  status=0
  "$program" install "$@" </dev/null || status=$?
  exit "$status"
}

# The last line: a script that was cut off on the way does nothing.
main "$@"
