#!/bin/sh
# Prints the -ldflags of the kove binary. Kubernetes and containerd report the versions that the linker writes; without
# them nodes register as v0.0.0-master+$Format. Versions come from go.mod, so that they cannot disagree with the code.
# Usage: go build -ldflags "$(packaging/ldflags.sh)" ./cmd/kove
set -eu
cd "$(dirname "$0")/.."

module_version() { awk -v m="$1" '$1 == m && $2 ~ /^v/ { print $2; exit }' go.mod; }

kubernetes=$(module_version k8s.io/kubernetes)
containerd=$(module_version github.com/containerd/containerd/v2)
: "${kubernetes:?go.mod does not require k8s.io/kubernetes}" "${containerd:?go.mod does not require containerd}"

commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
tree=dirty
if git diff --quiet HEAD -- 2>/dev/null; then tree=clean; fi
# The commit's date and not today's: the same source gives the same binary.
date=$(TZ=UTC git show -s --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ HEAD 2>/dev/null || echo 1970-01-01T00:00:00Z)
version=${KOVE_VERSION:-$(git describe --tags --always 2>/dev/null || echo dev)}

major=${kubernetes#v} && major=${major%%.*}
minor=${kubernetes#v*.} && minor=${minor%%.*}

flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
	flags="$flags -X $package.gitVersion=$kubernetes+kove1 -X $package.gitMajor=$major -X $package.gitMinor=$minor"
	flags="$flags -X $package.gitCommit=$commit -X $package.gitTreeState=$tree -X $package.buildDate=$date"
done
flags="$flags -X github.com/containerd/containerd/v2/version.Version=$containerd"
flags="$flags -X main.version=$version -X main.commit=$commit"
echo "$flags"
