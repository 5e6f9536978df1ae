package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
)

func pathCheck() Check {
	return Check{Name: "path", About: "the way to the server of a joining node: ports, MTU, its name there", Roles: agentOnly, Run: way, Finds: []Explanation{
		{"path/southbound", Fatal, "The server's TCP port 6443 answers, but port 6642 does not: that of OVN's southbound database, from which this node gets its network. Pods here would never become ready. Open it in firewalls between the machines; the port is the server's --ovn-sb-port."},
		{"path/mtu", Fatal, "The way to the server passes less than this machine's NIC sends: packets that are larger are lost, mostly in silence. Small things work (ping, joining), then image pulls, logs and connections between pods hang. Give every node --mtu of the path minus 100, or lower the NIC's MTU, or repair the hop (VPN, PPPoE, a switch without jumbo frames)."},
		{"path/name", Fatal, "The cluster has a node with this machine's name, or with its address, that is another machine. A name belongs to the machine that first joined with it. Give --node-name another; or, if that machine is gone, `kove kubectl delete node NAME` on the server."},
	}}
}

// way looks at the path to the server. The check of the server itself says when there is none.
func way(ctx context.Context, h Host, c Case) []Finding {
	if c.Join.Server == "" || c.Role != config.Agent {
		return nil
	}
	probe, err := h.FetchCA(ctx, c.Join.Server)
	if err != nil {
		return nil
	}
	u, err := url.Parse(c.Join.Server)
	if err != nil {
		return nil
	}
	var out []Finding
	southbound := "6642"
	if p := plan(ctx, h, c); p.SBPort != 0 {
		southbound = strconv.Itoa(p.SBPort)
	}
	if err := h.Reach(ctx, net.JoinHostPort(u.Hostname(), southbound)); err != nil {
		out = append(out, Finding{"path/southbound", Fatal, fmt.Sprintf("%s answers on port %s, but not on %s: %v", u.Hostname(), u.Port(), southbound, err), "that is OVN's southbound database: pods here would have no network",
			"open TCP port " + southbound + " between the machines"})
	}
	out = append(out, pathMTU(ctx, h, c, u.Hostname())...)
	t, err := pki.ParseToken(c.Join.Token)
	if err != nil || c.Join.Token == "" || t.CheckCA(probe.CABundle) != nil {
		return out // the token does not go to a server that it does not belong to
	}
	claim := pki.Claim{Node: c.Node.Name, Addresses: c.Node.IPs}
	if data, err := h.ReadFile(filepath.Join(c.Paths.NodeDir, "password")); err == nil {
		claim.Password = strings.TrimSpace(string(data))
	}
	if err := h.CheckName(ctx, c.Join.Server, probe.CABundle, t, claim); errors.Is(err, pki.ErrClaimed) {
		out = append(out, Finding{"path/name", Fatal, fmt.Sprintf("the cluster has another machine with the name %s or the address %s (%v)", c.Node.Name, c.Node.IP(), err), "a node's name and address belong to the machine that first joined with them",
			fmt.Sprintf("give --node-name another, or, if that machine is gone, run `kove kubectl delete node %s` on the server", c.Node.Name)})
	}
	return out
}

func pathMTU(ctx context.Context, h Host, c Case, host string) []Finding {
	targets, err := h.Resolve(host)
	if err != nil {
		return nil
	}
	links, err := h.Links()
	if err != nil {
		return nil
	}
	for _, to := range targets {
		if !to.Is4() || to.IsLoopback() {
			continue
		}
		source, err := h.SourceAddress(to)
		if err != nil {
			continue
		}
		for _, l := range links {
			for _, p := range l.Addrs {
				if p.Addr() != source {
					continue
				}
				most, err := h.PathMTU(ctx, to, l.MTU)
				if err != nil || most == 0 || most >= l.MTU || mtuFits(c, most) {
					return nil // nothing answers echo requests, or all is well
				}
				return []Finding{{"path/mtu", Fatal, fmt.Sprintf("%s sends %d bytes, but only %d reach %s", l.Name, l.MTU, most, to), "larger packets are lost in silence: pulls, logs and connections between pods hang",
					fmt.Sprintf("give every node --mtu %d, or `ip link set %s mtu %d`, or repair the hop between", most-config.GeneveOverhead, l.Name, most)}}
			}
		}
	}
	return nil
}

// mtuFits tells whether the operator already chose an MTU that the path carries.
func mtuFits(c Case, path int) bool { return c.OVN.MTUSet && c.OVN.MTU+config.GeneveOverhead <= path }

func configCheck() Check {
	return Check{Name: "config", About: "configuration: flags, variables, /etc/kove/config.yaml, and what is derived from the machine", Roles: Roles(), Finds: []Explanation{
		{"config/OPTION", Fatal, "An option is wrong, or what kove derives from the machine cannot be used: a host name that is no node name (localhost, capitals are fine, underscores are not), no address, a node address inside one of the cluster's ranges, a resolv.conf that cannot be read. The finding is named after the option (`kove server --help`) and says where it came from. kove would not start."},
	}, Run: func(context.Context, Host, Case) []Finding { return nil }}
}

// configuration turns the faults of loading it into findings.
func configuration(err error) []Finding {
	if err == nil {
		return nil
	}
	var faults config.Faults
	if !errors.As(err, &faults) {
		return []Finding{{"config/file", Fatal, err.Error(), "kove would not start", "correct it"}}
	}
	var out []Finding
	for _, f := range faults {
		id := f.Option
		if id == "" {
			id = "file"
		}
		where := f.Origin
		if !strings.Contains(where, f.Option) {
			where = strings.TrimSpace(f.Option + " (" + f.Origin + ")")
		}
		remedy := f.Remedy
		if remedy == "" {
			remedy = "correct it"
		}
		out = append(out, Finding{"config/" + id, Fatal, where + ": " + f.What, "kove would not start", remedy})
	}
	return out
}

// Load resolves the configuration of a machine that may not have one yet: an agent need not know its server and token. What
// is wrong comes back as an error beside a Config that has at least the defaults.
func Load(in config.Input) (*config.Config, error) {
	c, err := config.Load(in)
	var faults config.Faults
	if err == nil || !errors.As(err, &faults) || in.Role != config.Agent {
		return usable(c, in.Role, err)
	}
	// 192.0.2.1 is nobody (RFC 5737): what is derived from the way there is what is derived from the default route.
	open := map[string]string{"server": "https://192.0.2.1:6443", "token": "none"}
	flags := map[string][]string{}
	for name, v := range in.Flags {
		flags[name] = v
	}
	cleared := map[string]bool{}
	for _, f := range faults {
		if open[f.Option] == "" || f.Origin != "default" {
			return usable(nil, in.Role, err)
		}
		flags[f.Option], cleared[f.Option] = []string{open[f.Option]}, true
	}
	in.Flags = flags
	if c, err = config.Load(in); err != nil {
		return usable(nil, in.Role, err)
	}
	for option := range cleared {
		delete(c.Origins, option)
	}
	if cleared["server"] {
		c.Join.Server = ""
	}
	if cleared["token"] {
		c.Join.Token = ""
	}
	return c, nil
}

func usable(c *config.Config, role config.Role, err error) (*config.Config, error) {
	if c == nil {
		c = config.Default(role)
	}
	return c, err
}
