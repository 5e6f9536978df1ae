package service

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/kove-io/kove/pkg/controllers/vpc"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/reconcile"
)

// OwnerOf is the owner of a Service's entries.
func OwnerOf(key reconcile.Key) nb.Owner {
	return nb.Owner{Kind: "Service", Namespace: key.Namespace, Name: key.Name}
}

// Plan decides about one Service.
func Plan(f Facts) reconcile.Plan {
	plan := reconcile.Plan{Rows: map[nb.Owner]nb.Desired{OwnerOf(f.Key): {VIPs: VIPs(f)}}}
	s := f.Service
	if s == nil {
		return plan
	}
	if s.Spec.InternalTrafficPolicy != nil && *s.Spec.InternalTrafficPolicy == corev1.ServiceInternalTrafficPolicyLocal {
		plan.Events = append(plan.Events, reconcile.Warning("Ignored", "this version of kove does not act on spec.internalTrafficPolicy Local for pods: their connections go to all endpoints"))
	}
	if timeout := sessionTimeout(s); timeout != 0 && strconv.Itoa(int(timeout)) != vpc.SessionTimeout {
		plan.Events = append(plan.Events, reconcile.Warning("Ignored", fmt.Sprintf(
			"this version of kove does not act on spec.sessionAffinityConfig for pods: their sessions stick for %s s, not %d s", vpc.SessionTimeout, timeout)))
	}
	return plan
}

func sessionTimeout(s *corev1.Service) int32 {
	if s.Spec.SessionAffinity != corev1.ServiceAffinityClientIP || s.Spec.SessionAffinityConfig == nil ||
		s.Spec.SessionAffinityConfig.ClientIP == nil || s.Spec.SessionAffinityConfig.ClientIP.TimeoutSeconds == nil {
		return 0
	}
	return *s.Spec.SessionAffinityConfig.ClientIP.TimeoutSeconds
}

// VIPs are the entries of one Service.
func VIPs(f Facts) []nb.VIP {
	s := f.Service
	if s == nil || s.Spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	addresses := addresses4(s)
	if len(addresses) == 0 {
		return nil
	}
	lbs := vpc.LoadBalancersOf(f.Vpc)
	session := s.Spec.SessionAffinity == corev1.ServiceAffinityClientIP
	var out []nb.VIP
	for _, port := range s.Spec.Ports {
		protocol := string(port.Protocol)
		if protocol == "" {
			protocol = "TCP"
		}
		lb := lbs.For(protocol, session)
		if lb == "" {
			continue
		}
		backends := strings.Join(backends(f.Slices, port), ",")
		for _, a := range addresses {
			out = append(out, nb.VIP{LoadBalancer: lb, VIP: net.JoinHostPort(a, strconv.Itoa(int(port.Port))), Backends: backends})
		}
	}
	return out
}

// addresses4 are the IPv4 addresses under which pods reach the Service: ClusterIPs, external and load balancer addresses.
func addresses4(s *corev1.Service) []string {
	texts := slices.Clone(s.Spec.ClusterIPs)
	if len(texts) == 0 {
		texts = append(texts, s.Spec.ClusterIP)
	}
	if !slices.ContainsFunc(texts, func(t string) bool { return t != "" && t != corev1.ClusterIPNone }) {
		return nil
	}
	texts = append(texts, s.Spec.ExternalIPs...)
	for _, i := range s.Status.LoadBalancer.Ingress {
		if i.IPMode == nil || *i.IPMode == corev1.LoadBalancerIPModeVIP {
			texts = append(texts, i.IP)
		}
	}
	var out []string
	for _, t := range texts {
		if a, err := netip.ParseAddr(t); err == nil && a.Is4() && !slices.Contains(out, a.String()) {
			out = append(out, a.String())
		}
	}
	return out
}

// backends lists "address:port" of the endpoints for one port, sorted.
func backends(all []*discoveryv1.EndpointSlice, port corev1.ServicePort) []string {
	var ready, serving []string
	for _, slice := range all {
		if slice.AddressType != discoveryv1.AddressTypeIPv4 {
			continue
		}
		for _, p := range slice.Ports {
			if p.Port == nil || deref(p.Name) != port.Name || protocolOf(p.Protocol) != protocolOf(&port.Protocol) {
				continue
			}
			for _, e := range slice.Endpoints {
				for _, a := range e.Addresses {
					backend := net.JoinHostPort(a, strconv.Itoa(int(*p.Port)))
					switch {
					case e.Conditions.Ready == nil || *e.Conditions.Ready:
						ready = append(ready, backend)
					case e.Conditions.Serving != nil && *e.Conditions.Serving && e.Conditions.Terminating != nil && *e.Conditions.Terminating:
						serving = append(serving, backend)
					}
				}
			}
		}
	}
	if len(ready) == 0 {
		ready = serving
	}
	slices.Sort(ready)
	return slices.Compact(ready)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func protocolOf(p *corev1.Protocol) corev1.Protocol {
	if p == nil || *p == "" {
		return corev1.ProtocolTCP
	}
	return *p
}
