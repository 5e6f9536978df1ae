package vswitch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// BridgeSpec is a wanted bridge.
type BridgeSpec struct {
	Name         string
	DatapathType string // DatapathSystem or DatapathNetdev
	Secure       bool   // fail_mode=secure: without flows nothing is forwarded, and flows stay when their controller goes
	OtherConfig  map[string]string
	ExternalIDs  map[string]string
}

// EnsureBridge makes the bridge, with the internal port of the same name, or corrects it.
func (v *Client) EnsureBridge(ctx context.Context, want BridgeSpec) error {
	ops, err := v.ensureBridge(ctx, want)
	if err == nil {
		err = v.transact(ctx, ops)
	}
	if err != nil {
		return fmt.Errorf("making bridge %s: %w", want.Name, err)
	}
	return nil
}

func (v *Client) ensureBridge(ctx context.Context, want BridgeSpec) ([]ovsdb.Operation, error) {
	var failMode *string
	if want.Secure {
		secure := "secure"
		failMode = &secure
	}
	b := Bridge{Name: want.Name}
	err := v.get(ctx, &b)
	if errors.Is(err, ErrNotFound) {
		root, err := v.Root(ctx)
		if err != nil {
			return nil, err
		}
		row := &Bridge{UUID: "bridge", Name: want.Name, Ports: []string{"port"}, DatapathType: want.DatapathType,
			FailMode: failMode, OtherConfig: want.OtherConfig, ExternalIDs: want.ExternalIDs}
		ops, err := v.create(
			&Interface{UUID: "iface", Name: want.Name, Type: "internal"},
			&Port{UUID: "port", Name: want.Name, Interfaces: []string{"iface"}},
			row)
		if err != nil {
			return nil, err
		}
		add, err := v.c.Where(&root).Mutate(&root, model.Mutation{Field: &root.Bridges, Mutator: ovsdb.MutateOperationInsert, Value: []string{"bridge"}})
		return append(ops, add...), err
	}
	if err != nil {
		return nil, err
	}
	var ops []ovsdb.Operation
	if b.DatapathType != want.DatapathType || (b.FailMode == nil) != (failMode == nil) {
		b.DatapathType, b.FailMode = want.DatapathType, failMode
		if ops, err = v.c.Where(&b).Update(&b, &b.DatapathType, &b.FailMode); err != nil {
			return nil, err
		}
	}
	config, err := v.mutateMap(&b, &b.OtherConfig, b.OtherConfig, merge(b.OtherConfig, want.OtherConfig, nil))
	if err != nil {
		return nil, err
	}
	ids, err := v.mutateMap(&b, &b.ExternalIDs, b.ExternalIDs, merge(b.ExternalIDs, want.ExternalIDs, nil))
	return slices.Concat(ops, config, ids), err
}

// DeleteBridge removes the bridge and all its ports.
func (v *Client) DeleteBridge(ctx context.Context, name string) error {
	b := Bridge{Name: name}
	err := v.get(ctx, &b)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting bridge %s: %w", name, err)
	}
	root, err := v.Root(ctx)
	if err != nil {
		return fmt.Errorf("deleting bridge %s: %w", name, err)
	}
	ops, err := v.c.Where(&root).Mutate(&root, model.Mutation{Field: &root.Bridges, Mutator: ovsdb.MutateOperationDelete, Value: []string{b.UUID}})
	if err == nil {
		err = v.transact(ctx, ops)
	}
	if err != nil {
		return fmt.Errorf("deleting bridge %s: %w", name, err)
	}
	return nil
}

// PortSpec is a wanted port with one interface of the same name.
type PortSpec struct {
	Bridge      string
	Name        string
	Type        string // "" for an existing link, "internal" for one that ovs-vswitchd makes
	MAC         string // of an internal port, "" for any
	MTU         int    // of an internal port, 0 for the bridge's
	Options     map[string]string
	ExternalIDs map[string]string // of the interface
}

// EnsurePort adds the port, or corrects its interface. Other interfaces with the same iface-id are removed in the same
// transaction: two claims on one logical port make ovn-controller choose either.
func (v *Client) EnsurePort(ctx context.Context, want PortSpec) error {
	ops, err := v.ensurePort(ctx, want)
	if err == nil {
		err = v.transact(ctx, ops)
	}
	if err != nil {
		return fmt.Errorf("adding port %s to bridge %s: %w", want.Name, want.Bridge, err)
	}
	return nil
}

