package oracle

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/kove-io/kove/pkg/ovsdb"
)

// canonical is Normalise with tunnel keys replaced by names. Which key a port or datapath gets after others have gone depends
// on whether stock's engine recomputed in between: any that is its own is as good. A key that two rows have is an error.
func canonical(nb, sb *Dump) (Text, error) {
	var errs []error
	names := map[string]string{} // key of datapath → its name
	ports := map[string]string{} // keys of datapath and port → the port's name
	taken := map[string]string{}
	unique := func(space string, r Row, what string) {
		k := fmt.Sprintf("%s %d", space, r["tunnel_key"])
		if other, ok := taken[k]; ok {
			errs = append(errs, fmt.Errorf("%s and %s have the same tunnel key (%s)", other, what, k))
		}
		taken[k] = what
	}
	keyOf := map[ovsdb.UUID]any{}
	for id, r := range sb.Tables["Datapath_Binding"] {
		name := stringMap(r, "external_ids")["name"]
		unique("datapath", r, name)
		names[fmt.Sprint(r["tunnel_key"])] = name
		keyOf[id] = r["tunnel_key"]
		delete(r, "tunnel_key")
	}
	for _, r := range sb.Tables["Port_Binding"] {
		unique(fmt.Sprint(r["datapath"]), r, text(r, "logical_port"))
		dp, _ := r["datapath"].(ovsdb.UUID)
		ports[fmt.Sprint(keyOf[dp], " ", r["tunnel_key"])] = text(r, "logical_port")
		delete(r, "tunnel_key")
	}
	for _, r := range sb.Tables["FDB"] {
		// Keys of what is not there stay numbers.
		if port, ok := ports[fmt.Sprint(r["dp_key"], " ", r["port_key"])]; ok {
			r["dp_key"], r["port_key"] = names[fmt.Sprint(r["dp_key"])], port
		}
	}
	for _, r := range sb.Tables["Port_Group"] {
		if key, rest, ok := strings.Cut(text(r, "name"), "_"); ok {
			r["name"] = names[key] + "_" + rest
		}
	}
	rename := func(s string) string {
		return vipSet.ReplaceAllStringFunc(s, func(m string) string {
			x := vipSet.FindStringSubmatch(m)
			return "_rtr_lb_" + names[x[1]] + "_" + x[2]
		})
	}
	for _, r := range sb.Tables["Address_Set"] {
		r["name"] = rename(text(r, "name"))
	}
	for _, r := range sb.Tables["Logical_Flow"] {
		r["match"] = rename(text(r, "match"))
	}
	return Normalise(nb, sb, false), errors.Join(errs...)
}

// vipSet is the address set with a router's load balancer VIPs, which is named after the router's key.
var vipSet = regexp.MustCompile(`_rtr_lb_(\d+)_(ip[46])`)
