// Package addresses is the controllers' shared view of who has which address.
//
// It owns the one ipam.Book behind a lock, remembers which pod stands behind which owner identity, and who waits for an
// address or a subnet. A change tells the listener, which looks at the subnet (status, finalizer) and at those who wait
// again. Nothing here is written anywhere: IP objects and annotations are, by the pod and node kinds, and at start the
// Book is filled from them before anyone allocates.
package addresses
