package ovsdb

import "time"

// ColumnValue is one column of an insert, an update or a wait.
type ColumnValue struct {
	Column string
	Value  Value
}

// Condition functions (RFC 7047 section 5.1).
const (
	Eq       = "=="
	Ne       = "!="
	Lt       = "<"
	Le       = "<="
	Gt       = ">"
	Ge       = ">="
	Includes = "includes"
	Excludes = "excludes"
)

// Condition selects rows. Column may be _uuid. The empty Column makes it a constant: Value is then a bool.
type Condition struct {
	Column   string
	Function string
	Value    Value
}

// Mutators (RFC 7047 section 5.1).
const (
	MutAdd    = "+="
	MutSub    = "-="
	MutMul    = "*="
	MutDiv    = "/="
	MutMod    = "%="
	MutInsert = "insert"
	MutDelete = "delete"
)

// Mutation changes a column relative to what it holds. For MutDelete on a map, Value may be a set of keys or a Map of pairs.
type Mutation struct {
	Column  string
	Mutator string
	Value   Value
}

// OpKind names an operation.
type OpKind string

// The operations of RFC 7047 section 5.2.
const (
	OpInsert  OpKind = "insert"
	OpSelect  OpKind = "select"
	OpUpdate  OpKind = "update"
	OpMutate  OpKind = "mutate"
	OpDelete  OpKind = "delete"
	OpWait    OpKind = "wait"
	OpCommit  OpKind = "commit"
	OpAbort   OpKind = "abort"
	OpComment OpKind = "comment"
	OpAssert  OpKind = "assert"
)

// Op is one operation of a transaction. The constructors below make the common ones.
//
// In process there are no named-uuids: give the insert an explicit UUID (NewUUID) and use it wherever the new row is
// referred to, before or after the insert.
type Op struct {
	Kind      OpKind
	Table     string
	UUID      UUID          // insert: the row's UUID; zero lets the database choose
	Row       []ColumnValue // insert, update
	Where     []Condition   // all must hold; none selects every row
	Columns   []string      // select, wait; nil means all
	Mutations []Mutation    // mutate
	Until     string        // wait: Eq or Ne
	Rows      [][]ColumnValue
	Timeout   time.Duration // wait: negative waits until ctx is done
	Comment   string        // comment; it is kept in the journal
	Durable   bool          // commit: sync the journal before acknowledging and publishing, whatever its policy
	Lock      string        // assert

	uuidName string   // insert from JSON
	after    *Pending // commit: see CommitAfter
}

// ByUUID is the condition that selects one row.
func ByUUID(id UUID) []Condition { return []Condition{{"_uuid", Eq, id}} }

// Insert adds a row.
func Insert(table string, id UUID, cols ...ColumnValue) Op {
	return Op{Kind: OpInsert, Table: table, UUID: id, Row: cols}
}

// Update overwrites columns of one row.
func Update(table string, id UUID, cols ...ColumnValue) Op {
	return Op{Kind: OpUpdate, Table: table, Where: ByUUID(id), Row: cols}
}

// Mutate changes columns of one row.
func Mutate(table string, id UUID, muts ...Mutation) Op {
	return Op{Kind: OpMutate, Table: table, Where: ByUUID(id), Mutations: muts}
}

// Delete removes one row.
func Delete(table string, id UUID) Op {
	return Op{Kind: OpDelete, Table: table, Where: ByUUID(id)}
}

// Select reads rows.
func Select(table string, where ...Condition) Op {
	return Op{Kind: OpSelect, Table: table, Where: where}
}

// Comment is written to the journal.
func Comment(text string) Op { return Op{Kind: OpComment, Comment: text} }

// Commit with durable set has the journal synced before the transaction is acknowledged and published.
func Commit(durable bool) Op { return Op{Kind: OpCommit, Durable: durable} }

// Abort makes the transaction fail.
func Abort() Op { return Op{Kind: OpAbort} }

// Result is what one operation gives back.
type Result struct {
	UUID  UUID   // insert
	Count int    // update, mutate, delete
	Rows  []*Row // select: whole rows, whatever Columns says
}

// Error is a failure that the database itself reports (RFC 7047 section 3.1).
type Error struct {
	Code    string // "constraint violation", "referential integrity violation", …
	Details string
	Syntax  string // the offending JSON, if any
	Op      int    // index of the failed operation; the number of operations when the commit itself failed
}

func (e *Error) Error() string {
	s := e.Code
	if e.Syntax != "" {
		s = "syntax \"" + e.Syntax + "\": " + s
	}
	if e.Details != "" {
		s += ": " + e.Details
	}
	return s
}
