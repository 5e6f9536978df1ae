// Package manifests holds the YAML that a kove server applies by itself: the CRDs of kubeovn.io, what nodes may read, and
// CoreDNS.
//
// Packaged fills in what a cluster decides (image, cluster DNS address, domain) and returns files by name, ready for
// pkg/deploy. The default Vpc and Subnets are not here: their ranges may not change after the first start, so the
// controllers create them once. The package does no I/O and knows no client. crds/ is generated from pkg/api/v1.
package manifests