func (v *Client) ensurePort(ctx context.Context, want PortSpec) ([]ovsdb.Operation, error) {
	b := Bridge{Name: want.Bridge}
	if err := v.get(ctx, &b); err != nil {
		return nil, fmt.Errorf("looking up bridge %s: %w", want.Bridge, err)
	}
	var ops []ovsdb.Operation
	if id := want.ExternalIDs[IfaceID]; id != "" {
		rivals, err := v.Interfaces(ctx, func(i *Interface) bool { return i.ExternalIDs[IfaceID] == id && i.Name != want.Name })
		if err != nil {
			return nil, err
		}
		for _, r := range rivals {
			del, err := v.deletePort(ctx, r.Name)
			if err != nil {
				return nil, err
			}
			ops = append(ops, del...)
		}
	}
	i := Interface{Name: want.Name}
	err := v.get(ctx, &i)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	p := Port{Name: want.Name}
	portErr := v.get(ctx, &p)
	if portErr != nil && !errors.Is(portErr, ErrNotFound) {
		return nil, portErr
	}
	if err == nil && portErr == nil && slices.Contains(b.Ports, p.UUID) && i.Type == want.Type {
		fix, err := v.correctInterface(i, want)
		return append(ops, fix...), err
	}
	if portErr == nil { // on another bridge, or of another type: made anew
		del, err := v.deletePort(ctx, want.Name)
		if err != nil {
			return nil, err
		}
		ops = append(ops, del...)
	}
	row := &Interface{UUID: "iface", Name: want.Name, Type: want.Type, Options: want.Options, ExternalIDs: want.ExternalIDs}
	if want.MAC != "" {
		row.MAC = &want.MAC
	}
	if want.MTU != 0 {
		row.MTURequest = &want.MTU
	}
	create, err := v.create(row, &Port{UUID: "port", Name: want.Name, Interfaces: []string{"iface"}})
	if err != nil {
		return nil, err
	}
	add, err := v.c.Where(&b).Mutate(&b, model.Mutation{Field: &b.Ports, Mutator: ovsdb.MutateOperationInsert, Value: []string{"port"}})
	return slices.Concat(ops, create, add), err
}

func (v *Client) correctInterface(i Interface, want PortSpec) ([]ovsdb.Operation, error) {
	var ops []ovsdb.Operation
	if (want.MAC != "" && (i.MAC == nil || *i.MAC != want.MAC)) || (want.MTU != 0 && (i.MTURequest == nil || *i.MTURequest != want.MTU)) ||
		(want.Options != nil && !maps.Equal(i.Options, want.Options)) {
		fields := []any{&i.Options}
		i.Options = want.Options
		if want.MAC != "" {
			i.MAC = &want.MAC
			fields = append(fields, &i.MAC)
		}
		if want.MTU != 0 {
			i.MTURequest = &want.MTU
			fields = append(fields, &i.MTURequest)
		}
		update, err := v.c.Where(&i).Update(&i, fields...)
		if err != nil {
			return nil, err
		}
		ops = append(ops, update...)
	}
	ids, err := v.mutateMap(&i, &i.ExternalIDs, i.ExternalIDs, merge(i.ExternalIDs, want.ExternalIDs, nil))
	return append(ops, ids...), err
}

// DeletePort removes the port from whatever bridge it is on.
func (v *Client) DeletePort(ctx context.Context, name string) error {
	ops, err := v.deletePort(ctx, name)
	if err == nil {
		err = v.transact(ctx, ops)
	}
	if err != nil {
		return fmt.Errorf("deleting port %s: %w", name, err)
	}
	return nil
}

func (v *Client) deletePort(ctx context.Context, name string) ([]ovsdb.Operation, error) {
	p := Port{Name: name}
	err := v.get(ctx, &p)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var bridges []Bridge
	if err := v.c.WhereCache(func(b *Bridge) bool { return slices.Contains(b.Ports, p.UUID) }).List(ctx, &bridges); err != nil {
		return nil, err
	}
	var ops []ovsdb.Operation
	for _, b := range bridges {
		del, err := v.c.Where(&b).Mutate(&b, model.Mutation{Field: &b.Ports, Mutator: ovsdb.MutateOperationDelete, Value: []string{p.UUID}})
		if err != nil {
			return nil, err
		}
		ops = append(ops, del...)
	}
	return ops, nil
}
