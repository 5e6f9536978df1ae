// Package lossy is a disk for tests of what survives a power cut.
//
// It owns the contents of some files, in memory, with what of them was synced kept apart. When the power is cut, what was not
// synced is gone, or there in part, or garbage, by a seed; the names of files likewise, without SyncDir. Whoever still uses
// the disk then gets errors. It must not know what is stored: users wrap it into the interface that they test.
package lossy
