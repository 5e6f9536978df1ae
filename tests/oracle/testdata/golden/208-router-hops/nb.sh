# Next hops of routes and policies, marks, chains, as good and as absurd as they come.
FEATS="port-up-notif ct-no-masked-label ovn-ct-lb-related mac-binding-timestamp fdb-timestamp ls-dpg-column ct-commit-nat-v2 ct-commit-to-zone ovn-sample-with-registers ct-next-zone ct-label-flush"
chassis() { ovn-sbctl chassis-add $1 geneve ${2:-192.168.0.1}; for f in $FEATS; do [ $f = "$3" ] || ovn-sbctl set Chassis $1 other_config:$f=true; done; }
port() { # lr lrp n sw [options...]
 ovn-nbctl --may-exist ls-add $4; ovn-nbctl lrp-add $1 $2 0a:00:00:00:$3:01 10.$3.1.1/24 fd00:$3::1/64 -- lsp-add $4 s-$2 -- lsp-set-type s-$2 router -- lsp-set-addresses s-$2 router -- lsp-set-options s-$2 router-port=$2; }
NQ=()
nat() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create NAT "$@" -- add Logical_Router $r nat @n$NI); }
flush() { [ ${#NQ[@]} = 0 ] || ovn-nbctl "${NQ[@]}"; NQ=(); }
route() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create Logical_Router_Static_Route "$@" -- add Logical_Router $r static_routes @n$NI); }
pol() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create Logical_Router_Policy "$@" -- add Logical_Router $r policies @n$NI); }
chassis hv1
ovn-nbctl lr-add c; port c c1 45 swc1; port c c2 46 swc2
route c ip_prefix=10.50.1.5/24 nexthop=10.45.1.9
route c ip_prefix=10.50.1.6/24 nexthop=10.46.1.9
route c ip_prefix=10.51.1.5/24 nexthop=10.45.1.9
route c ip_prefix=10.51.1.5/24 nexthop=10.46.1.9
route c ip_prefix=10.52.1.5/24 nexthop=10.45.1.9
route c ip_prefix=10.52.1.05/24 nexthop=10.46.1.9
route c ip_prefix='"fd00:50::1/64"' nexthop='"fd00:45::9"'
route c ip_prefix='"fd00:50::2/64"' nexthop='"fd00:46::9"'
route c ip_prefix='"FD00:51::/64"' nexthop='"FD00:45::9"'
route c ip_prefix='"fd00:51:0::/64"' nexthop='"fd00:46:0:0:0:0:0:9"'
route c ip_prefix=10.53.1.0/24 nexthop=10.45.1.9/32
route c ip_prefix=10.54.1.0/24 nexthop=10.45.1.9/24
route c ip_prefix=10.55.1.0/24 nexthop=10.45.1.300
route c ip_prefix=10.56.1.0/24 nexthop='"fd00:45::9"'
route c ip_prefix='"fd00:57::/64"' nexthop=10.45.1.9
route c ip_prefix=10.61.1.0/24 nexthop=10.99.1.9 output_port=c1
route c ip_prefix=10.62.1.0/24 nexthop=10.45.1.1
route c ip_prefix=10.63.1.0/24 nexthop=10.45.1.255
route c ip_prefix=10.64.1.0/24 nexthop=discard output_port=c1
route c ip_prefix=10.65.1.0/24 nexthop=Discard
route c ip_prefix=10.68.1.0/24 nexthop=10.45.1.9 output_port=nope
route c ip_prefix=0.0.0.0/0 nexthop=169.254.1.1 output_port=c1
route c ip_prefix=10.70.1.0/24 nexthop=10.45.1.9 policy=src-ip
route c ip_prefix=10.70.1.0/24 nexthop=10.46.1.9 policy=dst-ip
route c ip_prefix=10.70.1.0/24 nexthop=10.46.1.9 policy=src-ip
route c ip_prefix=10.45.1.0/24 nexthop=10.46.1.9
flush
flush
route c ip_prefix=10.80.1.0/24 nexthop=10.45.1.9/32 output_port=c1
route c ip_prefix=10.81.1.0/24 nexthop=10.45.1.300 output_port=c1
route c ip_prefix=10.82.1.0/24 nexthop='" 10.45.1.9"' output_port=c1
route c ip_prefix=10.83.1.0/24 nexthop='"010.45.1.9"'
route c ip_prefix=10.84.1.0/24 nexthop='"10.45.1.9"' route_table=" x"
flush
for h in 10.45.1.9/32 10.45.1.300 '" 10.45.1.9"' '"010.45.1.9"' 10.45.1.9 10.45.1.1 0.0.0.0 10.99.1.1 '"FD00:45::9"' '""' ; do
pol c priority=$((++PR)) match=ip4 action=reroute nexthops="$h"
pol c priority=$((++PR)) match=ip4 action=reroute nexthop="$h"
pol c priority=$((++PR)) match=ip4 action=reroute nexthops="$h,10.46.1.7"
pol c priority=$((++PR)) match=ip4 action=reroute nexthop="$h" nexthops="10.46.1.7"
pol c priority=$((++PR)) match=ip4 action=allow nexthop="$h"
done
for m in 1 0 -1 4294967295 4294967296 abc 0x10 " 5"; do for a in allow drop reroute; do 
pol c priority=$((++PR)) match=ip6 action=$a nexthop=10.45.1.9 options:pkt_mark="\"$m\""
pol c priority=$((++PR)) match=ip6 action=$a nexthops=10.45.1.9,10.46.1.9 options:pkt_mark="\"$m\""
done; done
pol c priority=$((++PR)) match=ip6 action=reroute
pol c priority=$((++PR)) match='""' action=drop
pol c priority=$((++PR)) match=ip action=jump jump_chain=a
pol c priority=$((++PR)) match=ip action=jump chain=a jump_chain=b
pol c priority=$((++PR)) match=ip action=jump chain=b jump_chain='""'
pol c priority=$((++PR)) match=ip action=jump chain=b
pol c priority=$((++PR)) match=ip action=allow chain=b jump_chain=a
pol c priority=$((++PR)) match=ip action=allow chain='""' 
pol c priority=$((++PR)) match=ip action=jump jump_chain=b options:pkt_mark=9
flush

