package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

func proxyCheck() Check {
	return Check{Name: "proxy", About: "proxy variables in the shell, /etc/environment, systemd units and containerd's configuration", Roles: both, Run: proxies, Finds: []Explanation{
		{"proxy/shell", Warning, "A proxy is set in this shell, and NO_PROXY lacks the cluster. kove clears such variables when it starts, and pods do not inherit them; but kubectl, helm and curl of this shell send requests for the cluster to the proxy, which cannot reach it. Add the node's address and the cluster's ranges to NO_PROXY. For pulling images through a proxy, give kove --https-proxy: it reaches containerd's pulls alone."},
		{"proxy/environment", Warning, "/etc/environment sets a proxy for every login, and NO_PROXY lacks the cluster. As with a proxy in the shell, kove is not affected, but kubectl, helm and curl are. Add the node's address and the cluster's ranges to NO_PROXY there."},
		{"proxy/unit", Warning, "A systemd unit, drop-in or environment file of kove or of all services sets a proxy. kove clears it at start, so nothing of the cluster goes there, but it also does nothing: images are pulled without it. (k3s wrote such a file itself, from the shell that installed it; then nothing reached pods and Services.) Remove it, and give kove --http-proxy and --https-proxy, or these keys in /etc/kove/config.yaml."},
		{"proxy/containerd", Note, "A drop-in of containerd.service sets a proxy. It is for the machine's own containerd, not for kove's, which pulls through --http-proxy and --https-proxy only."},
	}}
}

func proxies(_ context.Context, h Host, c Case) []Finding {
	var out []Finding
	say := func(id, where string, v map[string]string) {
		name, host := proxyOf(v)
		if name == "" {
			return
		}
		missing := uncovered(c, v["no_proxy"]+","+v["NO_PROXY"])
		if len(missing) == 0 {
			return
		}
		out = append(out, Finding{id, Warning, fmt.Sprintf("%s sets %s (%s) without %s in NO_PROXY", where, name, host, strings.Join(missing, ", ")),
			"kove ignores it, but kubectl, helm and curl ask that proxy for what is in the cluster", "add " + strings.Join(missing, ",") + " to NO_PROXY there"})
	}
	say("proxy/shell", "this shell", variables(h.Environ()))
	say("proxy/environment", "/etc/environment", variables(lines(h, "/etc/environment")))
	for _, pattern := range []string{
		"/etc/systemd/system/kove*.service", "/etc/systemd/system/kove*.service.d/*.conf", "/etc/systemd/system/kove*.service.env", "/etc/default/kove*", "/etc/sysconfig/kove*",
		"/etc/systemd/system.conf", "/etc/systemd/system.conf.d/*.conf",
	} {
		for _, file := range h.Glob(pattern) {
			if name, host := proxyOf(variables(lines(h, file))); name != "" {
				out = append(out, Finding{"proxy/unit", Warning, fmt.Sprintf("%s sets %s (%s)", file, name, host), "kove clears it, so images are pulled without it",
					"remove it there; for pulls write `https-proxy: URL` into " + c.Paths.ConfigFile})
			}
		}
	}
	for _, pattern := range []string{"/etc/systemd/system/containerd.service.d/*.conf"} {
		for _, file := range h.Glob(pattern) {
			if name, host := proxyOf(variables(lines(h, file))); name != "" {
				out = append(out, Finding{"proxy/containerd", Note, fmt.Sprintf("%s sets %s (%s)", file, name, host), "kove's own containerd does not read it", "for kove's pulls write `https-proxy: URL` into " + c.Paths.ConfigFile})
			}
		}
	}
	return out
}

// variables reads NAME=VALUE, also as Environment="NAME=VALUE" …, DefaultEnvironment= and export NAME=VALUE.
func variables(list []string) map[string]string {
	out := map[string]string{}
	for _, line := range list {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		words := []string{strings.TrimPrefix(line, "export ")}
		for _, key := range []string{"Environment=", "DefaultEnvironment="} {
			if rest, ok := strings.CutPrefix(line, key); ok {
				words = strings.Fields(rest)
			}
		}
		for _, w := range words {
			if name, value, ok := strings.Cut(strings.Trim(w, `"'`), "="); ok {
				out[name] = strings.Trim(value, `"'`)
			}
		}
	}
	return out
}

// proxyOf finds a proxy, and its host without credentials.
func proxyOf(v map[string]string) (name, host string) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		if v[name] == "" {
			continue
		}
		text := v[name]
		if !strings.Contains(text, "://") {
			text = "http://" + text
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" {
			return name, "not a URL"
		}
		return name, u.Host
	}
	return "", ""
}

// uncovered are the addresses and ranges of the cluster that NO_PROXY lacks.
func uncovered(c Case, noProxy string) []string {
	var have []string
	for _, s := range strings.FieldsFunc(noProxy, func(r rune) bool { return r == ',' || r == ' ' }) {
		have = append(have, strings.TrimPrefix(s, "*"))
	}
	if slices.Contains(have, "") { // "*": everything
		return nil
	}
	covers := func(p netip.Prefix) bool {
		for _, s := range have {
			if q, err := netip.ParsePrefix(s); err == nil && q.Bits() <= p.Bits() && q.Contains(p.Addr()) {
				return true
			}
			if a, err := netip.ParseAddr(s); err == nil && p.IsSingleIP() && a == p.Addr() {
				return true
			}
		}
		return false
	}
	var out []string
	for _, ip := range c.Node.IPs {
		if p := netip.PrefixFrom(ip, ip.BitLen()); !covers(p) {
			out = append(out, ip.String())
		}
	}
	for _, p := range []netip.Prefix{c.Cluster.ClusterCIDR, c.Cluster.ServiceCIDR} {
		if p.IsValid() && !covers(p) {
			out = append(out, p.String())
		}
	}
	return out
}
