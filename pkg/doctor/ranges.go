package doctor

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"github.com/kove-io/kove/pkg/config"
	"github.com/kove-io/kove/pkg/pki"
)

// ranges compares the cluster's ranges with where the host already sends packets.
func ranges(ctx context.Context, h Host, c Case) []Finding {
	var out []Finding
	cluster := pki.Plan{ClusterCIDR: c.Cluster.ClusterCIDR, ServiceCIDR: c.Cluster.ServiceCIDR, JoinCIDR: c.Cluster.JoinCIDR}
	if c.Role == config.Agent {
		cluster = plan(ctx, h, c)
	}
	for _, r := range routes(h) {
		for _, mine := range []struct {
			option string
			prefix netip.Prefix
		}{{"cluster-cidr", cluster.ClusterCIDR}, {"service-cidr", cluster.ServiceCIDR}, {"join-cidr", cluster.JoinCIDR}} {
			if !mine.prefix.IsValid() || !mine.prefix.Overlaps(r.dst) {
				continue
			}
			whose, remedy := origin(c, mine.option, mine.prefix.String()), "choose a range with --%s that the site does not use, or remove the route"
			if c.Role == config.Agent {
				whose = fmt.Sprintf("%s %s of the cluster at %s", mine.option, mine.prefix, c.Join.Server)
				remedy = "remove the route; or make the cluster anew with another --%s, which cannot be changed later"
			}
			out = append(out, Finding{ID: "ranges/" + mine.option, Severity: Fatal,
				Seen:   fmt.Sprintf("%s overlaps the host's route to %s by %s", whose, r.dst, r.nic),
				Why:    "the host could reach either the cluster or that network, not both",
				Remedy: fmt.Sprintf(remedy, mine.option)})
		}
	}
	return out
}

type route struct {
	dst netip.Prefix
	nic string
}

// routes reads the host's IPv4 routes but the default one and kove's own. /proc/net/route holds addresses as hexadecimal
// numbers in the machine's byte order.
func routes(h Host) []route {
	var out []route
	for _, line := range lines(h, "/proc/net/route") {
		f := strings.Fields(line)
		if len(f) < 8 || f[0] == "Iface" || f[0] == "ovn0" || f[0] == "br-int" {
			continue
		}
		dst, okDst := hexAddr(f[1])
		mask, okMask := hexAddr(f[7])
		if !okDst || !okMask || mask == 0 {
			continue
		}
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], dst)
		out = append(out, route{netip.PrefixFrom(netip.AddrFrom4(b), bits.LeadingZeros32(^mask)).Masked(), f[0]})
	}
	return out
}

func hexAddr(s string) (uint32, bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 4 {
		return 0, false
	}
	if hostLittleEndian() {
		b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	}
	return binary.BigEndian.Uint32(b), true
}

func hostLittleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

func defaultRouteNIC(h Host) string {
	for _, line := range lines(h, "/proc/net/route") {
		if f := strings.Fields(line); len(f) >= 8 && f[1] == "00000000" && f[7] == "00000000" {
			return f[0]
		}
	}
	return ""
}
