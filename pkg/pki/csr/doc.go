// Package csr approves the certificate requests of nodes, and signs those of OVN chassis.
//
//	signer                                        who may ask                        for what
//	kubernetes.io/kube-apiserver-client-kubelet   the node, or its bootstrap user    CN system:node:NAME, no names or addresses
//	kubernetes.io/kubelet-serving                 the node                           CN system:node:NAME, its name, its recorded addresses
//	kove.io/ovn-chassis                           the node, or its bootstrap user    CN NAME, no names or addresses
//
// Invariants: the name in a certificate is the name in the asking identity, never one that the request chose; addresses are
// those that the node claimed at join (pki/identity), which no other node holds; a request of these signers that does not
// fit is denied with the reason, every other signer's is left alone. The kubernetes.io ones are signed by
// kube-controller-manager, kove.io/ovn-chassis here, with ovn-ca.
//
// Judge is pure; Controller watches requests and Node deletions, which give names free.
package csr
