// bundle makes embedded/payload: the archive that kove unpacks at its first start, and its manifest.
//
// Inputs are pinned: Debian packages by debs.lock (version and SHA-256; debs.sh says what becomes of those that the archive has
// no more), Go programs by go.sum of this module or of the dedicated ones below modules/ (runc and crictl, whose
// dependencies must not move ours). The output is reproducible: the same inputs and tools give the same bytes.
//
// Flow: debs.sh extracts the packages → elf.go makes their programs relocatable and collects the libraries that they need →
// gobin.go builds the Go programs → images.go makes the images → pack.go writes manifest and archive. Each step
// is skipped when its inputs did not change; intermediate results lie in .cache/payload.
package main
