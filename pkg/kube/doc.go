// Package kube runs unmodified Kubernetes inside this process: the datastore (kine on sqlite), kube-apiserver,
// kube-controller-manager, kube-scheduler, kubelet and kube-proxy, each as a supervise.Component, and kubectl as a function.
//
// It is the only package that imports k8s.io/kubernetes (and kine): everything else uses client-go, so that it compiles in
// seconds.
//
// Components are started through their options API, never through their cobra commands, which install signal handlers and
// apply logging settings once per process. Feature gates are global to the process: one set serves all components.
// A component that fails cannot be started again in the same process (Kubernetes keeps global registries), so none of them
// is wrapped in supervise.Restart: its failure ends kove, and systemd starts it again.
//
// Data flow: Config and certificate files → flags and component configuration → Run. What the user gave as
// kube-apiserver-arg and the like is appended last, so it wins.
//
// It must not make certificates (pkg/pki), decide addresses (pkg/config) or know OVN.
package kube
