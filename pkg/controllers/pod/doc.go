// Package pod gives each pod its address and its logical switch port.
//
// It writes, owned by the pod's identity: a Logical_Switch_Port <pod>.<namespace> and its memberships in the node's port
// groups. It annotates the pod, which is what the node's daemon waits for, and keeps an IP object. Work starts when the
// pod is bound to a node: one northbound transaction, one patch, then the IP object beside it.
//
// The address belongs to the identity: a StatefulSet's ordinal keeps it while the set wants that ordinal, a VM while one of
// its pods lives; any other pod gives it back when it is gone or has completed. A pod that cannot get an address gets an
// event that says why, no annotation, and another try as soon as something changes.
package pod
