package ovsdb

import "io"

// Journal is where committed transactions become durable. Its records are the JSON texts of ovsdb(5), the schema first.
// Append and Compact are called from one goroutine, Sync from any.
type Journal interface {
	// Replay hands every record to fn, oldest first. It is called once, before anything else.
	Replay(fn func(record []byte) error) error

	// Append adds a record in commit order. It survives the process once Append returned, and a power cut once a Sync
	// that began afterwards returned. An error that is not a BrokenError leaves the journal as it was before, so that the
	// next Append may succeed, say because the disk is no longer full.
	Append(record []byte) error
	Sync() error

	// Grown reports whether the journal outgrew what it describes so much that Compact is worth it.
	Grown() bool

	// Compact begins to replace everything appended so far. Records appended from now on go to both sides until the
	// Compaction ends.
	Compact() (Compaction, error)

	Close() error
}

// Compaction is the new beginning of a journal in the making.
type Compaction interface {
	// Record adds a record. write may be called more than once and must write the same bytes each time.
	Record(write func(io.Writer) error) error
	// Commit puts it in the place of the old records; without Commit, Abort forgets it.
	Commit() error
	Abort()
}
