// Package oracle compares kove's OVN central with stock ovn-northd.
//
// It owns
//   - the golden scenarios under testdata/golden: plain ovn-nbctl and ovn-sbctl commands (nb.sh) with what stock
//     ovn-northd 25.03 made of them (flows.txt, sb.txt, nbout.txt), recorded by `go test ./tests/oracle -run TestRecord -record`; where
//     stock's increments are not exact, the last command makes it compute everything anew (inc-engine/recompute);
//   - the normaliser: a dump of a northbound and a southbound database in a form in which two centrals that do the same
//     are equal, and two that do not are different (normalise.go, names.go, ecmp.go; every equivalence has a test);
//   - TestGolden: each scenario's databases loaded into kove's northd in process; scenarios.go lists what is not equal yet, and why;
//   - TestReplay: the same commands given by stock's own tools over sockets to cmd/ovn-central.
//
// Data flow: nb.json and sb.json → ovsdb.Database → northd → Dump → Text → compared with the files, or: nb.sh → stock
// tools → sockets → ovsdb-client dump → Dump → Text.
//
// It needs stock OVN only to record and to replay (environment STOCK, `make stock`).
package oracle
