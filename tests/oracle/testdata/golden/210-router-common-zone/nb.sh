# NAT and load balancers of all kinds of routers with use_common_zone.
FEATS="port-up-notif ct-no-masked-label ovn-ct-lb-related mac-binding-timestamp fdb-timestamp ls-dpg-column ct-commit-nat-v2 ct-commit-to-zone ovn-sample-with-registers ct-next-zone ct-label-flush"
chassis() { ovn-sbctl chassis-add $1 geneve ${2:-192.168.0.1}; for f in $FEATS; do [ $f = "$3" ] || ovn-sbctl set Chassis $1 other_config:$f=true; done; }
port() { # lr lrp n sw [options...]
 ovn-nbctl --may-exist ls-add $4; ovn-nbctl lrp-add $1 $2 0a:00:00:00:$3:01 10.$3.1.1/24 fd00:$3::1/64 -- lsp-add $4 s-$2 -- lsp-set-type s-$2 router -- lsp-set-addresses s-$2 router -- lsp-set-options s-$2 router-port=$2; }
gw() { ovn-nbctl lrp-set-gateway-chassis $1 hv1; }
localnet() { ovn-nbctl lsp-add $1 ln-$1 $2 $3 -- lsp-set-type ln-$1 localnet -- lsp-set-options ln-$1 network_name=phys; }
NQ=()
nat() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create NAT "$@" -- add Logical_Router $r nat @n$NI); }
flush() { [ ${#NQ[@]} = 0 ] || ovn-nbctl "${NQ[@]}"; NQ=(); }
route() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create Logical_Router_Static_Route "$@" -- add Logical_Router $r static_routes @n$NI); }
LACK=x COMMON=1
chassis hv1 192.168.0.1 $LACK
[ -n "$COMMON" ] && ovn-nbctl set NB_Global . options:use_common_zone=true
# a: DGP with localnet; b: DGP without; c: gateway router; d: plain; e: ct-commit-all; f: two DGPs
ovn-nbctl lr-add a; port a a1 11 swa1; localnet swa1; gw a1; port a a2 12 swa2
ovn-nbctl lr-add b; port b b1 13 swb1; gw b1; port b b2 14 swb2
ovn-nbctl lr-add c; port c c1 15 swc1; port c c2 16 swc2; ovn-nbctl set Logical_Router c options:chassis=hv1 options:lb_force_snat_ip=router_ip options:dnat_force_snat_ip=10.15.1.77
ovn-nbctl lr-add d; port d d1 17 swd1; port d d2 18 swd2
ovn-nbctl lr-add e -- set Logical_Router e options:ct-commit-all=true; port e e1 19 swe1; localnet swe1; gw e1; port e e2 20 swe2
ovn-nbctl lr-add f; port f f1 21 swf1; gw f1; port f f2 22 swf2; gw f2
ovn-nbctl lr-add g -- set Logical_Router g options:ct-commit-all=true; port g g1 23 swg1; ovn-nbctl set Logical_Router g options:chassis=hv1
ovn-nbctl lsp-add swa2 vm -- lsp-set-addresses vm "0a:00:00:00:12:05 10.12.1.5"
ovn-nbctl create Address_Set name=as1 addresses=10.0.0.0/8
AS=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=as1)
for n in a:11:12 b:13:14 c:15:16 d:17:18 e:19:20 f:21:22 g:23:23; do IFS=: read r x y <<<$n
nat $r type=snat external_ip=10.$x.1.50 logical_ip=10.$y.1.0/24
nat $r type=snat external_ip=10.$x.1.50 logical_ip=10.$y.1.9 exempted_ext_ips=$AS
nat $r type=snat external_ip=10.$x.1.55 logical_ip=10.$y.1.10 allowed_ext_ips=$AS
nat $r type=dnat external_ip=10.$x.1.51 logical_ip=10.$y.1.5
nat $r type=dnat_and_snat external_ip=10.$x.1.52 logical_ip=10.$y.1.6
nat $r type=dnat_and_snat external_ip=10.$x.1.53 logical_ip=10.$y.1.7 logical_port=vm external_mac='"0a:00:00:00:77:01"'
nat $r type=dnat_and_snat external_ip=10.$x.1.54 logical_ip=10.$y.1.8 options:stateless=true
nat $r type=snat external_ip="\"fd00:$x::50\"" logical_ip="\"fd00:$y::/64\""
nat $r type=dnat_and_snat external_ip="\"fd00:$x::51\"" logical_ip="\"fd00:$y::5\"" external_port_range='"1000-2000"'
flush
ovn-nbctl lb-add lb$r 10.96.$x.1:80 10.$y.1.5:80,10.$y.1.6:80 tcp -- lr-lb-add $r lb$r
ovn-nbctl lb-add lc$r 10.96.$x.2 10.$y.1.5 -- lr-lb-add $r lc$r -- set Load_Balancer lc$r options:skip_snat=true options:hairpin_snat_ip=10.96.$x.99
ovn-nbctl lb-add ld$r "[fd00:96:$x::1]:80" "[fd00:$y::5]:80" udp -- lr-lb-add $r ld$r -- set Load_Balancer ld$r options:affinity_timeout=60
ovn-nbctl lb-add le$r 10.96.$x.3:80 "" -- lr-lb-add $r le$r -- set Load_Balancer le$r options:reject=true
ovn-nbctl set Logical_Router_Port ${r}1 options:gateway_mtu=1400
ovn-nbctl --policy=dst-ip --ecmp-symmetric-reply lr-route-add $r 10.200.0.0/16 10.$x.1.9
ovn-nbctl lr-policy-add $r 10 ip4 reroute 10.$x.1.9
done

