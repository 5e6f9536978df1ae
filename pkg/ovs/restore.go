package ovs

import (
	"context"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/kove-io/kove/pkg/ovs/vswitch"
)

// The kernel's datapath goes on forwarding by its cached flows when ovs-vswitchd dies. A new ovs-vswitchd would flush them
// at its start, before ovn-controller has told it any rule. With other_config:flow-restore-wait (ovs-vswitchd.conf.db(5)) it
// leaves them alone until the key is removed.
const flowRestoreWait = "flow-restore-wait"

// kernelDatapath exists while the kernel has a datapath of Open vSwitch.
const kernelDatapath = "ovs-system"

// holdFlows makes the ovs-vswitchd that is about to start keep the flows of its predecessor, if there are any.
func (d *DataPlane) holdFlows(ctx context.Context) error {
	if _, err := netlink.LinkByName(kernelDatapath); err != nil {
		return nil //nolint:nilerr // a first start
	}
	return d.withDatabase(ctx, func(ctx context.Context, db *vswitch.Client) error {
		return db.SetOtherConfig(ctx, map[string]string{flowRestoreWait: "true"})
	})
}

// Nothing tells that ovn-controller has installed its last rule, so that a number of rules that stands still for restSamples
// counts as all of them. New connections wait that long, and never longer than restoreLimit.
const (
	restoreSample = 100 * time.Millisecond
	restSamples   = 5
	restoreLimit  = 15 * time.Second
)

// releaseFlows lets ovs-vswitchd go on once ovn-controller has installed its rules again. It runs after an adoption too: a
// kove that died in between must not leave ovs-vswitchd waiting.
func (d *DataPlane) releaseFlows(ctx context.Context) error {
	return d.withDatabase(ctx, func(ctx context.Context, db *vswitch.Client) error {
		root, err := db.Root(ctx)
		if err != nil || root.OtherConfig[flowRestoreWait] == "" {
			return err
		}
		began := time.Now()
		n := d.awaitRules(ctx)
		d.log.Info("ovs-vswitchd kept the flows of its predecessor", "component", Vswitchd, "rules", n, "took", time.Since(began).Round(time.Millisecond))
		return db.SetOtherConfig(ctx, nil, flowRestoreWait)
	})
}

func (d *DataPlane) awaitRules(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, restoreLimit)
	defer cancel()
	tick := time.NewTicker(restoreSample)
	defer tick.Stop()
	last, same := 0, 0
	if _, err := Unixctl(ctx, ControlSocket(d.o.RunDir, OVNController), "version"); err != nil {
		return 0 // it starts after us
	}
	for same < restSamples {
		report, err := Unixctl(ctx, ControlSocket(d.o.RunDir, Vswitchd), "memory/show")
		if err != nil {
			return last
		}
		n := rules(report)
		if n == last && n > fewRules {
			same++
		} else {
			last, same = n, 0
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return last
		}
	}
	return last
}

func (d *DataPlane) withDatabase(ctx context.Context, f func(context.Context, *vswitch.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	db, err := vswitch.Dial(ctx, d.o.DBSocket(), d.log)
	if err != nil {
		return err
	}
	defer db.Close()
	return f(ctx, db)
}
