// Package rules holds the project's structural rules as tests: which package may import which, that every package
// says what it owns, and where Kubernetes may be linked. The rules are those of docs/architecture.md.
package rules
