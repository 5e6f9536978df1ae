# NAT rules that name a gateway port, among several, and those that name none or a wrong one.
FEATS="port-up-notif ct-no-masked-label ovn-ct-lb-related mac-binding-timestamp fdb-timestamp ls-dpg-column ct-commit-nat-v2 ct-commit-to-zone ovn-sample-with-registers ct-next-zone ct-label-flush"
chassis() { ovn-sbctl chassis-add $1 geneve ${2:-192.168.0.1}; for f in $FEATS; do [ $f = "$3" ] || ovn-sbctl set Chassis $1 other_config:$f=true; done; }
port() { # lr lrp n sw [options...]
 ovn-nbctl --may-exist ls-add $4; ovn-nbctl lrp-add $1 $2 0a:00:00:00:$3:01 10.$3.1.1/24 fd00:$3::1/64 -- lsp-add $4 s-$2 -- lsp-set-type s-$2 router -- lsp-set-addresses s-$2 router -- lsp-set-options s-$2 router-port=$2; }
gw() { ovn-nbctl lrp-set-gateway-chassis $1 hv1; }
NQ=()
nat() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create NAT "$@" -- add Logical_Router $r nat @n$NI); }
flush() { [ ${#NQ[@]} = 0 ] || ovn-nbctl "${NQ[@]}"; NQ=(); }
chassis hv1
ovn-nbctl lr-add a; port a a1 31 swa1; port a a2 32 swa2; port a a3 33 swa3
for p in a1 a2; do gw $p; done
ovn-nbctl lsp-add swa3 vm 
A1=$(ovn-nbctl get Logical_Router_Port a1 _uuid)
A2=$(ovn-nbctl get Logical_Router_Port a2 _uuid)
A3=$(ovn-nbctl get Logical_Router_Port a3 _uuid)
i=50
for gp in "" gateway_port=$A1 gateway_port=$A2 gateway_port=$A3; do for net in 31 32 33 7; do
i=$((i+4))
nat a type=dnat external_ip=10.$net.1.$i logical_ip=10.3.1.5 $gp
nat a type=snat external_ip=10.$net.1.$((i+1)) logical_ip=10.3.$i.0/24 $gp
nat a type=dnat_and_snat external_ip=10.$net.1.$((i+2)) logical_ip=10.3.1.6 $gp
nat a type=dnat_and_snat external_ip=10.$net.1.$((i+3)) logical_ip=10.3.1.7 $gp logical_port=vm external_mac="\"0a:00:00:00:00:$i\""
nat a type=dnat_and_snat external_ip="\"fd00:$net::$i\"" logical_ip="\"fd00:3::7\"" $gp logical_port=vm external_mac="\"0a:00:00:00:01:$i\""
nat a type=snat external_ip="\"fd00:$net::9$i\"" logical_ip="\"fd00:3:$i::/64\"" $gp
done; done
flush
for i in 11 12 13 14; do
ovn-nbctl lr-add x$i; ovn-nbctl lr-add y$i
nat x$i type=dnat external_ip=10.0.1.243 logical_ip=10.0.3.35 
nat x$i type=dnat_and_snat external_ip=10.0.1.244 logical_ip=10.0.3.36  external_mac="\"0a:00:00:00:00:91\"" logical_port=xx
nat x$i type=snat external_ip=10.0.1.245 logical_ip=10.0.3.0/24
flush
ovn-nbctl lrp-add x$i px$i 0a:00:00:03:04:01 10.8.4.1/30 peer=py$i ; ovn-nbctl  lrp-add y$i py$i 0a:00:00:03:04:02 10.8.4.2/30 peer=px$i
ovn-nbctl lrp-set-gateway-chassis px$i hv3
done
ovn-nbctl lrp-set-gateway-chassis py12 hv3
ovn-nbctl lrp-set-gateway-chassis py13 hv3; ovn-nbctl lrp-add x13 xx 0a:00:00:03:04:09 10.9.4.2/30; ovn-nbctl lrp-set-gateway-chassis xx hv3
ovn-nbctl lrp-set-gateway-chassis py14 hv3; ovn-nbctl set Logical_Router y14 options:chassis=hv3

