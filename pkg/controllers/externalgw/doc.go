// Package externalgw watches the ConfigMap ovn-external-gw-config.
//
// Kube-OVN takes the NIC that it names onto a bridge, which has cut off nodes whose only NIC it was. This version of kove
// does not take NICs over: it touches nothing, says so in an event on the ConfigMap, and remembers it for `kove status`.
package externalgw
