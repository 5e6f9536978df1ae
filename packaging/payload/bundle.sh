#!/usr/bin/env bash
# make bundle: writes embedded/payload. Quick when nothing changed; see bundle/doc.go.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export CGO_ENABLED=0
exec go run ./packaging/payload/bundle "$@"
