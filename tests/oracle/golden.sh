#!/bin/sh
# Record the golden scenarios again from stock ovn-northd ($STOCK, `make stock`). Review the difference as code.
set -eu
cd "$(dirname "$0")/../.."
go test ./tests/oracle -run '^TestRecord$' -count 1 -timeout 30m -record
git --no-pager diff --stat -- tests/oracle/testdata
