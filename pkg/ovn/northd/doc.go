// Package northd translates the northbound database into the southbound one, incrementally.
//
// It owns the southbound rows that ovn-northd(8) owns, and the northbound columns that it writes back (up, tunnel keys,
// *_cfg). Data flow, in one goroutine:
//
//	NB commit ─delta→ topo ─changed units→ compile (pkg/ovn/feature, and the rows of this package) ─diff→ one SB transaction
//	SB commit ─delta→ what chassis wrote → topo → the same way → and one NB transaction with what goes back
//
// The engine keeps, per unit, what it emitted: flows (by content hash, with the datapaths they are in) and rows (by their
// natural key). A unit that is compiled again is diffed against that; flows.go and rowstore.go turn differences into
// operations. A full compile is the same with every unit changed; there is no other way.
//
// With both databases in this process northd runs ahead of the northbound disk (ovsdb.WatchAhead): it computes and writes while
// a commit is being synced, ties what it writes to that commit (ovsdb.CommitAfter), and does not wait for what it writes back.
// The southbound file may then hold what the northbound one lost in a power cut: the start compares them anyway.
//
// Invariants: a key (tunnel_key) is in the same transaction as the row that carries it, and existing keys are read back
// before anything is allocated. Row UUIDs follow from content, and rows found at start are kept if they say what is wanted,
// so that a restart writes nothing. A unit that panics keeps its former flows and rows and is logged.
//
// The package must not write southbound columns that belong to chassis.
package northd
