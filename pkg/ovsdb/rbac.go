package ovsdb

func (x *txn) allowInsert(*Row) error                                      { return nil }
func (x *txn) allowDelete(*Row) error                                      { return nil }
func (x *txn) allowUpdate(r *Row, cols []*ColumnSchema, what string) error { return nil }
