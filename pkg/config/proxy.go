package config

import "slices"

// ProxyEnviron is the environment that sends containerd's pulls through the configured proxies, nil without any. Both
// spellings are there, as programs differ in which they read.
func (c *Config) ProxyEnviron() []string {
	p := c.Node.Pull
	if p.HTTPProxy == "" && p.HTTPSProxy == "" {
		return nil
	}
	no := ""
	for i, host := range c.NoProxy() {
		if i > 0 {
			no += ","
		}
		no += host
	}
	var out []string
	for _, v := range []struct{ upper, lower, value string }{
		{"HTTP_PROXY", "http_proxy", p.HTTPProxy}, {"HTTPS_PROXY", "https_proxy", p.HTTPSProxy}, {"NO_PROXY", "no_proxy", no},
	} {
		if v.value != "" {
			out = append(out, v.upper+"="+v.value, v.lower+"="+v.value)
		}
	}
	return out
}

// NoProxy is what is reached without a proxy: what the operator named, and what a proxy cannot reach or must not see.
func (c *Config) NoProxy() []string {
	out := append([]string(nil), c.Node.Pull.NoProxy...)
	add := func(s string) {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, s := range []string{"localhost", "127.0.0.0/8", "::1", c.Cluster.ClusterCIDR.String(), c.Cluster.ServiceCIDR.String(), c.Cluster.JoinCIDR.String()} {
		add(s)
	}
	for _, ip := range c.Node.IPs {
		add(ip.String())
	}
	for _, ip := range c.Node.ExternalIPs {
		add(ip.String())
	}
	if c.API.AdvertiseAddress.IsValid() {
		add(c.API.AdvertiseAddress.String())
	}
	add(".svc")
	if c.Cluster.Domain != "" {
		add("." + c.Cluster.Domain)
	}
	return out
}
