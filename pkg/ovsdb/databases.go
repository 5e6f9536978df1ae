package ovsdb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What a server serves may change while it runs (ovsdb-server(1), ovsdb-server/add-db and remove-db).

// Add begins to serve a database, which the caller keeps and closes. Remotes that follow its rows and waited for it are opened.
func (s *Server) Add(db *Database) error {
	s.mu.Lock()
	_, taken := s.dbs[db.Name()]
	if !taken && !s.done {
		s.dbs[db.Name()] = db
	}
	done := s.done
	s.mu.Unlock()
	switch {
	case taken:
		return fmt.Errorf("adding database %s: there is one of that name", db.Name())
	case done:
		return fmt.Errorf("adding database %s: %w", db.Name(), ErrClosed)
	}
	if err := s.declare(db); err != nil {
		return err
	}
	for _, c := range s.clients() {
		c.databasesChanged(nil)
	}
	prefix := "db:" + db.Name() + ","
	for _, r := range s.waitingFor(prefix) {
		if _, err := s.Listen(r); err != nil {
			s.log.Warn("opening a remote whose database is here again", "err", err)
		}
	}
	return nil
}

// declare tells the _Server database of a database, and follows its conversions.
func (s *Server) declare(db *Database) error {
	_, err := s.meta.Transact(context.Background(), Insert("Database", NewUUID(),
		ColumnValue{"name", db.Name()}, ColumnValue{"model", "standalone"}, ColumnValue{"connected", true}, ColumnValue{"leader", true},
		ColumnValue{"schema", []string{string(db.Schema().appendJSON(nil))}}))
	if err != nil {
		return err
	}
	if db == s.meta {
		return nil
	}
	h := db.onConvert(func(origin any) { s.converted(db, origin) })
	s.mu.Lock()
	s.hooks[db] = h
	s.mu.Unlock()
	return nil
}

// waitingFor takes the remotes of a database that is not there out of those that wait.
func (s *Server) waitingFor(prefix string) []Remote {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Remote
	for _, target := range sortedKeys(s.waiting) {
		if strings.HasPrefix(target, prefix) {
			out = append(out, s.waiting[target])
			delete(s.waiting, target)
		}
	}
	return out
}

// RemoveDatabase stops serving a database and returns it, still open; nil if there is none of that name. Remotes that follow
// its rows wait until one of that name is added again. Clients that called set_db_change_aware lose their monitors of it,
// others are disconnected.
func (s *Server) RemoveDatabase(name string) *Database {
	s.mu.Lock()
	db := s.dbs[name]
	if db == nil || db == s.meta || s.done {
		s.mu.Unlock()
		return nil
	}
	delete(s.dbs, name)
	hook := s.hooks[db]
	delete(s.hooks, db)
	var follow []interface{ close() }
	for target, x := range s.remotes {
		if d, ok := x.(*dbRemote); ok && d.db == db {
			delete(s.remotes, target)
			s.waiting[target] = d.base
			follow = append(follow, d)
		}
	}
	s.mu.Unlock()
	for _, d := range follow {
		d.close()
	}
	db.offConvert(hook)
	// It fails only when the server is being closed.
	_, _ = s.meta.Transact(context.Background(), Op{Kind: OpDelete, Table: "Database", Where: []Condition{{"name", Eq, name}}})
	for _, c := range s.clients() {
		c.databasesChanged(db)
	}
	return db
}

// clients are the connections of the moment.
func (s *Server) clients() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	var conns []*conn
	for l := range s.lns {
		conns = slices.AppendSeq(conns, maps.Keys(l.conns))
	}
	return conns
}

// databasesChanged tells the client that a database came, or that gone went (ovsdb-server(7), 4.1.18).
func (c *conn) databasesChanged(gone *Database) {
	if gone != nil {
		c.converted(gone, nil)
		return
	}
	c.mu.Lock()
	aware := c.aware
	c.mu.Unlock()
	if !aware {
		c.finish(nil)
	}
}
