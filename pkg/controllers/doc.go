// Package controllers hosts kove's network controllers: it owns the order in which they start.
//
//	CRDs → caches synced → Vpc and Subnet defaults → addresses restored from IP objects and annotations
//	     → rows of dead owners pruned → controllers run
//
// Nothing is allocated, written or removed before every cache has synced, so a restart changes nothing that is in use.
// Each kind lives in its own package (gather.go reads, plan.go decides); this package only wires them. It must not know
// how a kind works, and it imports no more of Kubernetes than its client libraries.
package controllers
