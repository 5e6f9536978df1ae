package join

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/kove-io/kove/pkg/pki"
)

// Prefix is where the API server hands requests to the Handler.
const Prefix = "/v1-kove/"

const joinPath = Prefix + "join"

// BootstrapGroup may create certificate requests and nothing else.
const BootstrapGroup = "kove:bootstrappers"

// BootstrapUser is the name in a node's bootstrap certificate.
func BootstrapUser(node string) string { return bootstrapPrefix + node }

const bootstrapPrefix = "kove:bootstrap:"

// Request is what a machine says about itself.
type Request struct {
	// Node is the name that it wants.
	Node string `json:"node"`
	// Addresses are the addresses that it wants certificates for.
	Addresses []netip.Addr `json:"addresses"`
	// Password is the secret that the machine drew before its first join.
	Password string `json:"password"`
	// CSR is a certificate request, PEM; only its public key counts.
	CSR string `json:"csr"`
	// Version is the machine's kove.
	Version string `json:"version"`
}

// Info is what the cluster is like: all that an agent has to know and is not told by its own configuration.
type Info struct {
	// Version is the server's kove, KubernetesVersion its Kubernetes.
	Version           string `json:"version"`
	KubernetesVersion string `json:"kubernetesVersion"`
	// ClusterCIDR, ServiceCIDR and JoinCIDR are the ranges of pods, Services and nodes inside OVN.
	ClusterCIDR netip.Prefix `json:"clusterCIDR"`
	ServiceCIDR netip.Prefix `json:"serviceCIDR"`
	JoinCIDR    netip.Prefix `json:"joinCIDR"`
	// ClusterDNS is CoreDNS's Service address, ClusterDomain the cluster's domain.
	ClusterDNS    netip.Addr `json:"clusterDNS"`
	ClusterDomain string     `json:"clusterDomain"`
	// MTU is the MTU of pods, bytes.
	MTU int `json:"mtu"`
	// SBRemote is the southbound database for ovn-controller, ssl:ADDRESS:PORT.
	SBRemote string `json:"sbRemote"`
	// DisableKubeProxy tells nodes not to run kube-proxy.
	DisableKubeProxy bool `json:"disableKubeProxy"`
	// Datapath is the datapath that the server's own node was told to use; mixing is allowed.
	Datapath string `json:"datapath"`
	// SingleNode is why no further node can be reached from the server's own, "" when they can: its userspace datapath has
	// no NIC for tunnels.
	SingleNode string `json:"singleNode,omitempty"`
}

// plan is the part that a machine may know before it joins.
func (i Info) plan() pki.Plan {
	p := pki.Plan{ClusterCIDR: i.ClusterCIDR, ServiceCIDR: i.ServiceCIDR, JoinCIDR: i.JoinCIDR}
	if _, port, err := net.SplitHostPort(strings.TrimPrefix(i.SBRemote, "ssl:")); err == nil {
		p.SBPort, _ = strconv.Atoi(port) // 0 is "not known"
	}
	return p
}

// Reply is what a machine gets for a valid request.
type Reply struct {
	Info Info `json:"info"`
	// Time is the server's, for the skew.
	Time time.Time `json:"time"`
	// ClientCA and OVNCA are PEM bundles; the server CA is known from the pin.
	ClientCA string `json:"clientCA"`
	OVNCA    string `json:"ovnCA"`
	// Certificate is the bootstrap certificate, PEM.
	Certificate string `json:"certificate"`
}

// failure is the body of every reply that is not 200.
type failure struct {
	Code  string `json:"code"`
	Error string `json:"error"`
}

// The codes of failures.
const (
	codeToken    = "wrong-token"
	codeName     = "name-taken"
	codeAddress  = "address-taken"
	codeRequest  = "bad-request"
	codeStarting = "starting"
	codeLimit    = "too-many-attempts"
)
