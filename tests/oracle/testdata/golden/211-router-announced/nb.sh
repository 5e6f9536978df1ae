# What routers announce and answer for: templates, addresses outside their networks, NAT and load balancers on one address, neighbor_responder.
FEATS="port-up-notif ct-no-masked-label ovn-ct-lb-related mac-binding-timestamp fdb-timestamp ls-dpg-column ct-commit-nat-v2 ct-commit-to-zone ovn-sample-with-registers ct-next-zone ct-label-flush"
chassis() { ovn-sbctl chassis-add $1 geneve ${2:-192.168.0.1}; for f in $FEATS; do [ $f = "$3" ] || ovn-sbctl set Chassis $1 other_config:$f=true; done; }
port() { # lr lrp n sw [options...]
 ovn-nbctl --may-exist ls-add $4; ovn-nbctl lrp-add $1 $2 0a:00:00:00:$3:01 10.$3.1.1/24 fd00:$3::1/64 -- lsp-add $4 s-$2 -- lsp-set-type s-$2 router -- lsp-set-addresses s-$2 router -- lsp-set-options s-$2 router-port=$2; }
gw() { ovn-nbctl lrp-set-gateway-chassis $1 hv1; }
localnet() { ovn-nbctl lsp-add $1 ln-$1 $2 $3 -- lsp-set-type ln-$1 localnet -- lsp-set-options ln-$1 network_name=phys; }
NQ=()
nat() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create NAT "$@" -- add Logical_Router $r nat @n$NI); }
flush() { [ ${#NQ[@]} = 0 ] || ovn-nbctl "${NQ[@]}"; NQ=(); }
chassis hv1
# a) template LB on DGP router, b) NAT external outside networks, c) NAT = VIP, d) reside-on-redirect-chassis without localnet
ovn-nbctl lr-add a; port a a1 11 swa1; localnet swa1; gw a1; port a a2 12 swa2
ovn-nbctl lr-add b; port b b1 13 swb1; gw b1; port b b2 14 swb2
ovn-nbctl lr-add f; port f f1 21 swf1; gw f1; port f f2 22 swf2; gw f2; port f f3 23 swf3
ovn-nbctl lr-add c; port c c1 15 swc1; port c c2 16 swc2; ovn-nbctl set Logical_Router c options:chassis=hv1
ovn-nbctl lr-add d; port d d1 17 swd1; port d d2 18 swd2
for n in a:11:12 b:13:14 c:15:16 d:17:18 f:21:22; do IFS=: read r x y <<<$n
ovn-nbctl --id=@l create Load_Balancer name=t$r options:template=true options:address-family=ipv4 vips='{"^vip:80"="^be"}' -- add Logical_Router $r load_balancer @l
ovn-nbctl --id=@l create Load_Balancer name=u$r options:template=true options:address-family=ipv6 options:affinity_timeout=7 vips='{"^vip6:80"="^be6"}' -- add Logical_Router $r load_balancer @l
ovn-nbctl --id=@l create Load_Balancer name=v$r options:template=true options:address-family=ipv4 options:skip_snat=true vips='{"^vip7"="^be7,^be8"}' -- add Logical_Router $r load_balancer @l
ovn-nbctl --id=@l create Load_Balancer name=w$r options:template=true options:address-family=ipv4 options:reject=true vips='{"^vip8:^port8"=""}' -- add Logical_Router $r load_balancer @l
ovn-nbctl --id=@l create Load_Balancer name=x$r options:template=true options:event=true options:use_stateless_nat=true protocol=udp vips='{"^vip9:^port9"="10.1.1.1:80,^be9"}' -- add Logical_Router $r load_balancer @l
for t in snat dnat dnat_and_snat; do nat $r type=$t external_ip=192.168.77.$((x+${#t})) logical_ip=10.$y.1.$((x+${#t})); 
nat $r type=$t external_ip=10.$x.1.$((x+${#t})) logical_ip=10.$y.1.$((x+${#t})); 
nat $r type=$t external_ip="\"fd00:$x::$((x+${#t}))\"" logical_ip="\"fd00:$y::$((x+${#t}))\""; 
ovn-nbctl lb-add lb$t$r 10.$x.1.$((x+${#t})):80 10.$y.1.5:80 tcp -- lr-lb-add $r lb$t$r
ovn-nbctl lb-add lb6$t$r "[fd00:$x::$((x+${#t}))]:80" "[fd00:$y::5]:80" tcp -- lr-lb-add $r lb6$t$r
done
nat $r type=dnat_and_snat external_ip=192.168.78.$x logical_ip=10.$y.1.99 external_mac='"0a:00:00:00:77:01"' logical_port=s-${r}2
nat $r type=snat external_ip=10.$x.1.1 logical_ip=10.$y.2.0/24
nat $r type=dnat external_ip=10.$x.1.1 logical_ip=10.$y.1.3 external_port_range='"90-99"'
flush
for o in all none reachable ""; do ovn-nbctl lb-add nr$o$r 10.$y.1.$((x+50+${#o})):80 10.$y.1.5:80 tcp -- lr-lb-add $r nr$o$r -- lb-add ns$o$r 172.16.$y.$((x+50+${#o})):80 10.$y.1.5:80 tcp -- lr-lb-add $r ns$o$r; [ -z "$o" ] || ovn-nbctl set Load_Balancer nr$o$r options:neighbor_responder=$o -- set Load_Balancer ns$o$r options:neighbor_responder=$o; done
ovn-nbctl set Logical_Router_Port ${r}2 options:reside-on-redirect-chassis=true
done
localnet swc2; localnet swd2
ovn-nbctl lsp-add swa2 x1 -- lsp-add swf2 x2 -- lsp-add swc1 x3
for p in s-a1 s-f1 s-c1 s-b1 s-d1; do ovn-nbctl set Logical_Switch_Port $p options:nat-addresses=router options:exclude-lb-vips-from-garp=false; done

