// Package oci builds container images without a container engine: one layer of files, an entrypoint, a reference. The result
// is an OCI image layout in a tar, as `ctr image import` and containerd's importer read it.
//
// The same input gives the same bytes: entries are sorted, owned by root and dated to the epoch, and the layer is not
// compressed (the payload around it is, and better).
package oci
