package controllers

import (
	"context"
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/labels"

	v1 "github.com/kove-io/kove/pkg/api/v1"
	"github.com/kove-io/kove/pkg/controllers/addresses"
	"github.com/kove-io/kove/pkg/controllers/node"
	"github.com/kove-io/kove/pkg/controllers/pod"
	"github.com/kove-io/kove/pkg/controllers/service"
	"github.com/kove-io/kove/pkg/controllers/subnet"
	"github.com/kove-io/kove/pkg/ipam"
	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/reconcile"
)

// restore fills the ledger from what was written down before: IP objects first, then annotations, which are there even
// if kove died between the two. IP objects that nobody needs any more are removed.
func (c *Controllers) restore(ctx context.Context, w *world) error {
	subnets, err := w.subnets.List("", labels.Everything())
	if err != nil {
		return err
	}
	nodes, err := w.nodes.List("", labels.Everything())
	if err != nil {
		return err
	}
	for _, s := range subnets {
		s = s.DeepCopy()
		s.Default()
		configured := map[string]netip.Prefix{v1.DefaultSubnet: c.opts.ClusterCIDR, v1.JoinSubnet: c.opts.JoinCIDR}[s.Name]
		if configured.IsValid() && s.Spec.CIDRBlock != configured.Masked().String() {
			c.find("Subnet %s has range %s, the configuration says %s: the Subnet's is in use; a cluster's ranges are fixed at its first start", s.Name, s.Spec.CIDRBlock, configured)
		}
		if problem := subnet.Check(s, subnets, nodes, c.opts.ServiceCIDR); problem != "" {
			c.log.Warn("subnet is not usable", "subnet", s.Name, "err", problem)
			continue
		}
		config, err := addresses.ConfigOf(s)
		if err != nil {
			return err
		}
		w.ledger.SetSubnet(s.Name, config)
	}

	pods, err := w.pods.List("", labels.Everything())
	if err != nil {
		return err
	}
	live := map[ipam.Owner]bool{}
	for _, n := range nodes {
		live[node.AddressOwner(n.Name)] = true
	}
	for _, p := range pods {
		if pod.Alive(p) {
			o := pod.Owner(p)
			live[o] = true
			w.ledger.SetPod(reconcile.Key{Namespace: p.Namespace, Name: p.Name}, o, p.Spec.NodeName)
		}
	}

	ips, err := w.ips.List("", labels.Everything())
	if err != nil {
		return err
	}
	for _, ip := range ips {
		owner := pod.OwnerOfIP(ip)
		if ip.Spec.Namespace == "" {
			owner = node.AddressOwner(ip.Spec.PodName)
		}
		if !live[owner] && !pod.Reserved(ip, w.podSources().StatefulSet) {
			if err := w.cluster.Write(ctx, reconcile.Write{Ref: reconcile.Ref{Kind: "IP", Key: reconcile.Key{Name: ip.Name}}, Delete: true}); err != nil {
				return err
			}
			c.log.Info("removed the IP of an owner that is gone", "ip", ip.Name)
			continue
		}
		c.restoreOne(w, owner, ip.Spec.Subnet, ip.Spec.V4IPAddress, ip.Spec.MacAddress)
	}
	for _, p := range pods {
		if o := pod.Owner(p); pod.Alive(p) && p.Annotations[v1.AllocatedAnnotation] == "true" {
			c.restoreAnnotated(w, o, p.Annotations)
		}
	}
	for _, n := range nodes {
		if n.Annotations[v1.AllocatedAnnotation] == "true" {
			c.restoreAnnotated(w, node.AddressOwner(n.Name), n.Annotations)
		}
	}
	return nil
}

func (c *Controllers) restoreAnnotated(w *world, o ipam.Owner, a map[string]string) {
	if _, has := w.ledger.Get(o); !has {
		c.restoreOne(w, o, a[v1.LogicalSwitchAnnotation], a[v1.IPAddressAnnotation], a[v1.MACAddressAnnotation])
	}
}

func (c *Controllers) restoreOne(w *world, o ipam.Owner, subnet, addr, mac string) {
	a, err := netip.ParseAddr(addr)
	if err == nil {
		err = w.ledger.Restore(o, ipam.Allocation{Subnet: subnet, Addr: a, MAC: mac})
	}
	if err != nil {
		c.log.Warn("an earlier allocation cannot be restored", "owner", o.String(), "subnet", subnet, "address", addr, "err", err)
	}
}

// prune removes what dead owners left in the northbound database. All caches have synced.
func (c *Controllers) prune(ctx context.Context, w *world, applier *nb.Applier) error {
	type entry struct{ lb, vip string }
	entries := map[entry]bool{}
	services, err := w.services.List("", labels.Everything())
	if err != nil {
		return err
	}
	for _, s := range services {
		f, err := w.serviceSources().Gather(ctx, reconcile.Key{Namespace: s.Namespace, Name: s.Name}, s)
		if err != nil {
			return err
		}
		for _, v := range service.VIPs(f) {
			entries[entry{v.LoadBalancer, v.VIP}] = true
		}
	}
	gone, err := applier.Prune(ctx, w.alive, func(lb, vip string) bool { return entries[entry{lb, vip}] })
	if err != nil {
		return fmt.Errorf("pruning: %w", err)
	}
	for _, o := range gone {
		c.log.Info("removed rows of an owner that is gone", "owner", o.String())
	}
	return nil
}

// alive tells whether an owner of rows exists. Kinds that this version does not know are left alone.
func (w *world) alive(o nb.Owner) bool {
	switch o.Kind {
	case "Vpc":
		_, err := w.vpcs.Get("", o.Name)
		return err == nil
	case "Subnet":
		_, err := w.subnets.Get("", o.Name)
		return err == nil
	case "Node":
		_, err := w.nodes.Get("", o.Name)
		return err == nil
	case "Pod":
		p, err := w.pods.Get(o.Namespace, o.Name)
		return err == nil && pod.Alive(p)
	case pod.TypeVirtualMachine:
		return len(w.ledger.Nodes(ipam.Owner{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name})) > 0
	}
	return true
}
