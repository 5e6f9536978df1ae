F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F hostname=host-$1 -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1; chassis hv2 192.168.0.2
n=0
q() { v=${1//\\/\\\\}; echo "\"${v//\"/\\\"}\""; }
# sw KEY=VALUE...: a switch with other_config; port ADDRESSES KEY=VALUE...: a port with options.
sw() { n=$((n+1)); p=0; ovn-nbctl ls-add s$n; for o in "$@"; do ovn-nbctl set Logical_Switch s$n "other_config:${o%%=*}=$(q "${o#*=}")"; done; }
port() { p=$((p+1)); ovn-nbctl lsp-add s$n s$n-p$p; ovn-nbctl set Logical_Switch_Port s$n-p$p "addresses=$(q "$1")"; shift; for o in "$@"; do ovn-nbctl set Logical_Switch_Port s$n-p$p "options:${o%%=*}=$(q "${o#*=}")"; done; }
i=0
# d4 CIDR KEY=VALUE...: a port with DHCPv4 options; d6 with DHCPv6 options, A its addresses with N for its number.
d() { ovn-nbctl create DHCP_Options "cidr=$(q "$1")" > d.uuid; shift; for o in "$@"; do ovn-nbctl set DHCP_Options $(cat d.uuid) "options:${o%%=*}=$(q "${o#*=}")"; done; }
d4() { i=$((i+1)); port "0a:00:00:00:00:$(printf %02x $i) 10.0.0.$i fd00::$i"; d "$@"; ovn-nbctl set Logical_Switch_Port s$n-p$p dhcpv4_options=$(cat d.uuid); }
d6() { i=$((i+1)); local h=$(printf %x $i); port "${A//N/$h}"; d "$@"; ovn-nbctl set Logical_Switch_Port s$n-p$p dhcpv6_options=$(cat d.uuid); }
sw
B="server_id=10.0.0.254 server_mac=0a:00:00:00:ff:01 lease_time=60"
for c in 10.0.0.0/24 10.0.0.77/24 10.0.0.0/255.255.255.0 10.0.0.0/255.0.255.0 10.0.0.0 10.0.0.0/0 0.0.0.0/0 10.0.0.0/33 10.0.0.0/-1 " 10.0.0.0/24" "10.0.0.0/24 " "10.0.0.0/024" "10.0.0.0/24x" 10.0.0/24 fd00::/64 "" 10.0.0.0/32 10.0.0.014/32 10.000.0.0/24; do d4 "$c" $B; done
for x in junk 0a:00:00:00:ff:1 0A:00:00:00:FF:01 0a:00:00:00:ff:001 "" " 0a:00:00:00:ff:02" "0a:00:00:00:ff:02 x" 00:00:00:00:00:00; do d4 10.0.0.0/24 server_id=10.0.0.254 "server_mac=$x" lease_time=60; done
for x in junk 10.0.0.300 "" " 10.0.0.1" fd00::1 10.0.0.1/24; do d4 10.0.0.0/24 "server_id=$x" server_mac=0a:00:00:00:ff:01 lease_time=60; done
d4 10.0.0.0/24 server_id=10.0.0.254 server_mac=0a:00:00:00:ff:01; d4 10.0.0.0/24 $B netmask=junk; d4 10.0.0.0/24 $B netmask= Zed=1 A=2
d4 10.0.0.0/24 $B "classless_static_route={30.0.0.0/24,10.0.0.1, 0.0.0.0/0,10.0.0.1}" "domain_name=\"a.b\"" mtu=68 "dns_server={1.1.1.1, 2.2.2.2}" "hostname=\"x y\""
d4 10.0.0.0/24 $B; ovn-nbctl set Logical_Switch_Port s$n-p$p 'options:hostname=""';d4 10.0.0.0/24 $B "hostname=q"; ovn-nbctl set Logical_Switch_Port s$n-p$p 'options:hostname=" a"'
sw
AA="0a:00:00:00:00:N 10.0.0.1 fd00::N fd00::1:N"; A=$AA
for c in fd00::/64 fd00::5/64 fd00::/0 ::/0 fd00:: fd00::/129 fd00::/-1 "fd00::/64 " " fd00::/64" fd00::/64x FD00::/64 10.0.0.0/24 "" junk fd00::/ffff:: fd00::/ffff:ffff:: fd00::/064 fd00::1:0/112; do d6 "$c" server_id=0a:00:00:00:ff:01; done
for x in junk 0A:00:00:00:FF:01 0a:00:00:00:ff:001 "" " 0a:00:00:00:ff:02" "0a:00:00:00:ff:02 x" "0a:00:00:00:ff:02x" 0a:0:0:0:0:1 0a:00:00:00:ff:fff 0a-00-00-00-00-01 1:2:3:4:5 1:2:3:4:5:6:7 00:00:00:00:00:00; do d6 fd00::/64 "server_id=$x"; done
for v in junk "" true TRUE 1 false; do d6 fd00::/64 server_id=0a:00:00:00:ff:01 "dhcpv6_stateless=$v" Zed=1; done
for A in "0a:00:00:00:00:N 10.0.0.1" "0a:00:00:00:00:N" "0a:00:00:00:00:N fe80::N" "0a:00:00:00:00:N fd00::N foo"; do for s in true false; do d6 fd00::/64 server_id=0a:00:00:00:ff:01 dhcpv6_stateless=$s; d6 10.0.0.0/24 server_id=0a:00:00:00:ff:01 dhcpv6_stateless=$s;  d6 junk server_id=0a:00:00:00:ff:01 dhcpv6_stateless=$s; done; done
