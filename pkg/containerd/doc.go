// Package containerd runs containerd as a child of kove and fills its image store.
//
// It owns: the generated configuration file, the child process (this same binary called with "containerd" as its first
// argument), and the import of image archives into the namespace k8s.io.
//
// Invariants: the daemon outlives kove and is adopted by the next one, unless its binary or its configuration changed; then
// it is replaced, which pods do not notice, as their shims are processes of their own. Images of the payload are pinned, so
// that kubelet's garbage collection leaves them alone: a site without a registry could not get them back.
//
// Data flow: Options → config.toml → child → grpc socket → kubelet. The daemon's own code is in the subpackage daemon, so
// that this one stays light.
//
// It must not know pods or networks; CNI is configured by whoever owns the CNI directory.
package containerd
