package ovsdb

import "context"

// DB is a database, in this process (*Database) or at the other end of a socket (*Client).
type DB interface {
	// Schema returns the database's own schema.
	Schema() *Schema

	// Transact executes ops as one transaction. When it returns without an error the transaction is as durable as the
	// journal's policy promises. A rejected transaction gives an *Error and changes nothing; the results of the
	// operations before the failing one are returned with it.
	Transact(ctx context.Context, ops ...Op) ([]Result, error)

	// Watch delivers the contents of the tables (table → columns, nil for all columns) as inserts in the first Delta,
	// which comes even when the tables are empty, then one Delta per commit that touches them, in commit order. Nothing is
	// dropped, however slow the reader: the queue grows. The channel is closed when ctx is done or the database is closed.
	// A modification of columns that are not watched is left out; in process, rows are always whole.
	Watch(ctx context.Context, tables map[string][]string) (<-chan Delta, error)
}

// Delta is what one commit changed.
type Delta struct {
	Changes []Change
	// Initial is set on the first Delta of a Watch.
	Initial bool
	// Pending is over when the commit is durable; nil except from WatchAhead.
	Pending *Pending
}

// Change is one row: Old is nil for an insert, New for a delete.
type Change struct {
	Table    string
	Old, New *Row
}
