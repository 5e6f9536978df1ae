# Capital MACs, DHCP relays, static MAC bindings, shared HA groups, CoPP, the same network twice, dynamic routing.
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
pol() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create Logical_Router_Policy "$@" -- add Logical_Router $r policies @n$NI); }
chassis hv1; chassis hv2 192.168.0.2
uport() { ovn-nbctl --may-exist ls-add $4; ovn-nbctl --id=@p create Logical_Router_Port name=$2 mac="\"0A:0B:0C:0D:$3:01\"" networks="\"10.$3.1.1/24\",\"FD00:$3:0::1/64\"" -- add Logical_Router $1 ports @p; ovn-nbctl lsp-add $4 s-$2 -- lsp-set-type s-$2 router -- lsp-set-addresses s-$2 router -- lsp-set-options s-$2 router-port=$2; }
ovn-nbctl lr-add a; uport a a1 11 swa1; localnet swa1; gw a1; uport a a2 12 swa2
ovn-nbctl lr-add b; uport b b1 13 swb1; gw b1; uport b b2 14 swb2
ovn-nbctl lr-add c; uport c c1 15 swc1; uport c c2 16 swc2; ovn-nbctl set Logical_Router c options:chassis=hv1
ovn-nbctl lr-add d; uport d d1 17 swc1; uport d d2 18 swa2
ovn-nbctl lr-add e; ovn-nbctl lrp-add e e1 0A:0B:0C:0D:19:01 10.19.1.1/24 FD00:19::1/64 peer=f1; ovn-nbctl lr-add f; ovn-nbctl lrp-add f f1 0A:0B:0C:0D:19:02 10.19.1.2/24 FD00:19::2/64 peer=e1
ovn-nbctl set Logical_Router_Port a1 options:redirect-type=bridged options:gateway_mtu=1400
ovn-nbctl set Logical_Router_Port b1 options:redirect-type=bridged options:gateway_mtu=1400
ovn-nbctl set Logical_Router_Port c1 options:gateway_mtu=1400 ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true
ovn-nbctl set Logical_Router_Port a2 options:gateway_mtu=1400 ipv6_ra_configs:address_mode=dhcpv6_stateful options:route_table=t
for n in a:11:12 b:13:14 c:15:16; do IFS=: read r x y <<<$n
nat $r type=snat external_ip=10.$x.1.50 logical_ip=10.$y.1.0/24
nat $r type=dnat_and_snat external_ip=10.$x.1.53 logical_ip=10.$y.1.7 logical_port=vm$r external_mac='"0A:0B:0C:00:77:01"'
nat $r type=dnat_and_snat external_ip="\"FD00:$x::53\"" logical_ip="\"fd00:$y::7\"" logical_port=vm$r external_mac='"0A:0B:0C:00:77:02"'
route $r ip_prefix=10.200.0.0/16 nexthop=10.$x.1.9
route $r ip_prefix=10.200.0.0/16 nexthop=10.$y.1.9 options:ecmp_symmetric_reply=true
pol $r priority=1 match=ip4 action=reroute nexthops=10.$x.1.9,10.$y.1.9
flush
ovn-nbctl lb-add lb$r 10.96.$x.1:80 10.$y.1.5:80,10.$y.1.6:80 tcp -- lr-lb-add $r lb$r -- lb-add lc$r 10.$x.1.77:80 10.$y.1.5:80 -- lr-lb-add $r lc$r
ovn-nbctl lsp-add sw${r}2 vm$r -- lsp-set-addresses vm$r "0A:0B:0C:0D:EE:$x 10.$y.1.5 FD00:$y:0::5"
ovn-nbctl --id=@s create Static_MAC_Binding logical_port=${r}1 ip=10.$x.1.$x mac='"0A:0B:0C:0D:EE:01"' override_dynamic_mac=true
ovn-nbctl create Static_MAC_Binding logical_port=${r}1 ip="\"FD00:$x:0::9\"" mac='"0A:0B:0C:0D:EE:02"'
D=$(ovn-nbctl --bare create DHCP_Relay name=d$r servers=\"10.200.1.300\")
ovn-nbctl set Logical_Router_Port ${r}2 dhcp_relay=$D -- set Logical_Switch sw${r}2 other_config:dhcp_relay_port=s-${r}2
done
ovn-nbctl create Static_MAC_Binding logical_port=nope ip=10.1.1.1 mac='"0a:0b:0c:0d:ee:03"'
ovn-nbctl create Static_MAC_Binding logical_port=d1 ip=10.1.1.300 mac='"bad"'
ovn-nbctl create Static_MAC_Binding logical_port=s-a1 ip=10.1.1.3 mac='"0a:0b:0c:0d:ee:03"'
for s in "" 10.1.1.1 "10.1.1.1,10.1.1.2" "10.1.1.1 10.1.1.2" fd00::1 abc 10.1.1.1/24; do k=$((k+1)); ovn-nbctl lr-add rl$k; uport rl$k rl$k-p $((30+k)) swrl$k; uport rl$k rl$k-q $((50+k)) swrm$k; ovn-nbctl lsp-add swrl$k v$k -- lsp-set-addresses v$k "0A:0B:0C:0D:EF:$((10+k)) 10.$((30+k)).1.5"
D=$(ovn-nbctl --bare create DHCP_Relay name=rl$k servers="\"$s\""); ovn-nbctl set Logical_Router_Port rl$k-p dhcp_relay=$D -- set Logical_Switch swrl$k other_config:dhcp_relay_port=s-rl$k-p; done
# HA groups, shared and empty
G=$(ovn-nbctl --bare ha-chassis-group-add g1; ovn-nbctl --bare --columns=_uuid find HA_Chassis_Group name=g1); ovn-nbctl ha-chassis-group-add-chassis g1 hv1 10; ovn-nbctl ha-chassis-group-add-chassis g1 hv2 20; ovn-nbctl ha-chassis-group-add-chassis g1 hv9 30
ovn-nbctl ha-chassis-group-add g2; G2=$(ovn-nbctl --bare --columns=_uuid find HA_Chassis_Group name=g2)
for k in 1 2 3 4; do ovn-nbctl lr-add h$k; uport h$k h$k-p $((70+k)) swh$k; uport h$k h$k-q $((80+k)) swi$k; done
ovn-nbctl set Logical_Router_Port h1-p ha_chassis_group=$G; ovn-nbctl set Logical_Router_Port h2-p ha_chassis_group=$G;  ovn-nbctl set Logical_Router_Port h3-p ha_chassis_group=$G2
ovn-nbctl set Logical_Router_Port h4-p ha_chassis_group=$G; ovn-nbctl lrp-set-gateway-chassis h4-p hv1 5; ovn-nbctl lrp-set-gateway-chassis h4-q hv1 5;  ovn-nbctl lrp-set-gateway-chassis h4-q hv2 5
# copp
for p in arp arp-resolve icmp4-error icmp6-error nd-na nd-ns nd-ns-resolve nd-ra-opts tcp-reset bfd event-elb reject svc-monitor dhcpv4-opts igmp dns; do ovn-nbctl copp-add cp $p m-$p; done
for r in a c d; do ovn-nbctl lr-copp-add cp $r; done
# the same MAC, the same network on two ports
ovn-nbctl lr-add z; ovn-nbctl lrp-add z z1 0a:00:00:00:90:01 10.90.1.1/24; ovn-nbctl lrp-add z z2 0a:00:00:00:90:01 10.90.1.1/24; ovn-nbctl lrp-add z z3 0a:00:00:00:90:01 10.90.1.2/24 10.90.2.1/25
ovn-nbctl lr-route-add z 10.91.0.0/16 10.90.2.9; ovn-nbctl lr-route-add z 10.92.0.0/16 10.90.1.9 z2
# dynamic routing
for o in connected connected-as-host static nat lb "connected,static" "connected-as-host,nat,lb" CONNECTED "connected, static" ""; do k=$((k+1)); ovn-nbctl lr-add dr$k -- set Logical_Router dr$k options:dynamic-routing=true options:dynamic-routing-redistribute="\"$o\""; port dr$k dr$k-p $((90+k)) swdr$k; ovn-nbctl lsp-add swdr$k dv$k -- lsp-set-addresses dv$k "0a:00:00:00:ef:$k 10.$((90+k)).1.5 fd00:$((90+k))::5"; route dr$k ip_prefix=10.250.0.0/16 nexthop=10.$((90+k)).1.9; route dr$k ip_prefix=10.250.0.1/16 nexthop=discard;  nat dr$k type=dnat_and_snat external_ip=10.$((90+k)).1.53 logical_ip=10.3.1.7; flush; done

