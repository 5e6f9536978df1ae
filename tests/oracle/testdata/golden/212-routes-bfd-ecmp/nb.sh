# Routes and policies with BFD sessions that fit and do not, symmetric replies, 19 next hops.
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
# O10, O11 and BFD combinations
ovn-nbctl lr-add a; port a a1 11 swa1; port a a2 12 swa2
ovn-nbctl lr-add b; port b b1 13 swb1; port b b2 14 swb2; ovn-nbctl set Logical_Router b options:chassis=hv1
bfd() { ovn-nbctl --bare create BFD logical_port=$1 dst_ip=$2 "${@:3}"; }
for r in a:11:12 b:13:14; do IFS=: read r x y <<<$r
B1=$(bfd ${r}1 10.$x.1.9); B2=$(bfd ${r}2 10.$y.1.9); B3=$(bfd ${r}1 10.$x.1.8 min_tx=5 min_rx=6 detect_mult=7); B4=$(bfd ${r}1 10.99.1.1); B5=$(bfd ${r}1 fd00:$x::9 2>/dev/null || true); B6=$(bfd ${r}2 10.$x.1.9)
route $r ip_prefix=10.100.0.0/24 nexthop=10.$x.1.9 bfd=$B1
route $r ip_prefix=10.101.0.0/24 nexthop=10.$x.1.9 bfd=$B2
route $r ip_prefix=10.102.0.0/24 nexthop=10.$x.1.9 output_port=${r}1 bfd=$B6
route $r ip_prefix=10.103.0.0/24 nexthop=10.$x.1.8 bfd=$B1
route $r ip_prefix=10.104.0.0/24 nexthop=discard bfd=$B4
route $r ip_prefix=10.105.0.0/24 nexthop=10.98.1.1 bfd=$B4
route $r ip_prefix=10.105.1.0/24 nexthop=10.99.1.1 output_port=${r}1 bfd=$B4
route $r ip_prefix=10.106.0.0/24 nexthop=10.$x.1.9 options:ecmp_symmetric_reply=true
route $r ip_prefix=10.107.0.0/24 nexthop=10.99.1.2 output_port=${r}1 options:ecmp_symmetric_reply=true selection_fields=ip_src,tp_dst
route $r ip_prefix=0.0.0.0/0 nexthop=10.99.1.2 output_port=${r}1 options:ecmp_symmetric_reply=true external_ids:ic-learned-route=x
route $r ip_prefix=10.108.0.0/24 nexthop=10.$x.1.9 selection_fields=ip_src
route $r ip_prefix=10.108.0.0/24 nexthop=10.$y.1.9 selection_fields=ip_dst,tp_src
route $r ip_prefix=10.109.0.0/24 nexthop=10.$x.1.9 options:ecmp_symmetric_reply=true
route $r ip_prefix=10.109.0.0/24 nexthop=10.$y.1.9
route $r ip_prefix=10.110.0.0/24 nexthop=10.$x.1.9 options:ecmp_symmetric_reply=true bfd=$B1
route $r ip_prefix=10.110.0.0/24 nexthop=10.$y.1.9 bfd=$B2
route $r ip_prefix=10.111.0.0/24 nexthop=10.$x.1.9 options:ecmp_symmetric_reply=true policy=src-ip
route $r ip_prefix=10.112.0.0/24 nexthop=10.$x.1.9 options:ecmp_symmetric_reply=true route_table=t1
route $r ip_prefix=10.112.0.0/24 nexthop=10.$y.1.9 options:ecmp_symmetric_reply=true route_table=t1
route $r ip_prefix=10.113.0.0/24 nexthop=10.$y.1.9 options:origin=connected
route $r ip_prefix=10.$x.1.0/24 nexthop=10.$y.1.9 options:origin=connected
route $r ip_prefix='"fd00:200::/64"' nexthop="\"fd00:$x::9\"" options:ecmp_symmetric_reply=true
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do route $r ip_prefix=10.120.0.0/24 nexthop=10.$x.1.$((100+i)); done
pol $r priority=1 match=ip4 action=reroute nexthop=10.$x.1.9 bfd_sessions=$B1
pol $r priority=2 match=ip4 action=reroute nexthops=10.$x.1.9,10.$y.1.9 bfd_sessions=$B1,$B2
pol $r priority=3 match=ip4 action=reroute nexthops=10.$x.1.9,10.$y.1.9 bfd_sessions=$B3
pol $r priority=4 match=ip4 action=reroute nexthops=10.$x.1.8 bfd_sessions=$B1
flush
ovn-nbctl set Logical_Router_Port ${r}2 options:route_table=t1
done

