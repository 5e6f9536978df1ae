package controllers

import (
	"log/slog"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// Options are what the controllers need from their host.
type Options struct {
	// RESTConfig reaches the API server with cluster-admin rights.
	RESTConfig *rest.Config
	// NB is the northbound database.
	NB ovsdb.DB
	// SB is the southbound database, read only.
	SB ovsdb.DB

	// ClusterCIDR and JoinCIDR are the ranges of the subnets ovn-default and join when they are created.
	ClusterCIDR, JoinCIDR netip.Prefix
	// ServiceCIDR is the range of ClusterIPs; no subnet may overlap it.
	ServiceCIDR netip.Prefix

	// Metrics takes the controllers' metrics; nil leaves them out.
	Metrics prometheus.Registerer
	Logger  *slog.Logger
}
