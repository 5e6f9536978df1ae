// Package ovsdb is an Open vSwitch database: an in-process store, the RFC 7047 server around it, and a client.
//
// It owns
//   - values, schemas, rows and operations in compact typed form (value.go, schema.go, row.go, op.go);
//   - Database: transactions with every rule of ovsdb-server(7): references, garbage collection, indexes, constraints;
//   - Journal: where committed transactions become durable, and its backend in OVSDB's own log format (ovsdb(5));
//   - Server: JSON-RPC over unix, TCP and TLS sockets, with monitors, locks, the _Server database and role-based access;
//   - Backup: a server whose databases follow those of another one;
//   - Convert: another schema for a database in use; CheckFile and SetAside: what a file holds, and out of the way with it;
//   - Client: the same DB interface over a socket.
//
// Data flow: Transact builds a private set of changed rows over the committed state, checks it, appends one record to the
// journal and, once the journal says that it is durable, publishes one Delta to every watcher and monitor, in commit order.
//
// WatchAhead, CommitAfter and TransactAhead let one program in this process work while the disk does, see Pending.
//
// Invariants: a *Row never changes once it is published; a value handed to an Op belongs to the database afterwards;
// the cost of a commit follows the size of the change, not of the database; no JSON is made or parsed between users in process.
//
// It knows nothing of OVN and imports only the standard library.
package ovsdb
