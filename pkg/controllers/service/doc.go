// Package service turns Services into entries of their VPC's load balancers.
//
// An entry "clusterIP:port" → "endpoint:port,…" belongs to the Service; the load balancers themselves belong to the Vpc.
// Only entries that differ are written, so a rolling Deployment changes its own Service's entries and nothing else.
// Endpoints are the ready ones of the Service's EndpointSlices, hosts included; if none is ready, those that are
// terminating but still serve. Nodes and NodePorts are kube-proxy's.
package service
