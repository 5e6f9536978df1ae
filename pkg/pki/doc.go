// Package pki owns the identities of a cluster: certificate authorities, leaf certificates, service-account key,
// kubeconfigs, join tokens, and the light half of joining (finding out whether a server is there, is ours, and agrees
// about the time).
//
//	server/tls    server-ca         signs what listens: kube-apiserver, kubelets
//	              client-ca         signs who asks: administrators, controllers, kubelets
//	              request-header-ca signs the aggregation proxy
//	              ovn-ca            signs the southbound database and the chassis
//	              service.key       signs service-account tokens
//	server/cred   kubeconfigs of the components in this process
//	server/token, server/node-token   what a machine needs to join
//
// Invariants: authorities and the service-account key are created once and never replaced by this package, a damaged
// one is an error and not a reason for a new one; leaves are renewed at start when they near their end or no longer fit
// the configuration; every file appears at once with its mode (0600) or not at all; no secret is ever logged or part of
// an error.
//
// Subpackages use the Kubernetes API: pki/join (the join endpoint and its client) and pki/csr (approval and signing of
// certificate requests). This one needs the standard library only.
package pki
