// Command central measures kove's OVN central beside stock's, in one run (`make bench-central`).
//
// A change counts until it is acknowledged and its effect is visible, whatever comes last.
//
// It owns
//   - wire.go: a bare OVSDB client, so that both sides are driven by the same bytes through the same kind of socket;
//   - process.go: stock ovsdb-server × 2 with ovn-northd, and bin/ovn-central, each with fresh databases beside each other;
//   - network.go: the networks, and the changes whose time from being sent to the northbound database until the southbound
//     monitor shows them is taken;
//   - run.go: the order of things: both sides take turns change by change, and who comes first changes too;
//   - report.go: medians, ratios, goals; as Markdown and as JSON;
//   - doctable.go: the tables of docs/benchmarks.md, from the JSON of a run on disk and one on tmpfs.
//
// Durability is the same: each northbound transaction ends with the operation commit, durable. Without it stock calls
// fdatasync for no transaction at all, while kove does for each one. In the southbound database stock never syncs, and
// kove does when it has given out a tunnel key; that is part of kove's time.
package main
