// Package join lets machines into the cluster: the endpoint under /v1-kove/ that the API server answers before its own
// authentication, and the client that an agent (also the one inside a server) runs at every start.
//
//	agent                                     server
//	GET  /v1-kove/cacerts              →      the CA bundle; the agent compares its hash with the token's
//	POST /v1-kove/join  token, name,   →      checks the token, claims the name for this machine (pki/identity),
//	     addresses, password, CSR      ←      what the cluster is like, and a certificate that may only ask for the
//	                                          certificates of this node, for an hour
//	CertificateSigningRequests         →      approved by pki/csr: kubelet client, chassis (and by the kubelet: serving)
//
// Invariants: nothing is sent before the server is known to be the one that the token pins; private keys never leave the
// machine that made them; tokens are compared in constant time and wrong ones slow their sender down; an agent that
// joined once starts again without a server in reach.
package join
