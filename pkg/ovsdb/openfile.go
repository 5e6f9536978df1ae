package ovsdb

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// OpenFile opens the database in a file, with the schema that the file has, and locks the file as stock's tools do until the
// database is closed. opts.Journal is not looked at.
func OpenFile(path string, opts Options) (*Database, error) {
	lock, err := LockFile(lockPath(path))
	if err != nil {
		return nil, err
	}
	db, err := openLocked(path, opts, lock)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return db, nil
}

func openLocked(path string, opts Options, lock io.Closer) (*Database, error) {
	dir, name := Dir(filepath.Dir(path)), filepath.Base(path)
	schema, err := schemaOf(dir, name)
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	j, err := OpenFileJournal(dir, name, opts.Logger)
	if err != nil {
		return nil, err
	}
	opts.Journal = &lockedJournal{j, lock}
	db, err := Open(schema, opts)
	if err != nil {
		j.Close()
		return nil, err
	}
	return db, nil
}

// FileSchema reads the schema of the database in a file.
func FileSchema(path string) (*Schema, error) {
	return schemaOf(Dir(filepath.Dir(path)), filepath.Base(path))
}

// schemaOf reads the first record of a database file.
func schemaOf(dir Dir, name string) (*Schema, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	r := &logReader{f: f, size: size}
	rec, err := r.next()
	if err == io.EOF {
		return nil, errors.New("the file is empty: make one with ovsdb-tool create")
	}
	if err != nil {
		return nil, fmt.Errorf("it is not a file of a standalone database: %w", err)
	}
	return ParseSchema(rec)
}

// lockedJournal gives up a lock after the journal is closed.
type lockedJournal struct {
	*FileJournal
	lock io.Closer
}

// Close implements Journal.
func (j *lockedJournal) Close() error { return errors.Join(j.FileJournal.Close(), j.lock.Close()) }
