package app

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kove-io/kove/pkg/ovn/nb"
	"github.com/kove-io/kove/pkg/ovn/sb"
	"github.com/kove-io/kove/pkg/ovs"
	"github.com/kove-io/kove/pkg/ovsdb"
	"github.com/kove-io/kove/pkg/status"
)

// statusLimit is how long each source of the status may take; what is late is left out with a message.
const statusLimit = 3 * time.Second

// status collects what `kove status` shows.
func (a *App) status(ctx context.Context) *status.Status {
	c := a.config
	s := &status.Status{
		Role: string(c.Role), Node: c.Node.Name, PID: os.Getpid(), Started: a.started, Ready: a.ready.Load(),
		Versions:   Versions(a.o.Version),
		Components: status.FromGroup(a.group.Status()),
		Processes:  status.Processes(a.o.Executable, c.Paths.Payload()),
	}
	if ip := c.Node.IP(); ip.IsValid() {
		s.NodeIP = ip.String()
	}
	if n := a.node; n != nil {
		if joined := n.joinedAs.Load(); joined != nil {
			s.Kubernetes = kubernetesStatus(ctx, joined.client, c.Node.Name)
		}
		s.Notes = append(s.Notes, fmt.Sprintf("datapath %s: %s", n.datapath.Type, n.datapath.Reason))
	}
	s.OVN = a.ovnStatus(ctx)
	if a.server != nil {
		if k := a.server.controllers.Load(); k != nil {
			s.Notes = append(s.Notes, k.Findings()...)
		}
	}
	return s
}

func kubernetesStatus(ctx context.Context, client kubernetes.Interface, name string) *status.Kubernetes {
	ctx, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	k := &status.Kubernetes{}
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{ResourceVersion: "0"})
	if err != nil {
		k.Message = err.Error()
		return k
	}
	k.Message = "kubelet has not reported yet"
	for _, cond := range node.Status.Conditions {
		if cond.Type == corev1.NodeReady {
			k.NodeReady = cond.Status == corev1.ConditionTrue
			k.Message = ""
			if !k.NodeReady {
				k.Message = cond.Message
			}
		}
	}
	pods, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + name, ResourceVersion: "0"})
	if err != nil {
		k.Message = err.Error()
		return k
	}
	for i := range pods.Items {
		p := &pods.Items[i]
		if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		k.Pods++
		for _, cond := range p.Status.Conditions {
			if cond.Type == corev1.PodReady && cond.Status == corev1.ConditionTrue {
				k.PodsReady++
			}
		}
	}
	return k
}

// ovnStatus asks the databases, if they are here, and this node's ovn-controller.
func (a *App) ovnStatus(ctx context.Context) *status.OVN {
	ctx, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	o := &status.OVN{}
	if a.server != nil && a.server.ovn.NB() != nil && a.server.ovn.SB() != nil {
		if err := readOVN(ctx, a.server.ovn.NB(), a.server.ovn.SB(), a.config.Node.Name, o); err != nil {
			o.Message = err.Error()
		}
	}
	n := a.node
	if n == nil {
		return o
	}
	joined := n.joinedAs.Load()
	if joined == nil {
		return o
	}
	o.Remote = joined.sbRemote
	answer, err := ovs.Unixctl(ctx, ovs.ControlSocket(a.config.Paths.Run("ovs"), ovs.OVNController), "connection-status")
	switch answer = strings.TrimSpace(answer); {
	case err != nil:
		o.Message = err.Error()
	case answer != "connected":
		o.Message = "ovn-controller is " + answer
	case a.server == nil:
		o.Chassis = a.config.Node.Name // on a server the database says so
	}
	return o
}

// readOVN reads the databases' figures. Ports without a type are those of pods and nodes.
func readOVN(ctx context.Context, nbDB, sbDB ovsdb.DB, node string, o *status.OVN) error {
	rows, err := nbDB.Transact(ctx, ovsdb.Select(nb.TableNBGlobal), ovsdb.Select(nb.TableLogicalSwitchPort, ovsdb.Condition{Column: nb.LogicalSwitchPortColType, Function: ovsdb.Eq, Value: ""}))
	if err != nil {
		return fmt.Errorf("reading the northbound database: %w", err)
	}
	for _, r := range rows[0].Rows {
		g := nb.NewNBGlobal(r)
		o.NBCfg, o.SBCfg, o.HVCfg = g.NBCfg, g.SBCfg, g.HvCfg
	}
	for _, r := range rows[1].Rows {
		o.Ports++
		if p := nb.NewLogicalSwitchPort(r); p.Up != nil && *p.Up {
			o.PortsUp++
		}
	}
	rows, err = sbDB.Transact(ctx, ovsdb.Select(sb.TableChassis))
	if err != nil {
		return fmt.Errorf("reading the southbound database: %w", err)
	}
	for _, r := range rows[0].Rows {
		o.Chassises++
		if name := sb.NewChassis(r).Name; name == node {
			o.Chassis = name
		}
	}
	return nil
}
