package doctor

import (
	"context"
	"strings"

	"github.com/kove-io/kove/pkg/config"
)

func firewallCheck() Check {
	return Check{Name: "firewall", About: "firewalld and ufw", Roles: both, Run: firewall, Finds: []Explanation{
		{"firewall/firewalld", Warning, "firewalld runs. It drops what it does not know: other nodes' tunnels (UDP 6081), pods' traffic over ovn0, joins (TCP 6443, 6642) and kubelet (TCP 10250). Either `systemctl disable --now firewalld`, or open it: `firewall-cmd --permanent --add-port={6443,6642,10250}/tcp --add-port=6081/udp`, `firewall-cmd --permanent --zone=trusted --add-interface=ovn0 --add-source=10.16.0.0/16 --add-source=10.43.0.0/16 --add-source=100.64.0.0/16`, `firewall-cmd --reload`."},
		{"firewall/ufw", Warning, "ufw is on. It drops what it does not know: other nodes' tunnels (UDP 6081), pods' traffic over ovn0, joins (TCP 6443, 6642) and kubelet (TCP 10250). Either `ufw disable`, or open it: `ufw allow 6443,6642,10250/tcp`, `ufw allow 6081/udp`, `ufw allow in on ovn0`, `ufw route allow in on ovn0`, `ufw route allow out on ovn0`."},
	}}
}

func firewall(_ context.Context, h Host, c Case) []Finding {
	const why = "it drops tunnels, pods' traffic and joins unless told not to"
	tcp := "6642,10250"
	if c.Role == config.Server {
		tcp = "6443,6642,10250"
	}
	var out []Finding
	for _, p := range processes(h) {
		if p.name == "firewalld" || strings.Contains(p.command, "/firewalld") {
			out = append(out, Finding{"firewall/firewalld", Warning, "firewalld runs (pid " + p.pid + ")", why,
				"`systemctl disable --now firewalld`, or open TCP " + tcp + ", UDP 6081 and trust the interface ovn0 (`kove doctor explain firewall/firewalld`)"})
			break
		}
	}
	for _, line := range lines(h, "/etc/ufw/ufw.conf") {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), "="); name == "ENABLED" && strings.EqualFold(strings.Trim(value, `"`), "yes") {
			out = append(out, Finding{"firewall/ufw", Warning, "ufw is on (/etc/ufw/ufw.conf)", why,
				"`ufw disable`, or open TCP " + tcp + ", UDP 6081 and the interface ovn0 (`kove doctor explain firewall/ufw`)"})
		}
	}
	return out
}
