# Forced SNAT addresses and router advertisements with values that are good, odd and absurd.
FEATS="port-up-notif ct-no-masked-label ovn-ct-lb-related mac-binding-timestamp fdb-timestamp ls-dpg-column ct-commit-nat-v2 ct-commit-to-zone ovn-sample-with-registers ct-next-zone ct-label-flush"
chassis() { ovn-sbctl chassis-add $1 geneve ${2:-192.168.0.1}; for f in $FEATS; do [ $f = "$3" ] || ovn-sbctl set Chassis $1 other_config:$f=true; done; }
port() { # lr lrp n sw [options...]
 ovn-nbctl --may-exist ls-add $4; ovn-nbctl lrp-add $1 $2 0a:00:00:00:$3:01 10.$3.1.1/24 fd00:$3::1/64 -- lsp-add $4 s-$2 -- lsp-set-type s-$2 router -- lsp-set-addresses s-$2 router -- lsp-set-options s-$2 router-port=$2; }
gw() { ovn-nbctl lrp-set-gateway-chassis $1 hv1; }
localnet() { ovn-nbctl lsp-add $1 ln-$1 $2 $3 -- lsp-set-type ln-$1 localnet -- lsp-set-options ln-$1 network_name=phys; }
NQ=()
nat() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create NAT "$@" -- add Logical_Router $r nat @n$NI); }
flush() { [ ${#NQ[@]} = 0 ] || ovn-nbctl "${NQ[@]}"; NQ=(); }
chassis hv1; chassis hv2 192.168.0.2
ovn-nbctl ls-add pub; localnet pub
i=20
mk() { i=$((i+1)); ovn-nbctl lr-add r$i; port r$i p$i $i sw$i; port r$i q$i $((i+40)) tw$i; }
lro() { mk; ovn-nbctl set Logical_Router r$i "$@"; }
lpo() { mk; gw p$i; ovn-nbctl set Logical_Router_Port p$i "$@"; }
lpp() { mk; ovn-nbctl set Logical_Router_Port p$i "$@"; }
lro options:chassis=hv1 options:lb_force_snat_ip="\"10.1.1.1 fd00::1\"" options:dnat_force_snat_ip="\"fd00::2 10.1.1.2\""
lro options:chassis=hv1 options:lb_force_snat_ip="\"10.1.1.300\"" options:dnat_force_snat_ip="\"10.01.1.2\""
lro options:chassis=hv1 options:lb_force_snat_ip="\"10.1.1.1 10.1.1.2\"" options:dnat_force_snat_ip="\"10.1.1.1,10.1.1.2\""
lro options:chassis=hv1 options:lb_force_snat_ip="\"10.1.1.0/24\"" options:dnat_force_snat_ip="\"FD00:0::5\""
lro options:chassis=hv1 options:lb_force_snat_ip="\"10.1.1.300\"" options:dnat_force_snat_ip="\"10.01.1.2\""
lro options:chassis=hv1 options:lb_force_snat_ip="\"10.1.1.1 10.1.1.2\"" options:dnat_force_snat_ip="\"10.1.1.1,10.1.1.2\""
lro options:chassis=hv1 options:lb_force_snat_ip="\"router_ip 10.1.1.1\"" options:dnat_force_snat_ip=router_ip
lro options:chassis=hv1 options:lb_force_snat_ip="\"10.1.1.1/32 fd00::1/128\"" options:dnat_force_snat_ip="\"10.1.1.1/24\""
lpp ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true ipv6_ra_configs:mtu=abc ipv6_ra_configs:router_preference='""' ipv6_ra_configs:max_interval=1801 ipv6_ra_configs:min_interval=1
lpp ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=false ipv6_ra_configs:mtu=4294967297
lpp ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true ipv6_ra_configs:max_interval='" 9"' ipv6_ra_configs:min_interval='"+8"' ipv6_ra_configs:mtu='" 01500"' ipv6_ra_configs:rdnss='""' ipv6_ra_configs:dnssl='""'

