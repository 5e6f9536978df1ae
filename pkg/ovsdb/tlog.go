package ovsdb

import (
	"context"
	"fmt"
	"strings"
)

// LogTable says whether every row of a table that is inserted, updated or deleted is logged, at level info, as of the module
// "transaction" (ovsdb-server(1), ovsdb-server/tlog-set).
func (s *Server) LogTable(database, table string, on bool) error {
	db := s.Database(database)
	if db == nil {
		return fmt.Errorf("no such database") // the words are stock's
	}
	t := db.Schema().Table(table)
	if t == nil {
		return fmt.Errorf("no such table")
	}
	key := database + ":" + table
	s.mu.Lock()
	defer s.mu.Unlock()
	stop := s.logged[key]
	if on == (stop != nil) || s.done {
		return nil
	}
	if !on {
		stop()
		delete(s.logged, key)
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	deltas, err := db.Watch(ctx, map[string][]string{table: nil})
	if err != nil {
		cancel()
		return err
	}
	s.logged[key] = cancel
	log := s.log.With("component", "transaction")
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		for d := range deltas {
			for _, c := range d.Changes {
				if !d.Initial {
					log.Info(changeText(c))
				}
			}
		}
	}()
	return nil
}

// LoggedTable reports whether the changes of a table are logged.
func (s *Server) LoggedTable(database, table string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logged[database+":"+table] != nil
}

func changeText(c Change) string {
	op, row := "updated", c.New
	switch {
	case c.Old == nil:
		op = "inserted"
	case c.New == nil:
		op, row = "deleted", c.Old
	}
	var b strings.Builder
	fmt.Fprintf(&b, "table:%s,op:%s,_uuid:%s", c.Table, op, row.UUID)
	for _, col := range row.Table().Columns {
		fmt.Fprintf(&b, ",%s:%s", col.Name, valueText(&col.Type, row.At(col.Index)))
	}
	return b.String()
}
