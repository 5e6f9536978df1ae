// Package deploy applies Kubernetes manifests from a folder (<data-dir>/server/manifests), at start and whenever a file
// changes, by server-side apply as the field manager "kove".
//
// It owns the packaged files in that folder: they are written there at each start, so that the operator can read what runs,
// and a file NAME.skip beside NAME keeps it from being written and applied. The operator's own files live beside them.
//
// Invariants: nothing is pruned; taking a document out of a file leaves its object alone. Objects of packaged components that
// are disabled are deleted. A document that cannot be applied is retried, since its kind may be defined by another one, and
// does not keep others back.
//
// It must not know what the manifests are about.
package deploy
