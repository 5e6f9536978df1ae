// Package install puts kove onto a machine and takes it off again.
//
// It owns the payload of the binary in <data-dir>/data/<hash> (unpack.go):
//
//	<data-dir>/data/<hash>/{bin,lib,share,cni,images,manifest.json}   one folder per payload, complete or absent
//	<data-dir>/data/current  → <hash>   the payload of the kove that started last
//	<data-dir>/data/previous → <hash>   the one before, kept for a way back
//	<data-dir>/data/.lock               held while anything here changes
//
// and what `kove install` writes (machine.go): the program, its links and scripts, the unit or its stand-in, the settings that
// the installer was given; /etc/kove/install.json lists all of it (inventory.go).
//
// Invariants: a folder appears under its name only when everything in it is written, verified and on disk; a link always points
// to such a folder; what a running process executes is never removed. So kill -9, a power cut and two kove at once
// leave either the old state or the new one. The inventory names a file before the file exists; a file is replaced by
// renaming; installing again completes what was interrupted, and changes nothing when nothing is to be done. No setting is
// lost by installing again. No proxy variable is ever written.
//
// Data flow: embedded → zstd → tar → temporary folder (checked by SHA-256) → rename → link; and Machine → plan → inventory →
// files → inventory.
//
// It must not decide what to run, nor judge the configuration: pkg/cli does, with pkg/config and pkg/doctor.
package install
