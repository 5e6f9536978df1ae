// Package reconcile is the one controller loop of kove's network controllers.
//
// A kind says how to Gather (read caches into a plain struct) and how to Plan (a pure function from that struct to rows,
// API writes and events). The loop does the rest, in this order: add the finalizer, gather, plan, apply the owner's rows
// to the northbound database in one transaction, write to the API, tell other kinds, take the finalizer away. Whatever
// fails is retried with back-off; a row that does not exist yet is waited for, not polled.
//
//	informer ─ key → Gather → Plan → nb.Apply → API writes, events → Notify
//
// Invariants: one worker at a time per key; a Plan that finds everything in place writes nothing anywhere; a panic in one
// object's Gather or Plan fails that object only.
//
// The package stands on wrangler and lasso for informers, queues and clients, and knows nothing about networks.
package reconcile
