#!/bin/bash
# Debian packages by lock file: exact versions, checked against their SHA-256.
#
#   debs.sh fetch DIR GROUP...   put every package of these groups of debs.lock into DIR (nothing is done for those already there)
#                                and print their lines, in the form of debs.lock
#   debs.sh extract DIR ROOT GROUP...   fetch, then unpack them into ROOT
#   debs.sh lock                 rewrite debs.lock with what the archive offers now; read the diff before committing it
#
# The archive keeps one version of a package: a point release takes pinned ones away. Then its successor is taken, as the
# archive's signed index names it, with a warning and with another line printed by fetch; DIR/moved remembers it. Packages of OVN
# and Open vSwitch only change their Debian revision so. KOVE_DEBS=exact (make release) takes what is pinned or nothing.
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

# moved DIR PACKAGE VERSION prints the version and the checksum that were taken in the place of a pinned version.
moved() {
  [ "${KOVE_DEBS:-}" != exact ] && [ -f "$1/moved" ] || return 0
  while read -r p old new sum; do
    [ "$p $old" != "$2 $3" ] || echo "$new $sum"
  done <"$1/moved" | tail -n 1
}

# effective DIR GROUP... prints the lines of debs.lock with what was taken in the place of what is gone.
effective() {
  local dir=$1 g p v s instead; shift
  while read -r g p v s; do
    instead=$(moved "$dir" "$p" "$v")
    echo "$g $p ${instead:-$v $s}"
  done < <(entries "$@")
}

# record PACKAGE[=VERSION] prints version and checksum from the archive's signed index; nothing when it is not there.
record() {
  apt-cache "${APT[@]}" --no-all-versions show "$1" 2>/dev/null |
    awk '/^Version:/{v=$2} /^SHA256:/{s=$2} END{if(v!="" && s!="") print v, s}' || true
}

# upstream prints a version without its Debian revision.
upstream() { echo "${1%-*}"; }

# settle DIR GROUP... notes in DIR/moved what the archive has now in the place of pinned versions that it has no more.
settle() {
  local dir=$1 g p pinned s v now; shift
  while read -r g p pinned s; do
    now=$(moved "$dir" "$p" "$pinned")
    read -r v s <<<"${now:-$pinned $s}"
    ! good "$dir/$(debfile "$p" "$v")" "$s" || continue
    [ -z "$(record "$p=$v")" ] || continue
    now=$(record "$p")
    [ -n "$now" ] || die "$p: not in $suite"
    [ "${KOVE_DEBS:-}" != exact ] || die "$p $v: $suite has ${now% *} now: run packaging/payload/debs.sh lock, review the diff, test"
    case $p in ovn-*|openvswitch-*)
      [ "$(upstream "${now% *}")" = "$(upstream "$pinned")" ] ||
        die "$p $v: $suite has ${now% *} now, another release than the tests were recorded with: see packaging/payload/README.md" ;;
    esac
    echo "debs.sh: $p $v is no longer in $suite, taking ${now% *}; run packaging/payload/debs.sh lock to pin it" >&2
    echo "$p $pinned $now" >>"$dir/moved"
  done < <(entries "$@")
}

fetch() { # DIR GROUP...
  local dir=$1; shift
  mkdir -p "$dir"; dir=$(cd "$dir" && pwd)
  exec 8>"$dir/lock"; flock 8 # the payload and the oracle of the tests may be made side by side
  local missing=() g p v s f
  absent() {
    missing=()
    while read -r g p v s; do
      good "$dir/$(debfile "$p" "$v")" "$s" || missing+=("$p=$v")
    done < <(effective "$dir" "$@")
  }
  absent "$@"
  [ ${#missing[@]} -gt 0 ] || return 0
  apt_open
  settle "$dir" "$@"
  absent "$@"
  [ ${#missing[@]} -gt 0 ] || return 0
  mkdir "$work/get"
  (cd "$work/get" && apt-get "${APT[@]}" -qq download "${missing[@]}") || die "downloading ${missing[*]}"
  while read -r g p v s; do
    # apt names the file <package>_<version>_<arch>.deb; an Architecture: all package would end in _all
    f=$(debfile "$p" "$v")
    [ -e "$work/get/$f" ] || f=${f%_*}_all.deb
    [ -e "$work/get/$f" ] || continue
    good "$work/get/$f" "$s" || die "$p $v: checksum $(sha256sum <"$work/get/$f" | cut -d' ' -f1), want $s"
    mv "$work/get/$f" "$dir/$(debfile "$p" "$v")"
  done < <(effective "$dir" "$@")
}

case ${1:-} in
fetch) shift; fetch "$@"; effective "$@" ;;
extract)
  dir=$2 root=$3; shift 3
  fetch "$dir" "$@"
  mkdir -p "$root"
  while read -r g p v s; do dpkg-deb -x "$dir/$(debfile "$p" "$v")" "$root"; done < <(effective "$dir" "$@")
  ;;
lock)
  apt_open
  while read -r line; do
    read -r g p _ <<<"$line"
    case $g in ''|'#'*) printf '%s\n' "$line"; continue ;; esac
    now=$(record "$p")
    [ -n "$now" ] || die "$p: not in $suite"
    printf '%s %s %s\n' "$g" "$p" "$now"
  done <"$lock" >"$work/new"
  cp "$work/new" "$lock"
  ;;
*) die "usage: debs.sh fetch DIR GROUP... | extract DIR ROOT GROUP... | lock" ;;
esac
