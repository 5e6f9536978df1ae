package config

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestProxyEnviron(t *testing.T) {
	c := Default(Server)
	c.Node.IPs = []netip.Addr{netip.MustParseAddr("192.0.2.10")}
	if env := c.ProxyEnviron(); env != nil {
		t.Errorf("without a proxy: %v", env)
	}
	c.Node.Pull.HTTPSProxy, c.Node.Pull.NoProxy = "http://u:p@proxy:3128", []string{"registry.example", "localhost"}
	env := c.ProxyEnviron()
	for _, want := range []string{"HTTPS_PROXY=http://u:p@proxy:3128", "https_proxy=http://u:p@proxy:3128"} {
		if !slices.Contains(env, want) {
			t.Errorf("no %q in %v", want, env)
		}
	}
	for _, kv := range env {
		if strings.HasPrefix(strings.ToUpper(kv), "HTTP_PROXY=") {
			t.Errorf("%s, although only the https proxy was given", kv)
		}
	}
	const no = "registry.example,localhost,127.0.0.0/8,::1,10.16.0.0/16,10.43.0.0/16,100.64.0.0/16,192.0.2.10,.svc,.cluster.local"
	for _, name := range []string{"NO_PROXY=", "no_proxy="} {
		if !slices.Contains(env, name+no) {
			t.Errorf("no %s%s in %v", name, no, env)
		}
	}
}

func TestProxyOptions(t *testing.T) {
	for name, tc := range map[string]struct {
		flags map[string][]string
		want  string
	}{
		"no scheme":       {map[string][]string{"http-proxy": {"proxy.example:3128"}}, "--http-proxy: not the URL of a proxy; write http://HOST:PORT"},
		"no host":         {map[string][]string{"https-proxy": {"http://:3128"}}, "--https-proxy: not the URL of a proxy"},
		"password hidden": {map[string][]string{"http-proxy": {"ftp://u:geheim@proxy"}}, "--http-proxy: not the URL of a proxy"},
		"relative file":   {map[string][]string{"private-registry": {"r.yaml"}}, `"r.yaml" is a relative path`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(Input{Role: Server, Flags: tc.flags})
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "geheim") {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
