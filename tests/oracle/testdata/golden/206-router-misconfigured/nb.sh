# Gateway ports, policies and NAT rules that do not fit their router.
FEATS="port-up-notif ct-no-masked-label ovn-ct-lb-related mac-binding-timestamp fdb-timestamp ls-dpg-column ct-commit-nat-v2 ct-commit-to-zone ovn-sample-with-registers ct-next-zone ct-label-flush"
chassis() { ovn-sbctl chassis-add $1 geneve ${2:-192.168.0.1}; for f in $FEATS; do [ $f = "$3" ] || ovn-sbctl set Chassis $1 other_config:$f=true; done; }
port() { # lr lrp n sw [options...]
 ovn-nbctl --may-exist ls-add $4; ovn-nbctl lrp-add $1 $2 0a:00:00:00:$3:01 10.$3.1.1/24 fd00:$3::1/64 -- lsp-add $4 s-$2 -- lsp-set-type s-$2 router -- lsp-set-addresses s-$2 router -- lsp-set-options s-$2 router-port=$2; }
gw() { ovn-nbctl lrp-set-gateway-chassis $1 hv1; }
NQ=()
nat() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create NAT "$@" -- add Logical_Router $r nat @n$NI); }
flush() { [ ${#NQ[@]} = 0 ] || ovn-nbctl "${NQ[@]}"; NQ=(); }
chassis hv1
# a: DGP router with gateway_port naming a non-DGP
ovn-nbctl lr-add a; port a a1 01 swa1; port a a2 02 swa2; gw a1
A2=$(ovn-nbctl get Logical_Router_Port a2 _uuid); A1=$(ovn-nbctl get Logical_Router_Port a1 _uuid)
nat a type=dnat external_ip=10.1.1.50 logical_ip=10.2.1.5 gateway_port=$A2
nat a type=snat external_ip=10.1.1.51 logical_ip=10.2.1.0/24 gateway_port=$A2
nat a type=dnat_and_snat external_ip=10.1.1.52 logical_ip=10.2.1.6 gateway_port=$A2
nat a type=dnat_and_snat external_ip=10.1.1.53 logical_ip=10.2.1.7 gateway_port=$A2 logical_port=vm external_mac='"0a:00:00:00:00:77"'
# b: gateway router with gateway_port
ovn-nbctl lr-add b; port b b1 03 swb1; port b b2 04 swb2; ovn-nbctl set Logical_Router b options:chassis=hv1
B1=$(ovn-nbctl get Logical_Router_Port b1 _uuid)
nat b type=dnat external_ip=10.3.1.50 logical_ip=10.4.1.5 gateway_port=$B1
nat b type=snat external_ip=10.3.1.51 logical_ip=10.4.1.0/24 gateway_port=$B1
nat b type=dnat_and_snat external_ip=10.3.1.52 logical_ip=10.4.1.6 gateway_port=$B1
nat b type=dnat external_ip=10.3.1.54 logical_ip=10.4.1.5 gateway_port=$A1
nat b type=snat external_ip=10.3.1.55 logical_ip=10.4.2.0/24 gateway_port=$A1
nat b type=dnat_and_snat external_ip=10.3.1.56 logical_ip=10.4.1.6 gateway_port=$A1
# c: plain router with gateway_port
ovn-nbctl lr-add c; port c c1 05 swc1; port c c2 06 swc2
C1=$(ovn-nbctl get Logical_Router_Port c1 _uuid)
nat c type=dnat external_ip=10.5.1.50 logical_ip=10.6.1.5 gateway_port=$C1
nat c type=snat external_ip=10.5.1.51 logical_ip=10.6.1.0/24 gateway_port=$C1
nat c type=dnat_and_snat external_ip=10.5.1.52 logical_ip=10.6.1.6 gateway_port=$A1
nat c type=dnat_and_snat external_ip=10.5.1.53 logical_ip=10.6.1.7
# d: DGP of another router
nat a type=dnat external_ip=10.1.1.60 logical_ip=10.2.1.5 gateway_port=$C1
nat a type=snat external_ip=10.1.1.61 logical_ip=10.2.3.0/24 gateway_port=$B1
# e: gateway port wired to another router directly
ovn-nbctl lr-add e; ovn-nbctl lr-add f
ovn-nbctl lrp-add e e1 0a:00:00:00:07:01 10.7.1.1/24 peer=f1; ovn-nbctl lrp-add f f1 0a:00:00:00:07:02 10.7.1.2/24 peer=e1 -- lrp-set-gateway-chassis e1 hv1
port e e2 08 swe2
nat e type=dnat external_ip=10.7.1.50 logical_ip=10.8.1.5
nat e type=snat external_ip=10.7.1.51 logical_ip=10.8.1.0/24
nat e type=dnat_and_snat external_ip=10.7.1.52 logical_ip=10.8.1.6
nat e type=dnat_and_snat external_ip=10.7.1.53 logical_ip=10.8.1.7 logical_port=vm external_mac='"0a:00:00:00:00:78"'
nat e type=dnat_and_snat external_ip='"fd01::53"' logical_ip='"fd00:8::7"'  logical_port=vm external_mac='"0a:00:00:00:00:79"'
flush
# g: policy chains
ovn-nbctl lr-add g; port g g1 09 swg
ovn-nbctl --id=@p create Logical_Router_Policy priority=10 match=ip4 action=drop -- add Logical_Router g policies @p
ovn-nbctl --id=@p create Logical_Router_Policy priority=11 match=ip4 action=reroute nexthops=10.9.1.7 -- add Logical_Router g policies @p
ovn-nbctl --id=@p create Logical_Router_Policy priority=12 match=ip4 action=reroute nexthops='"10.9.1.7","10.9.1.8"' -- add Logical_Router g policies @p
ovn-nbctl --id=@p create Logical_Router_Policy priority=12 match=ip6 action=allow chain=cc -- add Logical_Router f policies @p
# h: DGP mcast_flood
ovn-nbctl lr-add h; port h h1 14 swh; gw h1 -- set Logical_Router_Port h1 options:mcast_flood=true; port h h2 15 swh2; ovn-nbctl set Logical_Router_Port h2 options:mcast_flood=true
ovn-nbctl set Logical_Router h options:mcast_relay=true
ovn-nbctl lr-add i; port i i1 16 swi; gw i1 -- set Logical_Router_Port i1 options:mcast_flood=true

