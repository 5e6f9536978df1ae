package packets

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// secondZone makes another availability zone beside the lab's: a central of its own and one chassis, hv4, on the same underlay.
func (l *lab) secondZone() (*lab, error) {
	z := &lab{dir: filepath.Join(l.dir, "zone2"), stock: l.stock, fabric: l.fabric, tor: l.tor, hv: map[string]*chassis{}}
	if err := os.MkdirAll(z.dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.Symlink(filepath.Join(l.dir, "ovn-central"), filepath.Join(z.dir, "ovn-central")); err != nil {
		return nil, err
	}
	if err := z.startCentral(); err != nil {
		return nil, err
	}
	c, err := z.newChassis(4)
	if err != nil {
		return nil, err
	}
	z.hv[c.name] = c
	_, err = z.tool("ovn-sbctl", "--timeout="+seconds(60), "wait-until", "Chassis", "hv4")
	return z, err
}

// interconnect starts the interconnection databases and an ovn-ic for each zone.
func (l *lab) interconnect(zones ...*lab) (ic *lab, err error) {
	ic = &lab{dir: filepath.Join(l.dir, "ic"), stock: l.stock, fabric: l.fabric}
	if err := os.MkdirAll(ic.dir, 0o755); err != nil {
		return nil, err
	}
	sock := "unix:" + ic.dir + "/ic.sock"
	ic.env = append(ic.environ(ic.dir), "OVN_IC_NB_DB="+sock, "OVN_IC_SB_DB="+sock)
	server := []string{"ovsdb-server", "--remote=p" + sock, "--unixctl=" + ic.dir + "/ic.ctl"}
	for _, db := range []string{"nb", "sb"} {
		file := ic.dir + "/ic-" + db + ".db"
		if _, err := ic.tool("ovsdb-tool", "create", file, l.stock+"/share/ovn/ovn-ic-"+db+".ovsschema"); err != nil {
			return nil, err
		}
		server = append(server, file)
	}
	p := ic.daemon(l.fabric, ic.dir, "ic", server...)
	if err := p.start(); err != nil {
		return nil, err
	}
	if err := p.waitSocket(ic.dir + "/ic.sock"); err != nil {
		return nil, err
	}
	for i, z := range zones {
		if _, err := z.tool("ovn-nbctl", "set", "NB_Global", ".", fmt.Sprint("name=zone", i+1), "options:ic-route-adv=true", "options:ic-route-learn=true"); err != nil {
			return nil, err
		}
		central := "unix:" + z.dir + "/central/"
		d := ic.daemon(l.fabric, ic.dir, fmt.Sprint("ovn-ic", i+1), "ovn-ic", "--ovnnb-db="+central+"nb.sock", "--ovnsb-db="+central+"sb.sock",
			"--ic-nb-db="+sock, "--ic-sb-db="+sock, fmt.Sprintf("--unixctl=%s/ovn-ic%d.ctl", ic.dir, i+1))
		if err := d.start(); err != nil {
			return nil, err
		}
	}
	return ic, nil
}

// Two availability zones, each with a central of its own, and stock's ovn-ic between them: a transit switch, remote ports and chassis,
// and learned routes carry packets from one to the other and answers back.
func TestInterconnection(t *testing.T) {
	t.Parallel()
	l := needLab(t)
	z, err := l.secondZone()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*chassis{l.hv["hv3"], z.hv["hv4"]} {
		if err := c.vsctl("set", "open", ".", "external_ids:ovn-is-interconn=true"); err != nil {
			t.Fatal(err)
		}
	}
	ic, err := l.interconnect(l, z)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ic.tool("ovn-ic-nbctl", "--timeout="+seconds(60), "ts-add", "icts"); err != nil {
		t.Fatal(err)
	}
	var ends []*endpoint
	for i, zone := range []*lab{l, z} {
		if _, err := zone.tool("ovn-nbctl", "--timeout="+seconds(60), "wait-until", "Logical_Switch", "icts"); err != nil {
			t.Fatal(err)
		}
		gateway, hv := []string{"hv3", "hv4"}[i], []string{"hv1", "hv4"}[i]
		ls, lr, name, net := fmt.Sprint("ics", i), fmt.Sprint("icr", i), fmt.Sprint("ic-", i), fmt.Sprint("10.20.", i, ".")
		zone.nb(t, "ls-add "+ls+"\nlr-add "+lr+"\n"+join(lr, ls, net+"1/24")+lsp(ls, name, net+"10")+
			join(lr, "icts", fmt.Sprintf("169.254.100.%d/24", i+1))+"lrp-set-gateway-chassis "+lr+"-icts "+gateway)
		ends = append(ends, zone.vif(t, hv, name, []string{net + "10/24"}, net+"1"))
		zone.settle(t, ends[i])
	}
	a, b := ends[0], ends[1]
	b.serveTCP(t, ":80")
	a.reach(t, "10.20.1.10")
	a.wantAnswer(t, "tcp", "10.20.1.10:80", "ic-1 sees 10.20.0.10")
	b.ping(t, "10.20.0.10", 3)
	// What the other zone has stands in the databases of this one.
	l.untilRows(t, 1, "Port_Binding", "logical_port=icts-icr1", "type=remote")
	l.untilRows(t, 1, "Chassis", "name=hv4", "other_config:is-remote=true")
}
