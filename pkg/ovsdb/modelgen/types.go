package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// baseType is an atomic type with the constraints that matter for the model.
type baseType struct {
	Type string
	Enum []string
}

// UnmarshalJSON accepts both forms of <base-type>: a bare atomic type and an
// object (RFC 7047, section 3.2).
func (b *baseType) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, &b.Type) == nil {
		return nil
	}
	var o struct {
		Type string
		Enum json.RawMessage
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return err
	}
	b.Type = o.Type
	if o.Type == "string" && o.Enum != nil {
		var set []json.RawMessage
		var one string
		if json.Unmarshal(o.Enum, &one) == nil {
			b.Enum = []string{one}
		} else if err := json.Unmarshal(o.Enum, &set); err != nil {
			return err
		} else if len(set) == 2 {
			return json.Unmarshal(set[1], &b.Enum)
		}
	}
	return nil
}

// newColumn maps a <type> to the Go field and the conversions of it.
func newColumn(name string, raw json.RawMessage) (column, error) {
	c := column{Name: name, Go: goName(name)}
	t := struct {
		Key, Value *baseType
		Min        *int
		Max        json.RawMessage
	}{}
	if err := json.Unmarshal(raw, &t); err != nil {
		t.Key = new(baseType)
		if err := json.Unmarshal(raw, t.Key); err != nil {
			return c, err
		}
	}
	if t.Key == nil {
		return c, fmt.Errorf("type %s has no key", raw)
	}
	key, err := atomic(t.Key.Type)
	if err != nil {
		return c, err
	}
	for _, e := range t.Key.Enum {
		c.Enum = append(c.Enum, value{Name: e, Go: goName(e)})
	}
	min, max := 1, "1"
	if t.Min != nil {
		min = *t.Min
	}
	if t.Max != nil {
		max = strings.Trim(string(t.Max), `"`)
	}
	switch {
	case t.Value != nil:
		value, err := atomic(t.Value.Type)
		if err != nil {
			return c, err
		}
		c.Type = "map[" + key + "]" + value
		c.Get, c.Put = "getMap["+key+", "+value+"]", "putMap["+key+", "+value+"]"
	case min == 1 && max == "1":
		c.Type = key
		c.Get, c.Put = "getScalar["+key+"]", "putScalar["+key+"]"
	case max == "1":
		c.Type = "*" + key
		c.Get, c.Put = "getOptional["+key+"]", "putOptional["+key+"]"
	default:
		c.Type = "[]" + key
		c.Get, c.Put = "getSet["+key+"]", "putSet["+key+"]"
	}
	return c, nil
}

func atomic(t string) (string, error) {
	switch t {
	case "integer":
		return "int64", nil
	case "real":
		return "float64", nil
	case "boolean":
		return "bool", nil
	case "string":
		return "string", nil
	case "uuid":
		return "ovsdb.UUID", nil
	}
	return "", fmt.Errorf("unknown atomic type %q", t)
}

// words are the parts of table and column names that Go spells otherwise than
// with a single capital.
var words = map[string]string{
	"acl": "ACL", "acls": "ACLs", "bfd": "BFD", "ca": "CA", "cidr": "CIDR", "dhcp": "DHCP", "dhcpv4": "DHCPv4",
	"dhcpv6": "DHCPv6", "dns": "DNS", "dp": "DP", "fdb": "FDB", "ha": "HA", "id": "ID", "ids": "IDs", "igmp": "IGMP",
	"ip": "IP", "ip4": "IP4", "ip6": "IP6", "ips": "IPs", "ipsec": "IPsec", "ipv6": "IPv6", "mac": "MAC", "nat": "NAT",
	"nb": "NB", "nf": "NF", "pg": "PG", "qos": "QoS", "ra": "RA", "rbac": "RBAC", "sb": "SB", "ssl": "SSL",
	"tcp": "TCP", "udp": "UDP", "uuid": "UUID", "vip": "VIP", "vips": "VIPs", "vlan": "VLAN", "vtep": "VTEP",
}

// goName turns an OVSDB identifier into an exported Go one.
func goName(name string) string {
	var b strings.Builder
	for _, w := range strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' }) {
		if s, ok := words[strings.ToLower(w)]; ok {
			b.WriteString(s)
		} else {
			b.WriteString(strings.ToUpper(w[:1]) + w[1:])
		}
	}
	return b.String()
}
