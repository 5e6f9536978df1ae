// Package install puts kove's files onto a machine. So far: the payload of the binary into <data-dir>/data/<hash>.
//
//	<data-dir>/data/<hash>/{bin,lib,share,cni,images,manifest.json}   one folder per payload, complete or absent
//	<data-dir>/data/current  → <hash>   the payload of the kove that started last
//	<data-dir>/data/previous → <hash>   the one before, kept for a way back
//	<data-dir>/data/.lock               held while anything here changes
//
// Invariants: a folder appears under its name only when everything in it is written, verified and on disk; a link always points
// to such a folder; what a running process executes is never removed. So kill -9, a power cut and two kove at once
// leave either the old state or the new one.
//
// Data flow: embedded → zstd → tar → temporary folder (checked by SHA-256) → rename → link.
//
// It must not start anything, nor decide what to run: it imports the payload's description and nothing of the product.
package install
