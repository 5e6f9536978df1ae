package vpc

import v1 "github.com/kove-io/kove/pkg/api/v1"

// SessionTimeout is the affinity_timeout of load balancers for Services with sessionAffinity ClientIP, in seconds:
// Kubernetes' default.
const SessionTimeout = "10800"

// LoadBalancers are the names of a VPC's six load balancers, as Kube-OVN has them.
type LoadBalancers struct {
	TCP, UDP, SCTP                      string
	TCPSession, UDPSession, SCTPSession string
}

// LoadBalancersOf names the load balancers of a VPC.
func LoadBalancersOf(vpc string) LoadBalancers {
	if vpc == v1.DefaultVpc {
		return LoadBalancers{
			TCP: "cluster-tcp-loadbalancer", UDP: "cluster-udp-loadbalancer", SCTP: "cluster-sctp-loadbalancer",
			TCPSession: "cluster-tcp-session-loadbalancer", UDPSession: "cluster-udp-session-loadbalancer", SCTPSession: "cluster-sctp-session-loadbalancer",
		}
	}
	return LoadBalancers{
		TCP: "vpc-" + vpc + "-tcp-load", UDP: "vpc-" + vpc + "-udp-load", SCTP: "vpc-" + vpc + "-sctp-load",
		TCPSession: "vpc-" + vpc + "-tcp-sess-load", UDPSession: "vpc-" + vpc + "-udp-sess-load", SCTPSession: "vpc-" + vpc + "-sctp-sess-load",
	}
}

// Names lists them all.
func (l LoadBalancers) Names() []string {
	return []string{l.TCP, l.UDP, l.SCTP, l.TCPSession, l.UDPSession, l.SCTPSession}
}

// For names the load balancer of a protocol ("TCP", "UDP", "SCTP"), empty for any other.
func (l LoadBalancers) For(protocol string, session bool) string {
	switch protocol {
	case "TCP":
		if session {
			return l.TCPSession
		}
		return l.TCP
	case "UDP":
		if session {
			return l.UDPSession
		}
		return l.UDP
	case "SCTP":
		if session {
			return l.SCTPSession
		}
		return l.SCTP
	}
	return ""
}
