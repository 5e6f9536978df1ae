#!/bin/bash
# Debian packages by lock file: exact versions, checked against their SHA-256.
#
#   debs.sh fetch DIR GROUP...   put every package of these groups of debs.lock into DIR (nothing is done for those already there)
#   debs.sh extract DIR ROOT GROUP...   fetch, then unpack them into ROOT
#   debs.sh lock                 rewrite debs.lock with what the archive offers now; read the diff before committing it
#
# The packages are Debian trixie's. The host may run another release, so trixie is a private apt source with its own lists
# folder, taken from the mirror that the host itself uses; nothing of the host's apt configuration changes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lock=$here/debs.lock
suite=trixie
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT

die() { echo "debs.sh: $*" >&2; exit 1; }

# mirror prints the base URL of the host's own Debian archive, from deb822 or one-line sources.
mirror() {
  local files=()
  for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ -f "$f" ] && files+=("$f")
  done
  [ ${#files[@]} -gt 0 ] || return 1
  sed -n -E 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p; s/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]].*/\2/p' "${files[@]}" |
    sed 's#/*$##' | grep -m1 '/debian$'
}

# apt_open prepares the private apt tree and sets APT to its options.
apt_open() {
  work=$(mktemp -d /var/tmp/kove-debs.XXXXXX)
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  local base; base=$(mirror) || die "no Debian mirror in /etc/apt/sources.list or sources.list.d: add one (deb MIRROR/debian bookworm main)"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $base $suite main" >"$work/src.list"
  : >"$work/status"
  APT=(-o "Dir::Etc::sourcelist=$work/src.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/lists"
    -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  apt-get "${APT[@]}" -qq update >"$work/update.log" 2>&1 || { cat "$work/update.log" >&2; die "reading the $suite index from $base"; }
}

entries() { # GROUP... -> "group package version sha256" lines
  local want=" $* "
  while read -r g p v s; do
    case $g in ''|'#'*) continue ;; esac
    case $want in *" $g "*) echo "$g $p $v $s" ;; esac
  done <"$lock"
}

debfile() { echo "$1_${2//:/%3a}_$(dpkg --print-architecture).deb"; }

good() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$2" ]; }

fetch() { # DIR GROUP...
  local dir=$1; shift
  mkdir -p "$dir"; dir=$(cd "$dir" && pwd)
  local missing=() g p v s f
  while read -r g p v s; do
    good "$dir/$(debfile "$p" "$v")" "$s" || missing+=("$p=$v")
  done < <(entries "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  apt_open
  mkdir "$work/get"
  (cd "$work/get" && apt-get "${APT[@]}" -qq download "${missing[@]}") ||
    die "downloading ${missing[*]}: if $suite has moved on to newer versions, run packaging/payload/debs.sh lock and review the diff"
  while read -r g p v s; do
    # apt names the file <package>_<version>_<arch>.deb; an Architecture: all package would end in _all
    f=$(debfile "$p" "$v")
    [ -e "$work/get/$f" ] || f=${f%_*}_all.deb
    [ -e "$work/get/$f" ] || continue
    good "$work/get/$f" "$s" || die "$p $v: checksum $(sha256sum <"$work/get/$f" | cut -d' ' -f1), debs.lock says $s"
    mv "$work/get/$f" "$dir/$(debfile "$p" "$v")"
  done < <(entries "$@")
}

case ${1:-} in
fetch) shift; fetch "$@" ;;
extract)
  dir=$2 root=$3; shift 3
  fetch "$dir" "$@"
  mkdir -p "$root"
  while read -r g p v s; do dpkg-deb -x "$dir/$(debfile "$p" "$v")" "$root"; done < <(entries "$@")
  ;;
lock)
  apt_open
  while read -r line; do
    read -r g p _ <<<"$line"
    case $g in ''|'#'*) printf '%s\n' "$line"; continue ;; esac
    apt-cache "${APT[@]}" --no-all-versions show "$p" | awk -v g="$g" -v p="$p" \
      '/^Version:/{v=$2} /^SHA256:/{s=$2} END{if(v==""||s==""){print "no such package: " p >"/dev/stderr"; exit 1} print g, p, v, s}'
  done <"$lock" >"$work/new"
  cp "$work/new" "$lock"
  ;;
*) die "usage: debs.sh fetch DIR GROUP... | extract DIR ROOT GROUP... | lock" ;;
esac
