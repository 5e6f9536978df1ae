// Package nb holds the typed tables of OVN's northbound database.
//
// It owns the schema (OVN 25.03's own file, unchanged, embedded as SchemaJSON)
// and tables.go, generated from it by pkg/ovsdb/modelgen: a struct per table
// with FromRow and ToRow conversions on pkg/ovsdb's rows, and constants for
// table and column names and enumerations. Optional columns are pointers, sets
// slices, maps Go maps.
//
// Invariants: a converted model shares slices with the immutable row, so it is
// read-only unless the caller made it; an empty model converts to no columns.
//
// It must not know what the rows mean: that is pkg/ovn/topo and pkg/ovn/northd.
package nb

import _ "embed"

//go:generate go run github.com/kove-io/kove/pkg/ovsdb/modelgen -schema ovn-nb.ovsschema -package nb -out tables.go

// Database is the name of the database.
const Database = "OVN_Northbound"

// SchemaJSON is the schema of the database.
//
//go:embed ovn-nb.ovsschema
var SchemaJSON []byte
